// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

@Suite struct JobTableTests {
    @Test(
        "what is counted stays in step with the jobs, whatever is done to them",
        arguments: 1...5 as ClosedRange<UInt64>
    )
    func counts(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let policy = try PolicyDocument.parse(Array(CoreHarness.policy().utf8), source: "the test")
            .resolved(ownAccount: CoreHarness.account)
        let jobs = (0..<6).map { CoreHarness.job(CoreHarness.arn("rds:db\($0)-2026-11-21-03-00")) }
        let terms = CopyTerms(try #require(policy.plan(for: jobs[0])))
        var table = JobTable()
        var most = JobTable().counts
        // Held all the while, as by somebody who looks at a job while it is changed.
        var held: [JobState?] = []
        for number in 1...400 {
            let job = jobs[Int.random(in: 0..<jobs.count, using: &random)]
            let phase = Self.phases[Int.random(in: 0..<Self.phases.count, using: &random)]
            switch Int.random(in: 0..<7, using: &random) {
            case 0:
                table[job.id] = JobState(
                    job: job,
                    terms: terms,
                    messages: [MessageToken(number: UInt64(number))],
                    phase: phase,
                    source: nil,
                    target: "copy",
                    since: CoreHarness.start
                )
            case 1: table[job.id] = nil
            case 2: table[job.id]?.messages.append(MessageToken(number: UInt64(number)))
            case 3: table[job.id]?.messages.removeAll()
            case 4: table[job.id]?.holdsSlot.toggle()
            case 5: held.append(table[job.id])
            default: table[job.id]?.phase = phase
            }
            guard table.counts == table.recounted else {
                Issue.record("step \(number): \(table.counts), and it should be \(table.recounted)")
                return
            }
            most.messagesOfCopies = max(most.messagesOfCopies, table.counts.messagesOfCopies)
            most.starting = max(most.starting, table.counts.starting)
        }
        #expect(most.messagesOfCopies > 0 && most.starting > 0)
        for job in jobs { table[job.id] = nil }
        #expect(table.counts == JobTable().counts && table.isEmpty)
    }

    private static let phases: [JobState.Phase] = [
        .describing, .waiting, .acquiring, .starting, .tidying, .cleaning(detail: ""), .handingOver(nil),
        .checking(otherwise: Trouble(.unavailable, detail: ""), since: CoreHarness.start),
        .copying(CopyWatch(startedAt: CoreHarness.start, wasAdopted: false, percent: nil)),
    ]
}
