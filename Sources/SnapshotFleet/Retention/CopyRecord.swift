// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// A database whose snapshots the fleet carries, named by where the snapshots come from.
package struct SourceDatabase: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let account: String
    package let region: String
    package let kind: SnapshotKind
    /// The DB instance's or DB cluster's identifier, in lower case: RDS does not tell cases apart.
    package let identifier: String

    package init(account: String, region: String, kind: SnapshotKind, identifier: String) {
        self.account = account
        self.region = region
        self.kind = kind
        self.identifier = identifier.lowercased()
    }

    /// The database for people: `111122223333/us-east-1/instance/orders`.
    package var description: String {
        "\(self.account)/\(self.region)/\(self.kind.rawValue)/\(self.identifier)"
    }

    package static func < (left: SourceDatabase, right: SourceDatabase) -> Bool {
        (left.account, left.region, left.kind, left.identifier)
            < (right.account, right.region, right.kind, right.identifier)
    }
}

/// A snapshot at a destination that is the fleet's own copy, and what its tags tell about it.
package struct CopyRecord: Hashable, Sendable {
    /// Set by people on a copy that must not be pruned; its value does not matter.
    package static let holdKey = "snapferry:hold"

    package let snapshot: Snapshot
    package let database: SourceDatabase
    /// The route that planned it.
    package let route: String
    /// When the data was taken; `nil` where nothing believable says so.
    package let takenAt: Instant?

    /// Reads a snapshot as a copy of this fleet's; `nil` when it is not ours.
    ///
    /// The tag alone is not believed: a person who copies one of our copies with its tags has a snapshot of their own,
    /// which bears another name than the one that we would have given. A hop is no copy: it goes by itself.
    ///
    /// - Parameters:
    ///   - snapshot: As Describe tells it, tags and all.
    ///   - destination: Where it is.
    package init?(_ snapshot: Snapshot, at destination: Destination) {
        guard snapshot.origin == .manual, let tag = snapshot.tags[TagMerge.sourceKey], let source = SnapshotARN(tag),
            source.kind == snapshot.arn.kind, snapshot.tags[HandoverTags.hopKey] == nil,
            TargetIdentifier.make(for: source, destination: destination).lowercased()
                == snapshot.arn.identifier.lowercased()
        else { return nil }
        self.snapshot = snapshot
        self.database = SourceDatabase(
            account: source.account,
            region: source.region,
            kind: source.kind,
            identifier: snapshot.database
        )
        self.route = snapshot.tags[TagMerge.routeKey] ?? ""
        self.takenAt = Self.takenAt(snapshot)
    }

    /// RDS keeps the time of an instance's data through copies and has none for clusters, where our tag tells it.
    ///
    /// Data can't be younger than its copy: such a time is somebody's mistake, and would make an old copy the newest.
    private static func takenAt(_ snapshot: Snapshot) -> Instant? {
        let tagged = snapshot.tags[TagMerge.sourceCreatedKey].flatMap { Instant(iso8601: $0) }
        guard let taken = snapshot.originalCreatedAt ?? tagged else { return nil }
        if let created = snapshot.createdAt, taken > created { return nil }
        return taken
    }

    /// Whether people asked for it to be kept.
    package var isHeld: Bool { self.snapshot.tags.keys.contains { $0.lowercased() == Self.holdKey } }
}
