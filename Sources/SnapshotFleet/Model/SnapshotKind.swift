// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The two families of RDS snapshots; they have operations, limits and rules of their own.
package enum SnapshotKind: String, Hashable, Sendable, CaseIterable, Comparable {
    /// A DB snapshot, of a DB instance.
    case instance
    /// A DB cluster snapshot, of Aurora or a Multi-AZ DB cluster.
    case cluster

    /// How an ARN names this kind.
    package var arnResourceType: String {
        switch self {
        case .instance: "snapshot"
        case .cluster: "cluster-snapshot"
        }
    }

    /// How long a target identifier may be.
    ///
    /// Source: API Reference, `CopyDBSnapshot` and `CopyDBClusterSnapshot`.
    package var identifierLimit: Int {
        switch self {
        case .instance: 255
        case .cluster: 63
        }
    }

    /// How many copies RDS runs at once into one account and Region, unless it says otherwise.
    ///
    /// Source: RDS User Guide and Aurora User Guide, "Copying a snapshot", limitations.
    package var defaultSlots: Int {
        switch self {
        case .instance: 20
        case .cluster: 5
        }
    }

    /// By itself, not by its text, as an enumeration with raw values would be: kinds are part of many keys.
    package func hash(into hasher: inout Hasher) { hasher.combine(self == .cluster) }

    package static func < (left: SnapshotKind, right: SnapshotKind) -> Bool { left == .cluster && right == .instance }
}
