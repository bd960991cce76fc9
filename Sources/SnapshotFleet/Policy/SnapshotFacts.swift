// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What is known of a snapshot when the policy is asked about it.
///
/// An event tells little; what it leaves out is `nil` until the snapshot has been described.
package struct SnapshotFacts: Hashable, Sendable {
    package var arn: SnapshotARN
    package var database: String?
    package var origin: Snapshot.Origin?
    package var engine: String?
    package var tags: [String: String]?
    /// The tags of the DB instance or DB cluster.
    package var databaseTags: [String: String]?
    /// The ARN of the snapshot that RDS says this is a copy of; `nil` where it says nothing.
    package var copiedFrom: String?
    /// Whether this is all that there is to know: what is `nil` stays so.
    package var isDescribed: Bool

    package init(
        arn: SnapshotARN,
        database: String? = nil,
        origin: Snapshot.Origin? = nil,
        engine: String? = nil,
        tags: [String: String]? = nil,
        databaseTags: [String: String]? = nil,
        copiedFrom: String? = nil,
        isDescribed: Bool = false
    ) {
        self.arn = arn
        self.database = database
        self.origin = origin
        self.engine = engine
        self.tags = tags
        self.databaseTags = databaseTags
        self.copiedFrom = copiedFrom
        self.isDescribed = isDescribed
    }

    /// What an event tells.
    package init(_ event: SnapshotEvent) {
        self.init(arn: event.arn, origin: event.origin, tags: event.tags)
    }

    /// What Describe tells.
    package init(_ snapshot: Snapshot) {
        self.init(
            arn: snapshot.arn,
            database: snapshot.database,
            origin: snapshot.origin,
            engine: snapshot.engine,
            tags: snapshot.tags,
            databaseTags: snapshot.databaseTags,
            copiedFrom: snapshot.sourceARN,
            isDescribed: true
        )
    }

    /// Where the snapshot comes from; AWS Backup's are told by their names.
    ///
    /// RDS calls them manual, of clusters always. Nobody else can use a colon in a name.
    var effectiveOrigin: Snapshot.Origin? {
        self.arn.identifier.contains(inAnyCase: "awsbackup:") ? .awsbackup : self.origin
    }
}
