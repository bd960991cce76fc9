// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@testable import SnapshotFleet

/// Dead letters of a small world: one route from us-east-1 to eu-west-1, and what was found out about it.
enum Letters {
    static let account = "111122223333"
    static let destination = Destination(account: account, region: "eu-west-1")
    static let pool = SlotPool(destination: destination, kind: .instance)
    static let morning = Instant(seconds: 1_795_240_000)

    static func arn(_ identifier: String, account: String = account, region: String = "us-east-1") -> SnapshotARN {
        SnapshotARN(partition: "aws", region: region, account: account, kind: .instance, identifier: identifier)
    }

    static func policy() throws -> Policy {
        let text = #"""
            {"routes": [
              {"name": "prod", "source": {"regions": ["us-east-1"], "accounts": ["111122223333", "999900001111"]},
               "match": {"exclude": ["scratch*"]},
               "destinations": [{"region": "eu-west-1", "kmsKey": "alias/dr"}]},
              {"name": "vault", "priority": -1, "source": {"regions": ["us-east-1"]},
               "destinations": [{"region": "eu-west-1", "account": "444455556666", "kmsKey": "alias/dr",
                                 "role": "arn:aws:iam::444455556666:role/snapferry"}]}]}
            """#
        return try PolicyDocument.parse(Array(text.utf8), source: "test").resolved(ownAccount: self.account)
    }

    static func letter(
        _ id: String,
        of identifier: String = "orders-1",
        account: String = account,
        to destination: Destination? = destination,
        reason: DeadLetterReason = .kmsKey,
        route: String? = "prod",
        database: String? = nil,
        failedCopies: Int = 3
    ) -> DeadLetterEntry {
        let arn = self.arn(identifier, account: account)
        let job = CopyJob(
            source: arn,
            destination: destination ?? self.destination,
            route: route ?? "",
            firstSeen: self.morning,
            failedCopies: failedCopies
        )
        let attributes: [String: String?] = [
            DeadLetterAttribute.reason: reason.rawValue, DeadLetterAttribute.source: arn.description,
            DeadLetterAttribute.destination: destination?.description, DeadLetterAttribute.route: route,
            DeadLetterAttribute.database: database,
        ]
        return self.entry(
            id,
            destination == nil ? self.event(arn) : JobMessage.encode(job),
            attributes.compactMapValues { $0 }
        )
    }

    static func entry(_ id: String, _ body: String, _ attributes: [String: String] = [:]) -> DeadLetterEntry {
        DeadLetterEntry(
            SQSMessage(
                messageID: id,
                receiptHandle: "r-\(id)",
                body: body,
                attributes: ["SentTimestamp": "\(self.morning.milliseconds + 3_600_000)"],
                messageAttributes: attributes.mapValues { SQSAttributeValue(stringValue: $0) }
            ),
            account: self.account
        )
    }

    static func event(_ arn: SnapshotARN) -> String {
        let document: JSONValue = [
            "source": "aws.rds", "detail-type": "RDS DB Snapshot Event", "account": .string(arn.account),
            "region": .string(arn.region), "resources": [.string(arn.description)],
            "detail": [
                "SourceType": "SNAPSHOT", "SourceArn": .string(arn.description),
                "SourceIdentifier": .string(arn.identifier), "EventID": "RDS-EVENT-0042",
                "Message": "Manual snapshot created",
            ],
        ]
        return document.description
    }

    static func snapshot(
        _ identifier: String = "orders-1",
        database: String = "orders",
        status: String = "available",
        takenAt: Instant = morning,
        isEncrypted: Bool = true
    ) -> Snapshot {
        Snapshot(
            arn: self.arn(identifier),
            database: database,
            status: status,
            isEncrypted: isEncrypted,
            createdAt: takenAt,
            originalCreatedAt: takenAt
        )
    }

    /// A copy as it is at the destination.
    static func copy(
        of identifier: String,
        database: String = "orders",
        status: String = "available",
        takenAt: Instant = morning,
        isOurs: Bool = true
    ) -> Snapshot {
        let source = self.arn(identifier)
        return Snapshot(
            arn: self.arn(TargetIdentifier.make(for: source, destination: self.destination), region: "eu-west-1"),
            database: database,
            status: status,
            tags: isOurs ? [TagMerge.sourceKey: source.description, TagMerge.routeKey: "prod"] : [:],
            createdAt: takenAt + .seconds(600),
            originalCreatedAt: takenAt
        )
    }

    /// What was found out, all in order: the source is there, the destination empty.
    static func facts(
        sources: [Snapshot] = [snapshot()],
        copies: [Snapshot] = []
    ) -> DeadLetterFacts {
        var facts = DeadLetterFacts()
        for source in sources { facts.sources[source.arn] = .there(source) }
        var shelf = DeadLetterFacts.Shelf()
        shelf.take(copies, at: self.destination)
        facts.shelves[self.pool] = shelf
        return facts
    }

    static func judge(_ facts: DeadLetterFacts = facts()) throws -> DeadLetterJudge {
        DeadLetterJudge(policy: try self.policy(), facts: facts, ownAccount: self.account)
    }
}

@Suite struct DeadLetterOutlookTests {
    private static func outlook(_ entry: DeadLetterEntry, _ facts: DeadLetterFacts = Letters.facts()) throws -> String {
        let outlook = try Letters.judge(facts).outlook(of: entry)
        return outlook.why.isEmpty ? outlook.standing.rawValue : "\(outlook.standing.rawValue): \(outlook.why)"
    }

    @Test func aJobWhoseSourceIsThereAndWhoseCopyIsNotIsReady() throws {
        #expect(try Self.outlook(Letters.letter("a")) == "ready")
    }

    @Test(arguments: [
        ("available", true, "obsolete: already copied, as orders-1-us-east-1"),
        ("copying", true, "ready: a copy of it is in progress"), ("failed", true, "ready"),
        ("available", false, "blocked: another snapshot is called orders-1-us-east-1"),
    ])
    func whatIsUnderTheCopysNameTells(status: String, isOurs: Bool, outlook: String) throws {
        let facts = Letters.facts(copies: [Letters.copy(of: "orders-1", status: status, isOurs: isOurs)])
        #expect(try Self.outlook(Letters.letter("a"), facts) == outlook)
    }

    @Test(arguments: [
        (60, "available", "orders", "obsolete: a newer copy of orders is there: orders-2-us-east-1"),
        (-60, "available", "orders", "ready"), (60, "copying", "orders", "ready"), (60, "available", "crm", "ready"),
    ])
    func aNewerWholeCopyOfTheSameDatabaseMakesItObsolete(
        later: Int,
        status: String,
        database: String,
        outlook: String
    ) throws {
        let copy = Letters.copy(
            of: "orders-2",
            database: database,
            status: status,
            takenAt: Letters.morning + .seconds(later)
        )
        #expect(try Self.outlook(Letters.letter("a"), Letters.facts(copies: [copy])) == outlook)
    }

    @Test func aSourceThatIsGoneMakesItObsoleteUnlessItsHopIsThere() throws {
        var facts = Letters.facts(sources: [])
        facts.sources[Letters.arn("orders-1")] = .gone
        #expect(try Self.outlook(Letters.letter("a"), facts) == "obsolete: its source is gone")
        // Where nothing was looked at, nobody knows.
        #expect(
            try Self.outlook(Letters.letter("a", of: "crm-1"), facts)
                == "unknown: 111122223333/us-east-1/instance could not be looked at"
        )
        let vault = Destination(account: "444455556666", region: "eu-west-1")
        let job = Letters.letter("a", to: vault, route: "vault")
        facts.hops = [try #require(job.jobID)]
        facts.shelves[SlotPool(destination: vault, kind: .instance)] = .init()
        #expect(try Self.outlook(job, facts) == "ready: its source is gone, and its hop is there")
        facts.sources[Letters.arn("x", account: "999900001111")] = .gone
        #expect(
            try Self.outlook(Letters.letter("a", of: "x", account: "999900001111"), facts)
                == "blocked: its source is gone, or not shared with this account"
        )
    }

    @Test func whatTheCopyNeedsIsToldWhereItIsKnownToBeMissing() throws {
        var facts = Letters.facts()
        facts.brokenKeys[.init(destination: Letters.destination, name: "alias/dr")] = "the key alias/dr is Disabled"
        #expect(try Self.outlook(Letters.letter("a"), facts) == "blocked: the key alias/dr is Disabled")
        var plain = Letters.facts(sources: [Letters.snapshot(isEncrypted: false)])
        plain.brokenKeys = facts.brokenKeys
        #expect(try Self.outlook(Letters.letter("a"), plain) == "ready")
        plain.full[Letters.pool] = "100 of 100 manual snapshots"
        #expect(try Self.outlook(Letters.letter("a"), plain) == "blocked: 100 of 100 manual snapshots")
        let failed = Letters.facts(sources: [Letters.snapshot(status: "failed")])
        #expect(try Self.outlook(Letters.letter("a"), failed) == "blocked: the source itself is failed")
        let young = Letters.facts(sources: [Letters.snapshot(status: "creating")])
        #expect(try Self.outlook(Letters.letter("a"), young) == "ready: the source is still being made")
        var unseen = Letters.facts()
        unseen.shelves = [:]
        #expect(
            try Self.outlook(Letters.letter("a"), unseen)
                == "unknown: 111122223333/eu-west-1/instance could not be looked at"
        )
    }

    @Test func aJobThatNoRouteTakesAnyMoreIsObsoleteAndOneThatNeverHadOneBlocked() throws {
        let elsewhere = Destination(account: Letters.account, region: "sa-east-1")
        #expect(
            try Self.outlook(Letters.letter("a", to: elsewhere))
                == "obsolete: no route leads from 111122223333/us-east-1 to 111122223333/sa-east-1 any more"
        )
        #expect(
            try Self.outlook(Letters.letter("a", to: elsewhere, reason: .noRoute))
                == "blocked: no route leads from 111122223333/us-east-1 to 111122223333/sa-east-1"
        )
    }

    @Test func anEventIsJudgedByAllCopiesThatItLeadsTo() throws {
        let event = Letters.letter("a", to: nil, reason: .accessDenied, route: nil)
        let vault = SlotPool(destination: Destination(account: "444455556666", region: "eu-west-1"), kind: .instance)
        var facts = Letters.facts(copies: [Letters.copy(of: "orders-1")])
        facts.shelves[vault] = .init()
        // One copy is there, and the other is not.
        #expect(try Self.outlook(event, facts) == "ready")
        facts.full[vault] = "100 of 100 manual snapshots"
        #expect(try Self.outlook(event, facts) == "blocked: 100 of 100 manual snapshots")
        facts.sources[Letters.arn("orders-1")] = .gone
        #expect(try Self.outlook(event, facts) == "obsolete: its source is gone")
        let scratch = Letters.letter("a", of: "scratch-1", account: "999900001111", to: nil, reason: .kmsKey)
        var excluded = Letters.snapshot("scratch-1", database: "scratch")
        excluded.arn = Letters.arn("scratch-1", account: "999900001111")
        let outlook = try Self.outlook(scratch, Letters.facts(sources: [excluded]))
        #expect(outlook.hasPrefix("obsolete: route prod does not take it: exclude: scratch is like scratch*"))
    }

    @Test(arguments: [
        (#"{"snapferry":"sweep"}"#, "ready: a sweep"),
        ("x", "blocked: nobody understands it: not JSON"),
        (
            #"{"source":"aws.ec2","detail-type":"x","detail":{}}"#, "obsolete: it asks for nothing: other-event"
        ),
    ])
    func messagesThatNameNoSnapshotAreJudgedByWhatTheyAsk(body: String, outlook: String) throws {
        #expect(try Self.outlook(Letters.entry("a", body)).hasPrefix(outlook))
    }
}

@Suite struct ReplayPlanTests {
    private static func plan(
        _ entries: [DeadLetterEntry],
        _ selection: LetterSelection = LetterSelection(),
        isForced: Bool = false,
        facts: DeadLetterFacts = Letters.facts()
    ) throws -> [String] {
        let plan = ReplayPlan(entries, selection: selection, isForced: isForced, judge: try Letters.judge(facts))
        return plan.items.map { item in
            switch item.action {
            case .send: "send \(item.entry.id)"
            case .goesWith(let id): "\(item.entry.id) with \(id)"
            case .keep: "keep \(item.entry.id)"
            }
        }
    }

    @Test func whatIsObsoleteOrBlockedStaysUnlessForced() throws {
        var facts = Letters.facts(
            sources: [Letters.snapshot(), Letters.snapshot("crm-1", database: "crm")],
            copies: [Letters.copy(of: "crm-1", database: "crm")]
        )
        facts.sources[Letters.arn("gone-1")] = .gone
        let entries = [
            Letters.letter("a"), Letters.letter("b", of: "crm-1"), Letters.letter("c", of: "gone-1"),
            Letters.entry("d", "x"), Letters.entry("e", #"{"snapferry":"sweep"}"#),
            Letters.letter("f", of: "nobody-looked-1"),
        ]
        #expect(
            try Self.plan(entries, facts: facts) == ["send a", "keep b", "keep c", "keep d", "send e", "send f"]
        )
        #expect(try Self.plan(entries, isForced: true, facts: facts) == entries.map { "send \($0.id)" })
        let plan = ReplayPlan(entries, selection: .init(), isForced: false, judge: try Letters.judge(facts))
        #expect(plan.sends == 3)
        #expect(plan.leaving == 3)
        #expect(plan.kept(.obsolete) == 2)
        #expect(plan.kept(.blocked) == 1)
    }

    @Test func twoLettersOfOneJobAreOneMessage() throws {
        let entries = [
            Letters.letter("a"), Letters.entry("b", "x"), Letters.letter("c", reason: .accessDenied),
            Letters.letter("d"),
        ]
        #expect(try Self.plan(entries) == ["send a", "keep b", "c with a", "d with a"])
    }

    @Test(arguments: [
        ("id", "ab", ["ab1", "ab2"]), ("id", "ab2", ["ab2"]), ("reason", "kms-key", ["ab1"]),
        ("reason", "unstated", ["c"]), ("route", "vault", ["ab2"]), ("route", "nowhere", []),
        ("database", "ord*", ["ab1"]), ("database", "CRM", ["ab2"]), ("to", "eu-west-1", ["ab1", "ab2"]),
        ("to", "444455556666/eu-west-1", ["ab2"]), ("to", "eu-central-1", []),
    ])
    func lettersAreChosenByEachOfTheirSides(side: String, value: String, chosen: [String]) throws {
        let vault = Destination(account: "444455556666", region: "eu-west-1")
        let entries = [
            // Neither attributes nor name tell its database; RDS does.
            Letters.letter("ab1", route: nil),
            Letters.letter("ab2", of: "crm-1", to: vault, reason: .accessDenied, route: "vault", database: "crm"),
            Letters.entry("c", "x"),
        ]
        var selection = LetterSelection()
        switch side {
        case "id": selection.ids = [value]
        case "reason": selection.reasons = [value]
        case "route": selection.routes = [value]
        case "database": selection.databases = [GlobPattern(value)]
        default: selection.places = [try #require(LetterSelection.Place(value))]
        }
        let plan = ReplayPlan(entries, selection: selection, isForced: true, judge: try Letters.judge())
        #expect(plan.items.map(\.entry.id) == chosen)
        #expect(plan.others == 3 - chosen.count)
        #expect(!selection.isEverything)
    }

    @Test func theFreshMessageForgivesFailedCopiesAndKeepsWhenTheJobWasFirstSeen() throws {
        let entry = Letters.letter("a")
        let decoder = SQSMessageDecoder(account: Letters.account)
        guard case .job(let job) = decoder.decode(ReplayPlan.message(for: entry), sentAt: Instant(seconds: 1)) else {
            Issue.record("no job")
            return
        }
        #expect(job.failedCopies == 0)
        #expect(job.firstSeen == Letters.morning)
        #expect(job.route == "prod")
        #expect(job.id == entry.jobID)
    }

    @Test func anEventThatWasPlannedAlreadyComesBackAsItsJobAndOthersAsTheyWere() throws {
        let body = Letters.event(Letters.arn("orders-1"))
        let planned = Letters.entry(
            "a",
            body,
            [
                DeadLetterAttribute.reason: "kms-key", DeadLetterAttribute.destination: "111122223333/eu-west-1",
                DeadLetterAttribute.source: Letters.arn("orders-1").description,
            ]
        )
        #expect(ReplayPlan.message(for: planned).contains(#""snapferry":"job""#))
        #expect(ReplayPlan.message(for: Letters.entry("b", body)) == body)
        #expect(ReplayPlan.message(for: Letters.entry("c", "x")) == "x")
    }

    @Test(arguments: ["", "eu", "a/b/c", "44445555666/eu-west-1", "/eu-west-1"])
    func placesThatAreNoneAreRefused(text: String) {
        #expect(LetterSelection.Place(text) == nil)
    }
}
