// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSModel {
    // MARK: - Creating

    mutating func createSnapshot(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let place = call.place(kind)
        let identifier = try self.freeSnapshotIdentifier(
            try call.required(kind.snapshotParameter),
            parameter: kind.snapshotParameter,
            kind,
            call
        )
        let named = try call.required(kind.databaseParameter)
        guard let database = self.databases[place]?[named.lowercased()] else { throw kind.databaseNotFound(named) }
        guard database.cluster == nil else {
            throw .invalidValue(
                "The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use "
                    + "the CreateDBClusterSnapshot API instead."
            )
        }
        guard database.status == "available" else {
            throw kind.invalidDatabaseState(
                "Cannot create a snapshot because the database \(kind == .instance ? "instance" : "cluster") \(named) "
                    + "is not currently in the available state."
            )
        }
        var tags = try call.tags()
        if tags.isEmpty, database.copiesTags { tags = database.tags }
        try self.checkManualQuota(place)
        let snapshot = self.beginSnapshot(
            of: database,
            identifier: identifier,
            type: "manual",
            tags: tags,
            at: call.now
        )
        return [kind.snapshotElement: self.json(snapshot, at: call.now)]
    }

    /// Takes a snapshot that people can't ask RDS for: an automated one, or one of AWS Backup.
    ///
    /// `LocalCreateAutomatedSnapshot` takes `DBInstanceIdentifier` or `DBClusterIdentifier`, and if wanted
    /// `SnapshotType` (`automated` or `awsbackup`) and `Tags`, which may be reserved ones. Where a snapshot of the same minute exists,
    /// the next free minute names it.
    mutating func createAutomatedSnapshot(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let kind: RDSKind = call.text("DBClusterIdentifier") == nil ? .instance : .cluster
        let named = try call.required(kind.databaseParameter)
        guard let database = self.databases[call.place(kind)]?[named.lowercased()], database.cluster == nil else {
            throw kind.databaseNotFound(named)
        }
        let tags = RDSTag.unchecked(call.parameters["Tags"])
        let snapshot: RDSSnapshot
        if call.text("SnapshotType") == "awsbackup" {
            self.resourcesMade += 1
            let digest = Digest.hex(Digest.sha256(Array("awsbackup \(self.resourcesMade)".utf8)))
            snapshot = self.beginSnapshot(
                of: database,
                identifier: "awsbackup:job-" + KMSModel.uuid(digest),
                type: "awsbackup",
                tags: tags,
                at: call.now
            )
        } else {
            snapshot = self.beginAutomatedSnapshot(of: database, tags: tags, at: call.now)
        }
        return [kind.snapshotElement: self.json(snapshot, at: call.now)]
    }

    @discardableResult
    mutating func beginAutomatedSnapshot(of database: RDSDatabase, tags: [RDSTag], at now: Instant) -> RDSSnapshot {
        var minute = now
        var identifier = Self.automatedIdentifier(database.name.identifier, at: minute)
        while self.shelves[database.name.place]?[identifier] != nil {
            minute = minute + .seconds(60)
            identifier = Self.automatedIdentifier(database.name.identifier, at: minute)
        }
        var tags = tags
        if tags.isEmpty, database.copiesTags { tags = database.tags }
        return self.beginSnapshot(of: database, identifier: identifier, type: "automated", tags: tags, at: now)
    }

    /// `rds:orders-2026-11-21-03-10`.
    private static func automatedIdentifier(_ database: String, at moment: Instant) -> String {
        // 2026-11-21T03:10:05Z
        let minute = moment.iso8601.prefix(16).map { $0 == "T" || $0 == ":" ? "-" : $0 }
        return "rds:\(database)-" + String(minute)
    }

    @discardableResult
    mutating func beginSnapshot(
        of database: RDSDatabase,
        identifier: String,
        type: String,
        tags: [RDSTag],
        at now: Instant
    ) -> RDSSnapshot {
        let duration = self.settings.snapshotPace.duration(gibibytes: database.traits.allocatedStorage)
        self.resourcesMade += 1
        let name = RDSName(place: database.name.place, identifier: identifier)
        let snapshot = RDSSnapshot(
            name: name,
            arn: name.snapshotARN,
            database: database.name.identifier,
            traits: database.traits,
            type: type,
            status: "creating",
            created: now,
            originallyCreated: now,
            keyARN: database.keyARN,
            optionGroup: database.optionGroup,
            tags: tags,
            retention: database.retention,
            backupWindow: database.backupWindow,
            work: .init(token: self.resourcesMade, duration: duration, ending: .available, begun: now)
        )
        self.put(snapshot)
        self.timeline.plan(.workEnds(snapshot.name, token: self.resourcesMade), at: now + duration)
        self.raise(type == "automated" ? .creatingAutomated : .creatingManual, snapshot, at: now)
        return snapshot
    }

    /// Checks the name of a snapshot that is about to be.
    func freeSnapshotIdentifier(
        _ text: String,
        parameter: String,
        _ kind: RDSKind,
        _ call: RDSCall
    ) throws(ModelFailure) -> String {
        let identifier = try RDSIdentifier.checked(
            text,
            parameter: parameter,
            limit: kind.longestSnapshotIdentifier
        )
        guard self.shelves[call.place(kind)]?[identifier] == nil else { throw kind.snapshotExists(identifier) }
        return identifier
    }

    func checkManualQuota(_ place: RDSPlace) throws(ModelFailure) {
        let limit = self.settings.manualSnapshotLimit
        guard self.shelves[place]?.countedSnapshots ?? 0 < limit else {
            throw ModelFailure("SnapshotQuotaExceeded", "Cannot create more than \(limit) manual snapshots")
        }
    }

    // MARK: - Deleting

    mutating func deleteSnapshot(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let named = try call.required(kind.snapshotParameter)
        let place = call.place(kind)
        let identifier = Self.ownIdentifier(named, in: place)
        guard var snapshot = self.shelves[place]?[identifier] else { throw kind.snapshotNotFound(named) }
        guard snapshot.type == "manual" else {
            throw kind.invalidSnapshotState(
                "Only manual snapshots may be deleted; \(identifier) is of type \(snapshot.type)."
            )
        }
        // A copy may be deleted at any time, which cancels it; a snapshot that is being taken may not.
        guard snapshot.work == nil || snapshot.work?.copy != nil else {
            throw kind.invalidSnapshotState("Snapshot \(identifier) can't be deleted while it is \(snapshot.status).")
        }
        self.removeSnapshot(snapshot.name, at: call.now)
        snapshot.status = "deleted"
        return [kind.snapshotElement: self.json(snapshot, at: call.now)]
    }

    /// Removes a snapshot, cancels its copying and fails the copies that are being made of it.
    mutating func removeSnapshot(_ name: RDSName, at now: Instant) {
        guard let snapshot = self.shelves[name.place]?.remove(name.identifier) else { return }
        self.shared.remove(name)
        if self.isJournaled { self.touched.append(name) }
        if let copy = snapshot.work?.copy {
            self.note(copy, of: name, endedAs: "deleted", at: now)
            self.leave(copy.lane, name, at: now)
            self.raiseCopy(.canceled, snapshot, copy: copy, at: now)
        } else if snapshot.type == "manual" {
            self.raise(.deletedManual, snapshot, at: now)
        }
        if self.settings.deletingSourceFailsCopies { self.failCopies(of: name, at: now) }
    }

    /// Removes an automated snapshot whose retention is over.
    mutating func ageOut(_ name: RDSName, created: Instant, at now: Instant) {
        guard self.shelves[name.place]?[name.identifier]?.created == created else { return }
        self.removeSnapshot(name, at: now)
    }

    // MARK: - Shelves

    mutating func put(_ snapshot: RDSSnapshot) {
        self.shelves[snapshot.name.place, default: RDSShelf()].put(snapshot)
        if self.isJournaled { self.touched.append(snapshot.name) }
    }

    func snapshot(_ name: RDSName) -> RDSSnapshot? { self.shelves[name.place]?[name.identifier] }

    /// The identifier that a caller means, who may have written an ARN of the same place.
    static func ownIdentifier(_ text: String, in place: RDSPlace) -> String {
        guard let arn = RDSARN(text), arn.account == place.account, arn.region == place.region,
            arn.resource == place.kind.snapshotResource
        else { return text.lowercased() }
        return arn.identifier
    }

    // MARK: - Writing

    /// Writes a snapshot as RDS shows it.
    ///
    /// To a `viewer`, who may be of another account, that account's snapshots show neither short names nor tags.
    func json(_ snapshot: RDSSnapshot, at now: Instant, viewer: String? = nil) -> JSONValue {
        let traits = snapshot.traits
        let isForeign = viewer.map { $0 != snapshot.name.place.account } ?? false
        let identifier = isForeign ? snapshot.arn : snapshot.identifier
        let type = isForeign ? (snapshot.sharedWith.contains("all") ? "public" : "shared") : snapshot.type
        var members: [String: JSONValue?] = [
            snapshot.kind.snapshotParameter: .string(identifier),
            snapshot.kind.databaseParameter: .string(snapshot.database),
            snapshot.kind.snapshotElement + "Arn": .string(snapshot.arn),
            "SnapshotCreateTime": .string(snapshot.created.iso8601),
            "Engine": .string(traits.engine), "EngineVersion": .string(traits.engineVersion),
            "LicenseModel": .string(traits.licenseModel),
            "AllocatedStorage": .integer(Int64(traits.allocatedStorage)), "StorageType": .string(traits.storageType),
            "Status": .string(snapshot.status), "PercentProgress": .integer(Int64(snapshot.progress(at: now))),
            "SnapshotType": .string(type), "Port": .integer(Int64(traits.port)),
            "MasterUsername": .string(traits.masterUsername), "VpcId": "vpc-0local",
            "KmsKeyId": snapshot.keyARN.map { .string($0) },
            "StorageEncryptionType": snapshot.isEncrypted ? "sse-kms" : "none",
            "IAMDatabaseAuthenticationEnabled": false, "BackupRetentionPeriod": .integer(Int64(snapshot.retention)),
            "PreferredBackupWindow": .string(snapshot.backupWindow),
            "TagList": .array(isForeign ? [] : snapshot.tags.map { $0.json }),
        ]
        switch snapshot.kind {
        case .instance: members.merge(self.instanceMembers(snapshot)) { $1 }
        case .cluster: members.merge(self.clusterMembers(snapshot)) { $1 }
        }
        return .compact(members)
    }

    private func instanceMembers(_ snapshot: RDSSnapshot) -> [String: JSONValue?] {
        let traits = snapshot.traits
        // Instances name their source only where it is in another account or Region.
        let source = snapshot.sourceARN.flatMap { RDSARN($0) }
        let place = snapshot.name.place
        let isFromElsewhere = source.map { $0.region != place.region || $0.account != place.account } ?? false
        return [
            "OriginalSnapshotCreateTime": .string(snapshot.originallyCreated.iso8601),
            "SnapshotDatabaseTime": .string(snapshot.originallyCreated.iso8601),
            "InstanceCreateTime": .string(traits.databaseCreated.iso8601),
            "AvailabilityZone": .string(place.region + "a"),
            "Encrypted": .bool(snapshot.isEncrypted), "DbiResourceId": .string(traits.resourceID),
            "OptionGroupName": snapshot.optionGroup.map { .string($0) }, "SnapshotTarget": "region",
            "Iops": traits.iops.map { .integer(Int64($0)) }, "DedicatedLogVolume": false,
            "SourceDBSnapshotIdentifier": isFromElsewhere ? snapshot.sourceARN.map { .string($0) } : nil,
            "SourceRegion": isFromElsewhere ? snapshot.sourceRegion.map { .string($0) } : nil,
        ]
    }

    private func clusterMembers(_ snapshot: RDSSnapshot) -> [String: JSONValue?] {
        let region = snapshot.name.place.region
        return [
            "ClusterCreateTime": .string(snapshot.traits.databaseCreated.iso8601),
            "AvailabilityZones": .array(["a", "b", "c"].map { .string(region + $0) }),
            "StorageEncrypted": .bool(snapshot.isEncrypted),
            "DbClusterResourceId": .string(snapshot.traits.resourceID),
            "EngineMode": .string(snapshot.traits.engineMode),
            "SourceDBClusterSnapshotArn": snapshot.sourceARN.map { .string($0) },
        ]
    }
}
