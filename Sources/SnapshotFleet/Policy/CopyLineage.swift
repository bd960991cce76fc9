// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Whether a snapshot is itself a copy: the guard against copies of copies.
///
/// Two routes may lead both ways between two Regions, people may take tags off, and RDS may tell of a finished copy as if
/// it were a new snapshot. So our tag is believed first, and where it is missing RDS's own word for where a copy came
/// from, together with the name that only this fleet would have given it.
package enum CopyLineage: Hashable, Sendable {
    /// Nothing says that it is a copy.
    case original
    /// This fleet's copy of what the text names: no route takes it, wherever it leads.
    case ours(of: String)
    /// Made by the fleet on the way to another account: of what, and where to, as far as its tags tell.
    case hop(of: String?, to: String?)
    /// A copy that somebody else made; a route may take it, but not back to where it came from.
    case foreign(SnapshotARN)
    /// Describe the snapshot and ask again.
    case unknown

    /// Judges by what is known of a snapshot.
    package init(_ snapshot: SnapshotFacts) {
        let destination = snapshot.tags?[HandoverTags.hopKey]
        if destination != nil || HopIdentifier.isOne(snapshot.arn.identifier) {
            self = .hop(of: snapshot.tags?[TagMerge.sourceKey], to: destination)
        } else if let source = snapshot.tags?[TagMerge.sourceKey] {
            self = .ours(of: source)
        } else if let origin = snapshot.copiedFrom.flatMap({ SnapshotARN($0) }) {
            let place = Destination(account: snapshot.arn.account, region: snapshot.arn.region)
            let name = TargetIdentifier.make(for: origin, destination: place)
            // RDS takes a hop for the source of what came by it.
            let isOurs =
                HopIdentifier.isOne(origin.identifier) || name.lowercased() == snapshot.arn.identifier.lowercased()
            self = isOurs ? .ours(of: origin.description) : .foreign(origin)
        } else if snapshot.origin == .automated || snapshot.tags != nil {
            // Copies are never automated.
            self = .original
        } else {
            self = .unknown
        }
    }

    /// Whether a copy at this place would be one of a snapshot that is, or was, at this very place.
    func leadsBack(to region: String, in account: String) -> Bool {
        guard case .foreign(let origin) = self else { return false }
        return origin.region == region && origin.account == account
    }
}
