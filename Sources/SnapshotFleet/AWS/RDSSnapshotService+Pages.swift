// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Lists, page by page.
extension RDSSnapshotService {
    package func page(of listing: SnapshotListing, after marker: String?) async throws -> SnapshotPage {
        switch listing {
        case .own(let group, let origin):
            let rds = try self.rds(in: group)
            var page = try await Self.page(group.kind, type: origin?.rawValue, marker, by: rds)
            page.snapshots = try await self.complete(page.snapshots, in: group, by: rds)
            return page
        case .shared(let region, let kind):
            let rds = try self.session.rds(region: region)
            return try await Self.page(kind, type: Snapshot.Origin.shared.rawValue, marker, by: rds)
        case .copies(let pool):
            let rds = try self.rds(at: pool.destination)
            return try await Self.page(pool.kind, type: Snapshot.Origin.manual.rawValue, marker, by: rds)
        }
    }

    private static func page(
        _ kind: SnapshotKind,
        type: String?,
        _ marker: String?,
        by rds: RDSClient
    ) async throws(AWSError) -> SnapshotPage {
        let query = RDSClient.SnapshotQuery(snapshotType: type)
        switch kind {
        case .instance:
            let page = try await rds.describeDBSnapshots(query, marker: marker)
            return SnapshotPage(snapshots: page.elements.compactMap { Snapshot($0) }, marker: page.marker)
        case .cluster:
            let page = try await rds.describeDBClusterSnapshots(query, marker: marker)
            return SnapshotPage(snapshots: page.elements.compactMap { Snapshot($0) }, marker: page.marker)
        }
    }
}
