// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser

@main
struct Snapferry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapferry",
        abstract: "Carries Amazon RDS and Aurora snapshots into other Regions and accounts.",
        version: Version.current,
        subcommands: [
            CopyCommand.self, DemoCommand.self, PruneCommand.self, SimulateCommand.self, StatusCommand.self,
            WorkCommand.self,
        ]
    )
}
