// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser
import Configuration
import HummingbirdCore
import LocalAWS

@main
struct Snapferry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapferry",
        abstract: "Carries Amazon RDS and Aurora snapshots into other Regions and accounts.",
        subcommands: [SimulateCommand.self]
    )
}
