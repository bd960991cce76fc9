// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// RDS in every source and destination of a policy.
package struct RDSSnapshotService: SnapshotService {
    let session: AWSSession
    package let ownAccount: String
    /// The sessions of destinations that have a role of their own.
    private let destinations: [Destination: AWSSession]
    /// The sessions of source accounts that have a role of their own.
    private let sources: [String: AWSSession]
    private let policy: Policy

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - session: The fleet's own session; sources are described, and destinations without a role are called, by it.
    ///   - ownAccount: The account of that session.
    ///   - policy: Says which destinations have which role; accounts filled in.
    /// - Throws: ``AWSError`` with code `configuration` for a role that is none.
    package init(session: AWSSession, ownAccount: String, policy: Policy) throws(AWSError) {
        self.session = session
        self.ownAccount = ownAccount
        self.policy = policy
        var destinations: [Destination: AWSSession] = [:]
        for rule in policy.routes.flatMap(\.destinations) {
            guard let account = rule.account, let role = rule.role else { continue }
            let destination = Destination(account: account, region: rule.region)
            destinations[destination] = try session.assuming(roleARN: role, externalID: rule.externalID)
        }
        self.destinations = destinations
        var sources: [String: AWSSession] = [:]
        for source in policy.routes.map(\.source) {
            guard let role = source.role, let account = source.accounts.first, sources[account] == nil else { continue }
            sources[account] = try session.assuming(roleARN: role, externalID: source.externalID)
        }
        self.sources = sources
    }

    /// The session for calls in a source's account: that of its role, or else the fleet's own.
    func session(of account: String) -> AWSSession { self.sources[account] ?? self.session }

    func rds(in group: SourceGroup) throws(AWSError) -> RDSClient {
        try self.session(of: group.account).rds(region: group.region)
    }

    /// Whether calls for a source are made in its own account, and not in one that it is shared with.
    func worksIn(_ account: String) -> Bool { account == self.ownAccount || self.sources[account] != nil }

    func rds(at destination: Destination) throws(AWSError) -> RDSClient {
        try (self.destinations[destination] ?? self.session).rds(region: destination.region)
    }

    package func describe(_ snapshots: [SnapshotARN], in group: SourceGroup) async throws -> [Snapshot] {
        let rds = try self.rds(in: group)
        guard self.worksIn(group.account) else { return try await Self.describeShared(snapshots, by: rds) }
        let found = try await Self.describe(snapshots.map(\.identifier), group.kind, by: rds)
        let known = Set(found.map(\.arn))
        // Describe leaves AWS Backup's own snapshots out unless it is asked for them.
        let missing = snapshots.filter { !known.contains($0) && $0.identifier.hasPrefix("awsbackup:") }
        guard group.kind == .instance, !missing.isEmpty else {
            return try await self.complete(found, in: group, by: rds)
        }
        let more = try await Self.describe(missing.map(\.identifier), group.kind, type: .awsbackup, by: rds)
        return try await self.complete(found + more, in: group, by: rds)
    }

    /// Asks for the databases' tags where a route wants to know them.
    func complete(
        _ snapshots: [Snapshot],
        in group: SourceGroup,
        by rds: RDSClient
    ) async throws(AWSError) -> [Snapshot] {
        guard self.worksIn(group.account), !snapshots.isEmpty, self.policy.asksForDatabaseTags(in: group) else {
            return snapshots
        }
        return try await Self.addDatabaseTags(to: snapshots, group.kind, by: rds)
    }

    package func copiesInProgress(in pool: SlotPool) async throws -> [Snapshot] {
        try await self.manualSnapshots(in: pool).filter(\.isCopyInProgress)
    }

    package func startCopy(
        _ request: CopyRequest,
        whileAllowed isAllowed: @escaping @Sendable () -> Bool
    ) async throws -> Snapshot {
        let rds = try self.rds(at: request.pool.destination)
        let kind: RDSClient.CopyKind = request.pool.kind == .instance ? .instance : .cluster
        var copy = RDSClient.CopyRequest(
            source: request.carrier.description,
            target: request.target,
            kmsKeyID: request.kmsKey,
            tags: request.tags.sorted { $0.key < $1.key }.map { RDSClient.Tag(key: $0.key, value: $0.value) },
            optionGroupName: request.optionGroup,
            copyOptionGroup: request.copyOptionGroup ? true : nil
        )
        if request.source.arn.partition == "aws-us-gov", request.source.isEncrypted {
            // Elsewhere RDS ignores it.
            let sourceRegion = request.source.arn.region
            copy.preSignedURL = try await rds.preSignedURL(for: copy, kind: kind, sourceRegion: sourceRegion)
        }
        let target: Snapshot? =
            switch request.pool.kind {
            case .instance: Snapshot(try await rds.copyDBSnapshot(copy, whileAllowed: isAllowed))
            case .cluster: Snapshot(try await rds.copyDBClusterSnapshot(copy, whileAllowed: isAllowed))
            }
        guard let target else {
            throw AWSError(.malformedAnswer, message: "RDS accepted the copy \(request.target) but does not name it")
        }
        return target
    }

    package func describeTargets(_ identifiers: [String], in pool: SlotPool) async throws -> [Snapshot] {
        try await Self.describe(identifiers, pool.kind, type: .manual, by: try self.rds(at: pool.destination))
    }

    package func deleteTarget(_ identifier: String, in pool: SlotPool) async throws {
        try await self.deleteTarget(identifier, in: pool) { true }
    }

    package func deleteTarget(
        _ identifier: String,
        in pool: SlotPool,
        whileAllowed isAllowed: @escaping @Sendable () -> Bool
    ) async throws {
        let rds = try self.rds(at: pool.destination)
        switch pool.kind {
        case .instance: try await rds.deleteDBSnapshot(identifier, whileAllowed: isAllowed)
        case .cluster: try await rds.deleteDBClusterSnapshot(identifier, whileAllowed: isAllowed)
        }
    }

    /// Lists all snapshots of a source in the fleet's own account, page by page.
    package func snapshots(in group: SourceGroup, origin: Snapshot.Origin) async throws -> [Snapshot] {
        let rds = try self.rds(in: group)
        return try await self.complete(try await Self.all(group.kind, type: origin, by: rds), in: group, by: rds)
    }

    /// Describes by a filter of up to 100 identifiers a call; a filter, unlike the parameter, takes automated ones too.
    static func describe(
        _ identifiers: [String],
        _ kind: SnapshotKind,
        type: Snapshot.Origin? = nil,
        by rds: RDSClient
    ) async throws(AWSError) -> [Snapshot] {
        let name = kind == .instance ? "db-snapshot-id" : "db-cluster-snapshot-id"
        var found: [Snapshot] = []
        for values in identifiers.chunked(by: 100) {
            let filter = RDSClient.Filter(name: name, values: values)
            let query = RDSClient.SnapshotQuery(snapshotType: type?.rawValue, filters: [filter])
            found += try await self.snapshots(kind, query, by: rds)
        }
        return found
    }

    /// Describes what other accounts share with this one; RDS takes their ARNs one at a time.
    private static func describeShared(
        _ snapshots: [SnapshotARN],
        by rds: RDSClient
    ) async throws(AWSError) -> [Snapshot] {
        var found: [Snapshot] = []
        for arn in snapshots {
            let query = RDSClient.SnapshotQuery(
                snapshot: arn.description,
                snapshotType: Snapshot.Origin.shared.rawValue
            )
            do throws(AWSError) {
                found += try await self.snapshots(arn.kind, query, by: rds)
            } catch {
                let failure = FailureTable.classify(operation: .describeSource, kind: arn.kind, error: error)
                guard failure.class == .sourceGone else { throw error }
            }
        }
        return found
    }

    private static func all(
        _ kind: SnapshotKind,
        type: Snapshot.Origin,
        by rds: RDSClient
    ) async throws(AWSError) -> [Snapshot] {
        try await self.snapshots(kind, RDSClient.SnapshotQuery(snapshotType: type.rawValue), by: rds)
    }

    private static func snapshots(
        _ kind: SnapshotKind,
        _ query: RDSClient.SnapshotQuery,
        by rds: RDSClient
    ) async throws(AWSError) -> [Snapshot] {
        switch kind {
        case .instance: try await rds.allDBSnapshots(query).compactMap { Snapshot($0) }
        case .cluster: try await rds.allDBClusterSnapshots(query).compactMap { Snapshot($0) }
        }
    }
}

extension Snapshot {
    /// Whether it is a copy on its way that takes from the destination's quota.
    ///
    /// A hop stays within its Region, where RDS limits nothing.
    package var isCopyInProgress: Bool {
        self.phase == .inProgress && self.status.lowercased() != "creating" && self.tags[HandoverTags.hopKey] == nil
    }
}

extension RDSSnapshotService: CopyShelf {
    package func manualSnapshots(in pool: SlotPool) async throws -> [Snapshot] {
        try await Self.all(pool.kind, type: .manual, by: try self.rds(at: pool.destination))
    }
}
