// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// What has to happen next before another account can copy.
@Suite("Handing a snapshot to another account")
struct HandoverTests {
    static let destination = Destination(account: "444455556666", region: "eu-west-1")
    static let own = SourceKey(arn: "arn:aws:kms:us-east-1:111122223333:key/own", isManagedByAWS: false)
    static let byDefault = SourceKey(arn: "arn:aws:kms:us-east-1:111122223333:key/default", isManagedByAWS: true)

    static func job(_ kind: SnapshotKind = .instance) -> CopyJob {
        CoreHarness.job(CoreHarness.arn(kind: kind), to: Self.destination)
    }

    static func source(
        _ origin: Snapshot.Origin,
        key: SourceKey? = nil,
        tags: [String: String] = [:],
        kind: SnapshotKind = .instance
    ) -> Snapshot {
        var source = CoreHarness.source(CoreHarness.arn(kind: kind), encrypted: key != nil)
        source.origin = origin
        source.kmsKeyID = key?.arn
        source.tags = tags
        return source
    }

    static func hop(_ status: String, tags: [String: String]? = nil) -> Snapshot {
        let job = Self.job()
        var arn = job.source
        arn = SnapshotARN(
            partition: "aws",
            region: arn.region,
            account: arn.account,
            kind: arn.kind,
            identifier: HopIdentifier.make(for: job.id)
        )
        let ours = [TagMerge.sourceKey: job.source.description, HandoverTags.hopKey: Self.destination.description]
        return Snapshot(arn: arn, database: "orders", status: status, tags: tags ?? ours)
    }

    private func next(
        _ source: Snapshot?,
        _ facts: HandoverFacts = HandoverFacts(),
        hopKey: String? = "alias/share"
    ) -> HandoverStep {
        Handover(job: Self.job(), source: source, hopKey: hopKey, copiesTags: true).next(facts)
    }

    @Test("a manual snapshot under no key, or a customer's, is shared as it is", arguments: [nil, Self.own])
    func manual(key: SourceKey?) {
        let source = Self.source(.manual, key: key)
        #expect(self.next(source, HandoverFacts(key: key)) == .share(source.arn))
        #expect(self.next(source, HandoverFacts(key: key, sharedWith: ["999988887777"])) == .share(source.arn))
    }

    @Test("what people have shared is copied without more ado", arguments: ["444455556666", "all"])
    func shared(account: String) {
        let source = Self.source(.manual)
        #expect(self.next(source, HandoverFacts(sharedWith: [account])) == .copy(source.arn))
    }

    @Test("what the fleet shared for another Region of the account gets a mark for this one, too")
    func sharedForAnother() {
        let frankfurt = Destination(account: Self.destination.account, region: "eu-central-1")
        let theirs = Self.source(.manual, tags: [HandoverTags.shareKey(for: frankfurt): "x"])
        let facts = HandoverFacts(sharedWith: [Self.destination.account])
        #expect(self.next(theirs, facts) == .share(theirs.arn))
        let ours = Self.source(.manual, tags: [HandoverTags.shareKey(for: Self.destination): "x"])
        #expect(self.next(ours, facts) == .copy(ours.arn))
    }

    @Test(
        "what can't be shared takes a hop",
        arguments: [
            (Snapshot.Origin.automated, SourceKey?.none, String?.none), (.awsbackup, nil, nil),
            (.automated, Self.own, "alias/share"), (.automated, Self.byDefault, "alias/share"),
            (.manual, Self.byDefault, "alias/share"),
        ]
    )
    func hops(origin: Snapshot.Origin, key: SourceKey?, expected: String?) throws {
        guard case .makeHop(let request) = self.next(Self.source(origin, key: key), HandoverFacts(key: key)) else {
            Issue.record("no hop")
            return
        }
        #expect(request.kmsKey == expected)
        #expect(request.identifier == HopIdentifier.make(for: Self.job().id))
        #expect(request.tags[HandoverTags.hopKey] == "444455556666/eu-west-1")
        #expect(request.tags[TagMerge.sourceKey] == Self.job().source.description)
        #expect(request.tags[TagMerge.sourceCreatedKey] == CoreHarness.start.iso8601)
        #expect(HandoverTags.marks(request.tags, hopOf: Self.job().id))
    }

    @Test("a cluster snapshot that RDS calls manual is AWS Backup's by its name")
    func backup() {
        let arn = CoreHarness.arn("awsbackup:job-1", kind: .cluster)
        var source = CoreHarness.source(arn)
        source.origin = .manual
        let handover = Handover(
            job: CoreHarness.job(arn, to: Self.destination),
            source: source,
            hopKey: nil,
            copiesTags: true
        )
        guard case .makeHop = handover.next(HandoverFacts()) else {
            Issue.record("no hop")
            return
        }
    }

    @Test("without a key for hops, a customer's own key is kept, and the default key is refused with what to do")
    func withoutHopKey() {
        guard
            case .makeHop(let request) = self.next(
                Self.source(.automated, key: Self.own),
                HandoverFacts(key: Self.own),
                hopKey: nil
            )
        else {
            Issue.record("no hop")
            return
        }
        #expect(request.kmsKey == nil)
        for origin in [Snapshot.Origin.automated, .manual] {
            let step = self.next(
                Self.source(origin, key: Self.byDefault),
                HandoverFacts(key: Self.byDefault),
                hopKey: nil
            )
            guard case .refuse(let trouble) = step else {
                Issue.record("\(step)")
                continue
            }
            #expect(trouble.reason == .hopKey)
            #expect(trouble.detail.contains("names no hopKey for the source of route dr"))
        }
    }

    @Test("a key that can't be used is named", arguments: ["Disabled", "PendingDeletion", "gone"])
    func unusable(state: String) {
        for origin in [Snapshot.Origin.automated, .manual] {
            var key = Self.own
            key.state = state
            let step = self.next(Self.source(origin, key: key), HandoverFacts(key: key))
            guard case .refuse(let trouble) = step else {
                Issue.record("\(step)")
                continue
            }
            #expect(trouble.reason == .kmsKey)
            #expect(trouble.detail.contains(key.arn) && trouble.detail.hasSuffix("is \(state)"))
        }
    }

    @Test("a hop is waited for, shared, copied, or removed, also when its source is gone", arguments: [true, false])
    func existingHop(hasSource: Bool) {
        let source = hasSource ? Self.source(.automated) : nil
        let whole = Self.hop("available")
        #expect(self.next(source, HandoverFacts(hop: Self.hop("copying"))) == .wait(Self.hop("copying")))
        #expect(self.next(source, HandoverFacts(hop: whole)) == .share(whole.arn))
        #expect(self.next(source, HandoverFacts(hop: whole, sharedWith: ["444455556666"])) == .copy(whole.arn))
        #expect(self.next(source, HandoverFacts(hop: Self.hop("failed"))) == .removeHop(Self.hop("failed")))
        #expect(self.next(nil) == .giveUp)
    }

    @Test("a snapshot of the hop's name that is none of ours is not touched")
    func foreignHop() {
        let other = Destination(account: "444455556666", region: "eu-central-1").description
        for tags in [[:], [TagMerge.sourceKey: "x"], [HandoverTags.hopKey: other]] {
            let step = self.next(Self.source(.automated), HandoverFacts(hop: Self.hop("available", tags: tags)))
            guard case .refuse(let trouble) = step else {
                Issue.record("\(step)")
                continue
            }
            #expect(trouble.reason == .nameTaken)
        }
    }

    @Test("a copy that is there is adopted before anything is done, if it is ours")
    func existingCopy() {
        let target = CoreHarness.target(of: Self.job(), status: "available")
        let facts = HandoverFacts(target: target, hop: Self.hop("available"))
        #expect(self.next(Self.source(.automated), facts) == .adopt(target))
        #expect(self.next(nil, facts) == .adopt(target))
        var foreign = target
        foreign.tags = [:]
        guard case .refuse(let trouble) = self.next(Self.source(.automated), HandoverFacts(target: foreign)) else {
            Issue.record("adopted")
            return
        }
        #expect(trouble.reason == .nameTaken)
    }

    @Test("tags of the source travel by the hop, as many as there is room for")
    func fullOfTags() throws {
        let tags = Dictionary((0..<50).map { ("key-\($0)", "x") }) { first, _ in first }
        let source = Self.source(.automated, tags: tags)
        guard case .makeHop(let request) = self.next(source) else {
            Issue.record("no hop")
            return
        }
        #expect(request.tags.count == TagMerge.limit)
        #expect(HandoverTags.marks(request.tags, hopOf: Self.job().id))
        let silent = Handover(job: Self.job(), source: source, hopKey: nil, copiesTags: false)
        guard case .makeHop(let request) = silent.next(HandoverFacts()) else {
            Issue.record("no hop")
            return
        }
        #expect(request.tags.keys.allSatisfy { $0.hasPrefix("snapferry:") })
    }

    @Test("a source that is gone is known from its hop")
    func sourceFromHop() {
        var hop = Self.hop("available")
        hop.tags[TagMerge.sourceCreatedKey] = CoreHarness.start.iso8601
        hop.tags["team"] = "payments"
        hop.isEncrypted = true
        let source = Handover.source(of: Self.job().id, from: hop)
        #expect(source.arn == Self.job().source)
        #expect(source.createdAt == CoreHarness.start)
        #expect(source.tags == ["team": "payments"])
        #expect(source.isEncrypted && source.database == "orders")
    }

    @Test("a hop is no source, no copy to keep or prune, and none that takes a slot")
    func isNoCopy() throws {
        let hop = Self.hop("available")
        var facts = SnapshotFacts(hop)
        facts.origin = .manual
        let policy = try PolicyDocument.parse(Array(CoreHarness.policy().utf8), source: "the test")
        let decision = policy.explain(facts)
        #expect(decision.outcome == .doesNotMatch)
        #expect(decision.explanation.contains("not a copy of ours: it is named like a hop"))
        // An event tells no more than the name, and may come when the hop is gone.
        #expect(policy.explain(SnapshotFacts(arn: hop.arn)).outcome == .doesNotMatch)
        facts.arn = CoreHarness.arn("renamed")
        let wanted = "not a copy of ours: it is a hop of \(Self.job().source) on its way to 444455556666/eu-west-1"
        #expect(policy.explain(facts).explanation.contains(wanted))
        #expect(CopyRecord(hop, at: Destination(account: CoreHarness.account, region: "us-east-1")) == nil)
        // Not even under a copy's name.
        var renamed = CoreHarness.target(of: Self.job(), status: "available")
        renamed.origin = .manual
        #expect(CopyRecord(renamed, at: Self.destination) != nil)
        renamed.tags[HandoverTags.hopKey] = "x"
        #expect(CopyRecord(renamed, at: Self.destination) == nil)
    }
}
