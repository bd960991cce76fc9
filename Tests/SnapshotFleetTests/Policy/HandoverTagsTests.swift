// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("What the fleet leaves in the source's account")
struct HandoverTagsTests {
    private static let dublin = Destination(account: "444455556666", region: "eu-west-1")
    private static let frankfurt = Destination(account: "444455556666", region: "eu-central-1")
    private static let elsewhere = Destination(account: "777788889999", region: "eu-west-1")

    private static func marks(_ destinations: Destination...) -> [String: String] {
        Dictionary(destinations.map { (HandoverTags.shareKey(for: $0), "x") }) { first, _ in first }
    }

    @Test(
        "a share is taken back by whoever needs it last, and only if the fleet gave it",
        arguments: [
            ([:], String?.none, true, false), (["team": "payments"], nil, true, false),
            (Self.marks(Self.dublin), "snapferry:share:444455556666/eu-west-1", true, true),
            (Self.marks(Self.dublin, Self.frankfurt), "snapferry:share:444455556666/eu-west-1", false, false),
            (Self.marks(Self.dublin, Self.elsewhere), "snapferry:share:444455556666/eu-west-1", true, true),
            (Self.marks(Self.frankfurt), nil, false, false),
        ]
    )
    func undoing(tags: [String: String], tag: String?, isLast: Bool, unshares: Bool) {
        let undoing = HandoverTags.undoing(tags, for: Self.dublin)
        #expect(undoing == HandoverTags.Undoing(tag: tag, isLast: isLast))
        #expect(undoing.unshares == unshares)
    }

    @Test("no copy carries the marks of its source")
    func notCopied() {
        let merged = TagMerge.merge(
            source: Self.marks(Self.dublin).merging(["team": "payments"]) { first, _ in first },
            destination: [:],
            job: CoreHarness.job(to: Self.dublin),
            sourceCreated: nil
        )
        #expect(merged.tags.keys.allSatisfy { !$0.hasPrefix(HandoverTags.shareKeys) })
        #expect(merged.tags["team"] == "payments")
    }
}

@Suite("The names of hops")
struct HopIdentifierTests {
    @Test("tell where they come from, and are one for each destination")
    func readable() {
        let dublin = CopyJob.ID(
            source: CoreHarness.arn(),
            destination: Destination(account: "444455556666", region: "eu-west-1")
        )
        let frankfurt = CopyJob.ID(
            source: CoreHarness.arn(),
            destination: Destination(account: "444455556666", region: "eu-central-1")
        )
        let name = HopIdentifier.make(for: dublin)
        #expect(name.hasPrefix("snapferry-hop-orders-2026-11-21-03-00-us-east-1-"))
        #expect(name == HopIdentifier.make(for: dublin))
        #expect(name != HopIdentifier.make(for: frankfurt))
    }

    @Test("are legal, and never those of copies, whatever the source is called", arguments: [1, 2, 3] as [UInt64])
    func property(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let letters = Array("abcXYZ019-:._ é")
        var hops: Set<String> = []
        var targets: Set<String> = []
        for number in 0..<2000 {
            let length = Int.random(in: 1...270, using: &random)
            let random = String((0..<length).map { _ in letters.randomElement(using: &random) ?? "a" })
            let beginning = ["", "rds:", "awsbackup:job-", "snapferry-hop-"][number % 4]
            let arn = SnapshotARN(
                partition: "aws",
                region: "us-east-1",
                account: "111122223333",
                kind: number.isMultiple(of: 2) ? .instance : .cluster,
                identifier: "\(beginning)\(random)\(number)"
            )
            let destination = Destination(account: "444455556666", region: "us-east-1")
            let hop = HopIdentifier.make(for: CopyJob.ID(source: arn, destination: destination))
            #expect(hop.utf8.count <= arn.kind.identifierLimit)
            #expect(!hop.hasSuffix("-") && !hop.contains("--"))
            #expect(hop.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
            hops.insert(hop)
            targets.insert(TargetIdentifier.make(for: arn, destination: destination))
        }
        #expect(hops.count == 2000)
        #expect(hops.isDisjoint(with: targets))
    }
}
