// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A snapshot of a DB cluster, as RDS describes it, as far as its copies matter.
///
/// Its fields differ from an instance's: there is no original creation time, no source Region and no option group, and
/// encryption has another name. Anything may be missing from an answer.
package struct DBClusterSnapshot: Hashable, Sendable {
    package var dbClusterSnapshotIdentifier: String?
    package var dbClusterSnapshotARN: String?
    package var dbClusterIdentifier: String?
    /// `available`, `creating`, `copying`, `failed`, and so on.
    package var status: String?
    /// 0 to 100.
    package var percentProgress: Int?
    /// `automated`, `manual`, `shared` or `public`.
    package var snapshotType: String?
    /// When this copy was made; changes with every copy.
    package var snapshotCreateTime: Instant?
    /// The ARN a copy was made from.
    package var sourceDBClusterSnapshotARN: String?
    package var engine: String?
    /// In GiB.
    package var allocatedStorage: Int?
    package var storageEncrypted: Bool?
    /// The ARN of the key.
    package var kmsKeyID: String?
    package var tagList: [RDSClient.Tag]

    /// Makes an empty one, to be filled by tests and doubles.
    package init() {
        self.dbClusterSnapshotIdentifier = nil
        self.dbClusterSnapshotARN = nil
        self.dbClusterIdentifier = nil
        self.status = nil
        self.percentProgress = nil
        self.snapshotType = nil
        self.snapshotCreateTime = nil
        self.sourceDBClusterSnapshotARN = nil
        self.engine = nil
        self.allocatedStorage = nil
        self.storageEncrypted = nil
        self.kmsKeyID = nil
        self.tagList = []
    }

    init(_ node: XMLNode) {
        self.dbClusterSnapshotIdentifier = node.string("DBClusterSnapshotIdentifier")
        self.dbClusterSnapshotARN = node.string("DBClusterSnapshotArn")
        self.dbClusterIdentifier = node.string("DBClusterIdentifier")
        self.status = node.string("Status")
        self.percentProgress = node.int("PercentProgress")
        self.snapshotType = node.string("SnapshotType")
        self.snapshotCreateTime = node.instant("SnapshotCreateTime")
        self.sourceDBClusterSnapshotARN = node.string("SourceDBClusterSnapshotArn")
        self.engine = node.string("Engine")
        self.allocatedStorage = node.int("AllocatedStorage")
        self.storageEncrypted = node.bool("StorageEncrypted")
        self.kmsKeyID = node.string("KmsKeyId")
        self.tagList = node.tagList
    }
}
