// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser
import SnapshotFleet

/// `snapferry policy schema`: what editors complete.
struct PolicySchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of policies (draft 2020-12).",
        discussion: """
            Editors complete and explain a policy that names it.

            Examples:
              snapferry policy schema > snapferry-policy.schema.json
              { "$schema": "./snapferry-policy.schema.json", "routes": [ … ] }
            """
    )

    func run() {
        LineOutput.standardOutput.write(JSONText.indented(PolicySchema.document))
    }
}
