// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Copies, databases and policies to report about.
enum RecoveryWorld {
    static let account = "111122223333"
    static let source = "us-east-1"
    static let destination = Destination(account: account, region: "eu-west-1")
    static let pool = SlotPool(destination: destination, kind: .instance)
    static let group = SourceGroup(account: account, region: source, kind: .instance)
    static let now = Instant(iso8601: "2026-11-21T12:00:00Z") ?? Instant(microseconds: 0)

    /// Exact to the microsecond, unlike a product of a duration and a fraction.
    static func hours(_ hours: Double) -> Duration { .microseconds(Int64((hours * 3_600_000_000).rounded())) }

    static func policy(
        rpo: Duration? = .seconds(26 * 3600),
        match: SnapshotMatch = SnapshotMatch(),
        regions: [String] = ["eu-west-1"]
    ) -> Policy {
        Policy(routes: [self.route("all", rpo: rpo, match: match, regions: regions)])
    }

    static func route(
        _ name: String,
        priority: Int = 0,
        rpo: Duration? = .seconds(26 * 3600),
        match: SnapshotMatch = SnapshotMatch(),
        regions: [String] = ["eu-west-1"]
    ) -> Route {
        Route(
            name: name,
            priority: priority,
            source: SourceSelection(regions: [self.source], accounts: [self.account]),
            match: match,
            destinations: regions.map { DestinationRule(region: $0, account: self.account) },
            rpo: rpo
        )
    }

    static func database(_ name: String, kind: SnapshotKind = .instance) -> SourceDatabase {
        SourceDatabase(account: self.account, region: self.source, kind: kind, identifier: name)
    }

    /// A copy of ours whose data is so many hours old; `copied` says how many hours ago it was made.
    static func copy(
        _ database: String,
        hours: Double,
        copied: Double? = nil,
        status: String = "available",
        kind: SnapshotKind = .instance,
        route: String = "all",
        changing change: (inout Snapshot) -> Void = { _ in }
    ) -> Snapshot {
        let taken = self.now - self.hours(hours)
        let source = SnapshotARN(
            partition: "aws",
            region: self.source,
            account: self.account,
            kind: kind,
            identifier: "rds:\(database)-\(Int(hours * 3600))"
        )
        var snapshot = Snapshot(
            arn: SnapshotARN(
                partition: "aws",
                region: self.destination.region,
                account: self.destination.account,
                kind: kind,
                identifier: TargetIdentifier.make(for: source, destination: self.destination)
            ),
            database: database,
            status: status,
            engine: "postgres",
            tags: [
                TagMerge.sourceKey: source.description, TagMerge.routeKey: route,
                TagMerge.sourceCreatedKey: taken.iso8601,
            ],
            createdAt: self.now - self.hours(copied ?? max(0, hours - 1)),
            originalCreatedAt: kind == .instance ? taken : nil,
            sourceARN: source.description,
            sizeGiB: 100
        )
        change(&snapshot)
        return snapshot
    }

    static func facts(_ name: String, madeHoursAgo hours: Double? = 1000, tags: [String: String] = [:]) -> DatabaseFacts
    {
        DatabaseFacts(
            database: self.database(name),
            engine: "postgres",
            createdAt: hours.map { self.now - self.hours($0) },
            tags: tags
        )
    }

    /// The report on some copies and, where they are given, on all databases of the source.
    static func report(
        _ copies: [Snapshot],
        databases: [DatabaseFacts]? = nil,
        policy: Policy = policy(),
        depth: Int = 100
    ) -> RecoveryReport {
        var points = RecoveryPoints(policy: policy, depth: depth, now: self.now)
        for copy in copies { points.take([copy], at: SlotPool(destination: self.destination, kind: copy.arn.kind)) }
        if let databases { points.take(databases, in: self.group) }
        return points.report()
    }
}
