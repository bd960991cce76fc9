// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What a forecast asks RDS: databases, and how long earlier copies took.
extension RDSSnapshotService {
    /// A database of a source, as far as its backups matter.
    package struct Database: Hashable, Sendable {
        package var name: String
        package var engine: String
        /// `nil` where RDS does not say; of an Aurora cluster it never does.
        package var sizeGiB: Int?
        /// `hh24:mi-hh24:mi`, in UTC.
        package var backupWindow: String?
        /// Whether RDS takes snapshots of it by itself.
        package var hasBackups: Bool
        /// When it was made; `nil` where RDS does not say.
        package var createdAt: Instant?
        package var tags: [String: String]
    }

    /// Lists the databases of a source that the fleet can work in; members of clusters are part of their cluster.
    package func databases(in group: SourceGroup) async throws -> [Database] {
        let rds = try self.rds(in: group)
        switch group.kind {
        case .instance:
            return try await rds.allDBInstances().filter { $0.dbClusterIdentifier == nil }.compactMap { instance in
                instance.dbInstanceIdentifier.map {
                    Database(
                        name: $0,
                        engine: instance.engine ?? "",
                        sizeGiB: instance.allocatedStorage,
                        backupWindow: instance.preferredBackupWindow,
                        hasBackups: instance.backupRetentionPeriod != 0,
                        createdAt: instance.instanceCreateTime,
                        tags: Self.tags(instance.tagList)
                    )
                }
            }
        case .cluster:
            return try await rds.allDBClusters().compactMap { cluster in
                let isAurora = cluster.engine?.hasPrefix("aurora") ?? false
                return cluster.dbClusterIdentifier.map {
                    Database(
                        name: $0,
                        engine: cluster.engine ?? "",
                        sizeGiB: isAurora ? nil : cluster.allocatedStorage,
                        backupWindow: cluster.preferredBackupWindow,
                        hasBackups: true,
                        createdAt: cluster.clusterCreateTime,
                        tags: Self.tags(cluster.tagList)
                    )
                }
            }
        }
    }

    /// How long copies into a destination took that ended in the last two weeks, by the copy's identifier.
    ///
    /// RDS tells in its events, whose texts round to minutes; of clusters there are none.
    ///
    /// Source: RDS User Guide, "Amazon RDS event categories", RDS-EVENT-0060.
    package func finishedCopies(in pool: SlotPool) async throws -> [String: Duration] {
        guard pool.kind == .instance else { return [:] }
        let events = try await self.rds(at: pool.destination)
            .allEvents(sourceType: "db-snapshot", category: "notification", minutes: 14 * 1440)
        let found = events.compactMap { event -> (String, Duration)? in
            guard let copy = event.sourceIdentifier, let minutes = event.message.flatMap({ Self.minutes(in: $0) })
            else {
                return nil
            }
            return (copy, .seconds(60 * minutes + 30))
        }
        return Dictionary(found) { _, last in last }
    }

    /// Reads `Finished copy of snapshot orders from region us-east-1 in 12 minutes`.
    package static func minutes(in message: String) -> Int? {
        let words = message.split(separator: " ")
        guard message.hasPrefix("Finished copy of snapshot "), words.count >= 3, words.last?.hasPrefix("minute") == true
        else { return nil }
        return Int(words[words.count - 2]).flatMap { (0...1_000_000).contains($0) ? $0 : nil }
    }

    private static func tags(_ list: [RDSClient.Tag]) -> [String: String] {
        Dictionary(list.map { ($0.key, $0.value) }) { _, last in last }
    }
}
