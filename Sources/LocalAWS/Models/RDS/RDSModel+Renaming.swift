// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSModel {
    /// Gives a database another name, at once; of `ModifyDBInstance` and `ModifyDBCluster` nothing else is known here.
    ///
    /// Snapshots keep the name that their database had when they were taken, and its resource identifier.
    mutating func renameDatabase(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let place = call.place(kind)
        let named = try call.required(kind.databaseParameter)
        guard var database = self.databases[place]?[named.lowercased()] else { throw kind.databaseNotFound(named) }
        guard database.status == "available" else {
            throw kind.invalidDatabaseState("\(kind.databaseElement) \(named) is \(database.status).")
        }
        let parameter = "New" + kind.databaseParameter
        guard let wanted = call.text(parameter) else { return [kind.databaseElement: self.json(database)] }
        let identifier = try RDSIdentifier.checked(wanted, parameter: parameter, limit: 63)
        guard self.databases[place]?[identifier] == nil else { throw kind.databaseExists() }
        let old = database.name.identifier
        database.name.identifier = identifier
        self.databases[place]?[old] = nil
        self.databases[place]?[identifier] = database
        if kind == .cluster {
            let members = call.place(.instance)
            for (name, member) in self.databases[members] ?? [:] where member.cluster == old {
                self.databases[members]?[name]?.cluster = identifier
            }
        }
        self.planBackup(of: database, after: call.now)
        return [kind.databaseElement: self.json(database)]
    }
}
