// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSSnapshotService: HandoverService {
    package func inspect(_ question: HandoverQuestion) async throws -> HandoverFacts {
        var facts = HandoverFacts()
        let id = question.job
        let pool = SlotPool(destination: id.destination, kind: id.source.kind)
        facts.target = try await self.describeTargets([question.target], in: pool).first
        guard facts.target == nil else { return facts }
        facts.hop = try await self.describeHops([question.hop], in: SourceGroup(id.source)).first
        if let hop = facts.hop {
            if hop.phase == .available { facts.sharedWith = try await self.accounts(of: hop.arn) }
            return facts
        }
        guard let source = question.source else { return facts }
        if source.isEncrypted, let key = source.kmsKeyID {
            facts.key = try await self.key(key, of: source.arn)
        }
        if source.origin == .manual { facts.sharedWith = try await self.accounts(of: source.arn) }
        return facts
    }

    /// The accounts that a snapshot is shared with.
    private func accounts(of snapshot: SnapshotARN) async throws(AWSError) -> Set<String> {
        let rds = try self.rds(in: SourceGroup(snapshot))
        let attributes =
            switch snapshot.kind {
            case .instance: try await rds.describeDBSnapshotAttributes(snapshot.identifier)
            case .cluster: try await rds.describeDBClusterSnapshotAttributes(snapshot.identifier)
            }
        return Set(attributes["restore"] ?? [])
    }

    private func key(_ key: String, of snapshot: SnapshotARN) async throws(AWSError) -> SourceKey {
        let kms = try self.session(of: snapshot.account).kms(region: snapshot.region)
        do throws(AWSError) {
            let metadata = try await kms.describeKey(key)
            return SourceKey(
                arn: metadata.arn ?? key,
                isManagedByAWS: metadata.keyManager == "AWS",
                state: metadata.keyState ?? "Enabled"
            )
        } catch {
            guard error.serviceCode?.hasPrefix("NotFound") == true else { throw error }
            return SourceKey(arn: key, isManagedByAWS: false, state: "gone")
        }
    }

    package func describeHops(_ identifiers: [String], in group: SourceGroup) async throws -> [Snapshot] {
        try await Self.describe(identifiers, group.kind, type: .manual, by: try self.rds(in: group))
    }

    package func makeHop(
        _ request: HopRequest,
        whileAllowed isAllowed: @escaping @Sendable () -> Bool
    ) async throws -> Snapshot {
        let source = request.job.source
        let rds = try self.rds(in: SourceGroup(source))
        let copy = RDSClient.CopyRequest(
            source: source.description,
            target: request.identifier,
            kmsKeyID: request.kmsKey,
            tags: request.tags.sorted { $0.key < $1.key }.map { RDSClient.Tag(key: $0.key, value: $0.value) }
        )
        let hop: Snapshot? =
            switch source.kind {
            case .instance: Snapshot(try await rds.copyDBSnapshot(copy, whileAllowed: isAllowed))
            case .cluster: Snapshot(try await rds.copyDBClusterSnapshot(copy, whileAllowed: isAllowed))
            }
        guard let hop else {
            throw AWSError(.malformedAnswer, message: "RDS accepted the hop \(request.identifier) but does not name it")
        }
        return hop
    }

    package func share(_ snapshot: SnapshotARN, for job: CopyJob.ID) async throws {
        let rds = try self.rds(in: SourceGroup(snapshot))
        if snapshot == job.source {
            let mark = RDSClient.Tag(
                key: HandoverTags.shareKey(for: job.destination),
                value: ShortHash.of(job.description.lowercased())
            )
            do throws(AWSError) {
                try await rds.addTagsToResource(arn: snapshot.description, tags: [mark])
            } catch  where error.code == .rejected {
                // It has its 50 tags, or may not be tagged. It will stay shared, since nothing tells who shared it.
            }
        }
        try await Self.change(snapshot, adding: [job.destination.account], by: rds)
    }

    package func tidy(_ job: CopyJob.ID, hop: String, failedOnly: Bool) async throws {
        let group = SourceGroup(job.source)
        let rds = try self.rds(in: group)
        if let found = try await self.describeHops([hop], in: group).first,
            HandoverTags.marks(found.tags, hopOf: job), !failedOnly || found.phase == .failed
        {
            try await Self.unlessGone(job.source.kind) { () throws(AWSError) in
                switch job.source.kind {
                case .instance: try await rds.deleteDBSnapshot(hop)
                case .cluster: try await rds.deleteDBClusterSnapshot(hop)
                }
            }
        }
        // What RDS and AWS Backup take by themselves can't be shared.
        guard !failedOnly, !job.source.identifier.contains(":") else { return }
        try await Self.unlessGone(job.source.kind) { () throws(AWSError) in
            try await self.takeBack(job, by: rds)
        }
    }

    /// Takes the share of a source back, if the fleet gave it and no other destination of the account needs it.
    private func takeBack(_ job: CopyJob.ID, by rds: RDSClient) async throws(AWSError) {
        func undoing() async throws(AWSError) -> HandoverTags.Undoing? {
            let found = try await Self.describe([job.source.identifier], job.source.kind, by: rds)
            return found.first.map { HandoverTags.undoing($0.tags, for: job.destination) }
        }
        guard let first = try await undoing(), let tag = first.tag else { return }
        // The mark goes last: whoever dies in between leaves something that tells what is still to do.
        if first.unshares { try await Self.change(job.source, removing: [job.destination.account], by: rds) }
        try await rds.removeTagsFromResource(arn: job.source.description, keys: [tag])
        // Of two that tidy up at once each saw the other's mark; now one of them at least sees that there is none.
        guard !first.unshares, try await undoing()?.isLast == true else { return }
        try await Self.change(job.source, removing: [job.destination.account], by: rds)
    }

    private static func change(
        _ snapshot: SnapshotARN,
        adding: [String] = [],
        removing: [String] = [],
        by rds: RDSClient
    ) async throws(AWSError) {
        switch snapshot.kind {
        case .instance:
            try await rds.modifyDBSnapshotAttribute(snapshot.identifier, adding: adding, removing: removing)
        case .cluster:
            try await rds.modifyDBClusterSnapshotAttribute(snapshot.identifier, adding: adding, removing: removing)
        }
    }

    /// Somebody may have been quicker.
    private static func unlessGone(
        _ kind: SnapshotKind,
        _ body: () async throws(AWSError) -> Void
    ) async throws(AWSError) {
        do throws(AWSError) {
            try await body()
        } catch {
            guard FailureTable.classify(operation: .tidy, kind: kind, error: error).class == .copyFailed else {
                throw error
            }
        }
    }
}
