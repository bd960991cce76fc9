// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A snapshot of a DB instance, as RDS describes it.
///
/// Anything may be missing from an answer.
package struct DBSnapshot: Hashable, Sendable {
    package var dbSnapshotIdentifier: String?
    package var dbSnapshotARN: String?
    package var dbInstanceIdentifier: String?
    /// Stays with the instance when it is renamed.
    package var dbiResourceID: String?
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
    /// The time of the last transaction in the backup.
    package var snapshotDatabaseTime: Instant?
    package var instanceCreateTime: Instant?
    /// Where a copy came from.
    package var sourceRegion: String?
    /// The ARN a copy across Regions or accounts was made from.
    package var sourceDBSnapshotIdentifier: String?
    package var engine: String?
    package var engineVersion: String?
    package var licenseModel: String?
    /// In GiB.
    package var allocatedStorage: Int?
    package var storageType: String?
    package var iops: Int?
    /// In MiB a second.
    package var storageThroughput: Int?
    package var encrypted: Bool?
    /// `none`, `sse-kms` or `sse-rds`.
    package var storageEncryptionType: String?
    /// The ARN of the key.
    package var kmsKeyID: String?
    package var optionGroupName: String?
    package var tdeCredentialARN: String?
    /// `local`, `outposts` or `region`.
    package var snapshotTarget: String?
    package var availabilityZone: String?
    package var vpcID: String?
    package var port: Int?
    package var masterUsername: String?
    package var timezone: String?
    package var multiTenant: Bool?
    package var tagList: [RDSClient.Tag]

    /// Makes an empty one, to be filled by tests and doubles.
    package init() {
        self.dbSnapshotIdentifier = nil
        self.dbSnapshotARN = nil
        self.dbInstanceIdentifier = nil
        self.dbiResourceID = nil
        self.status = nil
        self.percentProgress = nil
        self.snapshotType = nil
        self.snapshotCreateTime = nil
        self.originalSnapshotCreateTime = nil
        self.snapshotDatabaseTime = nil
        self.instanceCreateTime = nil
        self.sourceRegion = nil
        self.sourceDBSnapshotIdentifier = nil
        self.engine = nil
        self.engineVersion = nil
        self.licenseModel = nil
        self.allocatedStorage = nil
        self.storageType = nil
        self.iops = nil
        self.storageThroughput = nil
        self.encrypted = nil
        self.storageEncryptionType = nil
        self.kmsKeyID = nil
        self.optionGroupName = nil
        self.tdeCredentialARN = nil
        self.snapshotTarget = nil
        self.availabilityZone = nil
        self.vpcID = nil
        self.port = nil
        self.masterUsername = nil
        self.timezone = nil
        self.multiTenant = nil
        self.tagList = []
    }

    init(_ node: XMLNode) {
        self.dbSnapshotIdentifier = node.string("DBSnapshotIdentifier")
        self.dbSnapshotARN = node.string("DBSnapshotArn")
        self.dbInstanceIdentifier = node.string("DBInstanceIdentifier")
        self.dbiResourceID = node.string("DbiResourceId")
        self.status = node.string("Status")
        self.percentProgress = node.int("PercentProgress")
        self.snapshotType = node.string("SnapshotType")
        self.snapshotCreateTime = node.instant("SnapshotCreateTime")
        self.originalSnapshotCreateTime = node.instant("OriginalSnapshotCreateTime")
        self.snapshotDatabaseTime = node.instant("SnapshotDatabaseTime")
        self.instanceCreateTime = node.instant("InstanceCreateTime")
        self.sourceRegion = node.string("SourceRegion")
        self.sourceDBSnapshotIdentifier = node.string("SourceDBSnapshotIdentifier")
        self.engine = node.string("Engine")
        self.engineVersion = node.string("EngineVersion")
        self.licenseModel = node.string("LicenseModel")
        self.allocatedStorage = node.int("AllocatedStorage")
        self.storageType = node.string("StorageType")
        self.iops = node.int("Iops")
        self.storageThroughput = node.int("StorageThroughput")
        self.encrypted = node.bool("Encrypted")
        self.storageEncryptionType = node.string("StorageEncryptionType")
        self.kmsKeyID = node.string("KmsKeyId")
        self.optionGroupName = node.string("OptionGroupName")
        self.tdeCredentialARN = node.string("TdeCredentialArn")
        self.snapshotTarget = node.string("SnapshotTarget")
        self.availabilityZone = node.string("AvailabilityZone")
        self.vpcID = node.string("VpcId")
        self.port = node.int("Port")
        self.masterUsername = node.string("MasterUsername")
        self.timezone = node.string("Timezone")
        self.multiTenant = node.bool("MultiTenant")
        self.tagList = node.tagList
    }
}
