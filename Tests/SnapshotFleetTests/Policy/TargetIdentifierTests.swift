// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

@Suite("Target identifiers")
struct TargetIdentifierTests {
    private static let instance = "arn:aws:rds:us-east-1:111122223333:snapshot:"
    private static let cluster = "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:"

    @Test(
        "are readable where nothing else can come to the same name",
        arguments: [
            (Self.instance + "orders", "orders-us-east-1"),
            (Self.instance + "Orders-Before-Upgrade", "orders-before-upgrade-us-east-1"),
            (Self.instance + "rds:orders-2026-11-21-03-10", "orders-2026-11-21-03-10-us-east-1"),
            (Self.cluster + "rds:aurora-2026-11-21-03-10", "aurora-2026-11-21-03-10-us-east-1"),
            ("arn:aws-us-gov:rds:us-gov-west-1:111122223333:snapshot:a", "a-us-gov-west-1"),
        ]
    )
    func plain(source: String, expected: String) throws {
        let arn = try #require(SnapshotARN(source))
        #expect(TargetIdentifier.make(for: arn) == expected)
    }

    @Test(
        "carry a hash where another source could come to the same name",
        arguments: [
            (Self.instance + "orders-2026-11-21-03-10", "orders-2026-11-21-03-10-us-east-1-"),
            (Self.instance + "rds:orders", "orders-us-east-1-"),
            (Self.instance + "awsbackup:job-12ab", "job-12ab-us-east-1-"),
            (Self.instance + "a_b", "a-b-us-east-1-"),
            (Self.instance + "a--b-", "a-b-us-east-1-"),
            (Self.instance + "1st", "s-1st-us-east-1-"),
            (Self.instance + "::", "s-us-east-1-"),
            (Self.instance + "база", "s-us-east-1-"),
            (
                Self.cluster + "rds:" + String(repeating: "x", count: 40) + "-2026-11-21-03-10",
                "xxxxxxxxxxxxxxxxxxxxxxxxx-2026-11-21-03-10-us-east-1-"
            ),
        ]
    )
    func hashed(source: String, beginning: String) throws {
        let arn = try #require(SnapshotARN(source))
        let name = TargetIdentifier.make(for: arn)
        #expect(name.hasPrefix(beginning))
        #expect(name.count == beginning.count + 10)
        #expect(Self.isLegal(name, arn.kind))
    }

    @Test("tell the same snapshot of two accounts apart, and leave the destination's own alone")
    func accounts() throws {
        let here = try #require(SnapshotARN(Self.instance + "orders"))
        let there = try #require(SnapshotARN("arn:aws:rds:us-east-1:999988887777:snapshot:orders"))
        let destination = Destination(account: "111122223333", region: "eu-west-1")
        let third = Destination(account: "444455556666", region: "eu-west-1")
        #expect(TargetIdentifier.make(for: here, destination: destination) == "orders-us-east-1")
        let names = [(here, destination), (there, destination), (here, third), (there, third)]
            .map { TargetIdentifier.make(for: $0.0, destination: $0.1) }
        #expect(names[0] != names[1])
        #expect(names[2] != names[3])
    }

    @Test("do not change with the case of the source, nor from release to release")
    func stable() throws {
        let upper = try #require(SnapshotARN(Self.instance + "ORDERS_1"))
        let lower = try #require(SnapshotARN(Self.instance + "orders_1"))
        #expect(TargetIdentifier.make(for: upper) == TargetIdentifier.make(for: lower))
        #expect(TargetIdentifier.make(for: lower) == "orders-1-us-east-1-cfkbw4zhti")
    }

    @Test("are legal and distinct for any sources", arguments: [1, 2, 3, 4] as [UInt64])
    func property(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var seen: [String: String] = [:]
        for _ in 0..<2000 {
            let arn = Self.anySource(using: &random)
            let destination = Destination(account: "111122223333", region: "eu-west-1")
            let name = TargetIdentifier.make(for: arn, destination: destination)
            if !Self.isLegal(name, arn.kind) { Issue.record("\(name) for \(arn) is not legal") }
            let source = arn.description.lowercased()
            let other = seen.updateValue(source, forKey: "\(arn.kind) \(name)")
            if let other, other != source { Issue.record("\(name) names both \(other) and \(source)") }
        }
    }

    /// A source out of few words, so that near misses are many.
    private static func anySource(using random: inout SeededGenerator) -> SnapshotARN {
        let words = [
            "a", "b", "-", "--", "_", "1", "us-east-1", "east-1", "-2026-11-21-03-10", "-2026-11-21", "us", "x:y", "Ä",
            "Z",
            String(repeating: "long", count: 9),
        ]
        let regions = ["us-east-1", "eu-west-1", "us-gov-west-1", "us-gov-east-1", "odd", "odd one", "eu-west-11"]
        let accounts = ["111122223333", "999988887777"]
        let prefix = ["", "", "rds:", "awsbackup:"].randomElement(using: &random) ?? ""
        let count = Int.random(in: 1...5, using: &random) * (Int.random(in: 0..<20, using: &random) == 0 ? 20 : 1)
        let body = (0..<count).map { _ in words.randomElement(using: &random) ?? "" }.joined()
        return SnapshotARN(
            partition: "aws",
            region: regions.randomElement(using: &random) ?? "",
            account: accounts.randomElement(using: &random) ?? "",
            kind: SnapshotKind.allCases.randomElement(using: &random) ?? .instance,
            identifier: prefix + body
        )
    }

    private static func isLegal(_ name: String, _ kind: SnapshotKind) -> Bool {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, (97...122).contains(first), bytes.last != UInt8(ascii: "-") else { return false }
        return bytes.count <= kind.identifierLimit && !name.contains("--")
            && bytes.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
    }
}
