// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Copies at one destination, made up for tests of retention.
enum RetentionWorld {
    static let destination = Destination(account: "444455556666", region: "eu-west-1")
    static let day = Duration.seconds(86_400)

    /// A copy as the fleet makes it.
    ///
    /// - Parameters:
    ///   - database: Its DB instance, in account 111122223333 and us-east-1.
    ///   - taken: When its data was taken; the copy is made an hour later.
    ///   - status: As RDS spells it.
    ///   - route: The route that its tag names.
    ///   - tags: More tags, which win over the fleet's.
    ///   - name: The target's identifier, if not the one that the fleet gives.
    /// - Returns: The copy, as Describe tells it.
    static func copy(
        of database: String = "orders",
        taken: Instant,
        status: String = "available",
        route: String = "prod",
        tags: [String: String] = [:],
        name: String? = nil
    ) -> Snapshot {
        let source = SnapshotARN(
            partition: "aws",
            region: "us-east-1",
            account: "111122223333",
            kind: .instance,
            identifier: "rds:\(database)-\(taken.microseconds)"
        )
        let target = SnapshotARN(
            partition: "aws",
            region: Self.destination.region,
            account: Self.destination.account,
            kind: .instance,
            identifier: name ?? TargetIdentifier.make(for: source, destination: Self.destination)
        )
        let ours = [
            TagMerge.sourceKey: source.description, TagMerge.sourceCreatedKey: taken.iso8601, TagMerge.routeKey: route,
        ]
        return Snapshot(
            arn: target,
            database: database,
            status: status,
            tags: ours.merging(tags) { _, new in new },
            createdAt: taken + .seconds(3600),
            originalCreatedAt: nil
        )
    }

    static func plan(_ copies: [Snapshot], _ rule: RetentionRule, now: Instant) -> RetentionPlan {
        RetentionPlan(copies, at: Self.destination, rules: ["prod": rule], now: now)
    }
}

extension RetentionPlan {
    /// The days before `now` on which the data of the copies that stay was taken, the youngest first.
    func keptDays(before now: Instant) -> [Int64] {
        self.verdicts.filter { !$0.isDeletion }.compactMap(\.copy.takenAt).map { ($0.duration(to: now)).days }.sorted()
    }
}

extension Duration {
    var days: Int64 { self.components.seconds / 86_400 }
}
