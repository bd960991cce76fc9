// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@testable import snapferry

@Suite("ExplainPage")
struct ExplainPageTests {
    private static let now = Instant(iso8601: "2026-11-21T12:00:00Z") ?? Instant(microseconds: 0)
    private static let arn = SnapshotARN(
        partition: "aws",
        region: "us-east-1",
        account: "111122223333",
        kind: .instance,
        identifier: "rds:orders-2026-11-21-03-10"
    )
    private static let ireland = Destination(account: "111122223333", region: "eu-west-1")

    private static let source = Snapshot(
        arn: arn,
        database: "orders",
        status: "available",
        origin: .automated,
        engine: "postgres",
        createdAt: now - .seconds(9 * 3600),
        sizeGiB: 100
    )

    private static func report(_ snapshot: Snapshot? = Self.source) throws -> ExplainReport {
        let text = """
            { "routes": [
              { "name": "dr", "source": { "regions": ["us-east-1"] }, "destinations": [ { "region": "eu-west-1" } ] },
              { "name": "rest", "source": { "regions": ["us-west-2"] }, "match": { "databases": ["prod-*"] },
                "destinations": [ { "region": "eu-west-2" } ] } ] }
            """
        let policy = try PolicyDocument.parse(Array(text.utf8), source: "test").resolved(ownAccount: "111122223333")
        return ExplainReport(Self.arn, snapshot: snapshot, policy: policy)
    }

    private static func copy(status: String, percent: Int?, tags: [String: String]? = nil) -> Snapshot {
        Snapshot(
            arn: SnapshotARN(
                partition: "aws",
                region: "eu-west-1",
                account: "111122223333",
                kind: .instance,
                identifier: "orders-2026-11-21-03-10-us-east-1"
            ),
            database: "orders",
            status: status,
            percentProgress: percent,
            tags: tags ?? [TagMerge.sourceKey: Self.arn.description],
            createdAt: Self.now - .seconds(600)
        )
    }

    private static func text(_ report: ExplainReport) -> [String] {
        ExplainPage(report: report, now: Self.now).lines(width: 160).map { $0.rendered(.plain) }
    }

    @Test("shows every test of every route, and where the copy stands") func people() throws {
        var report = try Self.report()
        report.places[0].standing = ExplainReport.standing(
            of: report.places[0].target,
            copyOf: Self.arn,
            among: [Self.copy(status: "copying", percent: 40)]
        )
        let item = SlotItem(number: 3, target: "x", owner: "worker-a", expires: Self.now, version: 1)
        report.places[0].slot = .held(item)
        report.places[1].standing = .absent
        report.deadLetterCount = 0
        let lines = Self.text(report)
        #expect(
            Array(lines.prefix(8)) == [
                "arn:aws:rds:us-east-1:111122223333:snapshot:rds:orders-2026-11-21-03-10",
                "automated snapshot of instance orders, postgres, available, not encrypted, 100 GiB, taken 2026-11-21T03:00Z, 9h 00m ago",
                "", "route dr  takes it", "   TEST                WHAT WAS COMPARED",
                "✓  source Region       us-east-1 is among us-east-1",
                "✓  source account      111122223333 is among 111122223333",
                "✓  kind                instance is among cluster, instance",
            ]
        )
        #expect(lines.contains("route rest  does not take it"))
        #expect(lines.contains("✗  database            orders is like none of prod-*"))
        // Each route has all of its tests, also those after the first that failed.
        #expect(lines.count { $0.hasPrefix("✓") || $0.hasPrefix("✗") } == 26)
        #expect(
            lines.contains(
                "111122223333/eu-west-1  orders-2026-11-21-03-10-us-east-1  dr        copying 40%, for 10m 00s  "
                    + "3 held by worker-a, lease to \(LocalTime.minute(Self.now))"
            )
        )
        #expect(lines.last == "The dead-letter queue is empty.")
        // Nothing leads to the other destination, and nothing is there.
        #expect(!lines.contains { $0.hasPrefix("111122223333/eu-west-2") })
        #expect(report.exitStatus == 0)
    }

    @Test(
        "ends with 1 for what is not there, failed, or somebody else's",
        arguments: [
            (nil, 1, "not there"), (Self.copy(status: "failed", percent: 30), 1, "failed 30%"),
            (Self.copy(status: "available", percent: 100), 0, "available"),
            (
                Self.copy(status: "available", percent: 100, tags: [TagMerge.sourceKey: "arn:other"]), 1,
                "name taken by a snapshot that holds arn:other"
            ),
        ] as [(Snapshot?, Int32, String)]
    )
    func standings(copy: Snapshot?, status: Int32, words: String) throws {
        var report = try Self.report()
        let found = copy.map { [$0] } ?? []
        report.places[0].standing = ExplainReport.standing(of: report.places[0].target, copyOf: Self.arn, among: found)
        #expect(report.exitStatus == status)
        #expect(Self.text(report).contains { $0.contains(words) })
        let place = ExplainPage(report: report, now: Self.now).document["copies"]?.array?.first
        #expect(place?["target"] == "orders-2026-11-21-03-10-us-east-1")
        #expect(
            place?["standing"]?.string == (copy == nil ? "absent" : words.hasPrefix("name") ? "name-taken" : "copy")
        )
    }

    @Test("says what it can't tell, and what a dead letter says") func unknown() throws {
        var report = try Self.report(nil)
        report.places[0].standing = .absent
        report.deadLetterCount = 3
        #expect(Self.text(report)[1] == "It does not exist, or is not visible from here; some tests can't tell.")
        #expect(Self.text(report).contains { $0.hasPrefix("?  type") })
        #expect(Self.text(report).contains { $0.hasPrefix("The dead-letter queue holds 3; --dead-letters looks") })
        report.letters = [.init(reason: "source-gone", detail: "it is gone", destination: "111122223333/eu-west-1")]
        #expect(
            Self.text(report).last
                == "In the dead-letter queue to 111122223333/eu-west-1: source-gone: it is gone"
        )
        #expect(report.exitStatus == 1)
        report.problems = ["eu-west-1: no"]
        #expect(report.exitStatus == 2)
        let document = ExplainPage(report: report, now: Self.now).document
        #expect(document["exists"] == false && document["outcome"] == "unknown")
        #expect(document["deadLetters"]?.array?.first?["reason"] == "source-gone")
    }
}
