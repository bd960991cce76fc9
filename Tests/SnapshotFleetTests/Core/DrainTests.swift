// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Drains that meet calls without an answer, and starts that come too late.
@Suite("Drains and late starts")
struct DrainTests {
    private let job = CoreHarness.job()

    /// A job whose slot has been asked for.
    private func acquiring(settings: (inout CoreSettings) -> Void = { _ in }) throws -> CoreHarness {
        var harness = try CoreHarness(settings: settings)
        harness.deliver(JobMessage.encode(self.job))
        harness.describe(CoreHarness.source())
        harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        return harness
    }

    @Test("a slot that is granted during a drain starts nothing and is given back with the message")
    func grantedDuringDrain() throws {
        var harness = try self.acquiring()
        #expect(harness.happen(.drain).requeues.isEmpty)
        let actions = harness.happen(.slotGranted(self.job.id))
        #expect(actions.starts.isEmpty)
        #expect(actions.requeues.map(\.token) == [.number(1)])
        #expect(actions.releases.count == 1)
    }

    @Test(
        "an answer that does not come is waited for four seconds; then the message goes back",
        arguments: [false, true]
    )
    func hangs(isStarting: Bool) throws {
        var harness = try self.acquiring()
        if isStarting { harness.happen(.slotGranted(self.job.id)) }
        harness.happen(.drain)
        let end = try #require(harness.core.nextDeadline)
        #expect(end - harness.now == .seconds(4))
        #expect(harness.pass(.milliseconds(3900)).requeues.isEmpty)
        let requeue = try #require(harness.pass(.milliseconds(100)).requeues.first)
        #expect(requeue.token == .number(1))
        #expect(requeue.after == .zero)
        // RDS may have heard the call: only evidence frees the slot.
        #expect(harness.actions.releases.isEmpty)
        #expect(!harness.core.mayStart(self.job.id, at: harness.now))
        harness.happen(.receiveFailed(Trouble(.cancelled, detail: "drain")))
        #expect(harness.happen(.requeued(.number(1), .kept)).contains(.finished))
        #expect(harness.happen(.slotGranted(self.job.id)).starts.isEmpty)
    }

    @Test("two hundred waiting messages go back in the step that drains")
    func fullWaitingRoom() throws {
        var harness = try CoreHarness()
        for number in 1...200 {
            harness.deliver(CoreHarness.event(CoreHarness.arn("rds:db\(number)-2026-11-21-03-00")))
        }
        let actions = harness.happen(.drain)
        #expect(actions.requeues.count == 200)
        #expect(ActionBatch.batches(of: actions).count == 20)
    }

    @Test("a copy may be started while the lease lasts, and extending it prolongs that")
    func whileLeaseLasts() throws {
        var harness = try self.acquiring()
        harness.happen(.slotGranted(self.job.id))
        #expect(harness.core.mayStart(self.job.id, at: harness.now))
        #expect(harness.core.mayStart(self.job.id, at: harness.now + .seconds(119)))
        #expect(!harness.core.mayStart(self.job.id, at: harness.now + .seconds(120)))
        harness.pass(.seconds(60))
        harness.happen(.leasesExtended([.number(1): .kept]))
        #expect(harness.core.mayStart(self.job.id, at: harness.now + .seconds(119)))
    }

    @Test("a copy may be started for ten minutes from the moment its slot was asked for, and no longer")
    func whileReserved() throws {
        var harness = try self.acquiring { $0.visibilityTimeout = .seconds(3600) }
        harness.happen(.slotGranted(self.job.id))
        #expect(harness.core.mayStart(self.job.id, at: harness.now + .seconds(599)))
        #expect(!harness.core.mayStart(self.job.id, at: harness.now + .seconds(600)))
        // Both ledgers keep the slot for longer.
        #expect(harness.core.settings.startWithin + .seconds(120) < SlotTable.Settings(owner: "w").lease)
    }

    @Test("only a job whose copy is being started may start one")
    func otherwise() throws {
        var harness = try self.acquiring()
        #expect(!harness.core.mayStart(self.job.id, at: harness.now))
        harness.happen(.slotGranted(self.job.id))
        harness.happen(.copyStarted(self.job.id, CoreHarness.target(of: self.job)))
        #expect(!harness.core.mayStart(self.job.id, at: harness.now))
    }

    @Test("a quota in words that are new to us waits long, leaves the destination alone, and is told")
    func unknownQuota() throws {
        var harness = try self.acquiring()
        harness.happen(.slotGranted(self.job.id))
        let refusal = Trouble(.quotaUnknown, detail: "You have exceeded something")
        let actions = harness.happen(.copyRejected(self.job.id, refusal))
        let requeue = try #require(actions.requeues.first)
        #expect(requeue.after >= .seconds(300) && requeue.after <= .seconds(900))
        #expect(actions.letters.isEmpty)
        #expect(actions.releases.count == 1)
        #expect(actions.contains(.report(.unknownQuota(self.job.pool, detail: refusal.detail))))
        let other = CoreHarness.job(CoreHarness.arn("rds:billing-2026-11-21-03-00"))
        harness.deliver(JobMessage.encode(other))
        #expect(harness.describe(CoreHarness.source(other.source, database: "billing")).acquisitions.isEmpty)
        #expect(harness.pass(.seconds(299)).acquisitions.isEmpty)
        #expect(harness.pass(.seconds(1)).acquisitions == [other.id])
    }
}
