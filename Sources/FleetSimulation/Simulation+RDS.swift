// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// What the core asks of RDS.
extension Simulation {
    func rds(
        _ operation: String,
        _ members: [String: JSONValue?],
        _ region: String,
        for worker: SimulatedWorker,
        whileAllowed isAllowed: (() -> Bool)? = nil,
        then: @escaping (Result<Answer, AWSError>, Int) -> Void
    ) {
        let generation = worker.generation
        var call = SimulatedCall(service: .rds, operation: operation, parameters: .compact(members), region: region)
        call.isAllowed = isAllowed
        self.call(worker, call) { then($0, generation) }
    }

    /// Describes all pages.
    private func describe(
        _ kind: SnapshotKind,
        _ query: [String: JSONValue?],
        _ region: String,
        marker: String? = nil,
        found: [Snapshot] = [],
        for worker: SimulatedWorker,
        then: @escaping (Result<[Snapshot], AWSError>, Int) -> Void
    ) {
        let snapshot = kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        var members = query
        members["MaxRecords"] = .integer(100)
        members["Marker"] = marker.map { .string($0) }
        self.rds("Describe\(snapshot)s", members, region, for: worker) { [unowned self] result, generation in
            switch result {
            case .failure(let error): then(.failure(error), generation)
            case .success(.snapshots(let page, let next)):
                guard let next else { return then(.success(found + page), generation) }
                self.describe(kind, query, region, marker: next, found: found + page, for: worker, then: then)
            case .success: then(.failure(AWSError(.malformedAnswer, message: "no snapshots in the answer")), generation)
            }
        }
    }

    func describe(
        _ identifiers: [String],
        _ kind: SnapshotKind,
        _ region: String,
        for worker: SimulatedWorker,
        then: @escaping (Result<[Snapshot], AWSError>, Int) -> Void
    ) {
        let name = kind == .instance ? "db-snapshot-id" : "db-cluster-snapshot-id"
        let filter: JSONValue = ["Name": .string(name), "Values": .array(identifiers.map { .string($0) })]
        self.describe(kind, ["Filters": [filter]], region, for: worker, then: then)
    }

    func describe(_ arns: [SnapshotARN], in group: SourceGroup, for worker: SimulatedWorker) {
        self.describe(arns.map(\.identifier), group.kind, group.region, for: worker) {
            [unowned self] result, generation in
            switch result {
            case .success(let found):
                self.feed(.sourcesDescribed(group, asked: arns, found: found), to: worker, generation: generation)
            case .failure(let error):
                let trouble = Trouble(of: .describeSource, kind: group.kind, error)
                self.feed(.sourcesNotDescribed(group, asked: arns, trouble), to: worker, generation: generation)
            }
        }
    }

    /// Lists all manual snapshots at a destination.
    func listManual(
        in pool: SlotPool,
        for worker: SimulatedWorker,
        then: @escaping (Result<[Snapshot], AWSError>, Int) -> Void
    ) {
        self.describe(pool.kind, ["SnapshotType": "manual"], pool.destination.region, for: worker, then: then)
    }

    func survey(_ pool: SlotPool, for worker: SimulatedWorker) {
        let asked = self.now
        self.listManual(in: pool, for: worker) { [unowned self] result, generation in
            switch result {
            case .success(let all):
                let running = all.filter { $0.phase == .inProgress && $0.status.lowercased() != "creating" }
                self.observe(pool, running, asked: asked, for: worker, generation: generation)
            case .failure(let error):
                let trouble = Trouble(of: .describeTarget, kind: pool.kind, error)
                self.feed(.poolNotSurveyed(pool, trouble), to: worker, generation: generation)
            }
        }
    }

    func describeTargets(_ targets: [String], in pool: SlotPool, for worker: SimulatedWorker) {
        let asked = self.clock(of: worker)
        self.describe(targets, pool.kind, pool.destination.region, for: worker) { [unowned self] result, generation in
            switch result {
            case .success(let found):
                self.tell(pool, found, askedAt: asked, for: worker) { [unowned self] in
                    self.feed(.targetsDescribed(pool, asked: targets, found: found), to: worker, generation: generation)
                }
            case .failure(let error):
                let trouble = Trouble(of: .describeTarget, kind: pool.kind, error)
                self.feed(.targetsNotDescribed(pool, asked: targets, trouble), to: worker, generation: generation)
            }
        }
    }

    func start(_ request: CopyRequest, for worker: SimulatedWorker) {
        let kind = request.pool.kind
        let snapshot = kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        let tags = request.tags.sorted { $0.key < $1.key }.map { tag -> JSONValue in
            ["Key": .string(tag.key), "Value": .string(tag.value)]
        }
        let members: [String: JSONValue?] = [
            "Source\(snapshot)Identifier": .string(request.source.arn.description),
            "Target\(snapshot)Identifier": .string(request.target),
            "KmsKeyId": request.kmsKey.map { .string($0) },
            "Tags": tags.isEmpty ? nil : .array(tags),
            "OptionGroupName": request.optionGroup.map { .string($0) },
        ]
        let isAllowed = { [unowned self] in worker.core.mayStart(request.job, at: self.clock(of: worker)) }
        let region = request.pool.destination.region
        self.rds("Copy\(snapshot)", members, region, for: worker, whileAllowed: isAllowed) {
            [unowned self] result, generation in
            let started = result.flatMap { answer -> Result<Snapshot, AWSError> in
                guard let target = answer[snapshot].flatMap({ Snapshot($0, kind: kind) }) else {
                    return .failure(AWSError(.malformedAnswer, message: "no snapshot in the answer"))
                }
                return .success(target)
            }
            switch started {
            case .success(let target):
                self.feed(.copyStarted(request.job, target), to: worker, generation: generation)
            case .failure(let error):
                let trouble = Trouble(of: .copy, kind: kind, error)
                self.feed(.copyRejected(request.job, trouble), to: worker, generation: generation)
            }
        }
    }

    func deleteTarget(_ id: CopyJob.ID, _ target: String, for worker: SimulatedWorker) {
        let kind = id.source.kind
        let region = id.destination.region
        // Looked at once more, as the worker does: somebody may have started anew under the same name.
        self.describe([target], kind, region, for: worker) { [unowned self] result, generation in
            switch result {
            case .success(let found):
                guard self.mayDelete(found, copyOf: id.source) else {
                    return self.feed(.targetDeleted(id), to: worker, generation: generation)
                }
                self.deleteNow(id, target, for: worker)
            case .failure(let error):
                let trouble = Trouble(of: .deleteTarget, kind: kind, error)
                self.feed(.targetNotDeleted(id, trouble), to: worker, generation: generation)
            }
        }
    }

    private func mayDelete(_ found: [Snapshot], copyOf source: SnapshotARN) -> Bool {
        if self.scenario.mutation == .deletesWhatIsNotOurs { return true }
        return found.contains { $0.phase == .failed && TagMerge.marks($0.tags, copyOf: source) }
    }

    private func deleteNow(_ id: CopyJob.ID, _ target: String, for worker: SimulatedWorker) {
        let kind = id.source.kind
        let snapshot = kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        let members: [String: JSONValue?] = ["\(snapshot)Identifier": .string(target)]
        self.rds("Delete\(snapshot)", members, id.destination.region, for: worker) {
            [unowned self] result, generation in
            switch result {
            case .success: self.feed(.targetDeleted(id), to: worker, generation: generation)
            case .failure(let error):
                let trouble = Trouble(of: .deleteTarget, kind: kind, error)
                self.feed(.targetNotDeleted(id, trouble), to: worker, generation: generation)
            }
        }
    }
}

extension Snapshot {
    /// Reads a snapshot as RDS writes it, by way of the client's own shapes.
    fileprivate init?(_ json: JSONValue, kind: SnapshotKind) {
        let tags = (json["TagList"]?.array ?? []).compactMap { tag in
            tag["Key"]?.string.map { RDSClient.Tag(key: $0, value: tag["Value"]?.string ?? "") }
        }
        switch kind {
        case .instance:
            var snapshot = DBSnapshot()
            snapshot.dbSnapshotARN = json["DBSnapshotArn"]?.string
            snapshot.dbInstanceIdentifier = json["DBInstanceIdentifier"]?.string
            snapshot.status = json["Status"]?.string
            snapshot.percentProgress = json["PercentProgress"]?.lenientInt
            snapshot.snapshotType = json["SnapshotType"]?.string
            snapshot.engine = json["Engine"]?.string
            snapshot.encrypted = json["Encrypted"]?.lenientBool
            snapshot.kmsKeyID = json["KmsKeyId"]?.string
            snapshot.optionGroupName = json["OptionGroupName"]?.string
            snapshot.snapshotCreateTime = json["SnapshotCreateTime"]?.string.flatMap { Instant(iso8601: $0) }
            snapshot.originalSnapshotCreateTime = json["OriginalSnapshotCreateTime"]?.string.flatMap {
                Instant(iso8601: $0)
            }
            snapshot.sourceDBSnapshotIdentifier = json["SourceDBSnapshotIdentifier"]?.string
            snapshot.allocatedStorage = json["AllocatedStorage"]?.lenientInt
            snapshot.tagList = tags
            self.init(snapshot)
        case .cluster:
            var snapshot = DBClusterSnapshot()
            snapshot.dbClusterSnapshotARN = json["DBClusterSnapshotArn"]?.string
            snapshot.dbClusterIdentifier = json["DBClusterIdentifier"]?.string
            snapshot.status = json["Status"]?.string
            snapshot.percentProgress = json["PercentProgress"]?.lenientInt
            snapshot.snapshotType = json["SnapshotType"]?.string
            snapshot.engine = json["Engine"]?.string
            snapshot.storageEncrypted = json["StorageEncrypted"]?.lenientBool
            snapshot.kmsKeyID = json["KmsKeyId"]?.string
            snapshot.snapshotCreateTime = json["SnapshotCreateTime"]?.string.flatMap { Instant(iso8601: $0) }
            snapshot.sourceDBClusterSnapshotARN = json["SourceDBClusterSnapshotArn"]?.string
            snapshot.allocatedStorage = json["AllocatedStorage"]?.lenientInt
            snapshot.tagList = tags
            self.init(snapshot)
        }
    }
}
