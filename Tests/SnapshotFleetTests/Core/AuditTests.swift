// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Slots that are left over are looked for, and given up ones are told to the ledger.
@Suite struct AuditTests {
    private let job = CoreHarness.job()

    private static func audits(_ actions: [CoreAction]) -> [SlotPool] {
        actions.compactMap { if case .auditSlots(let pool) = $0 { pool } else { nil } }
    }

    @Test func everyPoolIsAuditedSeldomAndForEver() throws {
        var harness = try CoreHarness()
        #expect(Self.audits(harness.happen(.tick)).isEmpty)
        var audits: [SlotPool: [Instant]] = [:]
        for _ in 0..<(6 * 3600 / 10) {
            for pool in Self.audits(harness.pass(.seconds(10))) {
                audits[pool, default: []].append(harness.now)
                harness.happen(.slotsAudited(pool))
            }
        }
        #expect(audits.keys.sorted() == harness.core.policy.pools)
        #expect(audits.count == 2)
        for times in audits.values {
            #expect((24...72).contains(times.count))
            for (earlier, later) in zip(times, times.dropFirst()) {
                #expect((300...910).contains((later - earlier).components.seconds))
            }
        }
    }

    @Test func auditThatIsUnderWayIsNotAskedForAgain() throws {
        var harness = try CoreHarness()
        harness.happen(.tick)
        #expect(Self.audits(harness.pass(.seconds(3600))).count == 2)
        #expect(Self.audits(harness.pass(.seconds(3600))).isEmpty)
    }

    @Test func nobodyAuditsDuringADrain() throws {
        var harness = try CoreHarness()
        harness.happen(.tick)
        harness.happen(.drain)
        #expect(Self.audits(harness.pass(.seconds(3600))).isEmpty)
        #expect(harness.core.nextDeadline == nil)
    }

    @Test func lostLeaseDisownsTheSlotOfACopy() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        harness.pass(.seconds(40))
        let target = CoreHarness.target(of: self.job).arn.identifier
        let actions = harness.happen(.leasesExtended([.number(1): .lost]))
        #expect(actions.contains(.disownSlot(self.job.pool, target: target)))
        #expect(harness.actions.releases.isEmpty)
    }

    @Test func slotGrantedTooLateIsDisowned() throws {
        var harness = try CoreHarness()
        harness.deliver(JobMessage.encode(self.job))
        harness.describe(CoreHarness.source())
        harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        harness.now = harness.now + .seconds(3600)
        let target = CoreHarness.target(of: self.job).arn.identifier
        #expect(harness.happen(.slotGranted(self.job.id)).contains(.disownSlot(self.job.pool, target: target)))
    }

    @Test func availableCopyIsTheEvidenceThatFreesItsSlot() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        let done = CoreHarness.target(of: self.job, status: "available")
        harness.pass(.seconds(15))
        let actions = harness.happen(.targetsDescribed(self.job.pool, asked: [done.arn.identifier], found: [done]))
        let release = CoreAction.releaseSlot(self.job.pool, target: done.arn.identifier, because: .available)
        #expect(actions.contains(release))
        // Killed in between, the worker leaves the message behind, and whoever gets it frees the slot.
        let batches = ActionBatch.batches(of: actions)
        let ledger = try #require(batches.first { if case .ledger = $0 { true } else { false } })
        #expect(ledger.followers.contains { if case .delete = $0 { true } else { false } })
        #expect(!batches.contains { if case .delete = $0 { true } else { false } })
    }

    @Test func copyThatWasNotStartedFreesOnlyWhatIsItsOwn() throws {
        var harness = try CoreHarness()
        harness.deliver(JobMessage.encode(self.job))
        harness.describe(CoreHarness.source())
        harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        harness.happen(.slotGranted(self.job.id))
        let actions = harness.happen(.copyRejected(self.job.id, Trouble(.throttled, detail: "Rate exceeded")))
        let target = CoreHarness.target(of: self.job).arn.identifier
        #expect(actions.contains(.releaseSlot(self.job.pool, target: target, because: .attemptOver)))
    }
}
