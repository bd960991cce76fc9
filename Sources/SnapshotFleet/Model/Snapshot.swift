// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// A snapshot as RDS describes it, the two kinds in one shape.
package struct Snapshot: Hashable, Sendable {
    /// How RDS came to have it.
    package enum Origin: String, Hashable, Sendable, CaseIterable {
        case automated, manual, shared, `public`, awsbackup
    }

    package var arn: SnapshotARN
    /// The database: a DB instance's or a DB cluster's identifier.
    package var database: String
    /// `available`, `creating`, `copying`, `failed`, … as RDS spells it.
    package var status: String
    /// 0 to 100; `nil` where RDS says nothing.
    package var percentProgress: Int?
    /// `nil` for a value of `SnapshotType` that is new to us.
    package var origin: Origin?
    package var engine: String
    package var isEncrypted: Bool
    /// The key's ARN; `nil` when unencrypted.
    package var kmsKeyID: String?
    /// Instances only.
    package var optionGroup: String?
    package var tags: [String: String]
    /// The tags of the DB instance or DB cluster, empty where that is gone; `nil` where nobody asked for them.
    package var databaseTags: [String: String]?
    /// When this snapshot, or this copy, was made.
    package var createdAt: Instant?
    /// When the data was taken; `nil` for clusters, where RDS does not say.
    ///
    /// Unlike ``createdAt`` it does not change on a copy.
    package var originalCreatedAt: Instant?
    /// The snapshot this is a copy of; RDS gives it only for copies across Regions or accounts.
    package var sourceARN: String?
    /// Allocated storage in GiB; `nil` where RDS says nothing.
    package var sizeGiB: Int?

    package init(
        arn: SnapshotARN,
        database: String,
        status: String,
        percentProgress: Int? = nil,
        origin: Origin? = .manual,
        engine: String = "",
        isEncrypted: Bool = false,
        kmsKeyID: String? = nil,
        optionGroup: String? = nil,
        tags: [String: String] = [:],
        createdAt: Instant? = nil,
        originalCreatedAt: Instant? = nil,
        sourceARN: String? = nil,
        sizeGiB: Int? = nil
    ) {
        self.arn = arn
        self.database = database
        self.status = status
        self.percentProgress = percentProgress
        self.origin = origin
        self.engine = engine
        self.isEncrypted = isEncrypted
        self.kmsKeyID = kmsKeyID
        self.optionGroup = optionGroup
        self.tags = tags
        self.createdAt = createdAt
        self.originalCreatedAt = originalCreatedAt
        self.sourceARN = sourceARN
        self.sizeGiB = sizeGiB
    }

    /// Where a snapshot stands, as far as it matters to a copy.
    package enum Phase: Hashable, Sendable {
        /// Whole and usable.
        case available
        /// On its way, whatever RDS calls it: new names for "not yet" must not look like failures.
        case inProgress
        /// It will not become available.
        case failed
    }

    /// Source: botocore's waiters `DBSnapshotAvailable` and `DBClusterSnapshotAvailable` for the states that end in
    /// failure.
    package var phase: Phase {
        // Nearly always so, and asked for all the time.
        if self.status == "available" { return .available }
        switch self.status.lowercased() {
        case "available": return .available
        case "failed", "deleting", "deleted", "incompatible-restore", "incompatible-parameters": return .failed
        default: return .inProgress
        }
    }
}
