// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Which snapshots a describing request asks for.
struct RDSSnapshotQuery {
    let kind: RDSKind
    let account: String
    let filters: RDSFilters
    /// Lower case; an ARN where the caller wrote one.
    let identifier: String?
    /// Lower case.
    let database: String?
    let resourceID: String?
    /// `automated`, `manual`, `awsbackup`, `shared`, `public`.
    let type: String?
    let includesShared: Bool
    let includesPublic: Bool

    init(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) {
        self.kind = kind
        self.account = call.account
        self.filters = try RDSFilters(
            call.parameters["Filters"],
            allowed: kind == .instance
                ? ["db-instance-id", "db-snapshot-id", "dbi-resource-id", "snapshot-type", "engine"]
                : ["db-cluster-id", "db-cluster-snapshot-id", "snapshot-type", "engine"]
        )
        self.identifier = call.text(kind.snapshotParameter)?.lowercased()
        self.database = call.text(kind.databaseParameter).map { RDSARN($0)?.identifier ?? $0.lowercased() }
        self.resourceID = call.text(kind.resourceParameter)
        self.type = call.text("SnapshotType")
        let types = ["automated", "manual", "shared", "public"] + (kind == .instance ? ["awsbackup"] : [])
        if let type = self.type, !types.contains(type) {
            throw .invalidValue("Invalid snapshot type \(type). Must be one of: \(types.joined(separator: ", "))")
        }
        if kind == .cluster, self.identifier != nil, self.database != nil {
            throw .invalidCombination(
                "DBClusterIdentifier and DBClusterSnapshotIdentifier can't be specified together."
            )
        }
        self.includesShared = self.type == "shared" || (self.type == nil && call.flag("IncludeShared"))
        self.includesPublic = self.type == "public" || (self.type == nil && call.flag("IncludePublic"))
    }

    /// The identifiers among which the answer is, where the request names them.
    var namedIdentifiers: [String]? {
        if let identifier = self.identifier { return [identifier] }
        return self.filters.values[self.kind == .instance ? "db-snapshot-id" : "db-cluster-snapshot-id"].map {
            $0.sorted()
        }
    }

    /// The database whose snapshots the answer is among, where the request names it.
    var namedDatabase: String? {
        if let database = self.database { return database }
        let values = self.filters.values[self.kind == .instance ? "db-instance-id" : "db-cluster-id"]
        guard let value = values?.first, values?.count == 1 else { return nil }
        return RDSARN(value)?.identifier ?? value
    }

    /// Whether a snapshot of the caller's own is asked for.
    func matchesOwn(_ snapshot: RDSSnapshot) -> Bool {
        switch self.type {
        case nil:
            // AWS Backup's are shown where they are asked for. An automated one that is named by the parameter is
            // found only with its type; one that a filter names is found without.
            let isAskedFor =
                snapshot.type == "manual"
                || (snapshot.type == "automated" && self.identifier == nil)
                || self.filters.values["snapshot-type"]?.contains(snapshot.type) == true
            guard isAskedFor else { return false }
        case "public": guard snapshot.sharedWith.contains("all") else { return false }
        case "shared": return false
        case .some(let type): guard snapshot.type == type else { return false }
        }
        return self.matches(snapshot, identifiers: [snapshot.identifier], type: snapshot.type)
    }

    /// Whether a snapshot of another account is asked for, which the caller was given or everybody was.
    func matchesForeign(_ snapshot: RDSSnapshot) -> Bool {
        guard snapshot.name.place.account != self.account else { return false }
        let isPublic = snapshot.sharedWith.contains("all")
        let isGiven = snapshot.sharedWith.contains(self.account)
        guard (self.includesShared && isGiven) || (self.includesPublic && isPublic) else { return false }
        return self.matches(snapshot, identifiers: [snapshot.arn], type: isPublic ? "public" : "shared")
    }

    private func matches(_ snapshot: RDSSnapshot, identifiers: [String], type: String) -> Bool {
        if let identifier = self.identifier, identifier != snapshot.arn, !identifiers.contains(identifier) {
            return false
        }
        if let database = self.database, database != snapshot.database { return false }
        if let resourceID = self.resourceID, resourceID != snapshot.traits.resourceID { return false }
        let place = snapshot.name.place
        let databaseARN = { () -> String in
            RDSARN(
                region: place.region,
                account: place.account,
                resource: self.kind.databaseResource,
                identifier: snapshot.database
            ).description
        }
        let databaseFilter = self.kind == .instance ? "db-instance-id" : "db-cluster-id"
        if self.filters.values[databaseFilter] != nil {
            guard self.filters.allows(databaseFilter, [snapshot.database, databaseARN()]) else { return false }
        }
        return self.filters.allows(
            self.kind == .instance ? "db-snapshot-id" : "db-cluster-snapshot-id",
            identifiers + [snapshot.arn]
        ) && self.filters.allows("dbi-resource-id", [snapshot.traits.resourceID])
            && self.filters.allows("snapshot-type", [type]) && self.filters.allows("engine", [snapshot.traits.engine])
    }
}

extension RDSModel {
    func describeSnapshots(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let page = try self.snapshots(kind, call)
        return .compact([
            kind.snapshotElement + "s": .array(
                page.snapshots.map { self.json($0, at: call.now, viewer: call.account) }
            ),
            "Marker": page.marker.map { .string($0) },
        ])
    }

    /// The snapshots that a request asks for, and the marker of the next page.
    func snapshots(
        _ kind: RDSKind,
        _ call: RDSCall
    ) throws(ModelFailure) -> (snapshots: [RDSSnapshot], marker: String?) {
        let page = try RDSPage(call)
        let query = try RDSSnapshotQuery(kind, call)
        let place = call.place(kind)
        // One more than the page holds tells whether there is a next one.
        var found = self.ownSnapshots(query, in: place, after: page.last, limit: page.limit + 1).map {
            ($0.identifier, $0)
        }
        if query.includesShared || query.includesPublic {
            let foreign = self.foreignSnapshots(query, in: place).map { ($0.arn, $0) }
            found = (found + foreign).sorted { $0.0 < $1.0 }
        }
        if let named = call.text(kind.snapshotParameter), found.isEmpty, page.last == nil {
            throw kind.snapshotNotFound(named)
        }
        let cut = page.cut(found) { $0.0 }
        return (cut.elements.map(\.1), cut.marker)
    }

    private func ownSnapshots(
        _ query: RDSSnapshotQuery,
        in place: RDSPlace,
        after last: String?,
        limit: Int
    ) -> [RDSSnapshot] {
        guard let shelf = self.shelves[place] else { return [] }
        var candidates = shelf.identifiers
        if let named = query.namedIdentifiers {
            candidates = Set(named.map { Self.ownARNIdentifier($0, in: place) }).sorted()
        } else if let database = query.namedDatabase {
            candidates = shelf.identifiersByDatabase[database] ?? []
        }
        var start = last.map { RDSShelf.position(of: $0, in: candidates) } ?? 0
        if start < candidates.count, candidates[start] == last { start += 1 }
        var found: [RDSSnapshot] = []
        for identifier in candidates[start...] {
            guard let snapshot = shelf[identifier], query.matchesOwn(snapshot) else { continue }
            found.append(snapshot)
            if found.count == limit { break }
        }
        return found
    }

    /// The identifier in an ARN of this place; anything else stays as it is, also its case.
    private static func ownARNIdentifier(_ text: String, in place: RDSPlace) -> String {
        text.hasPrefix("arn:") ? self.ownIdentifier(text, in: place) : text
    }

    private func foreignSnapshots(_ query: RDSSnapshotQuery, in place: RDSPlace) -> [RDSSnapshot] {
        self.shared.lazy
            .filter { $0.place.region == place.region && $0.place.kind == place.kind }
            .compactMap { self.snapshot($0) }
            .filter { query.matchesForeign($0) }
    }
}
