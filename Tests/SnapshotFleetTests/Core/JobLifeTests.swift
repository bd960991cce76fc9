// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("A job's life")
struct JobLifeTests {
    private let job = CoreHarness.job()

    @Test("an event becomes a confirmed copy, and only then is the message deleted")
    func wholeLife() throws {
        var harness = try CoreHarness()
        #expect(harness.happen(.tick) == [.receive(count: 10, wait: .seconds(20), visibilityTimeout: .seconds(120))])
        let asked = harness.deliver(CoreHarness.event())
        #expect(asked.contains(.describeSources(SourceGroup(self.job.source), [self.job.source])))
        let planned = harness.describe(CoreHarness.source(encrypted: true))
        #expect(planned.contains(.surveyPool(self.job.pool)))
        let surveyed = harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        #expect(surveyed.acquisitions == [self.job.id])
        let granted = harness.happen(.slotGranted(self.job.id))
        let request = try #require(granted.starts.first)
        #expect(request.kmsKey == "alias/dr")
        #expect(request.tags[TagMerge.sourceKey] == self.job.source.description)
        harness.happen(.copyStarted(self.job.id, CoreHarness.target(of: self.job)))
        #expect(harness.pass(.seconds(53)).looks.isEmpty)
        #expect(harness.pass(.seconds(1)).looks == [[request.target]])
        let halfway = CoreHarness.target(of: self.job, percent: 50)
        harness.happen(.targetsDescribed(self.job.pool, asked: [request.target], found: [halfway]))
        #expect(harness.actions.deletions.isEmpty)
        #expect(harness.pass(.seconds(53)).looks.isEmpty)
        #expect(harness.pass(.seconds(1)).looks == [[request.target]])
        let done = CoreHarness.target(of: self.job, status: "available", percent: 100)
        let confirmed = harness.happen(.targetsDescribed(self.job.pool, asked: [request.target], found: [done]))
        #expect(confirmed.confirmations.map(\.target) == [request.target])
        #expect(confirmed.deletions == [.number(1)])
        #expect(confirmed.releases == [request.target])
        harness.happen(.deleted(.number(1)))
        #expect(harness.core.view == WorkerView())
    }

    @Test("a copy names the route whose rules hold, whatever the job names", arguments: ["", "retired"])
    func routeOfTheRules(named: String) throws {
        var harness = try CoreHarness()
        var job = self.job
        job.route = named
        harness.startCopying(job)
        #expect(harness.actions.starts.map { $0.tags[TagMerge.routeKey] } == ["dr"])
        harness.pass(.seconds(15))
        let done = CoreHarness.target(of: job, status: "available")
        let actions = harness.happen(.targetsDescribed(job.pool, asked: [done.arn.identifier], found: [done]))
        #expect(actions.confirmations.map(\.job.route) == ["dr"])
    }

    @Test("a second event for the same snapshot starts no second copy, and ends with the first")
    func duplicate() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        harness.deliver(CoreHarness.event())
        harness.describe(CoreHarness.source())
        harness.deliver(JobMessage.encode(self.job))
        #expect(harness.actions.starts.count == 1)
        harness.pass(.seconds(15))
        let done = CoreHarness.target(of: self.job, status: "available")
        let actions = harness.happen(
            .targetsDescribed(self.job.pool, asked: [done.arn.identifier], found: [done])
        )
        #expect(actions.deletions == [.number(1), .number(2), .number(3)])
        #expect(actions.confirmations.count == 1)
    }

    @Test("a snapshot for several destinations becomes a message for each before the event's own is deleted")
    func severalDestinations() throws {
        let policy = CoreHarness.policy(destinations: #"{"region": "eu-west-1"}, {"region": "us-west-2"}"#)
        var harness = try CoreHarness(policy: policy)
        harness.deliver(CoreHarness.event())
        let planned = harness.describe(CoreHarness.source())
        let replacement = try #require(planned.replacements.first)
        #expect(replacement.messages.count == 2)
        #expect(planned.deletions.isEmpty)
        #expect(harness.happen(.replaced(replacement.tokens)).deletions == [.number(1)])
    }

    @Test("when the queue refuses the messages that should replace an event, the event comes back instead")
    func notReplaced() throws {
        let policy = CoreHarness.policy(destinations: #"{"region": "eu-west-1"}, {"region": "us-west-2"}"#)
        var harness = try CoreHarness(policy: policy)
        harness.deliver(CoreHarness.event())
        harness.describe(CoreHarness.source())
        let actions = harness.happen(.notReplaced([.number(1)], Trouble(.unavailable, detail: "no answer")))
        #expect(actions.requeues.map(\.token) == [.number(1)])
        #expect(harness.actions.deletions.isEmpty)
    }

    @Test("a copy that is available at once is confirmed at once")
    func instantCopy() throws {
        var harness = try CoreHarness()
        harness.deliver(JobMessage.encode(self.job))
        harness.describe(CoreHarness.source())
        harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        harness.happen(.slotGranted(self.job.id))
        let done = CoreHarness.target(of: self.job, status: "available")
        let actions = harness.happen(.copyStarted(self.job.id, done))
        #expect(actions.deletions == [.number(1)])
    }

    @Test("an unknown status is no failure")
    func pending() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        harness.pass(.seconds(15))
        let pending = CoreHarness.target(of: self.job, status: "pending")
        harness.happen(.targetsDescribed(self.job.pool, asked: [pending.arn.identifier], found: [pending]))
        #expect(harness.core.view.copies.count == 1)
    }

    @Test("a copy of ours is never copied on because of an event")
    func loopGuard() throws {
        var harness = try CoreHarness()
        harness.deliver(CoreHarness.event())
        var source = CoreHarness.source()
        source.tags = [TagMerge.sourceKey: "arn:aws:rds:eu-west-1:111122223333:snapshot:rds:x-2026-11-21-01-00"]
        let actions = harness.describe(source)
        #expect(actions.deletions == [.number(1)])
        #expect(harness.actions.starts.isEmpty)
    }

    @Test("an encrypted source without a key in the policy is refused before RDS is asked")
    func missingKey() throws {
        var harness = try CoreHarness(policy: CoreHarness.policy(destinations: #"{"region": "eu-west-1"}"#))
        harness.deliver(JobMessage.encode(self.job))
        harness.describe(CoreHarness.source(encrypted: true))
        harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        let actions = harness.happen(.slotGranted(self.job.id))
        #expect(actions.letters.map(\.reason) == [.kmsKey])
        #expect(actions.starts.isEmpty)
        #expect(actions.releases.count == 1)
    }

    @Test("the key goes with encrypted sources only", arguments: SnapshotKind.allCases)
    func keyForUnencrypted(kind: SnapshotKind) throws {
        let arn = CoreHarness.arn(kind: kind)
        let job = CoreHarness.job(arn)
        var harness = try CoreHarness()
        harness.deliver(JobMessage.encode(job))
        harness.describe(CoreHarness.source(arn))
        harness.happen(.poolSurveyed(job.pool, inProgress: []))
        #expect(try #require(harness.happen(.slotGranted(job.id)).starts.first).kmsKey == nil)
    }
}
