// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

extension RDSSnapshotService {
    /// How many manual snapshots a destination's account has there and may have, by kind.
    package func manualSnapshotQuotas(
        at destination: Destination
    ) async throws(AWSError) -> [SnapshotKind: (used: Int, max: Int)] {
        var quotas: [SnapshotKind: (used: Int, max: Int)] = [:]
        for quota in try await self.rds(at: destination).describeAccountAttributes() {
            guard let kind = SnapshotKind.allCases.first(where: { $0.manualSnapshotQuota == quota.name }),
                let used = quota.used, let max = quota.max
            else { continue }
            quotas[kind] = (used, max)
        }
        return quotas
    }
}

extension RDSSnapshotService: RecoveryLister {
    package func facts(in group: SourceGroup) async throws -> [DatabaseFacts] {
        guard self.worksIn(group.account) else {
            throw AWSError(
                .configuration,
                message: "the policy names no role in account \(group.account), so its databases can't be listed"
            )
        }
        return try await self.databases(in: group).map { database in
            DatabaseFacts(
                database: SourceDatabase(
                    account: group.account,
                    region: group.region,
                    kind: group.kind,
                    identifier: database.name
                ),
                engine: database.engine,
                createdAt: database.createdAt,
                tags: database.tags
            )
        }
    }
}
