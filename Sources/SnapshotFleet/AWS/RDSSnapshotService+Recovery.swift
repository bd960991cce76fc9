// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

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
