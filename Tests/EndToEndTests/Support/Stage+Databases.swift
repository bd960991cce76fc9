// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// Databases of a stage and their snapshots.
extension Stage {
    private func rds(_ region: String = SimulatedAWS.source, account: String? = nil) throws -> RDSClient {
        try (account.map { try self.aws.session(account: $0) } ?? self.aws.session).rds(region: region)
    }

    /// Makes an instance: not encrypted, or under the account's default key, or under the one that is named.
    func createInstance(_ name: String, isEncrypted: Bool = false, key: String? = nil) async throws {
        _ = try await self.rds().createDBInstance(self.database(name, engine: "postgres", isEncrypted, key))
    }

    /// Makes a cluster: not encrypted, or under the account's default key, or under the one that is named.
    func createCluster(_ name: String, isEncrypted: Bool = false, key: String? = nil) async throws {
        _ = try await self.rds().createDBCluster(self.database(name, engine: "aurora-postgresql", isEncrypted, key))
    }

    private func database(
        _ name: String,
        engine: String,
        _ isEncrypted: Bool,
        _ key: String?
    ) -> RDSClient.NewDatabase {
        RDSClient.NewDatabase(
            identifier: name,
            engine: engine,
            masterUserPassword: "not-a-secret",
            storageEncrypted: isEncrypted || key != nil,
            kmsKeyID: key
        )
    }

    /// When each snapshot of the source was made, by ARN, as RDS says it.
    func creationTimes() async throws -> [String: String] {
        let query = RDSClient.SnapshotQuery()
        let instances = try await self.rds().allDBSnapshots(query).map { ($0.dbSnapshotARN, $0.snapshotCreateTime) }
        let clusters = try await self.rds().allDBClusterSnapshots(query)
            .map { ($0.dbClusterSnapshotARN, $0.snapshotCreateTime) }
        let all = (instances + clusters).map { ($0.0 ?? "", $0.1?.iso8601 ?? "") }
        return Dictionary(all) { first, _ in first }
    }

    /// Takes a manual snapshot of an instance.
    ///
    /// - Returns: Its ARN.
    @discardableResult
    func snapInstance(_ name: String, as snapshot: String, tags: [RDSClient.Tag] = []) async throws -> String {
        let made = try await self.rds().createDBSnapshot(
            identifier: snapshot,
            dbInstanceIdentifier: name,
            tags: tags
        )
        return try #require(made.dbSnapshotARN)
    }

    /// Takes a manual snapshot of a cluster.
    ///
    /// - Returns: Its ARN.
    @discardableResult
    func snapCluster(_ name: String, as snapshot: String, tags: [RDSClient.Tag] = []) async throws -> String {
        let made = try await self.rds().createDBClusterSnapshot(
            identifier: snapshot,
            dbClusterIdentifier: name,
            tags: tags
        )
        return try #require(made.dbClusterSnapshotARN)
    }

    /// Lets RDS take an automated snapshot, as it does every night; an operation that only the embedded AWS has.
    func snapAutomatically(instance: String? = nil, cluster: String? = nil) async throws {
        var form = QueryForm(action: "LocalCreateAutomatedSnapshot", version: "2014-10-31")
        form.add("DBInstanceIdentifier", instance)
        form.add("DBClusterIdentifier", cluster)
        form.add("Tags.Tag.1.Key", "team")
        form.add("Tags.Tag.1.Value", "payments")
        let caller = try self.aws.session.caller(for: .rds, region: SimulatedAWS.source)
        try await caller.send(ServiceCall(operation: "LocalCreateAutomatedSnapshot", body: .query(form))) { _ in }
    }

    /// Takes a key out of use.
    func disableKey(_ arn: String, region: String) async throws {
        let body = ServiceCall.Body.json(["KeyId": .string(arn)], target: "TrentService.DisableKey", version: "1.1")
        let caller = try self.aws.session.caller(for: .kms, region: region)
        try await caller.send(ServiceCall(operation: "DisableKey", body: body)) { _ in }
    }

    /// The copies at a destination, whatever their kind; in the fleet's account unless another is named.
    func copies(
        in region: String = SimulatedAWS.destination,
        of account: String? = nil
    ) async throws -> [CopiedSnapshot] {
        let rds = try self.rds(region, account: account)
        let instances = try await rds.allDBSnapshots(RDSClient.SnapshotQuery(snapshotType: "manual"))
        let clusters = try await rds.allDBClusterSnapshots(RDSClient.SnapshotQuery(snapshotType: "manual"))
        return instances.map { snapshot in
            CopiedSnapshot(
                identifier: snapshot.dbSnapshotIdentifier,
                status: snapshot.status,
                isEncrypted: snapshot.encrypted,
                key: snapshot.kmsKeyID,
                source: snapshot.sourceDBSnapshotIdentifier,
                tagList: snapshot.tagList
            )
        }
            + clusters.map { snapshot in
                CopiedSnapshot(
                    identifier: snapshot.dbClusterSnapshotIdentifier,
                    status: snapshot.status,
                    isEncrypted: snapshot.storageEncrypted,
                    key: snapshot.kmsKeyID,
                    source: snapshot.sourceDBClusterSnapshotARN,
                    tagList: snapshot.tagList
                )
            }
    }
}

/// A snapshot at a destination, as its RDS describes it.
struct CopiedSnapshot: Sendable {
    let identifier: String?
    let status: String?
    let isEncrypted: Bool?
    let key: String?
    let source: String?
    let tagList: [RDSClient.Tag]

    var tags: [String: String] {
        Dictionary(self.tagList.map { ($0.key, $0.value) }) { first, _ in first }
    }
}
