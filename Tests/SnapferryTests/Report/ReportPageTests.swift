// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@testable import snapferry

/// A report as people and programs get it.
@Suite("ReportPage")
struct ReportPageTests {
    private static let now = Instant(iso8601: "2026-11-21T12:00:00Z") ?? Instant(microseconds: 0)
    private static let destination = Destination(account: "111122223333", region: "eu-west-1")
    private static let group = SourceGroup(account: "111122223333", region: "us-east-1", kind: .instance)
    private static let key = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-111122223333"

    private static func hours(_ hours: Int, minutes: Int = 0) -> Duration { .seconds(hours * 3600 + minutes * 60) }

    private static func copy(
        _ database: String,
        _ number: Int,
        age: Duration,
        status: String = "available",
        kind: SnapshotKind = .instance,
        gib: Int,
        key: String? = nil,
        route: String = "prod"
    ) -> Snapshot {
        let source = SnapshotARN(
            partition: "aws",
            region: "us-east-1",
            account: "111122223333",
            kind: kind,
            identifier: "\(database)-\(number)"
        )
        return Snapshot(
            arn: SnapshotARN(
                partition: "aws",
                region: "eu-west-1",
                account: "111122223333",
                kind: kind,
                identifier: TargetIdentifier.make(for: source, destination: Self.destination)
            ),
            database: database,
            status: status,
            percentProgress: status == "available" ? 100 : 30,
            engine: "postgres",
            isEncrypted: key != nil,
            kmsKeyID: key,
            tags: [
                TagMerge.sourceKey: source.description, TagMerge.routeKey: route,
                TagMerge.sourceCreatedKey: (Self.now - age).iso8601,
            ],
            createdAt: Self.now - age + .seconds(60),
            sizeGiB: gib
        )
    }

    private static func facts(_ name: String, made: Duration = hours(2400)) -> DatabaseFacts {
        let database = SourceDatabase(account: "111122223333", region: "us-east-1", kind: .instance, identifier: name)
        return DatabaseFacts(database: database, engine: "postgres", createdAt: Self.now - made)
    }

    private static func page(route: String = "prod", more: [Snapshot] = []) -> ReportPage {
        let policy = Policy(routes: [
            Route(
                name: route,
                source: SourceSelection(regions: ["us-east-1"], accounts: ["111122223333"]),
                match: SnapshotMatch(exclude: ["*-scratch"]),
                destinations: [DestinationRule(region: "eu-west-1", account: "111122223333")],
                rpo: Self.hours(26)
            )
        ])
        var points = RecoveryPoints(policy: policy, now: Self.now)
        let instances = SlotPool(destination: Self.destination, kind: .instance)
        points.take(
            [
                Self.copy("orders", 1, age: Self.hours(40, minutes: 5), gib: 400, key: Self.key),
                Self.copy("orders", 0, age: Self.hours(64), gib: 390, key: Self.key),
                Self.copy("orders", 2, age: Self.hours(2), status: "copying", gib: 400, key: Self.key),
                Self.copy("billing", 1, age: Self.hours(25), gib: 80),
                Self.copy("old", 1, age: Self.hours(500), gib: 10),
            ] + more,
            at: instances
        )
        points.take(["billing-1-us-east-1": .seconds(750)], at: instances)
        points.take(
            [Self.copy("crm", 1, age: Self.hours(3), kind: .cluster, gib: 900)],
            at: SlotPool(destination: Self.destination, kind: .cluster)
        )
        points.take(
            [
                Self.facts("orders"), Self.facts("billing"), Self.facts("ledger"),
                Self.facts("new", made: Self.hours(3)), Self.facts("dev-scratch"),
            ],
            in: Self.group
        )
        return ReportPage(report: points.report(), clock: { String($0.iso8601.prefix(16)).replacing("T", with: " ") })
    }

    private static func text(_ page: ReportPage, width: Int) -> [String] {
        page.lines(width: width).map { $0.rendered(.plain) }
    }

    @Test("the worst comes first") func people() {
        #expect(
            Self.text(Self.page(), width: 200) == [
                "2 of 5 recovery points break their RPO; 5 confirmed copies, 2026-11-21 12:00",
                "",
                "STANDING        DATABASE  KIND      TO                              AGE      RPO  COPIES  NEWEST COPY             SIZE  KEY          TOOK  ROUTE",
                "never copied    ledger    instance  111122223333/eu-west-1  > 2400h 00m  26h 00m       0  –                          –  –               –  prod",
                "too old         orders    instance  111122223333/eu-west-1      40h 05m  26h 00m     2+1  orders-1-us-east-1   400 GiB  0a1b2c3d        –  prod",
                "in time         billing   instance  111122223333/eu-west-1      25h 00m  26h 00m       1  billing-1-us-east-1   80 GiB  none      12m 30s  prod",
                "in time         crm       cluster   111122223333/eu-west-1       3h 00m  26h 00m       1  crm-1-us-east-1      900 GiB  none            –  prod",
                "first copy due  new       instance  111122223333/eu-west-1     > 3h 00m  26h 00m       0  –                          –  –               –  prod",
                "source gone     old       instance  111122223333/eu-west-1     500h 00m  26h 00m       1  old-1-us-east-1       10 GiB  none            –  prod",
                "",
                "Databases that no route takes",
                "DATABASE     WHERE                            ENGINE    WHY",
                "dev-scratch  111122223333/us-east-1/instance  postgres  prod: exclude: dev-scratch is like *-scratch",
            ]
        )
    }

    @Test("fits any terminal, and keeps what matters", arguments: [60, 80, 100, 140])
    func fits(width: Int) {
        let lines = Self.page().lines(width: width)
        for line in lines { #expect(line.width <= width) }
        #expect(lines.contains { $0.text.hasPrefix("never copied") && $0.text.contains("  ledger ") })
        #expect(lines.contains { $0.text.contains("40h 05m") })
    }

    @Test("breaches alone, and what could not be looked at") func breaches() {
        var page = Self.page()
        page.breachesOnly = true
        page.problems = ["the source 111122223333/us-east-1: no connection"]
        let lines = Self.text(page, width: 120)
        #expect(lines.count == 1 + 1 + 3 + 2)
        #expect(lines.last == "could not look: the source 111122223333/us-east-1: no connection")
        #expect(page.exitStatus == 1)
    }

    @Test("the exit status tells of breaches, and of destinations that can't be read") func exitStatus() {
        var page = Self.page()
        #expect(page.exitStatus == 1)
        page = ReportPage(report: RecoveryReport(now: Self.now))
        #expect(page.exitStatus == 0)
        var points = RecoveryPoints(policy: Policy(routes: []), now: Self.now)
        let pool = SlotPool(destination: Self.destination, kind: .instance)
        points.miss(pool, Trouble(.throttled, detail: "slow down"))
        #expect(ReportPage(report: points.report()).exitStatus == 2)
    }

    @Test("programs get the same as JSON") func json() throws {
        let document = Self.page().document
        #expect(document["breaches"] == 2)
        let rows = try #require(document["rows"]?.array)
        #expect(
            rows.map { $0["standing"]?.string } == [
                "never-copied", "overdue", "in-time", "in-time", "first-copy-due", "source-gone",
            ]
        )
        #expect(rows[1]["ageSeconds"] == 144_300)
        #expect(rows[1]["rpoSeconds"] == 93_600)
        #expect(rows[1]["newest"]?["kmsKey"] == .string(Self.key))
        #expect(rows[1]["previous"]?.array?.map { $0["id"] } == ["orders-0-us-east-1"])
        #expect(rows[1]["inProgress"]?.array?.first?["percent"] == 30)
        #expect(rows[2]["newest"]?["tookSeconds"] == 750)
        #expect(rows[0]["newest"] == .null)
        #expect(document["uncovered"]?.array?.first?["database"]?["id"] == "dev-scratch")
        #expect(document["routes"]?.array?.first?["breachedCount"] == 2)
    }

    @Test("spreadsheets get a line for each row") func csv() {
        let lines = Self.page().commaSeparated
        #expect(lines.count == 1 + 6 + 1)
        #expect(
            lines[2]
                == "overdue,true,instance,111122223333,us-east-1,orders,postgres,111122223333,eu-west-1,prod,93600,144300,"
                + "orders-1-us-east-1,2026-11-19T19:55:00Z,2026-11-19T19:56:00Z,400,\(Self.key),,2,1,0,"
        )
        #expect(lines[7].hasPrefix("uncovered,false,instance,111122223333,us-east-1,dev-scratch,postgres,,,"))
        let widths = Set(lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).count })
        #expect(widths == [22])
    }

    @Test(
        "a cell is quoted where it has to be, and is no formula",
        arguments: [
            ("plain", "plain"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("=1+1", "'=1+1"), ("a\nb", "\"a\nb\""),
            ("-x", "'-x"), ("", ""),
        ]
    )
    func cell(text: String, cell: String) { #expect(ReportPage.cell(text) == cell) }

    @Test("nothing from AWS is markup in the page") func escaped() throws {
        let evil = "</script><script>alert(1)</script><!-- & \u{2028}"
        let copy = Self.copy("evil", 1, age: Self.hours(1), gib: 1, key: "key/\(evil)", route: evil)
        let html = ReportHTML(page: Self.page(route: evil, more: [copy])).text
        #expect(!html.contains("alert(1)</script>"))
        #expect(!html.contains("<!--"))
        #expect(html.contains("\\u003c/script\\u003e\\u003cscript\\u003ealert(1)"))
        #expect(html.split(separator: "<script").count == 3)
        // What a browser reads is the name again.
        let start = try #require(html.firstRange(of: "type=\"application/json\">")).upperBound
        let end = try #require(html[start...].firstRange(of: "</script>")).lowerBound
        let data = try JSONValue(parsing: String(html[start..<end]))
        #expect(data["routes"]?.array?.first?["route"] == .string(evil))
        #expect(data["keys"]?.array?.contains(.string("key/\(evil)")) == true)
    }

    @Test("the page names no other place") func selfContained() {
        let html = ReportHTML(page: Self.page()).text
        for word in ["src=", "http:", "https:", "@import", "url("] where word != "http:" {
            #expect(!html.contains(word), "\(word)")
        }
        // A namespace is a name and no address.
        #expect(html.split(separator: "http:").count == 2)
        #expect(html.contains("default-src 'none'"))
    }

    @Test(
        "bytes as RFC 4648 writes them",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func base64(text: String, encoded: String) { #expect(Base64.encode(Array(text.utf8)) == encoded) }
}
