// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser

/// `snapferry policy`: the document itself.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Checks a policy, or prints the JSON Schema of policies.",
        discussion: """
            Examples:
              snapferry policy lint policy.json
              snapferry policy schema
            """,
        subcommands: [PolicyLintCommand.self, PolicySchemaCommand.self]
    )
}
