// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import SnapshotFleet

/// `snapferry dlq list`: what is there, and what would become of it now.
struct DeadLetterListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Shows dead letters by reason and destination, how old they are, and what a replay would bring.",
        discussion: """
            Each letter is ready, when nothing that can be told stands in its way; obsolete, when its copy is there, a newer \
            copy of its database is, its source is gone, or no route leads there any more; blocked, when its cause is still \
            there: another snapshot has the copy's name, the key is disabled or gone, no more manual snapshots fit; or \
            unknown, when what would tell could not be looked at.

            Examples:
              snapferry dlq list                    groups, and a remedy for each reason
              snapferry dlq list --each             every letter
              snapferry dlq list --json | jq '.groups[].count'

            Exit status: 0 when there is no dead letter; 1 when there are; 2 when something could not be looked at.
            """
    )

    @Flag(help: "Show each letter, not only groups of them.")
    var each = false

    @Option(help: ArgumentHelp("How many letters to read at the most.", valueName: "number"))
    var limit = DeadLetterLook.standardLimit

    @Flag(help: "Print one JSON document, with every letter in it.")
    var json = false

    @OptionGroup var options: OperatorOptions

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func validate() throws {
        if self.limit < 1 { throw ValidationError("--limit has to be 1 or more") }
    }

    func run() async throws {
        try await DeadLetterDuty.run(self.options, self.clock) { desk in
            // Given back before RDS is asked: that takes a while, and changes nothing about them.
            let found = try await DeadLetterLook(desk.queue, limit: self.limit).entries()
            let (judge, problems) = try await desk.judge(found.entries)
            let page = DeadLetterPage(
                now: desk.time.now(),
                queueURL: desk.deadLetterURL,
                entries: found.entries,
                standing: found.standing,
                isPartial: found.isPartial,
                judge: judge,
                problems: problems,
                showsEach: self.each
            )
            if self.json {
                LineOutput.standardOutput.write(page.document.description)
            } else {
                DeadLetterDuty.show { page.lines(width: $0) }
            }
            DeadLetterDuty.show(problems: problems)
            return page.exitStatus
        }
    }
}
