// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Hearing of copies from other workers")
struct HearingTests {
    private let job = CoreHarness.job()

    /// A harness with a copy in progress, at the moment when it is to be looked at.
    private func due() throws -> (harness: CoreHarness, target: String) {
        var harness = try CoreHarness { $0.lookStagger = .zero }
        harness.startCopying(self.job)
        let actions = harness.pass(.seconds(54))
        #expect(actions.contains(.hearOthers(self.job.pool)))
        #expect(actions.looks.isEmpty)
        return (harness, CoreHarness.target(of: self.job).arn.identifier)
    }

    @Test("what another worker saw of a whole copy confirms it, and RDS is not asked", arguments: [-3600, 0, 3600])
    func availableByHearsay(clockDifference: Int) throws {
        var (harness, target) = try self.due()
        let done = CoreHarness.target(of: self.job, status: "available", percent: 100)
        let look = HeardLook(found: [done], askedAt: harness.now + .seconds(clockDifference))
        let actions = harness.happen(.heard(self.job.pool, look))
        #expect(actions.confirmations.map(\.target) == [target])
        #expect(actions.deletions == [.number(1)])
        #expect(harness.actions.looks.isEmpty)
    }

    @Test("what another worker saw of a copy that goes on puts one's own look off")
    func progressByHearsay() throws {
        var (harness, target) = try self.due()
        let halfway = CoreHarness.target(of: self.job, percent: 50)
        let heard = harness.happen(.heard(self.job.pool, HeardLook(found: [halfway], askedAt: harness.now)))
        #expect(heard.looks.isEmpty)
        #expect(harness.core.view.copies.map(\.percent) == [50])
        #expect(!harness.pass(.seconds(53)).contains(.hearOthers(self.job.pool)))
        #expect(harness.pass(.seconds(1)).contains(.hearOthers(self.job.pool)))
        #expect(harness.happen(.heard(self.job.pool, HeardLook(askedAt: harness.now))).looks == [[target]])
    }

    @Test("where nobody tells of it RDS is asked, about the copies of others too")
    func looksForOthersToo() throws {
        var (harness, target) = try self.due()
        let look = HeardLook(askedAt: harness.now, others: ["a-copy-of-another"])
        #expect(harness.happen(.heard(self.job.pool, look)).looks == [["a-copy-of-another", target]])
    }

    @Test("what was seen earlier is no news")
    func oldNews() throws {
        var (harness, target) = try self.due()
        let halfway = CoreHarness.target(of: self.job, percent: 50)
        let look = HeardLook(found: [halfway], askedAt: CoreHarness.start)
        #expect(harness.happen(.heard(self.job.pool, look)).looks == [[target]])
    }

    @Test("a ledger that does not answer keeps nobody from looking")
    func silence() throws {
        var (harness, target) = try self.due()
        #expect(harness.happen(.heard(self.job.pool, nil)).looks == [[target]])
    }

    @Test("a look for a job that waits for it asks nobody else")
    func urgent() throws {
        var harness = try CoreHarness { $0.lookStagger = .zero }
        harness.startCopying(self.job)
        var taken = CoreHarness.job(CoreHarness.arn("rds:billing-2026-11-21-03-00"))
        taken.firstSeen = harness.now
        harness.deliver(JobMessage.encode(taken))
        harness.describe(CoreHarness.source(taken.source, database: "billing"))
        harness.happen(.slotGranted(taken.id))
        let error = AWSError(.rejected, serviceCode: "DBSnapshotAlreadyExists", message: "Cannot create the snapshot")
        let actions = harness.happen(.copyRejected(taken.id, Trouble(of: .copy, kind: .instance, error)))
        #expect(actions.looks.count == 1)
        #expect(!actions.contains(.hearOthers(self.job.pool)))
    }
}
