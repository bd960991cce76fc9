// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import SnapshotFleet

/// `snapferry dlq show`: everything about one letter.
struct DeadLetterShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows one dead letter: why it is there, what to do about it, its history and its body.",
        discussion: """
            Examples:
              snapferry dlq show 0f3c1a2b           by how its id begins
              snapferry dlq show 0f3c1a2b --json | jq -r .body

            Exit status: 0; 1 when there is no such letter, or more than one; 2 when it could not be looked for.
            """
    )

    @Argument(help: "The letter's id, or how it begins.")
    var id: String

    @Flag(help: "Print one JSON document.")
    var json = false

    @OptionGroup var options: OperatorOptions

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func run() async throws {
        try await DeadLetterDuty.run(self.options, self.clock) { desk in
            let found = try await DeadLetterLook(desk.queue).entries()
            let matches = found.entries.filter { $0.id.hasPrefix(self.id) }
            guard let entry = matches.first, matches.count == 1 else {
                let what = matches.isEmpty ? "no dead letter" : "\(matches.count) dead letters"
                LineOutput.standardError.write("snapferry: there is \(what) whose id begins with \(self.id.excerpt())")
                return 1
            }
            let (judge, problems) = try await desk.judge([entry])
            let sheet = LetterSheet(
                entry: entry,
                outlook: judge.outlook(of: entry),
                now: desk.time.now(),
                retention: found.standing.retention
            )
            if self.json {
                LineOutput.standardOutput.write(sheet.document.description)
            } else {
                DeadLetterDuty.show { _ in sheet.lines() }
            }
            DeadLetterDuty.show(problems: problems)
            return problems.isEmpty ? 0 : 2
        }
    }
}
