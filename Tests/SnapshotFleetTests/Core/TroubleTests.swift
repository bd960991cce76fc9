// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Trouble in a job's life")
struct JobTroubleTests {
    private let job = CoreHarness.job()
    private let target = TargetIdentifier.make(for: CoreHarness.arn(), destination: CoreHarness.ireland)

    private func starting(
        receiveCount: Int = 1,
        settings: (inout CoreSettings) -> Void = { _ in }
    ) throws -> CoreHarness {
        var harness = try CoreHarness(settings: settings)
        harness.deliver(JobMessage.encode(self.job), receiveCount: receiveCount)
        harness.describe(CoreHarness.source())
        harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        harness.happen(.slotGranted(self.job.id))
        return harness
    }

    @Test("throttling gives the message back with backoff and jitter, and frees the slot")
    func throttled() throws {
        for receiveCount in [1, 3, 8, 100] {
            var harness = try self.starting(receiveCount: receiveCount)
            let actions = harness.happen(.copyRejected(self.job.id, Trouble(.throttled, detail: "Rate exceeded")))
            let requeue = try #require(actions.requeues.first)
            #expect(requeue.after >= .zero)
            #expect(requeue.after <= min(.seconds(900), .seconds(5) * Double(1 << min(receiveCount - 1, 20))))
            #expect(actions.releases == [self.target])
            #expect(harness.actions.deletions.isEmpty)
        }
    }

    @Test("a full quota sends the job back to the waiting room, not to the queue")
    func concurrentQuota() throws {
        var harness = try self.starting()
        let full = Trouble(.quotaConcurrent(limit: 5), detail: "Cannot copy more than 5 snapshots across regions")
        let actions = harness.happen(.copyRejected(self.job.id, full))
        #expect(actions.contains(.learnLimit(self.job.pool, 5)))
        #expect(actions.releases == [self.target])
        #expect(actions.requeues.isEmpty)
        #expect(harness.core.view.waiting == 1)
        #expect(harness.pass(.seconds(29)).filter { $0 == .surveyPool(self.job.pool) }.isEmpty)
        #expect(harness.pass(.seconds(1)).contains(.surveyPool(self.job.pool)))
        #expect(harness.happen(.poolSurveyed(self.job.pool, inProgress: [])).acquisitions == [self.job.id])
    }

    @Test("a full quota of manual snapshots parks the job long and leaves the destination alone")
    func snapshotQuota() throws {
        var harness = try self.starting()
        let full = Trouble(.quotaSnapshots, detail: "Cannot create more than 100 manual snapshots")
        let actions = harness.happen(.copyRejected(self.job.id, full))
        #expect(try #require(actions.requeues.first).after >= .seconds(900))
        #expect(actions.contains(.report(.snapshotQuotaReached(self.job.pool, detail: full.detail))))
        let other = CoreHarness.job(CoreHarness.arn("rds:billing-2026-11-21-03-00"))
        harness.deliver(JobMessage.encode(other))
        let parked = harness.describe(CoreHarness.source(other.source, database: "billing"))
        #expect(parked.acquisitions.isEmpty)
        #expect(try #require(parked.requeues.first).after >= .seconds(1800))
        harness.now = harness.now + .seconds(1800)
        harness.deliver(JobMessage.encode(other))
        #expect(harness.describe(CoreHarness.source(other.source, database: "billing")).acquisitions == [other.id])
    }

    @Test(
        "what can't succeed goes to the dead-letter queue in one attempt, and is deleted once it is there",
        arguments: [DeadLetterReason.kmsKey, .accessDenied, .optionGroup, .reservedTag, .invalidParameter]
    )
    func permanent(reason: DeadLetterReason) throws {
        var harness = try self.starting()
        let trouble = Trouble(.configuration(reason), reason: reason, detail: "no")
        let actions = harness.happen(.copyRejected(self.job.id, trouble))
        let letter = try #require(actions.letters.first)
        #expect(letter.reason == reason)
        #expect(letter.source == self.job.source.description)
        #expect(letter.destination == self.job.destination.description)
        #expect(actions.deletions.isEmpty)
        #expect(harness.happen(.deadLettered(.number(1))).deletions == [.number(1)])
    }

    @Test("when the dead-letter queue does not answer the message comes back")
    func deadLetterFails() throws {
        var harness = try self.starting()
        let trouble = Trouble(.configuration(.kmsKey), reason: .kmsKey, detail: "no")
        harness.happen(.copyRejected(self.job.id, trouble))
        let actions = harness.happen(.notDeadLettered(.number(1), Trouble(.unavailable, detail: "no answer")))
        #expect(actions.requeues.map(\.token) == [.number(1)])
        #expect(harness.actions.deletions.isEmpty)
    }

    @Test(
        "an answer that says or may mean that the target exists is looked into",
        arguments: [FailureClass.alreadyExists, .unavailable]
    )
    func adopts(failure: FailureClass) throws {
        var harness = try self.starting()
        let looks = harness.happen(.copyRejected(self.job.id, Trouble(failure, detail: "?"))).looks
        #expect(looks == [[self.target]])
        let running = CoreHarness.target(of: self.job, percent: 30)
        let actions = harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: [running]))
        #expect(actions.contains(.report(.adopted(self.job.id, target: self.target))))
        #expect(actions.releases.isEmpty)
        #expect(harness.core.view.copies.map(\.percent) == [30])
    }

    @Test(
        "a copy that may run and does not show keeps its slot until it must have shown, and is tried again",
        arguments: [FailureClass.unavailable, .cancelled, .alreadyExists]
    )
    func doesNotShow(failure: FailureClass) throws {
        var harness = try self.starting()
        harness.happen(.copyRejected(self.job.id, Trouble(failure, detail: "reset, or it exists")))
        // RDS may have started it and not show it yet.
        let early = harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: []))
        #expect(early.releases.isEmpty)
        #expect(early.looks.isEmpty)
        #expect(harness.pass(.seconds(15)).looks == [[self.target]])
        harness.now = harness.now + .seconds(45)
        // However late it comes, an answer is as old as its question.
        let late = harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: []))
        #expect(late.releases.isEmpty)
        #expect(harness.pass(.seconds(15)).looks == [[self.target]])
        let actions = harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: []))
        #expect(actions.releases == [self.target])
        #expect(actions.requeues.map(\.token) == [.number(1)])
    }

    @Test(
        "what was asked before a copy began says nothing of it, however it is answered",
        arguments: [[], ["available"], ["failed"]]
    )
    func oldAnswersAreIgnored(statuses: [String]) throws {
        var harness = try CoreHarness()
        harness.startCopying()
        for _ in 0..<40 where harness.actions.looks.isEmpty { harness.pass(.seconds(15)) }
        #expect(harness.actions.looks == [[self.target]])
        // The process stands still meanwhile: the lease goes, the message comes again, and the copy is begun anew.
        harness.happen(.leasesExtended([.number(1): .lost]))
        harness.now = harness.now + .seconds(1200)
        harness.startCopying()
        harness.now = harness.now + .seconds(120)
        let found = statuses.map { CoreHarness.target(of: CoreHarness.job(), status: $0, percent: 100) }
        let actions = harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: found))
        #expect(actions.releases.isEmpty && actions.deletions.isEmpty)
        #expect(harness.core.view.copies.count == 1)
    }

    @Test(
        "a copy that was seen whole long ago is confirmed, and frees no slot but this worker's own",
        arguments: [(Duration.zero, SlotEvidence.available), (.seconds(120), .attemptOver)]
    )
    func oldSightsFreeNoOthersSlot(age: Duration, evidence: SlotEvidence) throws {
        var harness = try CoreHarness()
        harness.startCopying()
        for _ in 0..<40 where harness.actions.looks.isEmpty { harness.pass(.seconds(15)) }
        #expect(harness.actions.looks == [[self.target]])
        harness.now = harness.now + age
        let whole = CoreHarness.target(of: self.job, status: "available", percent: 100)
        let actions = harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: [whole]))
        #expect(actions.contains(.releaseSlot(self.job.pool, target: self.target, because: evidence)))
        #expect(actions.deletions == [.number(1)])
    }

    @Test("a name that something else has is never touched")
    func nameTaken() throws {
        var harness = try self.starting()
        harness.happen(.copyRejected(self.job.id, Trouble(.alreadyExists, detail: "exists")))
        let foreign = CoreHarness.target(of: self.job, status: "failed", ours: false)
        let actions = harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: [foreign]))
        #expect(actions.letters.map(\.reason) == [.nameTaken])
        #expect(!harness.actions.contains(.deleteTarget(self.job.id, self.target)))
    }

    @Test("a failed copy is deleted and tried again by a fresh message that counts it; the third ends it")
    func copyFails() throws {
        var job = self.job
        for attempt in 1...3 {
            var harness = try CoreHarness()
            harness.startCopying(job)
            harness.pass(.seconds(15))
            let failed = CoreHarness.target(of: job, status: "failed")
            let looked = harness.happen(.targetsDescribed(job.pool, asked: [self.target], found: [failed]))
            #expect(looked.contains(.deleteTarget(job.id, self.target)))
            #expect(looked.releases.isEmpty)
            let actions = harness.happen(.targetDeleted(job.id))
            #expect(actions.releases == [self.target])
            if attempt == 3 {
                #expect(actions.letters.map(\.reason) == [.copyFailed])
            } else {
                let message = try #require(actions.replacements.first?.messages.first)
                job.failedCopies += 1
                #expect(message.body == JobMessage.encode(job))
                #expect(actions.deletions.isEmpty)
            }
        }
    }

    @Test("a failed copy that another worker has deleted already is out of the way all the same")
    func copyDeletedByAnother() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        harness.pass(.seconds(15))
        let failed = CoreHarness.target(of: self.job, status: "failed")
        harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: [failed]))
        let error = AWSError(.rejected, serviceCode: "DBSnapshotNotFound", message: "DBSnapshot not found: x")
        let trouble = Trouble(of: .deleteTarget, kind: .instance, error)
        let actions = harness.happen(.targetNotDeleted(self.job.id, trouble))
        #expect(actions.letters.isEmpty)
        #expect(actions.replacements.count == 1)
        #expect(actions.releases == [self.target])
    }

    @Test("a failed copy without our tag is somebody's: it is not deleted, even if it is a copy of the same source")
    func foreignCopyFails() throws {
        var harness = try self.starting()
        harness.happen(.copyRejected(self.job.id, Trouble(.alreadyExists, detail: "exists")))
        var foreign = CoreHarness.target(of: self.job, status: "failed", ours: false)
        foreign.sourceARN = self.job.source.description
        let actions = harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: [foreign]))
        #expect(actions.letters.map(\.reason) == [.nameTaken])
        #expect(!harness.actions.contains(.deleteTarget(self.job.id, self.target)))
    }

    @Test("a copy that vanished counts as failed, but not in its first minute")
    func copyVanishes() throws {
        var harness = try CoreHarness()
        harness.startCopying(self.job)
        harness.pass(.seconds(15))
        harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: []))
        #expect(harness.core.view.copies.count == 1)
        harness.pass(.seconds(60))
        let actions = harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: []))
        #expect(actions.replacements.count == 1)
        #expect(!actions.contains(.deleteTarget(self.job.id, self.target)))
    }

    @Test("a source that is gone is dead-lettered, unless its copy is there already")
    func sourceGone() throws {
        var harness = try CoreHarness()
        harness.now = CoreHarness.start + .seconds(301)
        harness.deliver(JobMessage.encode(self.job))
        let asked = SourceGroup(self.job.source)
        #expect(harness.happen(.sourcesDescribed(asked, asked: [self.job.source], found: [])).looks == [[self.target]])
        var other = harness
        let gone = harness.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: []))
        #expect(gone.letters.map(\.reason) == [.sourceGone])
        let done = CoreHarness.target(of: self.job, status: "available")
        let there = other.happen(.targetsDescribed(self.job.pool, asked: [self.target], found: [done]))
        #expect(there.deletions == [.number(1)])
        #expect(there.confirmations.count == 1)
    }

    @Test("a source that is not visible yet, or not whole, is waited for", arguments: [true, false])
    func sourceNotReady(isVisible: Bool) throws {
        var harness = try CoreHarness()
        harness.deliver(CoreHarness.event())
        let found = isVisible ? [CoreHarness.source(status: "creating")] : []
        let actions = harness.happen(
            .sourcesDescribed(SourceGroup(self.job.source), asked: [self.job.source], found: found)
        )
        let requeue = try #require(actions.requeues.first)
        #expect((.seconds(60) ... .seconds(300)).contains(requeue.after))
    }

    @Test(
        "what makes no sense goes to the dead-letter queue with the reason",
        arguments: [
            ("not JSON", DeadLetterReason.malformed), ("{}", .malformed), ("[1]", .malformed),
            (String(repeating: "[", count: 1 << 20), .malformed),
            (CoreHarness.event(CoreHarness.arn()).replacing("111122223333", with: "999999999999"), .foreignAccount),
            (CoreHarness.event(CoreHarness.arn()).replacing("us-east-1", with: "ap-south-1"), .foreignAccount),
            (
                JobMessage.encode(CoreHarness.job(to: Destination(account: "111122223333", region: "sa-east-1"))),
                .noRoute
            ),
        ]
    )
    func malformed(body: String, reason: DeadLetterReason) throws {
        var harness = try CoreHarness()
        let actions = harness.deliver(body)
        #expect(actions.letters.map(\.reason) == [reason])
        #expect(actions.letters.first?.body == body)
        #expect(actions.deletions.isEmpty)
    }

    @Test("when receives fail, the worker asks again, never in a tight loop")
    func receiveFails() throws {
        var harness = try CoreHarness { $0.auditInterval = .seconds(1_000_000_000) }
        harness.happen(.tick)
        for _ in 0..<20 {
            harness.happen(.receiveFailed(Trouble(.unavailable, detail: "refused")))
            let deadline = try #require(harness.core.nextDeadline)
            #expect((.seconds(1) ... .seconds(60)).contains(deadline - harness.now))
            harness.now = deadline
            let actions = harness.happen(.tick)
            #expect(actions.contains { if case .receive = $0 { true } else { false } })
        }
    }
}
