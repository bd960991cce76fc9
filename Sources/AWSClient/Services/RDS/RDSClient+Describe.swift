// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension RDSClient {
    /// Which snapshots to describe; for both kinds.
    package struct SnapshotQuery: Hashable, Sendable {
        /// `DBSnapshotIdentifier` or `DBClusterSnapshotIdentifier`; automated ones also need their type.
        package var snapshot: String?
        /// `DBInstanceIdentifier` or `DBClusterIdentifier`; not together with `snapshot`.
        package var database: String?
        /// `automated`, `manual`, `shared`, `public` or `awsbackup`; `nil` for automated and manual ones.
        package var snapshotType: String?
        /// `db-snapshot-id` or `db-cluster-snapshot-id` take several values, so one call describes many.
        package var filters: [Filter]
        package var includeShared: Bool?
        /// 20 to 100.
        package var maxRecords: Int

        /// Makes a query; for everything unless told otherwise.
        package init(
            snapshot: String? = nil,
            database: String? = nil,
            snapshotType: String? = nil,
            filters: [Filter] = [],
            includeShared: Bool? = nil,
            maxRecords: Int = 100
        ) {
            self.snapshot = snapshot
            self.database = database
            self.snapshotType = snapshotType
            self.filters = filters
            self.includeShared = includeShared
            self.maxRecords = maxRecords
        }
    }

    /// Describes one page of instances' snapshots.
    package func describeDBSnapshots(
        _ query: SnapshotQuery,
        marker: String? = nil
    ) async throws(AWSError) -> Page<DBSnapshot> {
        try await self.call(Self.describeForm(query, "DBSnapshot", "DBInstance", marker)) { result in
            result.page("DBSnapshots", of: "DBSnapshot") { DBSnapshot($0) }
        }
    }

    /// Describes one page of clusters' snapshots.
    package func describeDBClusterSnapshots(
        _ query: SnapshotQuery,
        marker: String? = nil
    ) async throws(AWSError) -> Page<DBClusterSnapshot> {
        try await self.call(Self.describeForm(query, "DBClusterSnapshot", "DBCluster", marker)) { result in
            result.page("DBClusterSnapshots", of: "DBClusterSnapshot") { DBClusterSnapshot($0) }
        }
    }

    /// Describes every page of instances' snapshots.
    package func allDBSnapshots(_ query: SnapshotQuery, cap: Int = 1000) async throws(AWSError) -> [DBSnapshot] {
        try await Self.allPages(cap: cap) { (marker) throws(AWSError) in
            try await self.describeDBSnapshots(query, marker: marker)
        }
    }

    /// Describes every page of clusters' snapshots.
    package func allDBClusterSnapshots(
        _ query: SnapshotQuery,
        cap: Int = 1000
    ) async throws(AWSError) -> [DBClusterSnapshot] {
        try await Self.allPages(cap: cap) { (marker) throws(AWSError) in
            try await self.describeDBClusterSnapshots(query, marker: marker)
        }
    }

    /// Describes one page of DB instances.
    package func describeDBInstances(
        identifier: String? = nil,
        filters: [Filter] = [],
        marker: String? = nil
    ) async throws(AWSError) -> Page<DBInstance> {
        var form = Self.form("DescribeDBInstances")
        form.add("DBInstanceIdentifier", identifier)
        form.add(filters)
        form.add("MaxRecords", 100)
        form.add("Marker", marker)
        return try await self.call(form) { result in
            result.page("DBInstances", of: "DBInstance") { DBInstance($0) }
        }
    }

    /// Describes one page of DB clusters.
    package func describeDBClusters(
        identifier: String? = nil,
        filters: [Filter] = [],
        marker: String? = nil
    ) async throws(AWSError) -> Page<DBCluster> {
        var form = Self.form("DescribeDBClusters")
        form.add("DBClusterIdentifier", identifier)
        form.add(filters)
        form.add("MaxRecords", 100)
        form.add("Marker", marker)
        return try await self.call(form) { result in result.page("DBClusters", of: "DBCluster") { DBCluster($0) } }
    }

    /// Describes every page of DB instances.
    package func allDBInstances(cap: Int = 1000) async throws(AWSError) -> [DBInstance] {
        try await Self.allPages(cap: cap) { (marker) throws(AWSError) in
            try await self.describeDBInstances(marker: marker)
        }
    }

    /// Describes every page of DB clusters.
    package func allDBClusters(cap: Int = 1000) async throws(AWSError) -> [DBCluster] {
        try await Self.allPages(cap: cap) { (marker) throws(AWSError) in
            try await self.describeDBClusters(marker: marker)
        }
    }

    /// A quota of the account in this Region.
    package struct AccountQuota: Hashable, Sendable {
        /// `ManualSnapshots`, `ManualClusterSnapshots`, and so on.
        package let name: String
        package let used: Int?
        package let max: Int?
    }

    /// Lists the account's quotas; concurrent copies are not among them.
    package func describeAccountAttributes() async throws(AWSError) -> [AccountQuota] {
        try await self.call(Self.form("DescribeAccountAttributes")) { result in
            result.list("AccountQuotas", of: "AccountQuota").compactMap { quota in
                quota.string("AccountQuotaName").map {
                    AccountQuota(name: $0, used: quota.int("Used"), max: quota.int("Max"))
                }
            }
        }
    }

    private static func describeForm(
        _ query: SnapshotQuery,
        _ snapshot: String,
        _ database: String,
        _ marker: String?
    ) -> QueryForm {
        var form = Self.form("Describe\(snapshot)s")
        form.add("\(database)Identifier", query.database)
        form.add("\(snapshot)Identifier", query.snapshot)
        form.add("SnapshotType", query.snapshotType)
        form.add(query.filters)
        form.add("MaxRecords", query.maxRecords)
        form.add("Marker", marker)
        form.add("IncludeShared", query.includeShared)
        return form
    }
}
