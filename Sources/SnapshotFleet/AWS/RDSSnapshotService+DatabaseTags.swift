// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSSnapshotService {
    /// Adds to snapshots the tags that their databases carry now.
    ///
    /// One call for each 100 databases. A database that is gone has no tags; snapshots that other accounts share keep
    /// `nil`, because their databases can't be seen from here.
    ///
    /// Source: API Reference, `DescribeDBInstances` (filter `db-instance-id`), `DescribeDBClusters` (`db-cluster-id`).
    static func addDatabaseTags(
        to snapshots: [Snapshot],
        _ kind: SnapshotKind,
        by rds: RDSClient
    ) async throws(AWSError) -> [Snapshot] {
        var tags: [String: [String: String]] = [:]
        for databases in Set(snapshots.map { $0.database.lowercased() }).sorted().chunked(by: 100) {
            switch kind {
            case .instance:
                let filter = RDSClient.Filter(name: "db-instance-id", values: databases)
                for instance in try await rds.describeDBInstances(filters: [filter]).elements {
                    tags[instance.dbInstanceIdentifier?.lowercased() ?? ""] = Snapshot.tags(instance.tagList)
                }
            case .cluster:
                let filter = RDSClient.Filter(name: "db-cluster-id", values: databases)
                for cluster in try await rds.describeDBClusters(filters: [filter]).elements {
                    tags[cluster.dbClusterIdentifier?.lowercased() ?? ""] = Snapshot.tags(cluster.tagList)
                }
            }
        }
        return snapshots.map { snapshot in
            var snapshot = snapshot
            snapshot.databaseTags = tags[snapshot.database.lowercased()] ?? [:]
            return snapshot
        }
    }
}
