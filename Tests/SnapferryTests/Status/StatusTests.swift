// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@testable import snapferry

@Suite("StatusPage")
struct StatusPageTests {
    private static let now = Instant(iso8601: "2026-11-21T12:00:00Z") ?? Instant(microseconds: 0)
    private static let destination = Destination(account: "444455556666", region: "eu-west-1")

    private static var status: FleetStatus {
        let arn = SnapshotARN(
            partition: "aws",
            region: "eu-west-1",
            account: "444455556666",
            kind: .instance,
            identifier: "orders-2026-11-21-03-10-us-east-1"
        )
        let copy = Snapshot(
            arn: arn,
            database: "orders",
            status: "copying",
            percentProgress: 25,
            engine: "postgres",
            tags: [TagMerge.routeKey: "prod", TagMerge.sourceKey: "arn:aws:rds:us-east-1:111122223333:snapshot:s"],
            createdAt: Self.now - .seconds(3900),
            sizeGiB: 400
        )
        return FleetStatus(
            queueURL: "https://sqs.us-east-1.amazonaws.com/111122223333/jobs",
            queue: QueueDepth(visible: 5, inFlight: 3, delayed: 1),
            deadLetters: QueueDepth(visible: 2, inFlight: 0, delayed: 0),
            pools: [
                .init(pool: SlotPool(destination: Self.destination, kind: .cluster), limit: 5, copies: []),
                .init(pool: SlotPool(destination: Self.destination, kind: .instance), limit: 20, copies: [copy]),
            ],
            now: Self.now
        )
    }

    private static func text(_ status: FleetStatus, width: Int) -> [String] {
        StatusPage(status: status).lines(width: width).map { $0.rendered(.plain) }
    }

    @Test("tells queue, dead letters, slots and copies") func people() {
        #expect(
            Self.text(Self.status, width: 120) == [
                "Queue         5 visible, 3 in flight, 1 delayed, age of the oldest unknown",
                "Dead letters  2",
                "",
                "444455556666/eu-west-1  cluster  □□□□□ 0 of 5 slots taken",
                "",
                "444455556666/eu-west-1  instance  ■□□□□□□□□□□□□□□□□□□□ 1 of 20 slots taken",
                "COPY                               DATABASE  ENGINE       SIZE  PROGRESS                    FOR      RATE  DONE  ROUTE",
                "orders-2026-11-21-03-10-us-east-1  orders    postgres  400 GiB  █████░░░░░░░░░░░░░░░  25%  1h05  92 GiB/h     –  prod",
            ]
        )
    }

    @Test("fits any terminal", arguments: [30, 60, 80, 120])
    func fits(width: Int) {
        for line in StatusPage(status: Self.status).lines(width: width) { #expect(line.width <= width) }
    }

    @Test("what could not be looked at is named, and the rest still shown") func trouble() {
        var status = Self.status
        status.queue = nil
        status.pools[0].copies = nil
        status.problems = ["the job queue: no connection"]
        let lines = Self.text(status, width: 80)
        #expect(lines[0] == "Queue         unknown")
        #expect(lines.contains("444455556666/eu-west-1  cluster  unknown"))
        #expect(lines.last == "could not look: the job queue: no connection")
        #expect(status.exitStatus == 2)
    }

    @Test("the exit status tells of dead letters") func exitStatus() {
        var status = Self.status
        #expect(status.exitStatus == 1)
        status.deadLetters = QueueDepth(visible: 0, inFlight: 0, delayed: 0)
        #expect(status.exitStatus == 0)
        status.deadLetters = nil
        #expect(status.exitStatus == 0)
    }

    @Test("programs get the same as JSON") func json() throws {
        let document = StatusPage(status: Self.status).document
        #expect(document["queue"] == ["visible": 5, "inFlight": 3, "delayed": 1, "oldestSeconds": .null])
        #expect(document["deadLetterQueue"]?["visible"] == 2)
        let pool = try #require(document["pools"]?.array?.last)
        #expect(pool["taken"] == 1)
        #expect(pool["limit"] == 20)
        #expect(pool["copies"]?.array?.first?["percent"] == 25)
        #expect(pool["copies"]?.array?.first?["source"] == "arn:aws:rds:us-east-1:111122223333:snapshot:s")
        #expect(document["problems"] == [])
    }

    @Test(
        "the oldest job's age is told where it is known",
        arguments: [
            (visible: 5, oldest: Duration.seconds(5_430), ending: ", the oldest 1h 30m"),
            (visible: 0, oldest: nil, ending: "1 delayed"),
            (visible: 5, oldest: nil, ending: ", age of the oldest unknown"),
        ]
    )
    func oldest(visible: Int, oldest: Duration?, ending: String) {
        var status = Self.status
        status.queue?.visible = visible
        status.queue?.oldest = oldest
        #expect(Self.text(status, width: 120)[0].hasSuffix(ending))
        let seconds = oldest.map { JSONValue.integer($0.components.seconds) } ?? .null
        #expect(StatusPage(status: status).document["queue"]?["oldestSeconds"] == seconds)
    }

    @Test("SQS's counts are read, missing ones as none") func depth() {
        let depth = QueueDepth(attributes: [
            "ApproximateNumberOfMessages": "7", "ApproximateNumberOfMessagesDelayed": "x",
        ])
        #expect(depth == QueueDepth(visible: 7, inFlight: 0, delayed: 0))
        #expect(!depth.isEmpty)
    }

    // MARK: - What is in the way, and how old recovery points are

    private static func letter(_ id: String, _ reason: String, minutesAgo: Int) -> DeadLetterEntry {
        let attributes: [String: SQSAttributeValue] = [
            DeadLetterAttribute.reason: SQSAttributeValue(stringValue: reason),
            DeadLetterAttribute.destination: SQSAttributeValue(stringValue: Self.destination.description),
        ]
        let sent = Self.now - .seconds(60 * minutesAgo)
        let message = SQSMessage(
            messageID: id,
            receiptHandle: "",
            body: "{}",
            attributes: ["SentTimestamp": "\(sent.milliseconds)"],
            messageAttributes: attributes
        )
        return DeadLetterEntry(message, account: "444455556666")
    }

    private static var troubled: FleetStatus {
        var status = Self.status
        status.letters = DeadLetterSummary([
            Self.letter("1", "kms-key", minutesAgo: 12), Self.letter("2", "kms-key", minutesAgo: 200),
            Self.letter("3", "malformed", minutesAgo: 3000),
        ])
        status.pools[1].room = FleetStatus.Room(used: 100, max: 100)
        status.pools[1].slots = ["orders-2026-11-21-03-10-us-east-1", "billing"].enumerated().map { number, target in
            SlotItem(number: number, target: target, owner: "w", expires: Self.now, version: 1)
        }
        let route = RoutePoint(
            route: "prod",
            destination: Self.destination,
            rpo: .seconds(26 * 3600),
            databases: 12,
            worst: SourceDatabase(account: "111122223333", region: "us-east-1", kind: .instance, identifier: "orders"),
            worstAge: .seconds(40 * 3600 + 300),
            breachedCount: 3
        )
        status.points = [route]
        return status
    }

    @Test("tells what is in the way of copies, and whose RPO is broken") func obstacles() {
        let lines = Self.text(Self.troubled, width: 140)
        #expect(lines[1] == "Dead letters  2: kms-key 2, malformed 1; the oldest 2d 02h")
        #expect(
            lines[2]
                == "RPO           broken for 3 of 12: orders at 444455556666/eu-west-1 is 40h 05m old, 26h 00m allowed"
        )
        #expect(lines.contains("  no room: 100 of 100 manual snapshots"))
        #expect(lines.contains("  refused lately: kms-key, 2 dead letters, the newest 12m 00s ago"))
        #expect(lines.contains { $0.hasSuffix("2 of 20 slots taken, 1 about to start or to end") })
    }

    @Test("a kept RPO is told in one line, and no RPO not at all") func kept() {
        var status = Self.troubled
        status.points[0].breachedCount = 0
        status.points[0].worstAge = .seconds(25 * 3600)
        #expect(
            Self.text(status, width: 140)[2]
                == "RPO           kept for all 12: orders at 444455556666/eu-west-1 is 25h 00m old, 26h 00m allowed"
        )
        status.points[0].rpo = nil
        #expect(!Self.text(status, width: 140).contains { $0.hasPrefix("RPO") })
    }

    @Test("two looks tell when a copy ends") func estimate() throws {
        var status = Self.status
        let copy = try #require(status.pools[1].copies?.first)
        var estimate = FinishEstimate(start: Self.now - .seconds(3900))
        estimate.observe(percent: 25, at: Self.now)
        status.estimates[copy.arn] = estimate
        let pace = CopyPace(copy, estimate, at: Self.now)
        let earliest = try #require(pace.earliest)
        let latest = try #require(pace.latest)
        #expect(earliest < latest)
        #expect(pace.expected == earliest + (latest - earliest) / 2)
        let page = StatusPage(status: status, clock: { _ in "15:17" })
        #expect(page.lines(width: 140).contains { $0.text.contains("~15:17") })
        let document = page.document["pools"]?.array?.last?["copies"]?.array?.first
        #expect(document?["finishLatest"] == .string(latest.iso8601))
        #expect(document?["gibPerHour"] == 92)
    }

    @Test("programs learn of obstacles, letters and recovery points") func troubleDocument() throws {
        let document = StatusPage(status: Self.troubled).document
        let pool = try #require(document["pools"]?.array?.last)
        #expect(pool["held"] == 1)
        #expect(pool["taken"] == 2)
        #expect(pool["manualSnapshots"] == ["used": 100, "max": 100])
        #expect(pool["blocked"]?.array?.map { $0["reason"] } == ["snapshot-quota", "kms-key"])
        #expect(document["deadLetters"]?.array?.first?["reason"] == "kms-key")
        #expect(document["deadLetters"]?.array?.first?["newestSeconds"] == 720)
        #expect(document["recoveryPoints"]?.array?.first?["worstAgeSeconds"] == 144_300)
    }

    @Test("idle destinations stand together") func idle() {
        var status = Self.status
        status.pools = (0..<4).map { number in
            .init(
                pool: SlotPool(
                    destination: Destination(account: "44445555666\(number)", region: "eu-west-1"),
                    kind: .instance
                ),
                limit: 20,
                copies: []
            )
        }
        #expect(Self.text(status, width: 100).count == 2 + 1 + 4)
    }
}
