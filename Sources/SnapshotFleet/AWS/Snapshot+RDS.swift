// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

extension Snapshot {
    /// Reads an instance's snapshot; `nil` when RDS leaves out its ARN or names something else by it.
    package init?(_ snapshot: DBSnapshot) {
        guard let arn = snapshot.dbSnapshotARN.flatMap({ SnapshotARN($0) }) else { return nil }
        self.init(
            arn: arn,
            database: snapshot.dbInstanceIdentifier ?? "",
            status: snapshot.status ?? "",
            percentProgress: snapshot.percentProgress,
            origin: snapshot.snapshotType.flatMap { Origin(rawValue: $0) },
            engine: snapshot.engine ?? "",
            isEncrypted: snapshot.encrypted ?? false,
            kmsKeyID: snapshot.kmsKeyID,
            optionGroup: snapshot.optionGroupName,
            tags: Self.tags(snapshot.tagList),
            createdAt: snapshot.snapshotCreateTime,
            originalCreatedAt: snapshot.originalSnapshotCreateTime,
            sourceARN: snapshot.sourceDBSnapshotIdentifier,
            sizeGiB: snapshot.allocatedStorage
        )
    }

    /// Reads a cluster's snapshot; `nil` when RDS leaves out its ARN or names something else by it.
    package init?(_ snapshot: DBClusterSnapshot) {
        guard let arn = snapshot.dbClusterSnapshotARN.flatMap({ SnapshotARN($0) }) else { return nil }
        self.init(
            arn: arn,
            database: snapshot.dbClusterIdentifier ?? "",
            status: snapshot.status ?? "",
            percentProgress: snapshot.percentProgress,
            origin: snapshot.snapshotType.flatMap { Origin(rawValue: $0) },
            engine: snapshot.engine ?? "",
            isEncrypted: snapshot.storageEncrypted ?? false,
            kmsKeyID: snapshot.kmsKeyID,
            tags: Self.tags(snapshot.tagList),
            createdAt: snapshot.snapshotCreateTime,
            sourceARN: snapshot.sourceDBClusterSnapshotARN,
            sizeGiB: snapshot.allocatedStorage
        )
    }

    static func tags(_ list: [RDSClient.Tag]) -> [String: String] {
        Dictionary(list.map { ($0.key, $0.value) }) { _, last in last }
    }
}
