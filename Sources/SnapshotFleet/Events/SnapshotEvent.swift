// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// RDS says that a snapshot is there.
///
/// An event tells less than Describe. The database is not guessed from the identifier: automated snapshots that RDS takes
/// before an upgrade (`rds:preupgrade-…`) are named after more than their database.
package struct SnapshotEvent: Hashable, Sendable {
    package var arn: SnapshotARN
    /// `RDS-EVENT-0091` and so on; `nil` in old shapes, where the text told what happened.
    package var eventID: String?
    /// When RDS says it happened; `nil` when it does not, or not legibly.
    package var time: Instant?
    /// `automated` when the event says so, else `nil`.
    ///
    /// "Manual" is not taken at its word: AWS Backup's snapshots are announced as manual ones.
    package var origin: Snapshot.Origin?
    /// The snapshot's tags when the event was sent; `nil` when it carries none.
    package var tags: [String: String]?

    package init(
        arn: SnapshotARN,
        eventID: String? = nil,
        time: Instant? = nil,
        origin: Snapshot.Origin? = nil,
        tags: [String: String]? = nil
    ) {
        self.arn = arn
        self.eventID = eventID
        self.time = time
        self.origin = origin
        self.tags = tags
    }
}
