// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A DB instance, as far as its snapshots matter.
package struct DBInstance: Hashable, Sendable {
    package var dbInstanceIdentifier: String?
    package var dbInstanceARN: String?
    package var dbInstanceStatus: String?
    package var dbiResourceID: String?
    /// The cluster it is a member of; `nil` for an instance of its own.
    package var dbClusterIdentifier: String?
    package var engine: String?
    package var engineVersion: String?
    /// In GiB.
    package var allocatedStorage: Int?
    /// In days; 0 when automated backups are off.
    package var backupRetentionPeriod: Int?
    /// `hh24:mi-hh24:mi`, in UTC.
    package var preferredBackupWindow: String?
    package var storageEncrypted: Bool?
    package var kmsKeyID: String?
    package var instanceCreateTime: Instant?
    package var tagList: [RDSClient.Tag]

    /// Makes an empty one, to be filled by tests and doubles.
    package init() {
        self.instanceCreateTime = nil
        self.dbInstanceIdentifier = nil
        self.dbInstanceARN = nil
        self.dbInstanceStatus = nil
        self.dbiResourceID = nil
        self.dbClusterIdentifier = nil
        self.engine = nil
        self.engineVersion = nil
        self.allocatedStorage = nil
        self.backupRetentionPeriod = nil
        self.preferredBackupWindow = nil
        self.storageEncrypted = nil
        self.kmsKeyID = nil
        self.tagList = []
    }

    init(_ node: XMLNode) {
        self.dbInstanceIdentifier = node.string("DBInstanceIdentifier")
        self.dbInstanceARN = node.string("DBInstanceArn")
        self.dbInstanceStatus = node.string("DBInstanceStatus")
        self.dbiResourceID = node.string("DbiResourceId")
        self.dbClusterIdentifier = node.string("DBClusterIdentifier")
        self.engine = node.string("Engine")
        self.engineVersion = node.string("EngineVersion")
        self.allocatedStorage = node.int("AllocatedStorage")
        self.backupRetentionPeriod = node.int("BackupRetentionPeriod")
        self.preferredBackupWindow = node.string("PreferredBackupWindow")
        self.storageEncrypted = node.bool("StorageEncrypted")
        self.kmsKeyID = node.string("KmsKeyId")
        self.instanceCreateTime = node.instant("InstanceCreateTime")
        self.tagList = node.tagList
    }
}

/// A DB cluster, as far as its snapshots matter.
package struct DBCluster: Hashable, Sendable {
    package var dbClusterIdentifier: String?
    package var dbClusterARN: String?
    package var status: String?
    package var dbClusterResourceID: String?
    package var engine: String?
    package var engineVersion: String?
    /// In GiB.
    package var allocatedStorage: Int?
    /// In days.
    package var backupRetentionPeriod: Int?
    /// `hh24:mi-hh24:mi`, in UTC.
    package var preferredBackupWindow: String?
    package var storageEncrypted: Bool?
    package var kmsKeyID: String?
    package var clusterCreateTime: Instant?
    package var tagList: [RDSClient.Tag]

    /// Makes an empty one, to be filled by tests and doubles.
    package init() {
        self.clusterCreateTime = nil
        self.dbClusterIdentifier = nil
        self.dbClusterARN = nil
        self.status = nil
        self.dbClusterResourceID = nil
        self.engine = nil
        self.engineVersion = nil
        self.allocatedStorage = nil
        self.backupRetentionPeriod = nil
        self.preferredBackupWindow = nil
        self.storageEncrypted = nil
        self.kmsKeyID = nil
        self.tagList = []
    }

    init(_ node: XMLNode) {
        self.dbClusterIdentifier = node.string("DBClusterIdentifier")
        self.dbClusterARN = node.string("DBClusterArn")
        self.status = node.string("Status")
        self.dbClusterResourceID = node.string("DbClusterResourceId")
        self.engine = node.string("Engine")
        self.engineVersion = node.string("EngineVersion")
        self.allocatedStorage = node.int("AllocatedStorage")
        self.backupRetentionPeriod = node.int("BackupRetentionPeriod")
        self.preferredBackupWindow = node.string("PreferredBackupWindow")
        self.storageEncrypted = node.bool("StorageEncrypted")
        self.kmsKeyID = node.string("KmsKeyId")
        self.clusterCreateTime = node.instant("ClusterCreateTime")
        self.tagList = node.tagList
    }
}
