// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

/// What must hold of targets' names whatever sources are called.
@Suite("Target identifiers, at random")
struct TargetIdentifierPropertyTests {
    private static let regions = ["us-east-1", "us-west-2", "eu-isoe-west-1", "us-gov-west-1", "ap-southeast-2"]
    private static let accounts = ["111122223333", "444455556666"]

    /// Names that fold to few words, so that they meet as often as can be: separators, case, dates and prefixes differ.
    private static func name(using random: inout SeededGenerator) -> String {
        let words = ["orders", "Orders", "o", "a", "prod", "us", "east", "1", "2026-11-21-03-10", "x9", "é", "job"]
        let separators = ["-", "--", "_", ".", ":", "", " ", "---"]
        var name = ["", "", "rds:", "awsbackup:", "RDS:", "-", "9"].randomElement(using: &random) ?? ""
        for number in 0..<Int.random(in: 1...4, using: &random) {
            if number > 0 { name += separators.randomElement(using: &random) ?? "-" }
            name += words.randomElement(using: &random) ?? "w"
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            name += String(repeating: "long-", count: Int.random(in: 1...60, using: &random))
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            name += "-2026-11-2\(Int.random(in: 0...9, using: &random))-03-10"
        }
        return String(name.prefix(300))
    }

    private static func source(using random: inout SeededGenerator) -> SnapshotARN {
        SnapshotARN(
            partition: "aws",
            region: self.regions.randomElement(using: &random) ?? "us-east-1",
            account: self.accounts.randomElement(using: &random) ?? "111122223333",
            kind: Bool.random(using: &random) ? .instance : .cluster,
            identifier: self.name(using: &random)
        )
    }

    /// F: begins with a letter; letters, digits and single hyphens; no hyphen at the end; 255 or 63 characters at most.
    private static func isLegal(_ name: String, _ kind: SnapshotKind) -> Bool {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, let last = bytes.last, (97...122).contains(first), last != 45,
            bytes.count <= (kind == .instance ? 255 : 63)
        else { return false }
        return !name.contains("--")
            && bytes.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    @Test("are legal, always the same, and never those of another source", arguments: [1, 2, 3, 4] as [UInt64])
    func properties(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let here = Destination(account: Self.accounts[0], region: "eu-west-1")
        // Names live in one account, Region and kind: the two kinds may share one.
        var owners: [String: SnapshotARN] = [:]
        var met = 0
        for _ in 0..<20_000 {
            let source = Self.source(using: &random)
            let target = TargetIdentifier.make(for: source, destination: here)
            #expect(Self.isLegal(target, source.kind), "\(source) -> \(target)")
            #expect(TargetIdentifier.make(for: source, destination: here) == target)
            let key = "\(source.kind)/\(target)"
            guard let owner = owners[key] else {
                owners[key] = source
                continue
            }
            // RDS does not tell cases apart, so neither may we.
            #expect(owner.description.lowercased() == source.description.lowercased(), "\(owner) and \(source)")
            met += 1
        }
        #expect(met > 50)
    }

    @Test("differ where sources fold to the same words", arguments: SnapshotKind.allCases)
    func folded(kind: SnapshotKind) {
        let names = [
            "a-b", "a_b", "a.b", "a--b", "a:b", "-a-b", "a-b-", "rds:a-b", "awsbackup:a-b", "a b", "rds:rds:a-b",
            "s-1a", "1a", "a-b-2026-11-21-03-10", "rds:a-b-2026-11-21-03-10", "awsbackup:a-b-2026-11-21-03-10",
            "2026-11-21-03-10", "rds:2026-11-21-03-10", "é", "ü", "", ":",
        ]
        for destination in Self.accounts.map({ Destination(account: $0, region: "eu-west-1") }) {
            let targets = names.map { name in
                let source = SnapshotARN(
                    partition: "aws",
                    region: "us-east-1",
                    account: Self.accounts[0],
                    kind: kind,
                    identifier: name
                )
                return TargetIdentifier.make(for: source, destination: destination)
            }
            #expect(Set(targets).count == names.count, "\(targets.sorted())")
            #expect(targets.allSatisfy { Self.isLegal($0, kind) })
        }
    }

    @Test("never meet across Regions, also where a name ends like another Region") func regions() {
        var owners: [String: String] = [:]
        for region in KnownRegions.names {
            for name in ["a", "a-us", "a-us-gov", "a-us-east-1", "a-eu", "a-isoe", "eusc-de"] {
                let source = SnapshotARN(
                    partition: "aws",
                    region: region,
                    account: Self.accounts[0],
                    kind: .instance,
                    identifier: name
                )
                let target = TargetIdentifier.make(for: source)
                #expect(owners.updateValue("\(source)", forKey: target) == nil, "\(source)")
            }
        }
    }
}
