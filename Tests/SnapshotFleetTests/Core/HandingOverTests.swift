// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// The life of a job whose destination is in another account.
@Suite("Jobs across accounts")
struct HandingOverTests {
    private static let destination = HandoverTests.destination
    private static let role = "arn:aws:iam::444455556666:role/dr"

    private static func policy(newestOnly: Bool = false) -> String {
        """
        { "routes": [ { "name": "dr", "source": { "regions": ["us-east-1"], "hopKey": "alias/share" },
          "destinations": [ { "region": "eu-west-1", "account": "444455556666", "role": "\(Self.role)",
                              "kmsKey": "alias/dr", "slots": { "instance": 2 } } ], "newestOnly": \(newestOnly) } ] }
        """
    }

    private let job = HandoverTests.job()
    private var harness: CoreHarness

    init() throws {
        self.harness = try CoreHarness(policy: Self.policy()) { $0.visibilityTimeout = .seconds(21_600) }
    }

    private static func hop(_ job: CopyJob = HandoverTests.job(), _ status: String) -> Snapshot {
        var hop = HandoverTests.hop(status)
        hop.arn = SnapshotARN(
            partition: "aws",
            region: job.source.region,
            account: job.source.account,
            kind: job.source.kind,
            identifier: HopIdentifier.make(for: job.id)
        )
        hop.tags[TagMerge.sourceKey] = job.source.description
        return hop
    }

    /// Brings a job to the point where its handover is inspected.
    @discardableResult
    private static func inspect(_ harness: inout CoreHarness, _ source: Snapshot? = nil) -> [CoreAction] {
        let job = source.map { CoreHarness.job($0.arn, to: Self.destination) } ?? HandoverTests.job()
        harness.deliver(JobMessage.encode(job))
        let actions = harness.describe(source ?? HandoverTests.source(.automated))
        guard actions.contains(.surveyPool(job.pool)) else { return actions }
        return harness.happen(.poolSurveyed(job.pool, inProgress: []))
    }

    @Test("a manual snapshot is shared before a slot is asked for, and tidied up after before its message goes")
    mutating func manual() throws {
        let source = HandoverTests.source(.manual)
        let question = Self.inspect(&self.harness, source).questions
        #expect(question.map(\.source) == [source])
        #expect(self.harness.actions.acquisitions.isEmpty)
        let sharing = self.harness.happen(.handedOver(.inspected(self.job.id, HandoverFacts())))
        #expect(sharing.handovers == [.share(self.job.id, source.arn)])
        let acquiring = self.harness.happen(.handedOver(.shared(self.job.id, source.arn)))
        #expect(acquiring.acquisitions == [self.job.id])
        let start = try #require(self.harness.happen(.slotGranted(self.job.id)).starts.first)
        #expect(start.carrier == source.arn && start.source == source)
        self.harness.happen(.copyStarted(self.job.id, CoreHarness.target(of: self.job)))
        self.harness.pass(.seconds(600))
        let whole = CoreHarness.target(of: self.job, status: "available")
        let confirming = self.harness.happen(
            .targetsDescribed(self.job.pool, asked: [whole.arn.identifier], found: [whole])
        )
        #expect(confirming.confirmations.count == 1)
        #expect(confirming.releases == [whole.arn.identifier])
        #expect(
            confirming.handovers == [.tidy(self.job.id, hop: HopIdentifier.make(for: self.job.id), failedOnly: false)]
        )
        #expect(confirming.deletions.isEmpty)
        #expect(self.harness.happen(.handedOver(.tidied(self.job.id))).deletions == [.number(1)])
    }

    @Test("what people share is copied without more ado")
    mutating func sharedByPeople() throws {
        Self.inspect(&self.harness, HandoverTests.source(.manual))
        let facts = HandoverFacts(sharedWith: [Self.destination.account])
        #expect(self.harness.happen(.handedOver(.inspected(self.job.id, facts))).acquisitions == [self.job.id])
        self.harness.happen(.slotGranted(self.job.id))
        let whole = CoreHarness.target(of: self.job, status: "available")
        let actions = self.harness.happen(.copyStarted(self.job.id, whole))
        // A worker that held the message before may have left something all the same.
        #expect(actions.handovers.count == 1 && actions.deletions.isEmpty)
        #expect(self.harness.happen(.handedOver(.tidied(self.job.id))).deletions == [.number(1)])
    }

    @Test("an automated snapshot goes by a hop, which is shared once it is whole, and copied with the original's tags")
    mutating func hop() throws {
        var source = HandoverTests.source(.automated, key: HandoverTests.byDefault)
        source.tags = ["team": "payments"]
        Self.inspect(&self.harness, source)
        let making = self.harness.happen(
            .handedOver(.inspected(self.job.id, HandoverFacts(key: HandoverTests.byDefault)))
        )
        guard case .makeHop(let request)? = making.handovers.first else {
            Issue.record("\(making)")
            return
        }
        #expect(request.kmsKey == "alias/share")
        self.harness.happen(.handedOver(.hopStarted(self.job.id, Self.hop(self.job, "copying"))))
        #expect(self.harness.core.nextDeadline != nil)
        let looking = self.harness.pass(.seconds(120))
        let group = SourceGroup(self.job.source)
        #expect(looking.handovers == [.describeHops(group, [request.identifier])])
        // Not looked at again before there is an answer.
        #expect(self.harness.pass(.seconds(600)).handovers.isEmpty)
        let running = [Self.hop(self.job, "copying")]
        self.harness.happen(.handedOver(.hopsDescribed(group, asked: [request.identifier], found: running)))
        #expect(self.harness.pass(.seconds(600)).handovers.count == 1)
        let whole = Self.hop(self.job, "available")
        let sharing = self.harness.happen(
            .handedOver(.hopsDescribed(group, asked: [request.identifier], found: [whole]))
        )
        #expect(sharing.handovers == [.share(self.job.id, whole.arn)])
        #expect(self.harness.happen(.handedOver(.shared(self.job.id, whole.arn))).acquisitions == [self.job.id])
        let start = try #require(self.harness.happen(.slotGranted(self.job.id)).starts.first)
        #expect(start.carrier == whole.arn)
        #expect(start.target == TargetIdentifier.make(for: source.arn, destination: Self.destination))
        #expect(start.tags[TagMerge.sourceKey] == source.arn.description)
        #expect(start.tags[TagMerge.sourceCreatedKey] == CoreHarness.start.iso8601)
        #expect(start.tags["team"] == "payments")
        #expect(start.tags[HandoverTags.hopKey] == nil)
        #expect(start.kmsKey == "alias/dr")
    }

    @Test("a copy that is whole is confirmed, and its hop cleaned up, whoever made it", arguments: [true, false])
    mutating func leftOver(hasSource: Bool) {
        if hasSource {
            Self.inspect(&self.harness)
        } else {
            self.harness.deliver(JobMessage.encode(self.job))
            let group = SourceGroup(self.job.source)
            let actions = self.harness.happen(.sourcesDescribed(group, asked: [self.job.source], found: []))
            #expect(actions.questions.map(\.source) == [nil])
        }
        let whole = CoreHarness.target(of: self.job, status: "available")
        let actions = self.harness.happen(.handedOver(.inspected(self.job.id, HandoverFacts(target: whole))))
        #expect(actions.confirmations.map(\.wasAdopted) == [true])
        #expect(actions.handovers == [.tidy(self.job.id, hop: HopIdentifier.make(for: self.job.id), failedOnly: false)])
        #expect(self.harness.happen(.handedOver(.tidied(self.job.id))).deletions == [.number(1)])
    }

    @Test("a hop outlives its source")
    mutating func sourceAgedOut() throws {
        self.harness.deliver(JobMessage.encode(self.job))
        let group = SourceGroup(self.job.source)
        self.harness.happen(.sourcesDescribed(group, asked: [self.job.source], found: []))
        var hop = Self.hop(self.job, "available")
        hop.tags[TagMerge.sourceCreatedKey] = CoreHarness.start.iso8601
        let facts = HandoverFacts(hop: hop, sharedWith: [Self.destination.account])
        self.harness.happen(.handedOver(.inspected(self.job.id, facts)))
        let acquiring = self.harness.happen(.poolSurveyed(self.job.pool, inProgress: []))
        #expect(acquiring.acquisitions == [self.job.id])
        let start = try #require(self.harness.happen(.slotGranted(self.job.id)).starts.first)
        #expect(start.carrier == hop.arn)
        #expect(start.tags[TagMerge.sourceKey] == self.job.source.description)
        #expect(start.tags[TagMerge.sourceCreatedKey] == CoreHarness.start.iso8601)
    }

    @Test("where neither source nor hop is left, the dead letter says so")
    mutating func allGone() {
        self.harness.now = self.harness.now + .seconds(600)
        self.harness.deliver(JobMessage.encode(self.job))
        let group = SourceGroup(self.job.source)
        self.harness.happen(.sourcesDescribed(group, asked: [self.job.source], found: []))
        let actions = self.harness.happen(.handedOver(.inspected(self.job.id, HandoverFacts())))
        #expect(actions.letters.map(\.reason) == [.sourceGone])
    }

    @Test("a hop that fails is deleted and made anew, three times")
    mutating func failedHop() {
        for attempt in 1...3 {
            var job = self.job
            job.failedCopies = attempt - 1
            self.harness.deliver(JobMessage.encode(job))
            self.harness.pass(.seconds(60))
            self.harness.describe(HandoverTests.source(.automated))
            if attempt == 1 { self.harness.happen(.poolSurveyed(job.pool, inProgress: [])) }
            let failed = HandoverFacts(hop: Self.hop(self.job, "failed"))
            let actions = self.harness.happen(.handedOver(.inspected(job.id, failed)))
            #expect(actions.handovers == [.tidy(job.id, hop: HopIdentifier.make(for: job.id), failedOnly: true)])
            let done = self.harness.happen(.handedOver(.tidied(job.id)))
            #expect(done.replacements.count == (attempt < 3 ? 1 : 0))
            #expect(done.letters.map(\.reason) == (attempt < 3 ? [] : [.copyFailed]))
            self.harness.pass(.seconds(60))
        }
    }

    @Test("no more hops are made at once than there are slots, and one at a time of one database")
    mutating func bounded() {
        let arns = (0..<4).map { CoreHarness.arn("rds:db\($0)-2026-11-21-03-00") }
        for (number, arn) in arns.enumerated() {
            var source = HandoverTests.source(.automated)
            source.arn = arn
            source.database = "db\(number / 2)"
            Self.inspect(&self.harness, source)
        }
        // Two slots; two databases of two snapshots each.
        let asked = self.harness.actions.questions.map(\.job.source)
        #expect(asked == [arns[0], arns[2]])
        #expect(self.harness.actions.acquisitions.isEmpty)
    }

    @Test(
        "what can't be handed over is a dead letter at once, and closes no circuit for others",
        arguments: [
            (
                Trouble(.configuration(.notShareable), reason: .notShareable, detail: "TDE"),
                DeadLetterReason.notShareable
            ),
            (Trouble(.configuration(.accessDenied), reason: .accessDenied, detail: "no"), .accessDenied),
        ]
    )
    mutating func refused(trouble: Trouble, reason: DeadLetterReason) {
        for number in 0..<5 {
            var source = HandoverTests.source(.manual)
            source.arn = CoreHarness.arn("manual-\(number)")
            source.database = "db\(number)"
            let job = CoreHarness.job(source.arn, to: Self.destination)
            Self.inspect(&self.harness, source)
            self.harness.happen(.handedOver(.inspected(job.id, HandoverFacts())))
            let share = HandoverAction.share(job.id, source.arn)
            let actions = self.harness.happen(.handedOver(.failed(share, trouble)))
            #expect(actions.letters.map(\.reason) == [reason])
        }
        #expect(!self.harness.actions.opensCircuit)
    }

    @Test("what passes is waited for", arguments: [FailureClass.throttled, .unavailable, .quotaSnapshots, .notReady])
    mutating func waits(failure: FailureClass) {
        Self.inspect(&self.harness)
        guard
            case .makeHop(let request)? = self.harness.happen(
                .handedOver(.inspected(self.job.id, HandoverFacts()))
            ).handovers.first
        else {
            Issue.record("no hop")
            return
        }
        let trouble = Trouble(failure, detail: "later")
        let actions = self.harness.happen(.handedOver(.failed(.makeHop(request), trouble)))
        #expect(actions.requeues.count == 1)
        #expect(actions.letters.isEmpty)
    }

    @Test("a share that ends before the copy begins is given anew, and after three times it is a dead letter")
    mutating func unshared() {
        let source = HandoverTests.source(.manual)
        let gone = Trouble(.sourceGone, reason: .sourceGone, detail: "DBSnapshot not found")
        for attempt in 1...3 {
            var job = self.job
            job.failedCopies = attempt - 1
            self.harness.deliver(JobMessage.encode(job))
            self.harness.pass(.seconds(60))
            self.harness.describe(source)
            if attempt == 1 { self.harness.happen(.poolSurveyed(job.pool, inProgress: [])) }
            self.harness.happen(.handedOver(.inspected(job.id, HandoverFacts())))
            self.harness.happen(.handedOver(.shared(job.id, source.arn)))
            self.harness.happen(.slotGranted(job.id))
            let actions = self.harness.happen(.copyRejected(job.id, gone))
            #expect(actions.replacements.count == (attempt < 3 ? 1 : 0))
            #expect(actions.letters.map(\.reason) == (attempt < 3 ? [] : [.copyFailed]))
            #expect(actions.releases.count == 1)
            self.harness.pass(.seconds(60))
        }
        #expect(self.harness.actions.letters.last?.detail.contains("does not see what was shared with it") == true)
    }

    @Test("a snapshot that a newer one overtakes leaves no hop behind")
    mutating func superseded() throws {
        self.harness = try CoreHarness(policy: Self.policy(newestOnly: true))
        Self.inspect(&self.harness)
        let hop = Self.hop(self.job, "available")
        let facts = HandoverFacts(hop: hop, sharedWith: [Self.destination.account])
        self.harness.happen(.handedOver(.inspected(self.job.id, facts)))
        self.harness.happen(.slotRefused(self.job.id))
        var newer = HandoverTests.source(.automated)
        newer.arn = CoreHarness.arn("rds:orders-2026-11-22-03-00")
        newer.createdAt = CoreHarness.start + .seconds(86_400)
        Self.inspect(&self.harness, newer)
        let actions = self.harness.pass(.seconds(60))
        #expect(actions.handovers.contains(.tidy(self.job.id, hop: hop.arn.identifier, failedOnly: false)))
        #expect(self.harness.actions.deletions.isEmpty)
        #expect(self.harness.happen(.handedOver(.tidied(self.job.id))).deletions == [.number(1)])
    }

    @Test(
        "what can't be cleaned up keeps its message",
        arguments: [FailureClass.unavailable, .configuration(.accessDenied)]
    )
    mutating func notTidied(failure: FailureClass) {
        Self.inspect(&self.harness)
        let whole = CoreHarness.target(of: self.job, status: "available")
        self.harness.happen(.handedOver(.inspected(self.job.id, HandoverFacts(target: whole))))
        let tidy = HandoverAction.tidy(self.job.id, hop: HopIdentifier.make(for: self.job.id), failedOnly: false)
        let reason: DeadLetterReason? = failure == .unavailable ? nil : .accessDenied
        let trouble = Trouble(failure, reason: reason, detail: "rds:DeleteDBSnapshot")
        let actions = self.harness.happen(.handedOver(.failed(tidy, trouble)))
        #expect(actions.requeues.count == (reason == nil ? 1 : 0))
        #expect(
            actions.letters.map(\.detail)
                == (reason == nil
                    ? []
                    : [
                        "the copy is whole, but what led to it could not be cleaned up: rds:DeleteDBSnapshot"
                    ])
        )
    }

    @Test("nothing is done in the source's account once the lease is over")
    mutating func lease() {
        Self.inspect(&self.harness)
        #expect(self.harness.core.mayHandOver(self.job.id, at: self.harness.now))
        #expect(!self.harness.core.mayHandOver(self.job.id, at: self.harness.now + .seconds(30_000)))
        self.harness.happen(.leasesExtended([.number(1): .lost]))
        #expect(!self.harness.core.mayHandOver(self.job.id, at: self.harness.now))
        #expect(self.harness.happen(.handedOver(.inspected(self.job.id, HandoverFacts()))).handovers.isEmpty)
    }

    @Test("a drain gives back what is being handed over, and waits for nothing")
    mutating func drain() {
        Self.inspect(&self.harness)
        self.harness.happen(.handedOver(.inspected(self.job.id, HandoverFacts(hop: Self.hop(self.job, "copying")))))
        let actions = self.harness.happen(.drain)
        #expect(actions.requeues.map(\.after) == [.zero])
        #expect(self.harness.happen(.requeued(.number(1), .kept)).isEmpty)
        #expect(self.harness.happen(.receiveFailed(Trouble(.cancelled, detail: ""))).contains(.finished))
    }

    @Test("what another account shares with the fleet's is copied as it is, and nothing is done in that account")
    mutating func foreignSource() throws {
        self.harness = try CoreHarness(
            policy: """
                { "routes": [ { "name": "dr", "source": { "regions": ["us-east-1"], "accounts": ["999988887777"] },
                  "destinations": [ { "region": "eu-west-1", "kmsKey": "alias/dr" } ] } ] }
                """
        )
        let arn = SnapshotARN(
            partition: "aws",
            region: "us-east-1",
            account: "999988887777",
            kind: .instance,
            identifier: "orders-m"
        )
        var source = CoreHarness.source(arn)
        source.origin = .shared
        let job = CoreHarness.job(arn)
        self.harness.deliver(JobMessage.encode(job))
        self.harness.describe(source)
        let actions = self.harness.happen(.poolSurveyed(job.pool, inProgress: []))
        #expect(actions.acquisitions == [job.id])
        self.harness.happen(.slotGranted(job.id))
        self.harness.happen(.copyStarted(job.id, CoreHarness.target(of: job, status: "available")))
        #expect(self.harness.actions.handovers.isEmpty)
        #expect(self.harness.actions.deletions.count == 1)
    }

    @Test("a destination that can't even be looked at sends its jobs to the dead-letter queue, then parks them")
    mutating func unassumable() {
        let denied = Trouble(.configuration(.accessDenied), reason: .accessDenied, detail: "cannot assume \(Self.role)")
        var letters: [DeadLetter] = []
        for number in 0..<6 {
            var source = HandoverTests.source(.manual)
            source.arn = CoreHarness.arn("manual-\(number)")
            source.database = "db\(number)"
            self.harness.deliver(JobMessage.encode(CoreHarness.job(source.arn, to: Self.destination)))
            self.harness.pass(.seconds(60))
            self.harness.describe(source)
            letters += self.harness.happen(.poolNotSurveyed(self.job.pool, denied)).letters
            self.harness.pass(.seconds(60))
        }
        #expect(letters.map(\.reason) == [.accessDenied, .accessDenied, .accessDenied])
        #expect(letters.allSatisfy { $0.detail.contains(Self.role) })
        #expect(self.harness.actions.opensCircuit)
    }
}

extension [CoreAction] {
    var handovers: [HandoverAction] {
        self.compactMap { if case .handOver(let action) = $0 { action } else { nil } }
    }

    var opensCircuit: Bool {
        self.contains { if case .report(.circuitOpened) = $0 { true } else { false } }
    }

    var questions: [HandoverQuestion] {
        self.handovers.compactMap { if case .inspect(let question) = $0 { question } else { nil } }
    }
}
