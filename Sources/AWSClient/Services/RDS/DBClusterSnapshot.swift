// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A snapshot of a DB cluster, as RDS describes it.
///
/// Its fields differ from an instance's: there is no original creation time, no source Region and no option group, and
/// encryption has another name. Anything may be missing from an answer.
package struct DBClusterSnapshot: Hashable, Sendable {
    package var dbClusterSnapshotIdentifier: String?
    package var dbClusterSnapshotARN: String?
    package var dbClusterIdentifier: String?
    /// Stays with the cluster when it is renamed.
    package var dbClusterResourceID: String?
    /// `available`, `creating`, `copying`, `failed`, and so on.
    package var status: String?
    /// 0 to 100.
    package var percentProgress: Int?
    /// `automated`, `manual`, `shared` or `public`.
    package var snapshotType: String?
    /// When this copy was made; changes with every copy.
    package var snapshotCreateTime: Instant?
    package var clusterCreateTime: Instant?
    /// The ARN a copy was made from.
    package var sourceDBClusterSnapshotARN: String?
    package var engine: String?
    package var engineMode: String?
    package var engineVersion: String?
    package var licenseModel: String?
    /// In GiB.
    package var allocatedStorage: Int?
    package var storageType: String?
    /// In MiB a second.
    package var storageThroughput: Int?
    package var storageEncrypted: Bool?
    /// `none`, `sse-kms` or `sse-rds`.
    package var storageEncryptionType: String?
    /// The ARN of the key.
    package var kmsKeyID: String?
    package var availabilityZones: [String]
    package var vpcID: String?
    package var port: Int?
    package var masterUsername: String?
    package var tagList: [RDSClient.Tag]

    /// Makes an empty one, to be filled by tests and doubles.
    package init() {
        self.dbClusterSnapshotIdentifier = nil
        self.dbClusterSnapshotARN = nil
        self.dbClusterIdentifier = nil
        self.dbClusterResourceID = nil
        self.status = nil
        self.percentProgress = nil
        self.snapshotType = nil
        self.snapshotCreateTime = nil
        self.clusterCreateTime = nil
        self.sourceDBClusterSnapshotARN = nil
        self.engine = nil
        self.engineMode = nil
        self.engineVersion = nil
        self.licenseModel = nil
        self.allocatedStorage = nil
        self.storageType = nil
        self.storageThroughput = nil
        self.storageEncrypted = nil
        self.storageEncryptionType = nil
        self.kmsKeyID = nil
        self.availabilityZones = []
        self.vpcID = nil
        self.port = nil
        self.masterUsername = nil
        self.tagList = []
    }

    init(_ node: XMLNode) {
        self.dbClusterSnapshotIdentifier = node.string("DBClusterSnapshotIdentifier")
        self.dbClusterSnapshotARN = node.string("DBClusterSnapshotArn")
        self.dbClusterIdentifier = node.string("DBClusterIdentifier")
        self.dbClusterResourceID = node.string("DbClusterResourceId")
        self.status = node.string("Status")
        self.percentProgress = node.int("PercentProgress")
        self.snapshotType = node.string("SnapshotType")
        self.snapshotCreateTime = node.instant("SnapshotCreateTime")
        self.clusterCreateTime = node.instant("ClusterCreateTime")
        self.sourceDBClusterSnapshotARN = node.string("SourceDBClusterSnapshotArn")
        self.engine = node.string("Engine")
        self.engineMode = node.string("EngineMode")
        self.engineVersion = node.string("EngineVersion")
        self.licenseModel = node.string("LicenseModel")
        self.allocatedStorage = node.int("AllocatedStorage")
        self.storageType = node.string("StorageType")
        self.storageThroughput = node.int("StorageThroughput")
        self.storageEncrypted = node.bool("StorageEncrypted")
        self.storageEncryptionType = node.string("StorageEncryptionType")
        self.kmsKeyID = node.string("KmsKeyId")
        self.availabilityZones = node.list("AvailabilityZones", of: "AvailabilityZone").map(\.text)
        self.vpcID = node.string("VpcId")
        self.port = node.int("Port")
        self.masterUsername = node.string("MasterUsername")
        self.tagList = node.tagList
    }
}
