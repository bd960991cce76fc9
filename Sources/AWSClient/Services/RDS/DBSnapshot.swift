// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A snapshot of a DB instance, as RDS describes it, as far as its copies matter.
///
/// Anything may be missing from an answer.
package struct DBSnapshot: Hashable, Sendable {
    package var dbSnapshotIdentifier: String?
    package var dbSnapshotARN: String?
    package var dbInstanceIdentifier: String?
    /// `available`, `creating`, `copying`, `pending`, `failed`, and so on.
    package var status: String?
    /// 0 to 100.
    package var percentProgress: Int?
    /// `automated`, `manual`, `shared`, `public` or `awsbackup`.
    package var snapshotType: String?
    /// When this copy was made; changes with every copy.
    package var snapshotCreateTime: Instant?
    /// When the data was taken; the same on every copy.
    package var originalSnapshotCreateTime: Instant?
    /// The ARN a copy across Regions or accounts was made from.
    package var sourceDBSnapshotIdentifier: String?
    package var engine: String?
    /// In GiB.
    package var allocatedStorage: Int?
    package var encrypted: Bool?
    /// The ARN of the key.
    package var kmsKeyID: String?
    package var optionGroupName: String?
    package var tagList: [RDSClient.Tag]

    /// Makes an empty one, to be filled by tests and doubles.
    package init() {
        self.dbSnapshotIdentifier = nil
        self.dbSnapshotARN = nil
        self.dbInstanceIdentifier = nil
        self.status = nil
        self.percentProgress = nil
        self.snapshotType = nil
        self.snapshotCreateTime = nil
        self.originalSnapshotCreateTime = nil
        self.sourceDBSnapshotIdentifier = nil
        self.engine = nil
        self.allocatedStorage = nil
        self.encrypted = nil
        self.kmsKeyID = nil
        self.optionGroupName = nil
        self.tagList = []
    }

    init(_ node: XMLNode) {
        self.dbSnapshotIdentifier = node.string("DBSnapshotIdentifier")
        self.dbSnapshotARN = node.string("DBSnapshotArn")
        self.dbInstanceIdentifier = node.string("DBInstanceIdentifier")
        self.status = node.string("Status")
        self.percentProgress = node.int("PercentProgress")
        self.snapshotType = node.string("SnapshotType")
        self.snapshotCreateTime = node.instant("SnapshotCreateTime")
        self.originalSnapshotCreateTime = node.instant("OriginalSnapshotCreateTime")
        self.sourceDBSnapshotIdentifier = node.string("SourceDBSnapshotIdentifier")
        self.engine = node.string("Engine")
        self.allocatedStorage = node.int("AllocatedStorage")
        self.encrypted = node.bool("Encrypted")
        self.kmsKeyID = node.string("KmsKeyId")
        self.optionGroupName = node.string("OptionGroupName")
        self.tagList = node.tagList
    }
}
