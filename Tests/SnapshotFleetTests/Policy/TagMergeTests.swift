// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Tags of copies")
struct TagMergeTests {
    private static let source = "arn:aws:rds:us-east-1:111122223333:snapshot:orders"

    private static func job(_ source: String = Self.source, route: String = "prod") throws -> CopyJob {
        CopyJob(
            source: try #require(SnapshotARN(source)),
            destination: Destination(account: "111122223333", region: "eu-west-1"),
            route: route,
            firstSeen: Instant(microseconds: 0)
        )
    }

    @Test("ours win, then the destination's, then the source's, and what is reserved stays behind")
    func precedence() throws {
        let merged = TagMerge.merge(
            source: [
                "env": "prod", "team": "shop", "aws:cloudformation:stack-name": "x", "AWS:y": "x", "rds:z": "x",
                "snapferry:source": "an older one", "snapferry:route": "an older one",
            ],
            destination: ["env": "dr", "snapferry:job": "mine"],
            job: try Self.job(),
            sourceCreated: Instant(microseconds: 1_795_291_828_000_000)
        )
        var tags = merged.tags
        let job = tags.removeValue(forKey: "snapferry:job")
        #expect(job?.count == 10)
        #expect(
            tags == [
                "env": "dr", "team": "shop", "snapferry:source": Self.source, "snapferry:route": "prod",
                "snapferry:source-created": "2026-11-21T20:10:28Z",
            ]
        )
        #expect(merged.dropped.isEmpty)
    }

    @Test("name the job the same each time, and leave out what is not known")
    func stable() throws {
        var job = try Self.job(route: "")
        let first = TagMerge.merge(source: [:], destination: [:], job: job, sourceCreated: nil)
        job.failedCopies = 2
        job.firstSeen = Instant(microseconds: 5)
        #expect(TagMerge.merge(source: [:], destination: [:], job: job, sourceCreated: nil) == first)
        #expect(first.tags.keys.sorted() == ["snapferry:job", "snapferry:source"])
    }

    @Test("never number more than fifty; the source's own go first, from the end of the alphabet")
    func limit() throws {
        let source = Dictionary(uniqueKeysWithValues: (10..<60).map { ("s\($0)", "v") })
        let merged = TagMerge.merge(
            source: source,
            destination: ["z1": "d", "z2": "d"],
            job: try Self.job(),
            sourceCreated: Instant(microseconds: 0)
        )
        #expect(merged.tags.count == 50)
        #expect(merged.tags["z2"] == "d")
        #expect(merged.tags["s53"] == "v")
        #expect(merged.dropped.map(\.key) == ["s54", "s55", "s56", "s57", "s58", "s59"])
    }

    @Test("are cut and folded to what RDS takes")
    func legal() throws {
        let merged = TagMerge.merge(
            source: [
                "": "x", "a?": "x", String(repeating: "k", count: 129): "x", "ключ": "é\u{1B}[31m;",
                "long": String(repeating: "v", count: 300),
            ],
            destination: [:],
            job: try Self.job(),
            sourceCreated: nil
        )
        #expect(merged.tags["ключ"] == "é__31m_")
        #expect(merged.tags["long"]?.count == 256)
        #expect(merged.dropped.map(\.key) == ["", "a?", String(repeating: "k", count: 127) + "…"])
    }

    @Test("know a copy of ours again, also where the ARN is longer than a tag may be")
    func marks() throws {
        let long = "arn:aws:rds:us-east-1:111122223333:snapshot:" + String(repeating: "n", count: 255)
        for source in [Self.source, long] {
            let job = try Self.job(source)
            let tags = TagMerge.merge(source: [:], destination: [:], job: job, sourceCreated: nil).tags
            #expect((tags["snapferry:source"] ?? "").count <= 256)
            #expect(TagMerge.marks(tags, copyOf: job.source))
            #expect(!TagMerge.marks(tags, copyOf: try #require(SnapshotARN(source + "1"))))
            #expect(!TagMerge.marks([:], copyOf: job.source))
        }
    }
}
