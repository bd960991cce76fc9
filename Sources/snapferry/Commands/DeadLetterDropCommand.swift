// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import SnapshotFleet

/// `snapferry dlq drop`: what nobody wants any more.
struct DeadLetterDropCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Deletes dead letters, and keeps a copy of them in a file.",
        discussion: """
            Every letter is written to the file, a JSON document a line, and the file is on the disk before the first is \
            deleted; a file that is there already is never written to. The body of a line, sent to the job queue, brings \
            its job back. Says what it will do, and does it with --yes. What jobs that are dropped had made in the source's \
            account on the way to another one (a hop) stays, and is deleted by hand.

            Examples:
              snapferry dlq drop --reason source-gone      what would be dropped
              snapferry dlq drop --reason source-gone --yes
              snapferry dlq drop --id 0f3c1a2b --save letter.jsonl --yes
              snapferry dlq drop --all --yes --json

            Exit status: 0; 1 when some could not be deleted, or no letter is meant; 2 when something could not be looked \
            at, or the file not be written.
            """
    )

    @Flag(help: "Every letter.")
    var all = false

    @OptionGroup var which: SelectionOptions

    @Option(
        help: ArgumentHelp("Where to keep the copy; dead-letters-<time>.jsonl by default.", valueName: "file")
    )
    var save: String?

    @Flag(help: "Do it.")
    var yes = false

    @Flag(help: "Print JSON: the letters as one document, then with --yes a line for each.")
    var json = false

    @OptionGroup var options: OperatorOptions

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func validate() throws {
        let isEverything = self.which.selection.isEverything
        if self.all, !isEverything { throw ValidationError("--all leaves nothing to choose from") }
        if !self.all, isEverything {
            throw ValidationError("say which letters to drop: --id, --reason, --route, --database or --to; or --all")
        }
    }

    func run() async throws {
        try await DeadLetterDuty.run(self.options, self.clock) { desk in
            let began = desk.time.now()
            return try await DeadLetterLook(desk.queue).hold { found in
                let (judge, problems) = try await desk.judge(found.entries)
                let selection = self.which.selection
                let letters = found.letters.filter { selection.takes($0.entry, by: judge) }
                let path = self.save ?? LetterFile.standardName(at: desk.time.now())
                self.announce(letters.map(\.entry), of: found, to: path, judge, at: desk.time.now())
                DeadLetterDuty.show(problems: problems)
                var failures = 0
                if self.yes, !letters.isEmpty {
                    try LetterFile.write(letters.map(\.entry), retention: found.standing.retention, to: path)
                    if !self.json { LineOutput.standardOutput.write("Saved \(letters.count) to \(path)") }
                    let replayer = Replayer(queue: desk.queue, time: desk.time, rate: 10)
                    try await replayer.drop(letters, heldSince: began) { entry, outcome in
                        let line = LetterLine(entry: entry, outcome: outcome, at: desk.time.now())
                        if !line.isGood { failures += 1 }
                        LineOutput.standardOutput.write(self.json ? line.document.description : line.text)
                    }
                }
                if !problems.isEmpty { return 2 }
                return failures > 0 || letters.isEmpty && found.standing.visible > 0 ? 1 : 0
            }
        }
    }

    private func announce(
        _ entries: [DeadLetterEntry],
        of found: DeadLetterLook.Found,
        to path: String,
        _ judge: DeadLetterJudge,
        at now: Instant
    ) {
        let others = found.letters.count - entries.count
        guard self.json else {
            let rest = others > 0 ? "; \(others) others stay" : ""
            LineOutput.standardOutput.write("\(entries.count) to drop\(rest)")
            for entry in entries {
                let outlook = judge.outlook(of: entry).text
                let age = HumanUnits.short(entry.sentAt.map { now - $0 })
                let text = "  \(entry.shortID)  \(entry.cause.name)  \(entry.subject)  \(age) old; \(outlook)"
                LineOutput.standardOutput.write(text)
            }
            if !self.yes, !entries.isEmpty {
                LineOutput.standardOutput.write("Nothing is dropped yet; --yes saves them to \(path) and drops them.")
            }
            return
        }
        let document: JSONValue = [
            "time": .string(now.iso8601), "others": .integer(Int64(others)), "file": .string(path),
            "letters": .array(
                entries.map { entry in
                    .object(
                        entry.document(retention: found.standing.retention).merging(judge.outlook(of: entry).members) {
                            $1
                        }
                    )
                }
            ),
        ]
        LineOutput.standardOutput.write(document.description)
    }
}
