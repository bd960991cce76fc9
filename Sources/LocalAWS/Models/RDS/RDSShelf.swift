// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The snapshots of one kind in one account and Region, found by name, by database and in order.
struct RDSShelf: Sendable {
    private(set) var snapshots: [String: RDSSnapshot] = [:]
    /// All identifiers, sorted.
    private(set) var identifiers: [String] = []
    /// The identifiers of each database's snapshots, sorted.
    private(set) var identifiersByDatabase: [String: [String]] = [:]
    /// How many count towards the quota of manual snapshots.
    private(set) var countedSnapshots = 0
    /// How many are being copied out of another Region.
    private(set) var remoteCopies = 0

    subscript(identifier: String) -> RDSSnapshot? { self.snapshots[identifier] }

    /// Adds a snapshot, or puts it in the place of the one with its name.
    mutating func put(_ snapshot: RDSSnapshot) {
        if let old = self.snapshots.updateValue(snapshot, forKey: snapshot.identifier) {
            self.count(old, by: -1)
        } else {
            Self.insert(snapshot.identifier, into: &self.identifiers)
            Self.insert(snapshot.identifier, into: &self.identifiersByDatabase[snapshot.database, default: []])
        }
        self.count(snapshot, by: 1)
    }

    mutating func remove(_ identifier: String) -> RDSSnapshot? {
        guard let old = self.snapshots.removeValue(forKey: identifier) else { return nil }
        self.count(old, by: -1)
        Self.remove(identifier, from: &self.identifiers)
        Self.remove(identifier, from: &self.identifiersByDatabase[old.database, default: []])
        if self.identifiersByDatabase[old.database]?.isEmpty == true { self.identifiersByDatabase[old.database] = nil }
        return old
    }

    private mutating func count(_ snapshot: RDSSnapshot, by step: Int) {
        if snapshot.countsTowardsQuota { self.countedSnapshots += step }
        if snapshot.isRemoteCopyInProgress { self.remoteCopies += step }
    }

    /// Where a sorted list holds an element, or would hold it.
    static func position(of element: String, in sorted: [String]) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func insert(_ element: String, into sorted: inout [String]) {
        sorted.insert(element, at: self.position(of: element, in: sorted))
    }

    private static func remove(_ element: String, from sorted: inout [String]) {
        let position = self.position(of: element, in: sorted)
        if position < sorted.count, sorted[position] == element { sorted.remove(at: position) }
    }
}
