// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("A slot that is freed where others may wait for one")
struct CourtesyTests {
    private static func job(_ name: String) -> CopyJob {
        CoreHarness.job(CoreHarness.arn("rds:\(name)-2026-11-21-03-00"))
    }

    /// A worker with copies in progress, and others that wait because the ledger had no more slots.
    private static func harness(isShared: Bool, copying: [CopyJob], waiting: [CopyJob]) throws -> CoreHarness {
        var harness = try CoreHarness { $0.lookStagger = isShared ? .zero : nil }
        for (place, job) in (copying + waiting).enumerated() {
            harness.deliver(JobMessage.encode(job))
            harness.pass(.seconds(5))
            var asked = harness.describe(CoreHarness.source(job.source, database: job.source.identifier)).acquisitions
            if place == 0 { asked = harness.happen(.poolSurveyed(job.pool, inProgress: [])).acquisitions }
            if place < copying.count {
                harness.happen(.slotGranted(job.id))
                harness.happen(.copyStarted(job.id, CoreHarness.target(of: job)))
            } else {
                for id in asked { harness.happen(.slotRefused(id)) }
            }
        }
        return harness
    }

    private static func finish(_ job: CopyJob, in harness: inout CoreHarness) -> [CoreAction] {
        let done = CoreHarness.target(of: job, status: "available", percent: 100)
        return harness.happen(.targetsDescribed(job.pool, asked: [done.arn.identifier], found: [done]))
    }

    @Test("is left to them until each has asked again")
    func isLeft() throws {
        let (done, waiting) = (Self.job("done"), Self.job("waiting"))
        var harness = try Self.harness(isShared: true, copying: [done], waiting: [waiting])
        let actions = Self.finish(done, in: &harness)
        #expect(actions.confirmations.count == 1)
        #expect(actions.acquisitions.isEmpty)
        #expect(harness.pass(.seconds(31)).acquisitions.isEmpty)
        #expect(harness.pass(.seconds(7)).acquisitions == [waiting.id])
    }

    @Test("is taken back at once where slots are not shared")
    func isTakenBack() throws {
        let (done, waiting) = (Self.job("done"), Self.job("waiting"))
        var harness = try Self.harness(isShared: false, copying: [done], waiting: [waiting])
        #expect(Self.finish(done, in: &harness).acquisitions == [waiting.id])
    }

    @Test("is left to them again only after some others, where the last one was still there", arguments: [true, false])
    func isLeftMoreSeldom(wasTaken: Bool) throws {
        let done = ["one", "two", "three"].map { Self.job($0) }
        let waiting = ["four", "five", "six"].map { Self.job($0) }
        var harness = try Self.harness(isShared: true, copying: done, waiting: waiting)
        #expect(Self.finish(done[0], in: &harness).acquisitions.isEmpty)
        let asked = try #require(harness.pass(.seconds(38)).acquisitions.first)
        if !wasTaken { for id in harness.happen(.slotGranted(asked)).acquisitions { harness.happen(.slotRefused(id)) } }
        if wasTaken { harness.happen(.slotRefused(asked)) }
        #expect(Self.finish(done[1], in: &harness).acquisitions.isEmpty == wasTaken)
    }
}
