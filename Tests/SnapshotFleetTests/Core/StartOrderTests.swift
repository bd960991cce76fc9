// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@testable import SnapshotFleet

@Suite struct StartOrderTests {
    private static func job(_ name: String, age: Duration = .zero) -> CopyJob {
        var job = CoreHarness.job(CoreHarness.arn("rds:\(name)-2026-11-21-03-00"))
        job.firstSeen = CoreHarness.start + age
        return job
    }

    /// Brings jobs into the waiting room, with the sizes of their databases.
    private static func harness(
        _ jobs: [(job: CopyJob, name: String, size: Int?)],
        sharesLedger: Bool = false
    ) throws -> CoreHarness {
        var harness = try CoreHarness { $0.lookStagger = sharesLedger ? .zero : nil }
        for (job, name, size) in jobs {
            harness.deliver(JobMessage.encode(job))
            var source = CoreHarness.source(job.source, database: name)
            source.sizeGiB = size
            harness.describe(source)
        }
        return harness
    }

    @Test("of what came at about the same time the largest starts first, so that it does not end last")
    func largestFirst() throws {
        let jobs = [
            (Self.job("small", age: .seconds(1)), "small", 10), (Self.job("large", age: .seconds(60)), "large", 900),
            (Self.job("old", age: .seconds(-3600)), "old", 5),
        ]
        var harness = try Self.harness(jobs.map { ($0.0, $0.1, $0.2) })
        let actions = harness.happen(.poolSurveyed(jobs[0].0.pool, inProgress: []))
        #expect(actions.acquisitions == [jobs[2].0.id, jobs[1].0.id, jobs[0].0.id])
    }

    @Test("size does not count while others wait on the queue, lest small ones fill the waiting room")
    func crowded() throws {
        var harness = try CoreHarness(settings: { $0.waitingRoom = 3 })
        let jobs = [Self.job("small", age: .seconds(1)), Self.job("large", age: .seconds(60))]
        for (job, size) in zip(jobs, [10, 900]) {
            harness.deliver(JobMessage.encode(job))
            var source = CoreHarness.source(job.source, database: "\(size)")
            source.sizeGiB = size
            harness.describe(source)
        }
        let first = harness.happen(.poolSurveyed(jobs[0].pool, inProgress: [])).acquisitions
        #expect(first == jobs.map(\.id))
        for id in first { harness.happen(.slotRefused(id)) }
        harness.happen(.received([]))
        #expect(harness.pass(.seconds(31)).acquisitions == [jobs[1].id])
    }

    @Test(
        "the snapshots of a backup window are described together",
        arguments: [(sources: 4, hasRoom: true), (sources: 40, hasRoom: false)]
    )
    func sourcesTogether(sources: Int, hasRoom: Bool) throws {
        var harness = try CoreHarness()
        let jobs = (0...sources).map { Self.job("db-\($0)") }
        #expect(harness.deliver(JobMessage.encode(jobs[0])).describedSources == [1])
        harness.describe(CoreHarness.source(jobs[0].source, database: "db-0"))
        let asked = harness.happen(.poolSurveyed(jobs[0].pool, inProgress: [])).acquisitions
        if !hasRoom { harness.happen(.slotRefused(asked[0])) }
        for job in jobs.dropFirst() {
            #expect(harness.deliver(JobMessage.encode(job)).describedSources.isEmpty)
        }
        #expect(harness.pass(.seconds(4)).describedSources.isEmpty)
        #expect(harness.pass(.seconds(1)).describedSources == [sources])
    }

    @Test(
        "in a flood that finds room, sources are described for half of the time at most",
        arguments: [(fails: false, waits: Duration.milliseconds(100)), (fails: true, waits: .milliseconds(4900))]
    )
    func sourcesOfAFlood(fails: Bool, waits: Duration) throws {
        var harness = try CoreHarness()
        let jobs = (0..<11).map { Self.job("db-\($0)") }
        harness.deliver(JobMessage.encode(jobs[0]))
        for job in jobs.dropFirst() {
            #expect(harness.deliver(JobMessage.encode(job)).describedSources.isEmpty)
        }
        // What came meanwhile goes together, and not before as much time has gone by as the answer took.
        harness.pass(.milliseconds(100))
        let (group, asked) = (SourceGroup(jobs[0].source), [jobs[0].source])
        if fails {
            let failure = Trouble(.throttled, detail: "Rate exceeded")
            harness.happen(.sourcesNotDescribed(group, asked: asked, failure))
        } else {
            let found = [CoreHarness.source(jobs[0].source, database: "db-0")]
            harness.happen(.sourcesDescribed(group, asked: asked, found: found))
        }
        harness.happen(.poolSurveyed(jobs[0].pool, inProgress: []))
        #expect(harness.pass(waits - .milliseconds(1)).describedSources.isEmpty)
        #expect(harness.pass(.milliseconds(1)).describedSources == [10])
    }

    @Test(
        "ten messages within a fifth of a second are a flood, unless they waited on the queue",
        arguments: [
            ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], true), ([9, 1], true), ([3, 3, 3], false), ([10, 10, 9], false),
            ([10, 9, 1], true), ([0, 9, 0, 1], true),
        ] as [([Int], Bool)]
    )
    func floods(receives: [Int], isFlood: Bool) throws {
        var arrivals = Arrivals()
        let begin = Instant(milliseconds: 0)
        for (number, count) in receives.enumerated() { arrivals.note(count, at: begin + .milliseconds(20 * number)) }
        guard isFlood else { return #expect(arrivals.floodEnds == nil) }
        let first = try #require(receives.firstIndex { 1..<10 ~= $0 })
        #expect(arrivals.floodEnds == begin + .milliseconds(20 * first + 200))
    }

    @Test("snapshots that fill a page are described without waiting for more, though their copies have to wait")
    func aPageOfSources() throws {
        var harness = try CoreHarness()
        let jobs = (0...150).map { Self.job("db-\($0)") }
        harness.deliver(JobMessage.encode(jobs[0]))
        harness.describe(CoreHarness.source(jobs[0].source, database: "db-0"))
        let asked = harness.happen(.poolSurveyed(jobs[0].pool, inProgress: [])).acquisitions
        harness.happen(.slotRefused(asked[0]))
        harness.actions = []
        for job in jobs.dropFirst() { harness.deliver(JobMessage.encode(job)) }
        #expect(harness.actions.describedSources == [100])
    }

    @Test("a destination that is full is asked about one slot at a time, and RDS not at all")
    func fullDestination() throws {
        let jobs = (0..<6).map { (Self.job("db-\($0)"), "db-\($0)", 10) }
        var harness = try Self.harness(jobs.map { ($0.0, $0.1, $0.2) }, sharesLedger: true)
        let pool = jobs[0].0.pool
        let asked = harness.happen(.poolSurveyed(pool, inProgress: [])).acquisitions
        #expect(asked.count == 6)
        for id in asked { harness.happen(.slotRefused(id)) }
        harness.actions = []
        for _ in 0..<20 {
            let again = harness.pass(.seconds(31)).acquisitions
            #expect(again.count == 1)
            for id in again { harness.happen(.slotRefused(id)) }
        }
        #expect(!harness.actions.contains(.surveyPool(pool)))
        #expect(harness.actions.looks.isEmpty)
    }

    @Test(
        "where nobody tells that the copies have ended that hold slots, the destination is looked at again",
        arguments: [
            (ours: false, sharesLedger: true, looks: 1), (ours: false, sharesLedger: false, looks: 1),
            (ours: true, sharesLedger: false, looks: 1), (ours: true, sharesLedger: true, looks: 0),
        ]
    )
    func copiesOfOthers(ours: Bool, sharesLedger: Bool, looks: Int) throws {
        let job = Self.job("orders")
        var harness = try Self.harness([(job, "orders", 10)], sharesLedger: sharesLedger)
        let other = CoreHarness.target(of: Self.job("else"), ours: ours)
        for id in harness.happen(.poolSurveyed(job.pool, inProgress: [other])).acquisitions {
            harness.happen(.slotRefused(id))
        }
        harness.actions = []
        for _ in 0..<8 {
            for id in harness.pass(.seconds(31)).acquisitions { harness.happen(.slotRefused(id)) }
        }
        #expect(harness.actions.filter { $0 == .surveyPool(job.pool) }.count == looks)
    }
}
