// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// One snapshot to carry to one destination.
///
/// Travels as an SQS message; all that a worker needs to go on with another's job is in here or in RDS.
package struct CopyJob: Hashable, Sendable {
    /// What names a job: the same snapshot to the same destination is the same job.
    package struct ID: Hashable, Sendable, Comparable, CustomStringConvertible {
        package let source: SnapshotARN
        package let destination: Destination

        package init(source: SnapshotARN, destination: Destination) {
            self.source = source
            self.destination = destination
        }

        /// The job for people: `arn:… -> 444455556666/eu-west-1`.
        package var description: String { "\(self.source) -> \(self.destination)" }

        package static func < (left: ID, right: ID) -> Bool {
            left.source != right.source ? left.source < right.source : left.destination < right.destination
        }
    }

    package var source: SnapshotARN
    package var destination: Destination
    /// The name of the route that planned it.
    package var route: String
    /// When the fleet first heard of it; kept when the message is renewed.
    package var firstSeen: Instant
    /// How many copies of it have failed so far.
    package var failedCopies: Int

    package init(
        source: SnapshotARN,
        destination: Destination,
        route: String,
        firstSeen: Instant,
        failedCopies: Int = 0
    ) {
        self.source = source
        self.destination = destination
        self.route = route
        self.firstSeen = firstSeen
        self.failedCopies = failedCopies
    }

    package var id: ID { ID(source: self.source, destination: self.destination) }
    package var pool: SlotPool { SlotPool(destination: self.destination, kind: self.source.kind) }
}
