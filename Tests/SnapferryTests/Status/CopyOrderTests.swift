// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@testable import snapferry

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
