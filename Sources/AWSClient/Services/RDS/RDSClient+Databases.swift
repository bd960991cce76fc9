// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension RDSClient {
    /// A database to make, instance or cluster; the least that the demo needs.
    package struct NewDatabase: Hashable, Sendable {
        package var identifier: String
        package var engine: String
        package var engineVersion: String?
        /// `db.t3.micro`, …; instances only.
        package var instanceClass: String
        /// In GiB; instances only.
        package var allocatedStorage: Int
        package var masterUsername: String
        /// A secret.
        package var masterUserPassword: String
        package var storageEncrypted: Bool
        package var kmsKeyID: String?
        /// In days.
        package var backupRetentionPeriod: Int?
        /// When the daily snapshot is taken, UTC: `03:10-03:40`; `nil` leaves it to RDS.
        package var preferredBackupWindow: String?
        package var tags: [Tag]

        /// Makes a description.
        package init(
            identifier: String,
            engine: String,
            engineVersion: String? = nil,
            instanceClass: String = "db.t3.micro",
            allocatedStorage: Int = 20,
            masterUsername: String = "admin",
            masterUserPassword: String,
            storageEncrypted: Bool = false,
            kmsKeyID: String? = nil,
            backupRetentionPeriod: Int? = nil,
            preferredBackupWindow: String? = nil,
            tags: [Tag] = []
        ) {
            self.identifier = identifier
            self.engine = engine
            self.engineVersion = engineVersion
            self.instanceClass = instanceClass
            self.allocatedStorage = allocatedStorage
            self.masterUsername = masterUsername
            self.masterUserPassword = masterUserPassword
            self.storageEncrypted = storageEncrypted
            self.kmsKeyID = kmsKeyID
            self.backupRetentionPeriod = backupRetentionPeriod
            self.preferredBackupWindow = preferredBackupWindow
            self.tags = tags
        }
    }

    /// Makes a DB instance.
    package func createDBInstance(_ database: NewDatabase) async throws(AWSError) -> DBInstance {
        var form = Self.form("CreateDBInstance")
        form.add("DBInstanceIdentifier", database.identifier)
        form.add("DBInstanceClass", database.instanceClass)
        form.add("AllocatedStorage", database.allocatedStorage)
        Self.add(database, to: &form)
        return try await self.call(form) { (result) throws(AWSError) in
            guard let node = result["DBInstance"] else { throw .missing("DBInstance", in: "CreateDBInstance") }
            return DBInstance(node)
        }
    }

    /// Makes a DB cluster.
    ///
    /// - Parameters:
    ///   - database: What it is like.
    ///   - allocatedStorage: In GiB, for Multi-AZ clusters and embedded ones; `nil` for Aurora, which grows by itself.
    /// - Returns: The cluster.
    /// - Throws: ``AWSError``.
    package func createDBCluster(
        _ database: NewDatabase,
        allocatedStorage: Int? = nil
    ) async throws(AWSError) -> DBCluster {
        var form = Self.form("CreateDBCluster")
        form.add("DBClusterIdentifier", database.identifier)
        form.add("AllocatedStorage", allocatedStorage)
        Self.add(database, to: &form)
        return try await self.call(form) { (result) throws(AWSError) in
            guard let node = result["DBCluster"] else { throw .missing("DBCluster", in: "CreateDBCluster") }
            return DBCluster(node)
        }
    }

    private static func add(_ database: NewDatabase, to form: inout QueryForm) {
        form.add("Engine", database.engine)
        form.add("EngineVersion", database.engineVersion)
        form.add("MasterUsername", database.masterUsername)
        form.add("MasterUserPassword", database.masterUserPassword)
        form.add("StorageEncrypted", database.storageEncrypted)
        form.add("KmsKeyId", database.kmsKeyID)
        form.add("BackupRetentionPeriod", database.backupRetentionPeriod)
        form.add("PreferredBackupWindow", database.preferredBackupWindow)
        form.add(database.tags)
    }
}
