// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Who lists snapshots, page by page: RDS in production.
package protocol SnapshotLister: Sendable {
    /// The account of the fleet's own credentials.
    var ownAccount: String { get }
    /// Gives one page of a list, up to a hundred snapshots, in one call; one more where a route asks for databases' tags.
    ///
    /// - Throws: ``AWSError``, or `CancellationError` once its task is cancelled.
    func page(of listing: SnapshotListing, after marker: String?) async throws -> SnapshotPage
}

/// A list of snapshots that RDS gives page by page.
package enum SnapshotListing: Hashable, Sendable, CustomStringConvertible {
    /// What an account that the fleet works in has in a Region; no origin stands for automated and manual ones together.
    case own(SourceGroup, origin: Snapshot.Origin?)
    /// What other accounts share with the fleet's own; automated snapshots can't be shared.
    case shared(region: String, kind: SnapshotKind)
    /// The manual snapshots at a destination, where every copy is one.
    case copies(SlotPool)

    /// The list for people: `111122223333/us-east-1/instance/automated`.
    package var description: String {
        switch self {
        case .own(let group, let origin):
            "\(group.account)/\(group.region)/\(group.kind.rawValue)" + (origin.map { "/\($0.rawValue)" } ?? "")
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
