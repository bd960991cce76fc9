// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Leases, order and drain")
struct LeaseTests {
    private let job = CoreHarness.job()

    @Test("a held message is extended once a third of its lease is over")
    func heartbeat() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        #expect(harness.pass(.seconds(39)).extensions.isEmpty)
        #expect(harness.pass(.seconds(1)).extensions == [.number(1)])
        #expect(harness.pass(.seconds(5)).extensions.isEmpty)
        harness.happen(.leasesExtended([.number(1): .kept]))
        #expect(harness.pass(.seconds(39)).extensions.isEmpty)
        #expect(harness.pass(.seconds(1)).extensions == [.number(1)])
        harness.happen(.leasesExtended([.number(1): .unknown]))
        #expect(harness.pass(.seconds(5)).extensions == [.number(1)])
    }

    @Test("a lost lease ends the work here: nothing is deleted, and the slot stays taken")
    func lostLease() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        harness.pass(.seconds(40))
        harness.happen(.leasesExtended([.number(1): .lost]))
        #expect(harness.core.view == WorkerView())
        harness.pass(.seconds(600))
        let done = CoreHarness.target(of: self.job, status: "available")
        harness.happen(.targetsDescribed(self.job.pool, asked: [done.arn.identifier], found: [done]))
        #expect(harness.actions.deletions.isEmpty)
        #expect(harness.actions.releases.isEmpty)
        #expect(harness.actions.confirmations.isEmpty)
    }

    @Test("a lease that is lost while RDS is asked to copy leaves the copy to the next worker")
    func lostWhileStarting() throws {
        var harness = try CoreHarness()
        harness.deliver(JobMessage.encode(self.job))
        harness.describe(CoreHarness.source())
        harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        harness.happen(.slotGranted(self.job.id))
        harness.pass(.seconds(40))
        harness.happen(.leasesExtended([.number(1): .lost]))
        harness.happen(.copyStarted(self.job.id, CoreHarness.target(of: self.job)))
        #expect(harness.core.view == WorkerView())
        #expect(harness.actions.releases.isEmpty)
        #expect(harness.actions.deletions.isEmpty)
    }

    @Test("before SQS's twelve hours end the message is handed back, the copy untouched")
    func twelveHours() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        for _ in 0..<(11 * 90 + 45) {
            for token in harness.pass(.seconds(40)).extensions { harness.happen(.leasesExtended([token: .kept])) }
        }
        #expect(harness.actions.requeues.map(\.token) == [.number(1)])
        #expect(harness.actions.releases.isEmpty)
    }

    @Test("waiting never uses up the receives: the message is replaced before its last one")
    func renewal() throws {
        var harness = try CoreHarness { $0.maxReceiveCount = 5 }
        harness.deliver(JobMessage.encode(self.job), receiveCount: 4)
        harness.describe(CoreHarness.source())
        harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        harness.happen(.slotGranted(self.job.id))
        let actions = harness.happen(.copyRejected(self.job.id, Trouble(.throttled, detail: "Rate exceeded")))
        #expect(actions.requeues.isEmpty)
        let replacement = try #require(actions.replacements.first)
        #expect(replacement.messages.map(\.body) == [JobMessage.encode(self.job)])
        #expect(actions.deletions.isEmpty)
        #expect(harness.happen(.replaced(replacement.tokens)).deletions == [.number(1)])
    }

    @Test("priority goes first, then the database whose copy is oldest, then age; one copy of a database at a time")
    func order() throws {
        let policy = """
            { "routes": [
                { "name": "dr", "source": { "regions": ["us-east-1"] }, "match": { "exclude": ["vip*"] },
                  "destinations": [ { "region": "eu-west-1", "slots": { "instance": 1 } } ] },
                { "name": "vip", "priority": 10, "source": { "regions": ["us-east-1"] }, "match": { "databases": ["vip*"] },
                  "destinations": [ { "region": "eu-west-1", "slots": { "instance": 1 } } ] } ] }
            """
        var harness = try CoreHarness(policy: policy)
        var jobs: [String: CopyJob] = [:]
        for (index, name) in ["orders", "billing", "vip"].enumerated() {
            var job = CoreHarness.job(CoreHarness.arn("rds:\(name)-2026-11-21-03-00"))
            job.firstSeen = CoreHarness.start + .seconds(index)
            job.route = name == "vip" ? "vip" : "dr"
            jobs[name] = job
            harness.deliver(JobMessage.encode(job))
            harness.describe(CoreHarness.source(job.source, database: name))
        }
        var started: [CopyJob.ID] = []
        var actions = harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        while let id = actions.acquisitions.first {
            #expect(actions.acquisitions.count == 1)
            started.append(id)
            let job = try #require(jobs.values.first { $0.id == id })
            harness.happen(.slotGranted(id))
            actions = harness.happen(.copyStarted(id, CoreHarness.target(of: job, status: "available")))
        }
        #expect(started == ["vip", "orders", "billing"].compactMap { jobs[$0]?.id })
    }

    @Test("copies of one database to one destination go one after the other")
    func lanes() throws {
        var harness = try CoreHarness()
        let later = CoreHarness.job(CoreHarness.arn("rds:orders-2026-11-21-04-00"))
        harness.deliver(JobMessage.encode(self.job), JobMessage.encode(later))
        harness.describe(CoreHarness.source(self.job.source), CoreHarness.source(later.source))
        #expect(harness.happen(.poolSurveyed(self.job.pool, inProgress: [])).acquisitions == [self.job.id])
        harness.happen(.slotGranted(self.job.id))
        let done = CoreHarness.target(of: self.job, status: "available")
        #expect(harness.happen(.copyStarted(self.job.id, done)).acquisitions == [later.id])
    }

    @Test("on a route for the newest only, what a newer snapshot overtakes is dropped")
    func supersedes() throws {
        var harness = try CoreHarness(policy: CoreHarness.policy(more: #", "newestOnly": true"#))
        let later = CoreHarness.job(CoreHarness.arn("rds:orders-2026-11-21-04-00"))
        harness.deliver(JobMessage.encode(self.job), JobMessage.encode(later))
        harness.describe(
            CoreHarness.source(self.job.source),
            CoreHarness.source(later.source, created: CoreHarness.start + .seconds(3600))
        )
        let actions = harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        #expect(actions.contains(.report(.superseded(self.job.id, by: later.source))))
        #expect(actions.deletions == [.number(1)])
        #expect(actions.acquisitions == [later.id])
    }

    @Test("a survey at the start adopts a copy that is in progress without asking RDS to copy")
    func adoptsBySurvey() throws {
        var harness = try CoreHarness()
        harness.deliver(JobMessage.encode(self.job))
        harness.describe(CoreHarness.source())
        let actions = harness.happen(
            .poolSurveyed(self.job.pool, inProgress: [CoreHarness.target(of: self.job, percent: 60)])
        )
        #expect(
            actions.contains(.report(.adopted(self.job.id, target: CoreHarness.target(of: self.job).arn.identifier)))
        )
        #expect(harness.actions.starts.isEmpty)
        #expect(harness.core.view.copies.map(\.percent) == [60])
    }

    @Test("a slot that comes after the lease has ended starts nothing, and is not taken from the message's new owner")
    func slotComesTooLate() throws {
        var harness = try CoreHarness()
        harness.deliver(JobMessage.encode(self.job))
        harness.describe(CoreHarness.source())
        harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        harness.now = harness.now + .seconds(3600)
        let actions = harness.happen(.slotGranted(self.job.id))
        #expect(actions.starts.isEmpty)
        #expect(actions.releases.isEmpty)
        #expect(harness.core.view.held == 0)
    }

    @Test("a failed copy is not deleted after the lease: its message's new owner may have made it anew")
    func failureIsSeenTooLate() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        harness.now = harness.now + .seconds(3600)
        let failed = CoreHarness.target(of: self.job, status: "failed")
        let actions = harness.happen(
            .targetsDescribed(self.job.pool, asked: [failed.arn.identifier], found: [failed])
        )
        #expect(!actions.contains { if case .deleteTarget = $0 { true } else { false } })
        #expect(harness.core.view.held == 0)
    }

    @Test("nothing is received once the waiting room is full")
    func waitingRoom() throws {
        var harness = try CoreHarness { $0.waitingRoom = 2 }
        harness.happen(.tick)
        let names = ["a", "b"].map { CoreHarness.job(CoreHarness.arn("rds:\($0)-2026-11-21-03-00")) }
        let actions = harness.deliver(JobMessage.encode(names[0]), JobMessage.encode(names[1]))
        #expect(!actions.contains { if case .receive = $0 { true } else { false } })
    }

    @Test("a drain gives everything back at once, waits for the call under way, and lets copies go on")
    func drain() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        let starting = CoreHarness.job(CoreHarness.arn("rds:billing-2026-11-21-03-00"))
        harness.deliver(JobMessage.encode(starting), CoreHarness.event(CoreHarness.arn("rds:crm-2026-11-21-03-00")))
        harness.describe(CoreHarness.source(starting.source, database: "billing"))
        harness.happen(.slotGranted(starting.id))
        let actions = harness.happen(.drain)
        #expect(actions.requeues.map(\.token) == [.number(1), .number(3)])
        #expect(actions.requeues.allSatisfy { $0.after == .zero })
        let started = harness.happen(.copyStarted(starting.id, CoreHarness.target(of: starting)))
        #expect(started.requeues.map(\.token) == [.number(2)])
        #expect(harness.actions.releases.isEmpty)
        for number in 1...3 { harness.happen(.requeued(.number(UInt64(number)), .kept)) }
        #expect(!harness.actions.contains(.finished))
        #expect(harness.happen(.received([])).contains(.finished))
        #expect(harness.actions.deletions.isEmpty)
    }

    @Test("a drain keeps the slot of a copy that may have been started")
    func drainAfterLostAnswer() throws {
        var harness = try CoreHarness()
        harness.deliver(JobMessage.encode(self.job))
        harness.describe(CoreHarness.source())
        harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        harness.happen(.slotGranted(self.job.id))
        harness.happen(.copyRejected(self.job.id, Trouble(.unavailable, detail: "reset")))
        #expect(harness.happen(.drain).requeues.map(\.token) == [.number(1)])
        #expect(harness.actions.releases.isEmpty)
    }

    @Test("what a long poll brings during a drain is given back unread")
    func drainDuringPoll() throws {
        var harness = try CoreHarness()
        harness.happen(.tick)
        harness.happen(.drain)
        #expect(harness.deliver(CoreHarness.event()).requeues.map(\.token) == [.number(1)])
        #expect(harness.happen(.requeued(.number(1), .kept)).contains(.finished))
    }
}
