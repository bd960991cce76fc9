// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Scale-in protection")
struct ScaleInProtectionTests {
    /// A decision-maker and its clock; asks for the next call as the shell does, at each deadline.
    private struct Bench {
        var protection = ScaleInProtection()
        var now = Instant(seconds: 1_800_000_000)
        /// Calls and how many seconds after the start they were made.
        var calls: [(call: ScaleInProtection.Call, second: Int)] = []
        var notes: [ScaleInProtection.Note] = []
        var outcome = ScaleInProtection.Outcome.done
        let start = Instant(seconds: 1_800_000_000)

        mutating func starts(_ isStarting: Bool) {
            self.protection.startsCopies(isStarting, at: self.now)
            self.work()
        }

        mutating func work() {
            while let call = self.protection.next(at: self.now) {
                self.calls.append((call, Int((self.now - self.start).inSeconds)))
                if let note = self.protection.answered(self.outcome, at: self.now) { self.notes.append(note) }
            }
        }

        mutating func pass(_ seconds: Int) {
            let end = self.now + .seconds(seconds)
            while let due = self.protection.nextDeadline(after: self.now), due <= end {
                // A deadline that stands still would be a loop that never rests.
                #expect(due > self.now)
                guard due > self.now else { break }
                self.now = due
                self.work()
            }
            self.now = end
        }

        var seconds: [Int] { self.calls.map(\.second) }
    }

    @Test("nothing is asked of ECS before a copy is started")
    func idle() {
        var bench = Bench()
        bench.work()
        bench.pass(3600)
        #expect(bench.calls.isEmpty)
    }

    @Test("it is set with the first start, outlasts the last one by a minute, and is cleared once")
    func comesAndGoes() {
        var bench = Bench()
        bench.starts(true)
        bench.pass(2)
        bench.starts(false)
        bench.pass(3600)
        #expect(bench.calls.map(\.call) == [.protect(minutes: 5), .unprotect])
        #expect(bench.seconds == [0, 62])
    }

    @Test("starts that come and go within the minute are one protection")
    func steady() {
        var bench = Bench()
        for _ in 1...3 {
            bench.starts(true)
            bench.pass(1)
            bench.starts(false)
            bench.pass(29)
        }
        #expect(bench.calls.map(\.call) == [.protect(minutes: 5)])
        bench.pass(60)
        #expect(bench.calls.map(\.call) == [.protect(minutes: 5), .unprotect])
    }

    @Test("it is refreshed once half of its time is over")
    func refresh() {
        var bench = Bench()
        bench.starts(true)
        bench.pass(600)
        #expect(bench.calls.allSatisfy { $0.call == .protect(minutes: 5) })
        #expect(bench.seconds == [0, 150, 300, 450, 600])
    }

    @Test("an agent that fails is asked less and less, and that is told once; so is its recovery")
    func failingAgent() {
        var bench = Bench()
        bench.outcome = .failed
        bench.starts(true)
        bench.pass(3600)
        #expect(bench.seconds == [0, 30, 90, 210, 450, 930, 1830, 2730])
        #expect(bench.notes == [.fails])
        bench.outcome = .done
        bench.pass(900)
        #expect(bench.notes == [.fails, .worksAgain])
    }

    @Test("where an answer was lost protection may be on, and is cleared all the same")
    func lostAnswer() {
        var bench = Bench()
        bench.outcome = .failed
        bench.starts(true)
        bench.starts(false)
        bench.outcome = .done
        bench.pass(20)
        bench.protection.end()
        bench.work()
        #expect(bench.calls.map(\.call) == [.protect(minutes: 5), .unprotect])
    }

    @Test("a task that can't be protected asks once")
    func impossible() {
        var bench = Bench()
        bench.outcome = .impossible
        bench.starts(true)
        bench.pass(3600)
        bench.protection.end()
        bench.work()
        #expect(bench.calls.count == 1)
        #expect(bench.notes == [.givenUp])
    }

    @Test("a drain clears it at once, tries once, and nothing is asked afterwards", arguments: [true, false])
    func drain(agentWorks: Bool) {
        var bench = Bench()
        bench.starts(true)
        bench.pass(1)
        bench.outcome = agentWorks ? .done : .failed
        bench.protection.end()
        bench.work()
        bench.starts(false)
        bench.starts(true)
        bench.pass(3600)
        #expect(bench.calls.map(\.call) == [.protect(minutes: 5), .unprotect])
        #expect(bench.seconds == [0, 1])
    }

    @Test("a worker starts copies from asking for a slot until RDS has accepted the copy")
    func window() throws {
        var harness = try CoreHarness()
        let job = CoreHarness.job()
        harness.deliver(JobMessage.encode(job))
        harness.describe(CoreHarness.source())
        #expect(!harness.core.isStartingCopies)
        harness.happen(.poolSurveyed(job.pool, inProgress: []))
        #expect(harness.core.isStartingCopies)
        harness.happen(.slotGranted(job.id))
        #expect(harness.core.isStartingCopies)
        harness.happen(.copyRejected(job.id, Trouble(.unavailable, detail: "reset")))
        #expect(harness.core.isStartingCopies)
        harness.happen(
            .targetsDescribed(
                job.pool,
                asked: [CoreHarness.target(of: job).arn.identifier],
                found: [CoreHarness.target(of: job)]
            )
        )
        #expect(!harness.core.isStartingCopies)
        #expect(harness.core.view.copies.count == 1)
    }
}
