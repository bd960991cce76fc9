// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Synchronization

/// Lists of snapshots that are given a page at a time, and every call is counted.
final class PagedShelves: SnapshotLister {
    private struct State: Sendable {
        var calls: [SnapshotListing: Int] = [:]
        /// Lists that fail, and at which page.
        var failures: [SnapshotListing: Int] = [:]
        /// Whether the last page names the first as the next.
        var goesRound = false
    }

    let ownAccount = SweepWorld.account
    private let state = Mutex(State())
    private let lists: @Sendable (SnapshotListing, Range<Int>) -> [Snapshot]

    /// Makes shelves whose lists are given in ranges: what lies beyond a list's end is left out of the answer.
    init(_ lists: @escaping @Sendable (SnapshotListing, Range<Int>) -> [Snapshot]) { self.lists = lists }

    convenience init(_ lists: [SnapshotListing: [Snapshot]]) {
        self.init { listing, range in
            let all = lists[listing] ?? []
            return Array(all[range.clamped(to: 0..<all.count)])
        }
    }

    /// Lets these lists fail at a page, and no others.
    func fail(_ failures: [SnapshotListing: Int]) { self.state.withLock { $0.failures = failures } }

    func goRound() { self.state.withLock { $0.goesRound = true } }

    var calls: Int { self.state.withLock { $0.calls.values.reduce(0, +) } }

    func page(of listing: SnapshotListing, after marker: String?) async throws -> SnapshotPage {
        let start = marker.flatMap { Int($0) } ?? 0
        let isRound = try self.state.withLock { state in
            state.calls[listing, default: 0] += 1
            if state.failures[listing] == start / 100 {
                throw AWSError(.rejected, serviceCode: "AccessDenied", message: "not authorized")
            }
            return state.goesRound
        }
        let found = self.lists(listing, start..<start + 101)
        if found.count <= 100 { return SnapshotPage(snapshots: found, marker: isRound ? "round" : nil) }
        return SnapshotPage(snapshots: Array(found.prefix(100)), marker: "\(start + 100)")
    }
}

/// Snapshots and copies for sweeps to compare.
enum SweepWorld {
    static let account = "111122223333"
    static let other = "444455556666"
    static let now = Instant(iso8601: "2026-11-21T12:00:00Z") ?? Instant(microseconds: 0)
    static let ireland = Destination(account: account, region: "eu-west-1")
    static let instances = SourceGroup(account: account, region: "us-east-1", kind: .instance)
    static let clusters = SourceGroup(account: account, region: "us-east-1", kind: .cluster)
    static let copies = SnapshotListing.copies(SlotPool(destination: ireland, kind: .instance))

    /// A policy of one route from us-east-1 to eu-west-1, instances only.
    static func policy(
        match: SnapshotMatch = SnapshotMatch(kinds: [.instance]),
        newestOnly: Bool = false,
        retention: RetentionRule? = nil,
        to destinations: [DestinationRule] = [DestinationRule(region: "eu-west-1", account: account)],
        from accounts: [String] = [account]
    ) -> Policy {
        Policy(routes: [
            Route(
                name: "dr",
                source: SourceSelection(regions: ["us-east-1"], accounts: accounts),
                match: match,
                destinations: destinations,
                newestOnly: newestOnly,
                retention: retention
            )
        ])
    }

    static func source(
        _ database: String = "orders",
        hoursOld: Int,
        name: String? = nil,
        status: String = "available",
        origin: Snapshot.Origin = .automated,
        account: String = Self.account,
        tags: [String: String] = [:]
    ) -> Snapshot {
        let taken = Self.now - .seconds(hoursOld * 3600)
        let date = taken.iso8601.prefix(16).map { $0 == "T" || $0 == ":" ? "-" : $0 }
        return Snapshot(
            arn: SnapshotARN(
                partition: "aws",
                region: "us-east-1",
                account: account,
                kind: .instance,
                identifier: name ?? "rds:\(database)-\(String(date))"
            ),
            database: database,
            status: status,
            origin: origin,
            engine: "postgres",
            tags: tags,
            createdAt: taken,
            originalCreatedAt: taken
        )
    }

    /// Our copy of a snapshot, unless it is told to be something else.
    static func copy(
        of source: Snapshot,
        at destination: Destination = Self.ireland,
        status: String = "available",
        name: String? = nil,
        tags: [String: String]? = nil,
        sourceARN: String? = nil
    ) -> Snapshot {
        var copy = source
        copy.arn = SnapshotARN(
            partition: "aws",
            region: destination.region,
            account: destination.account,
            kind: source.arn.kind,
            identifier: name ?? TargetIdentifier.make(for: source.arn, destination: destination)
        )
        copy.status = status
        copy.origin = .manual
        copy.tags = tags ?? [TagMerge.sourceKey: source.arn.description, TagMerge.routeKey: "dr"]
        copy.sourceARN = sourceARN
        copy.createdAt = source.createdAt.map { $0 + .seconds(1800) }
        return copy
    }

    /// What a sweep over these lists says.
    static func look(
        _ policy: Policy = Self.policy(),
        sources: [Snapshot],
        copies: [Snapshot] = [],
        request: SweepRequest = SweepRequest()
    ) async throws -> SweepReport {
        let shelves = PagedShelves([.own(Self.instances, origin: nil): sources, Self.copies: copies])
        return try await Sweep(policy: policy, request: request).look(with: shelves, at: Self.now)
    }
}
