// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Workers prune where the policy lets them, one pool at a time, and never at the cost of a job.
@Suite struct PruningTests {
    private static let pool = CoreHarness.job().pool

    private static func harness(_ retention: String) throws -> CoreHarness {
        try CoreHarness(policy: CoreHarness.policy(more: #", "retention": { "keepNewest": 2 \#(retention) }"#))
    }

    private static func prunes(_ actions: [CoreAction]) -> [PruneRequest] {
        actions.compactMap { if case .prune(let request) = $0 { request } else { nil } }
    }

    private static func job(_ number: Int) -> CopyJob {
        CoreHarness.job(CoreHarness.arn("rds:db\(number)-2026-11-21-03-00"))
    }

    /// Brings one job to its end.
    private static func confirm(_ number: Int, _ harness: inout CoreHarness) {
        let job = Self.job(number)
        harness.deliver(JobMessage.encode(job))
        harness.describe(CoreHarness.source(job.source, database: "db\(number)"))
        harness.happen(.poolSurveyed(job.pool, inProgress: []))
        harness.happen(.slotGranted(job.id))
        harness.happen(.copyStarted(job.id, CoreHarness.target(of: job, status: "available", percent: 100)))
    }

    /// Brings jobs to the point where RDS has no room for them.
    private static func refuse(_ numbers: ClosedRange<Int>, _ harness: inout CoreHarness) {
        for number in numbers {
            let job = Self.job(number)
            harness.deliver(JobMessage.encode(job))
            harness.describe(CoreHarness.source(job.source, database: "db\(number)"))
        }
        harness.happen(.poolSurveyed(Self.pool, inProgress: []))
        for number in numbers { harness.happen(.slotGranted(Self.job(number).id)) }
        for number in numbers { harness.happen(.copyRejected(Self.job(number).id, Self.full)) }
    }

    /// Lets time pass, in which every lease is kept.
    private static func wait(_ seconds: Int, _ harness: inout CoreHarness) -> [CoreAction] {
        var actions: [CoreAction] = []
        for _ in 0..<(seconds / 20) {
            let step = harness.pass(.seconds(20))
            let kept = Dictionary(step.extensions.map { ($0, LeaseOutcome.kept) }) { first, _ in first }
            actions += step + harness.happen(.leasesExtended(kept))
        }
        return actions
    }

    private static let full = Trouble(.quotaSnapshots, detail: "Cannot create more than 100 manual snapshots")

    // MARK: - After confirms

    @Test func manyConfirmsAreOnePrune() throws {
        var harness = try Self.harness(#", "afterConfirm": true"#)
        for number in 1...5 { Self.confirm(number, &harness) }
        #expect(harness.actions.confirmations.count == 5)
        #expect(Self.prunes(harness.actions).isEmpty)
        #expect(harness.core.nextDeadline.map { $0 <= harness.now + .seconds(90) } == true)
        let request = PruneRequest(pool: Self.pool, cause: .afterConfirm)
        #expect(Self.prunes(harness.pass(.seconds(90))) == [request])
        harness.happen(.pruned(request, deleted: 3))
        harness.pass(.seconds(7200))
        #expect(Self.prunes(harness.actions) == [request])
    }

    @Test func poolIsPrunedOnceAtATimeAndOnceAnHour() throws {
        var harness = try Self.harness(#", "afterConfirm": true"#)
        let request = PruneRequest(pool: Self.pool, cause: .afterConfirm)
        Self.confirm(1, &harness)
        #expect(Self.prunes(harness.pass(.seconds(90))) == [request])
        // Confirmed while it is under way: that copy may not have been in the list.
        Self.confirm(2, &harness)
        harness.pass(.seconds(7200))
        #expect(Self.prunes(harness.actions) == [request])
        #expect(Self.prunes(harness.happen(.pruned(request, deleted: 0))).isEmpty == false)
        harness.happen(.pruned(request, deleted: 0))
        let ended = harness.now
        Self.confirm(3, &harness)
        var again: Instant?
        for _ in 0..<80 where again == nil {
            if !Self.prunes(harness.pass(.seconds(60))).isEmpty { again = harness.now }
        }
        let moment = try #require(again)
        #expect((3600...3720).contains((moment - ended).components.seconds))
    }

    @Test(arguments: ["", #", "afterConfirm": false"#, #", "whenQuotaIsFull": true"#])
    func nothingIsPrunedAfterConfirmsUnlessThePolicySaysSo(retention: String) throws {
        var harness = try Self.harness(retention)
        Self.confirm(1, &harness)
        harness.pass(.seconds(7200))
        #expect(Self.prunes(harness.actions).isEmpty)
    }

    @Test func nothingIsPrunedDuringADrain() throws {
        var harness = try Self.harness(#", "afterConfirm": true, "whenQuotaIsFull": true"#)
        Self.confirm(1, &harness)
        harness.happen(.drain)
        #expect(harness.core.nextDeadline.map { $0 > harness.now } ?? true)
        harness.pass(.seconds(7200))
        #expect(Self.prunes(harness.actions).isEmpty)
    }

    // MARK: - When the destination is full

    @Test func fullDestinationIsPrunedAtOnceAndOpensAtOnce() throws {
        var harness = try Self.harness(#", "whenQuotaIsFull": true"#)
        Self.refuse(1...3, &harness)
        let request = PruneRequest(pool: Self.pool, cause: .quotaIsFull)
        #expect(Self.prunes(harness.actions) == [request])
        // The jobs wait here for it, and nothing is asked for meanwhile.
        #expect(harness.actions.requeues.isEmpty && harness.actions.letters.isEmpty)
        let before = harness.actions.acquisitions.count
        harness.pass(.seconds(20))
        #expect(harness.actions.acquisitions.count == before)
        let actions = harness.happen(.pruned(request, deleted: 4))
        #expect(actions.acquisitions.sorted() == (1...3).map { Self.job($0).id }.sorted())
        #expect(actions.contains(.report(.snapshotQuotaFreed(Self.pool, deleted: 4))))
    }

    @Test func destinationStaysBlockedWhereNothingCouldBeDeleted() throws {
        var harness = try Self.harness(#", "whenQuotaIsFull": true"#)
        Self.refuse(1...1, &harness)
        let request = PruneRequest(pool: Self.pool, cause: .quotaIsFull)
        let actions = harness.happen(.pruned(request, deleted: 0))
        #expect(actions.acquisitions.isEmpty)
        #expect(Self.wait(1700, &harness).acquisitions.isEmpty)
        #expect(Self.wait(200, &harness).acquisitions == [Self.job(1).id])
        // Still full: once more.
        harness.happen(.slotGranted(Self.job(1).id))
        harness.happen(.copyRejected(Self.job(1).id, Self.full))
        #expect(Self.prunes(harness.actions) == [request, request])
    }

    @Test func refusalRightAfterAPruneDoesNotCauseAnotherAtOnce() throws {
        var harness = try Self.harness(#", "whenQuotaIsFull": true"#)
        Self.refuse(1...1, &harness)
        let request = PruneRequest(pool: Self.pool, cause: .quotaIsFull)
        #expect(harness.happen(.pruned(request, deleted: 1)).acquisitions == [Self.job(1).id])
        harness.happen(.slotGranted(Self.job(1).id))
        let refused = harness.happen(.copyRejected(Self.job(1).id, Self.full))
        #expect(Self.prunes(refused).isEmpty)
        #expect(refused.requeues.count == 1)
        #expect(Self.prunes(harness.pass(.seconds(299))).isEmpty)
        #expect(Self.prunes(harness.pass(.seconds(2))) == [request])
    }

    @Test(arguments: ["", #", "afterConfirm": true"#])
    func fullDestinationIsLeftAloneUnlessThePolicySaysOtherwise(retention: String) throws {
        var harness = try Self.harness(retention)
        Self.refuse(1...1, &harness)
        #expect(Self.prunes(harness.actions).isEmpty)
        #expect(harness.actions.requeues.map(\.after).allSatisfy { $0 >= .seconds(900) })
        #expect(harness.actions.requeues.count == 1)
    }

    @Test func blockForAnotherReasonIsNotLifted() throws {
        var harness = try Self.harness(#", "whenQuotaIsFull": true"#)
        Self.refuse(1...1, &harness)
        let request = PruneRequest(pool: Self.pool, cause: .quotaIsFull)
        harness.happen(.pruned(request, deleted: 1))
        for number in 2...3 {
            let job = Self.job(number)
            harness.deliver(JobMessage.encode(job))
            harness.describe(CoreHarness.source(job.source, database: "db\(number)"))
        }
        for number in 1...3 { harness.happen(.slotGranted(Self.job(number).id)) }
        harness.pass(.seconds(301))
        harness.happen(.copyRejected(Self.job(1).id, Self.full))
        harness.happen(.copyRejected(Self.job(2).id, Trouble(.quotaUnknown, detail: "some other quota")))
        #expect(Self.prunes(harness.actions) == [request, request])
        #expect(harness.happen(.pruned(request, deleted: 1)).acquisitions.isEmpty)
        #expect(harness.pass(.seconds(301)).acquisitions == [Self.job(1).id])
    }
}
