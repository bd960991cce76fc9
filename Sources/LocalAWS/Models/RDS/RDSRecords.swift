// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Where databases and snapshots of one kind live.
struct RDSPlace: Hashable, Sendable {
    var account: String
    var region: String
    var kind: RDSKind

    /// By everything; a kind by itself and not by its text, since places are part of many keys.
    func hash(into hasher: inout Hasher) {
        hasher.combine(self.account)
        hasher.combine(self.region)
        hasher.combine(self.kind == .cluster)
    }
}

/// The name of one database or one snapshot.
struct RDSName: Hashable, Sendable {
    var place: RDSPlace
    var identifier: String
}

/// What a snapshot keeps of its database; it never changes, so snapshots and copies share it.
final class RDSTraits: Sendable {
    let engine: String
    let engineVersion: String
    let engineMode: String
    let licenseModel: String
    /// GiB.
    let allocatedStorage: Int
    let storageType: String
    let iops: Int?
    let port: Int
    let masterUsername: String
    let databaseCreated: Instant
    /// `db-…` or `cluster-…`: never used again, also after the database's own name was.
    let resourceID: String

    init(_ parameters: JSONValue, engine: String, kind: RDSKind, resourceID: String, created: Instant) {
        let isPostgres = engine.contains("postgres")
        self.engine = engine
        self.engineVersion = parameters["EngineVersion"]?.string ?? (isPostgres ? "16.4" : "8.0.39")
        self.engineMode = parameters["EngineMode"]?.string ?? "provisioned"
        self.licenseModel =
            parameters["LicenseModel"]?.string ?? (isPostgres ? "postgresql-license" : "general-public-license")
        self.allocatedStorage = parameters["AllocatedStorage"]?.lenientInt ?? (kind == .instance ? 20 : 10)
        self.storageType = parameters["StorageType"]?.string ?? (kind == .instance ? "gp3" : "aurora")
        self.iops = parameters["Iops"]?.lenientInt
        self.port = parameters["Port"]?.lenientInt ?? (isPostgres ? 5432 : 3306)
        self.masterUsername = parameters["MasterUsername"]?.string ?? "admin"
        self.databaseCreated = created
        self.resourceID = resourceID
    }
}

/// A DB instance or a DB cluster.
struct RDSDatabase: Sendable {
    var name: RDSName
    var traits: RDSTraits
    /// `creating`, `available`, `deleting`.
    var status: String
    var instanceClass: String
    /// The cluster that an instance is a member of.
    var cluster: String?
    var keyARN: String?
    var optionGroup: String?
    var tags: [RDSTag]
    var copiesTags: Bool
    var isProtected: Bool
    /// Days; 0 for no automated backups.
    var retention: Int
    /// `03:00-03:30`, UTC.
    var backupWindow: String

    var arn: String { RDSARN(self.name, resource: self.name.place.kind.databaseResource).description }
}

/// A snapshot of either kind.
struct RDSSnapshot: Sendable {
    /// What has yet to be done before a snapshot is of use.
    struct Work: Sendable {
        enum Ending: Sendable {
            case available, failed, never
        }

        /// Tells this work from any earlier one of a snapshot of the same name.
        var token: Int
        var duration: Duration
        var ending: Ending
        /// `nil` while copies of the same database are before it.
        var begun: Instant?
        /// `nil` unless this is a copy.
        var copy: Copy?
    }

    /// Where a copy comes from.
    struct Copy: Sendable {
        var source: RDSName
        var lane: RDSLane
        /// When the copy was asked for.
        var requested: Instant
    }

    let name: RDSName
    /// Kept rather than put together, since it is asked for all the time.
    let arn: String
    var database: String
    var traits: RDSTraits
    /// `manual`, `automated`, `awsbackup`.
    var type: String
    /// `creating`, `pending`, `copying`, `available`, `failed`.
    var status: String
    /// What `PercentProgress` shows once there is no work left.
    var finalProgress = 100
    /// Its own time, which for a copy is that of the copy.
    var created: Instant
    /// That of the first snapshot in a row of copies.
    var originallyCreated: Instant
    var keyARN: String?
    var optionGroup: String?
    var tags: [RDSTag]
    var retention: Int
    var backupWindow: String
    /// Accounts that may restore and copy it; `all` makes it public.
    var sharedWith: [String] = []
    /// The snapshot that it was copied from.
    var sourceARN: String?
    var sourceRegion: String?
    var work: Work?

    var kind: RDSKind { self.name.place.kind }
    var identifier: String { self.name.identifier }
    var isEncrypted: Bool { self.keyARN != nil }
    /// AWS Backup's snapshots count towards no quota of RDS.
    var countsTowardsQuota: Bool { self.type == "manual" }

    /// Whether a copy out of another Region is still being made.
    var isRemoteCopyInProgress: Bool {
        guard let copy = self.work?.copy else { return false }
        return copy.source.place.region != self.name.place.region
    }

    /// Whole percent: 0 while queued, 99 at most until done.
    func progress(at now: Instant) -> Int {
        guard let work = self.work else { return self.finalProgress }
        guard let begun = work.begun, now > begun else { return 0 }
        let share = min(begun.duration(to: now) / max(work.duration, .microseconds(1)), 0.99)
        return work.ending == .never ? min(Int(share * 100), 42) : Int(share * 100)
    }
}

/// The queue of the copies of one database into one place: they are made one after the other.
struct RDSLane: Hashable, Sendable {
    var sourceAccount: String
    var sourceRegion: String
    var database: String
    var destination: RDSPlace
}

extension RDSName {
    /// The ARN of a snapshot of this name.
    var snapshotARN: String { RDSARN(self, resource: self.place.kind.snapshotResource).description }
}

extension RDSARN {
    init(_ name: RDSName, resource: String) {
        self.init(
            region: name.place.region,
            account: name.place.account,
            resource: resource,
            identifier: name.identifier
        )
    }
}
