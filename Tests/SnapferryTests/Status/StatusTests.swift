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
                "Queue         5 visible, 3 in flight, 1 delayed",
                "Dead letters  2",
                "",
                "444455556666/eu-west-1  cluster  □□□□□ 0 of 5 slots taken",
                "",
                "444455556666/eu-west-1  instance  ■□□□□□□□□□□□□□□□□□□□ 1 of 20 slots taken",
                "COPY                               DATABASE  ENGINE       SIZE  PROGRESS                    FOR  ROUTE",
                "orders-2026-11-21-03-10-us-east-1  orders    postgres  400 GiB  █████░░░░░░░░░░░░░░░  25%  1h05  prod",
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
        #expect(document["queue"] == ["visible": 5, "inFlight": 3, "delayed": 1])
        #expect(document["deadLetterQueue"]?["visible"] == 2)
        let pool = try #require(document["pools"]?.array?.last)
        #expect(pool["taken"] == 1)
        #expect(pool["limit"] == 20)
        #expect(pool["copies"]?.array?.first?["percent"] == 25)
        #expect(pool["copies"]?.array?.first?["source"] == "arn:aws:rds:us-east-1:111122223333:snapshot:s")
        #expect(document["problems"] == [])
    }

    @Test("SQS's counts are read, missing ones as none") func depth() {
        let depth = QueueDepth(attributes: [
            "ApproximateNumberOfMessages": "7", "ApproximateNumberOfMessagesDelayed": "x",
        ])
        #expect(depth == QueueDepth(visible: 7, inFlight: 0, delayed: 0))
        #expect(!depth.isEmpty)
    }
}

@Suite("CopyOrder")
struct CopyOrderTests {
    private static let arn = "arn:aws:rds:us-east-1:111122223333:snapshot:rds:orders-2026-11-21-03-10"

    private static func policy() throws -> Policy {
        let ireland = DestinationRule(region: "eu-west-1", kmsKey: "alias/dr")
        let vault = DestinationRule(region: "eu-central-1", account: "444455556666")
        let source = SourceSelection(regions: ["us-east-1"])
        return try Policy(routes: [
            Route(name: "prod", source: source, destinations: [ireland]),
            Route(name: "vault", source: source, destinations: [vault]),
        ]).resolved(ownAccount: "111122223333")
    }

    private static func order(
        _ snapshot: String = arn,
        to destination: String,
        route: String? = nil
    ) throws -> CopyOrder {
        try CopyOrder(
            snapshot: snapshot,
            destination: destination,
            route: route,
            policy: Self.policy(),
            ownAccount: "111122223333"
        )
    }

    @Test("a Region alone means the fleet's own account") func own() throws {
        let order = try Self.order(to: "eu-west-1")
        let job = order.job(at: Instant(microseconds: 0))
        #expect(job.destination == Destination(account: "111122223333", region: "eu-west-1"))
        #expect(job.route == "prod")
        #expect(
            order.announcement(queueURL: "https://queue") == [
                "Copy   \(Self.arn)", "to     111122223333/eu-west-1 as orders-2026-11-21-03-10-us-east-1",
                "by     route prod, key alias/dr where encrypted", "on     https://queue",
            ]
        )
    }

    @Test("another account is named before the Region") func foreign() throws {
        #expect(try Self.order(to: "444455556666/eu-central-1").plan.route == "vault")
    }

    @Test(
        "refuses what leads nowhere, and says why",
        arguments: [
            ("orders", "eu-west-1", nil, "no ARN of a snapshot"),
            (Self.arn, "Ireland", nil, "is no destination"), (Self.arn, "1/eu-west-1", nil, "is no destination"),
            (Self.arn, "us-east-1", nil, "is in 111122223333/us-east-1 already"),
            (Self.arn, "eu-central-1", nil, "no route leads from there to 111122223333/eu-central-1"),
            (Self.arn, "eu-west-1", "vault", "no route leads from there"),
            (Self.arn, "eu-west-1", "prd", "the policy has no route \"prd\""),
            (
                "arn:aws:rds:us-west-2:111122223333:snapshot:s", "eu-west-1", nil,
                "no route takes snapshots from account 111122223333 in us-west-2"
            ),
            (
                "arn:aws:rds:us-west-2:111122223333:snapshot:s", "eu-west-1", "prod",
                "the route \"prod\" takes no snapshots from account 111122223333 in us-west-2"
            ),
        ]
    )
    func refusals(snapshot: String, destination: String, route: String?, reason: String) {
        let refusal = #expect(throws: CopyOrder.Refusal.self) {
            try Self.order(snapshot, to: destination, route: route)
        }
        #expect(refusal?.description.contains(reason) == true, "\(refusal?.description ?? "")")
    }
}
