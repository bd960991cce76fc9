// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSModel {
    // MARK: - Creating

    mutating func createDatabase(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let place = call.place(kind)
        let identifier = try RDSIdentifier.checked(
            try call.required(kind.databaseParameter),
            parameter: kind.databaseParameter,
            limit: 63
        )
        let engine = try call.required("Engine")
        guard self.databases[place]?[identifier] == nil else { throw kind.databaseExists() }
        let cluster = try self.clusterOfNewInstance(kind, engine: engine, call)
        let optionGroup = try self.optionGroupOfNewDatabase(kind, engine: engine, call)
        let retention = call.parameters["BackupRetentionPeriod"]?.lenientInt ?? 1
        guard (0...35).contains(retention) else {
            throw .invalidValue("Invalid backup retention period: \(retention). Must be between 0 and 35.")
        }
        let window = call.text("PreferredBackupWindow") ?? "03:00-03:30"
        guard RDSBackupWindow(window) != nil else {
            throw .invalidValue("Invalid backup window format: \(window)")
        }
        // Members of a cluster share its storage and therefore its key.
        let keyARN = if let cluster { cluster.keyARN } else { try self.keyOfNewDatabase(call) }
        self.resourcesMade += 1
        let digest = Digest.hex(Digest.sha256(Array("\(call.account) \(call.region) \(self.resourcesMade)".utf8)))
        let resourceID = (kind == .instance ? "db-" : "cluster-") + digest.prefix(26).uppercased()
        let isReady = self.settings.databaseCreation <= .zero
        let database = RDSDatabase(
            name: RDSName(place: place, identifier: identifier),
            traits: RDSTraits(
                call.parameters,
                engine: engine,
                kind: kind,
                resourceID: resourceID,
                created: call.now
            ),
            status: isReady ? "available" : "creating",
            instanceClass: call.text("DBInstanceClass") ?? "db.t4g.medium",
            cluster: cluster?.name.identifier,
            keyARN: keyARN,
            optionGroup: optionGroup,
            tags: try call.tags(),
            copiesTags: call.flag("CopyTagsToSnapshot"),
            isProtected: call.flag("DeletionProtection"),
            retention: retention,
            backupWindow: window
        )
        self.databases[place, default: [:]][identifier] = database
        if !isReady {
            let ready = Change.databaseReady(database.name, resourceID: resourceID)
            self.timeline.plan(ready, at: call.now + self.settings.databaseCreation)
        }
        self.planBackup(of: database, after: call.now)
        return [kind.databaseElement: self.json(database)]
    }

    private func clusterOfNewInstance(
        _ kind: RDSKind,
        engine: String,
        _ call: RDSCall
    ) throws(ModelFailure) -> RDSDatabase? {
        guard kind == .instance, let named = call.text("DBClusterIdentifier") else { return nil }
        guard let cluster = self.databases[call.place(.cluster)]?[named.lowercased()] else {
            throw RDSKind.cluster.databaseNotFound(named)
        }
        guard cluster.traits.engine == engine else {
            throw .invalidValue(
                "The engine name requested for your DB instance (\(engine)) doesn't match the engine name of your DB "
                    + "cluster (\(cluster.traits.engine))."
            )
        }
        return cluster
    }

    private func keyOfNewDatabase(_ call: RDSCall) throws(ModelFailure) -> String? {
        let isEncrypted = call.parameters["StorageEncrypted"]?.lenientBool
        guard let named = call.text("KmsKeyId") else {
            guard isEncrypted == true else { return nil }
            return call.keys.defaultRDSKey(account: call.account, region: call.region).arn
        }
        guard isEncrypted != false else {
            throw .invalidCombination("KmsKeyId can only be specified when StorageEncrypted is true.")
        }
        return try call.usableKey(named)
    }

    private func optionGroupOfNewDatabase(
        _ kind: RDSKind,
        engine: String,
        _ call: RDSCall
    ) throws(ModelFailure) -> String? {
        guard kind == .instance else { return nil }
        guard let named = call.text("OptionGroupName") else { return "default:\(engine)" }
        return try self.existingOptionGroup(named, call)
    }

    // MARK: - Describing and deleting

    func describeDatabases(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let page = try RDSPage(call)
        let filters = try RDSFilters(
            call.parameters["Filters"],
            allowed: kind == .instance
                ? ["db-instance-id", "db-cluster-id", "dbi-resource-id", "engine", "domain"]
                : ["db-cluster-id", "db-cluster-resource-id", "engine", "domain", "clone-group-id"]
        )
        let all = self.databases[call.place(kind)] ?? [:]
        var found = all.values.sorted { $0.name.identifier < $1.name.identifier }
        if let named = call.text(kind.databaseParameter) {
            let identifier = RDSARN(named)?.identifier ?? named.lowercased()
            guard let database = all[identifier] else { throw kind.databaseNotFound(named) }
            found = [database]
        }
        found = found.filter { database in
            filters.allows("engine", [database.traits.engine])
                && filters.allows("dbi-resource-id", [database.traits.resourceID])
                && filters.allows("db-cluster-resource-id", [database.traits.resourceID])
                && filters.allows(
                    kind == .instance ? "db-instance-id" : "db-cluster-id",
                    [database.name.identifier, database.arn]
                )
                && (kind == .cluster || filters.allows("db-cluster-id", [database.cluster ?? ""]))
                && filters.allows("domain", []) && filters.allows("clone-group-id", [])
        }
        let cut = page.cut(found) { $0.name.identifier }
        return .compact([
            kind.databaseElement + "s": .array(cut.elements.map { self.json($0) }),
            "Marker": cut.marker.map { .string($0) },
        ])
    }

    mutating func deleteDatabase(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let place = call.place(kind)
        let named = try call.required(kind.databaseParameter)
        guard var database = self.databases[place]?[named.lowercased()] else { throw kind.databaseNotFound(named) }
        guard database.status == "available" else {
            throw kind.invalidDatabaseState("\(kind.databaseElement) \(named) is \(database.status).")
        }
        guard !database.isProtected else {
            throw .invalidCombination(
                "Cannot delete protected \(kind == .instance ? "DB Instance" : "Cluster"), please disable deletion "
                    + "protection and try again."
            )
        }
        if kind == .cluster,
            self.databases[call.place(.instance)]?.values.contains(where: { $0.cluster == database.name.identifier })
                == true
        {
            throw kind.invalidDatabaseState(
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
            )
        }
        try self.takeFinalSnapshot(of: database, call)
        if call.parameters["DeleteAutomatedBackups"]?.lenientBool ?? true {
            for identifier in self.shelves[place]?.identifiersByDatabase[database.name.identifier] ?? []
            where self.shelves[place]?[identifier]?.type == "automated" {
                self.removeSnapshot(RDSName(place: place, identifier: identifier), at: call.now)
            }
        }
        database.status = "deleting"
        let isGone = self.settings.databaseDeletion <= .zero
        self.databases[place]?[database.name.identifier] = isGone ? nil : database
        if !isGone {
            let gone = Change.databaseGone(database.name, resourceID: database.traits.resourceID)
            self.timeline.plan(gone, at: call.now + self.settings.databaseDeletion)
        }
        return [kind.databaseElement: self.json(database)]
    }

    private mutating func takeFinalSnapshot(of database: RDSDatabase, _ call: RDSCall) throws(ModelFailure) {
        let kind = database.name.place.kind
        let final = call.text("FinalDBSnapshotIdentifier")
        if call.flag("SkipFinalSnapshot") {
            guard final == nil else {
                throw .invalidCombination("FinalDBSnapshotIdentifier can't be specified with SkipFinalSnapshot.")
            }
            return
        }
        // Members of a cluster have no storage of their own to take a snapshot of.
        guard database.cluster == nil else { return }
        guard let final else {
            throw .invalidCombination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
        }
        let identifier = try self.freeSnapshotIdentifier(final, parameter: "FinalDBSnapshotIdentifier", kind, call)
        try self.checkManualQuota(call.place(kind))
        self.beginSnapshot(of: database, identifier: identifier, type: "manual", tags: [], at: call.now)
    }

    /// Changes a database if it is still the same one.
    mutating func changeDatabase(_ name: RDSName, resourceID: String, _ change: (inout RDSDatabase) -> Void) {
        guard var database = self.databases[name.place]?[name.identifier], database.traits.resourceID == resourceID
        else { return }
        change(&database)
        self.databases[name.place]?[name.identifier] = database
    }
}
