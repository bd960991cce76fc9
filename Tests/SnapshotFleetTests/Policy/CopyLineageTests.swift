// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("The guard against copies of copies")
struct CopyLineageTests {
    private static let account = "111122223333"
    private static let origin = "arn:aws:rds:us-east-1:111122223333:snapshot:rds:orders-2026-11-21-03-10"
    private static let copy = "arn:aws:rds:eu-west-1:111122223333:snapshot:orders-2026-11-21-03-10-us-east-1"

    /// Two Regions that carry to each other, and on to a third.
    private static func bothWays() throws -> Policy {
        let text = """
            { "routes": [
              { "name": "there", "source": { "regions": ["us-east-1"] }, "destinations": [ { "region": "eu-west-1" } ] },
              { "name": "back", "source": { "regions": ["eu-west-1"] }, "destinations": [ { "region": "us-east-1" } ] },
              { "name": "on", "source": { "regions": ["eu-west-1"] }, "destinations": [ { "region": "ap-south-1" } ] } ] }
            """
        return try PolicyDocument.parse(Array(text.utf8), source: "both ways").resolved(ownAccount: self.account)
    }

    private static func facts(
        _ arn: String,
        origin: Snapshot.Origin? = .manual,
        tags: [String: String]? = [:],
        copiedFrom: String? = nil,
        isDescribed: Bool = true
    ) throws -> SnapshotFacts {
        SnapshotFacts(
            arn: try #require(SnapshotARN(arn)),
            database: "orders",
            origin: origin,
            engine: "postgres",
            tags: tags,
            copiedFrom: copiedFrom,
            isDescribed: isDescribed
        )
    }

    @Test(
        "lets a copy of ours go nowhere, also without its tags, and somebody else's not back",
        arguments: [
            // What is no copy goes wherever it may.
            (Self.copy, [:], nil, ["us-east-1", "ap-south-1"]),
            ("arn:aws:rds:eu-west-1:111122223333:snapshot:manual-one", [:], nil, ["us-east-1", "ap-south-1"]),
            // Ours by its tag, whatever the tag says.
            (Self.copy, [TagMerge.sourceKey: Self.origin], nil, []), (Self.copy, [TagMerge.sourceKey: ""], nil, []),
            ("arn:aws:rds:eu-west-1:111122223333:snapshot:x", [TagMerge.sourceKey: Self.origin], Self.origin, []),
            // Ours by RDS's word and its name: people took the tags off.
            (Self.copy, [:], Self.origin, []), (Self.copy.uppercasedName, [:], Self.origin, []),
            // Hops, and what came by them.
            ("arn:aws:rds:eu-west-1:111122223333:snapshot:snapferry-hop-orders-abc", [:], nil, []),
            (
                "arn:aws:rds:eu-west-1:111122223333:snapshot:x",
                [TagMerge.sourceKey: Self.origin, HandoverTags.hopKey: "444455556666/eu-west-1"], nil, []
            ),
            (Self.copy, [:], "arn:aws:rds:us-east-1:111122223333:snapshot:snapferry-hop-orders-abc", []),
            // Somebody else's: not back to where it came from.
            ("arn:aws:rds:eu-west-1:111122223333:snapshot:by-hand", [:], Self.origin, ["ap-south-1"]),
            (
                "arn:aws:rds:eu-west-1:111122223333:snapshot:by-hand", [:],
                "arn:aws:rds:eu-central-1:111122223333:snapshot:x", ["us-east-1", "ap-south-1"]
            ),
            // A text that is no ARN says nothing.
            ("arn:aws:rds:eu-west-1:111122223333:snapshot:y", [:], "nonsense", ["us-east-1", "ap-south-1"]),
        ] as [(String, [String: String], String?, [String])]
    )
    func rules(arn: String, tags: [String: String], copiedFrom: String?, regions: [String]) throws {
        let copies = try Self.bothWays().match(Self.facts(arn, tags: tags, copiedFrom: copiedFrom))
        #expect(copies.map(\.destination.region) == regions)
        #expect(copies.allSatisfy { $0.isCertain })
    }

    @Test("says why") func explained() throws {
        let policy = try Self.bothWays()
        let ours = policy.explain(try Self.facts(Self.copy, copiedFrom: Self.origin))
        #expect(ours.explanation.contains("not a copy of ours: it is a copy of \(Self.origin)"))
        let foreign = policy.explain(try Self.facts(Self.copy + "-x", copiedFrom: Self.origin))
        #expect(
            foreign.routes[1].description
                == "route back does not take it: destination: it is a copy of rds:orders-2026-11-21-03-10 at "
                + "111122223333/us-east-1, and leads back there"
        )
    }

    @Test("asks for a description where an event does not tell, and for none of what RDS made by itself")
    func events() throws {
        let policy = try Self.bothWays()
        let manual = try Self.facts(Self.copy, tags: nil, isDescribed: false)
        #expect(CopyLineage(manual) == .unknown)
        #expect(policy.explain(manual).outcome == .unknown)
        let automated = try Self.facts(Self.origin, origin: .automated, tags: nil, isDescribed: false)
        #expect(CopyLineage(automated) == .original)
        // Described, and without a word on its tags: no copy on a guess.
        #expect(policy.match(try Self.facts(Self.copy, tags: nil)).isEmpty)
    }

    @Test("never lets two-way routes go round, whatever they start with", arguments: [1, 2, 3] as [UInt64])
    func roundAndRound(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let policy = try Self.bothWays()
        var waiting: [SnapshotFacts] = []
        for number in 0..<20 {
            let region = ["us-east-1", "eu-west-1"].randomElement(using: &random) ?? "us-east-1"
            let name =
                ["rds:orders-2026-11-21-03-1\(number % 10)", "m-\(number)", "a_b-\(number)"]
                .randomElement(using: &random) ?? "m"
            waiting.append(try Self.facts("arn:aws:rds:\(region):\(Self.account):snapshot:\(name)"))
        }
        var made = 0
        let firsts = waiting.reduce(0) { $0 + ($1.arn.region == "us-east-1" ? 1 : 2) }
        while let snapshot = waiting.popLast() {
            for planned in policy.match(snapshot) {
                made += 1
                try #require(made <= firsts)
                let name = TargetIdentifier.make(for: planned.source, destination: planned.destination)
                let job = planned.job(firstSeen: Instant(microseconds: 0))
                let merge = TagMerge.merge(source: [:], destination: [:], job: job, sourceCreated: nil)
                // Tags may be there or have been taken off; RDS says where it came from.
                let arn = "arn:aws:rds:\(planned.destination.region):\(planned.destination.account):snapshot:\(name)"
                let tags = Bool.random(using: &random) ? merge.tags : [:]
                waiting.append(try Self.facts(arn, tags: tags, copiedFrom: planned.source.description))
            }
        }
        #expect(made == firsts)
    }
}

extension String {
    /// The ARN with its last field in capitals: RDS does not tell cases apart.
    fileprivate var uppercasedName: String {
        let parts = self.split(separator: ":").map(String.init)
        return (parts.dropLast() + [parts.last?.uppercased() ?? ""]).joined(separator: ":")
    }
}
