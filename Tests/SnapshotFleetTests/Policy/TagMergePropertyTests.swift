// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// What must hold of a copy's tags whatever its source carries.
@Suite("Merged tags, at random")
struct TagMergePropertyTests {
    private static func text(_ longest: Int, using random: inout SeededGenerator) -> String {
        // One text in four has something in it that RDS does not take.
        let isOdd = Int.random(in: 0..<4, using: &random) == 0
        let letters = Array("abcXYZ0189 _.:/=+-@é漢" + (isOdd ? "?\u{1B}🙂" : ""))
        return String(
            (0..<Int.random(in: 0...longest, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" }
        )
    }

    private static func tags(_ most: Int, using random: inout SeededGenerator) -> [String: String] {
        var tags: [String: String] = [:]
        let prefixes = ["", "", "", "aws:", "AWS:", "rds:", "snapferry:", "Snapferry:", "k"]
        for _ in 0..<Int.random(in: 0...most, using: &random) {
            let key = (prefixes.randomElement(using: &random) ?? "") + Self.text(140, using: &random)
            tags[key] = Self.text(300, using: &random)
        }
        let ours = [TagMerge.sourceKey, TagMerge.routeKey, TagMerge.jobKey, TagMerge.sourceCreatedKey]
        if Bool.random(using: &random), let key = ours.randomElement(using: &random) { tags[key] = "forged" }
        return tags
    }

    private static func isReserved(_ key: String) -> Bool {
        ["aws:", "rds:", "snapferry:"].contains { key.lowercased().hasPrefix($0) }
    }

    @Test("are 50 at most, legal, ours first, and the same each time", arguments: [1, 2, 3] as [UInt64])
    func properties(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var full = 0
        for number in 0..<400 {
            let source = Self.tags(180, using: &random)
            let destination = Self.tags(20, using: &random)
            let arn = try #require(SnapshotARN("arn:aws:rds:us-east-1:111122223333:snapshot:s\(number)"))
            let job = CopyJob(
                source: arn,
                destination: Destination(account: "111122223333", region: "eu-west-1"),
                route: number % 5 == 0 ? "" : Self.text(140, using: &random),
                firstSeen: Instant(microseconds: 0)
            )
            let created: Instant? = number % 3 == 0 ? nil : Instant(microseconds: 1_795_291_828_000_000)
            let merged = TagMerge.merge(source: source, destination: destination, job: job, sourceCreated: created)
            let again = TagMerge.merge(source: source, destination: destination, job: job, sourceCreated: created)
            #expect(merged == again)
            let tags = merged.tags
            #expect(tags.count <= 50)
            if tags.count == 50 { full += 1 }
            // Ours are there, and never what somebody else wrote.
            #expect(TagMerge.marks(tags, copyOf: arn))
            #expect(tags[TagMerge.jobKey]?.count == 10)
            #expect((tags[TagMerge.routeKey] == nil) == job.route.isEmpty)
            #expect((tags[TagMerge.sourceCreatedKey] == nil) == (created == nil))
            for (key, value) in tags {
                #expect((1...128).contains(key.unicodeScalars.count))
                #expect(value.unicodeScalars.count <= 256)
                #expect(!value.unicodeScalars.contains { $0.value < 0x20 || $0 == "?" || $0 == "🙂" })
                guard Self.isReserved(key) else { continue }
                #expect(key.hasPrefix("snapferry:") && value != "forged", "\(key)")
            }
            // The destination's go before the source's, and nothing comes from nowhere.
            for key in tags.keys where !Self.isReserved(key) { #expect(destination[key] != nil || source[key] != nil) }
            let dropped = merged.dropped.filter { $0.why.contains("at most") }.map(\.key)
            if dropped.contains(where: { destination[$0] != nil }) {
                #expect(!tags.keys.contains { !Self.isReserved($0) && destination[$0] == nil })
            }
        }
        #expect(full > 50)
    }
}
