// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import SnapshotFleet

/// `snapferry dlq replay`: back to the job queue.
struct DeadLetterReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Sends dead letters back to the job queue, all of them or some, and leaves out what is obsolete.",
        discussion: """
            A letter is deleted only after the job queue has accepted a fresh message for it, so whatever interrupts a \
            replay loses nothing; a job that is on the queue twice finds its own copy. The fresh message keeps when the \
            fleet first heard of the job, and forgives the copies that failed. Workers start no more copies than there are \
            slots, however many jobs come back. What is obsolete, or would come back at once, stays, and is told; --force \
            replays it all the same. Says what it will do, and does it with --yes.

            --all --move lets SQS move everything by itself: every letter as it is, obsolete or not, its failed copies not \
            forgiven. It goes on when this command ends; Ctrl-C asks whether to cancel it.

            Examples:
              snapferry dlq replay                  what would be replayed, and what not
              snapferry dlq replay --reason kms-key --yes
              snapferry dlq replay --route prod --to eu-west-1 --yes
              snapferry dlq replay --database 'orders-*' --force --yes
              snapferry dlq replay --all --move --rate 50 --yes

            Exit status: 0 when all that is meant was replayed, or would be; 1 when some of it would come back and stays, \
            could not be sent, or no letter is meant; 2 when something could not be looked at.
            """
    )

    @Flag(help: "Every letter, as when nothing else is said.")
    var all = false

    @OptionGroup var which: SelectionOptions

    @Flag(help: "Replay also what is obsolete, or would come back.")
    var force = false

    @Option(help: ArgumentHelp("How many messages to send in a second; 1 to 500.", valueName: "number"))
    var rate = 10

    @Flag(help: "With --all: let SQS move everything by itself, as it is.")
    var move = false

    @Flag(help: "Do it.")
    var yes = false

    @Flag(help: "Print JSON: the plan as one document, then with --yes a line for each letter.")
    var json = false

    @OptionGroup var options: OperatorOptions

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func validate() throws {
        guard (1...500).contains(self.rate) else { throw ValidationError("--rate has to be 1 to 500") }
        if self.all, !self.which.selection.isEverything { throw ValidationError("--all leaves nothing to choose from") }
        if self.move, !self.all || self.force {
            throw ValidationError("--move goes with --all alone: SQS moves everything as it is")
        }
    }

    func run() async throws {
        if self.move { return try await self.moveAll() }
        try await DeadLetterDuty.run(self.options, self.clock) { desk in try await self.replay(desk) }
    }

    private func moveAll() async throws {
        try await QueueMove.run(self.options, self.clock, rate: self.rate, isAgreed: self.yes, isJSON: self.json)
    }

    /// - Returns: The exit status.
    private func replay(_ desk: DeadLetterDesk) async throws -> Int32 {
        let began = desk.time.now()
        return try await DeadLetterLook(desk.queue).hold { found in
            let (judge, problems) = try await desk.judge(found.entries)
            let plan = ReplayPlan(
                found.entries,
                selection: self.which.selection,
                isForced: self.force,
                judge: judge
            )
            let page = ReplayPage(
                plan: plan,
                now: desk.time.now(),
                rate: self.rate,
                retention: found.standing.retention,
                problems: problems
            )
            if self.json {
                LineOutput.standardOutput.write(page.document.description)
            } else {
                DeadLetterDuty.show { page.lines(width: $0) }
            }
            DeadLetterDuty.show(problems: problems)
            var status: Int32 = plan.kept(.blocked) > 0 || plan.items.isEmpty && found.standing.visible > 0 ? 1 : 0
            if self.yes {
                let failures = try await self.carryOut(plan, found.letters, since: began, at: desk)
                if failures > 0 { status = 1 }
            } else if plan.leaving > 0, !self.json {
                LineOutput.standardOutput.write("Nothing is replayed yet; --yes replays.")
            }
            return problems.isEmpty ? status : 2
        }
    }

    /// - Returns: How many letters are not where they should be.
    private func carryOut(
        _ plan: ReplayPlan,
        _ letters: [HeldLetter],
        since: Instant,
        at desk: DeadLetterDesk
    ) async throws -> Int {
        var done = 0
        var failures = 0
        let replayer = Replayer(queue: desk.queue, time: desk.time, rate: self.rate)
        try await replayer.replay(plan, letters, heldSince: since) { entry, outcome in
            let line = LetterLine(entry: entry, outcome: outcome, at: desk.time.now())
            if line.isGood { done += 1 } else { failures += 1 }
            LineOutput.standardOutput.write(self.json ? line.document.description : line.text)
        }
        if !self.json, plan.leaving > 0 {
            LineOutput.standardOutput.write("Replayed \(done) of \(plan.leaving) to \(desk.bridge.queueURL)")
        }
        return failures
    }
}
