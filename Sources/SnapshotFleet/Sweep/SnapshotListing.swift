// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A list of snapshots that RDS gives page by page.
package enum SnapshotListing: Hashable, Sendable, CustomStringConvertible {
    /// What the fleet's own account has in a Region; no origin stands for automated and manual ones together.
    case own(SourceGroup, origin: Snapshot.Origin?)
    /// What other accounts share with the fleet's own; automated snapshots can't be shared.
    case shared(region: String, kind: SnapshotKind)
    /// The manual snapshots at a destination, where every copy is one.
    case copies(SlotPool)

    /// The list for people: `us-east-1/instance/automated`.
    package var description: String {
        switch self {
        case .own(let group, let origin):
            "\(group.region)/\(group.kind.rawValue)" + (origin.map { "/\($0.rawValue)" } ?? "")
        case .shared(let region, let kind): "\(region)/\(kind.rawValue)/shared"
        case .copies(let pool): "\(pool)"
        }
    }

    /// The kind of all the snapshots in it.
    package var kind: SnapshotKind {
        switch self {
        case .own(let group, _): group.kind
        case .shared(_, let kind): kind
        case .copies(let pool): pool.kind
        }
    }
}

/// One page of a list: up to a hundred snapshots, and where the next page begins.
package struct SnapshotPage: Sendable {
    package var snapshots: [Snapshot]
    /// `nil` on the last page.
    package var marker: String?

    package init(snapshots: [Snapshot], marker: String? = nil) {
        self.snapshots = snapshots
        self.marker = marker
    }
}
