// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The two families of databases and their snapshots, with everything that RDS spells differently for them.
package enum RDSKind: String, Hashable, Sendable, CaseIterable {
    case instance, cluster

    /// The element that holds a snapshot: `DBSnapshot`.
    var snapshotElement: String { self == .instance ? "DBSnapshot" : "DBClusterSnapshot" }
    /// The element that holds a database: `DBInstance`.
    var databaseElement: String { self == .instance ? "DBInstance" : "DBCluster" }
    /// The parameter that names a snapshot: `DBSnapshotIdentifier`.
    var snapshotParameter: String { self.snapshotElement + "Identifier" }
    /// The parameter that names a database: `DBInstanceIdentifier`.
    var databaseParameter: String { self.databaseElement + "Identifier" }
    /// The parameter that names a database by its immutable identifier.
    var resourceParameter: String { self == .instance ? "DbiResourceId" : "DbClusterResourceId" }
    /// The resource type in the ARN of a snapshot.
    var snapshotResource: String { self == .instance ? "snapshot" : "cluster-snapshot" }
    /// The resource type in the ARN of a database.
    var databaseResource: String { self == .instance ? "db" : "cluster" }
    /// The source type in the answers of `DescribeEvents`.
    var eventSourceType: String { self == .instance ? "db-snapshot" : "db-cluster-snapshot" }
    /// How many characters an identifier of a snapshot may have.
    var longestSnapshotIdentifier: Int { self == .instance ? 255 : 63 }

    func snapshotNotFound(_ identifier: String) -> ModelFailure {
        ModelFailure(
            self == .instance ? "DBSnapshotNotFound" : "DBClusterSnapshotNotFoundFault",
            "\(self.snapshotElement) not found: \(identifier)",
            status: 404
        )
    }

    func snapshotExists(_ identifier: String) -> ModelFailure {
        ModelFailure(
            self == .instance ? "DBSnapshotAlreadyExists" : "DBClusterSnapshotAlreadyExistsFault",
            "Cannot create the snapshot because a snapshot with the identifier \(identifier) already exists."
        )
    }

    func invalidSnapshotState(_ message: String) -> ModelFailure {
        ModelFailure(self == .instance ? "InvalidDBSnapshotState" : "InvalidDBClusterSnapshotStateFault", message)
    }

    func databaseNotFound(_ identifier: String) -> ModelFailure {
        ModelFailure(
            self == .instance ? "DBInstanceNotFound" : "DBClusterNotFoundFault",
            "\(self.databaseElement) \(identifier) not found.",
            status: 404
        )
    }

    func databaseExists() -> ModelFailure {
        self == .instance
            ? ModelFailure("DBInstanceAlreadyExists", "DB instance already exists")
            : ModelFailure("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    }

    func invalidDatabaseState(_ message: String) -> ModelFailure {
        ModelFailure(self == .instance ? "InvalidDBInstanceState" : "InvalidDBClusterStateFault", message)
    }
}

extension ModelFailure {
    static func invalidValue(_ message: String) -> ModelFailure { ModelFailure("InvalidParameterValue", message) }

    static func invalidCombination(_ message: String) -> ModelFailure {
        ModelFailure("InvalidParameterCombination", message)
    }

    /// What RDS says of a key that it can't use, whichever the reason.
    ///
    /// `role` begins the text: `Specified KMS key`, `The target KMS key`, `The source snapshot KMS key`.
    static func keyNotAccessible(_ role: String, _ key: String) -> ModelFailure {
        ModelFailure(
            "KMSKeyNotAccessibleFault",
            "\(role) [\(key)] does not exist, is not enabled or you do not have permissions to access it."
        )
    }
}
