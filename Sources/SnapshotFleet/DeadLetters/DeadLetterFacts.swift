// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What was found out about the snapshots that dead letters name, their copies and what copies need.
///
/// What nobody looked at is missing, and makes an outlook unknown rather than wrong.
package struct DeadLetterFacts: Sendable {
    /// A source that was looked for.
    package enum Source: Hashable, Sendable {
        case there(Snapshot)
        /// Gone, or not visible from where the fleet stands.
        case gone
    }

    /// A key of a destination, as the policy names it.
    package struct Key: Hashable, Sendable {
        package let destination: Destination
        package let name: String

        package init(destination: Destination, name: String) {
            self.destination = destination
            self.name = name
        }
    }

    /// What is at one destination.
    package struct Shelf: Sendable {
        /// By identifier, in lower case.
        package private(set) var snapshots: [String: Snapshot] = [:]
        /// The newest whole copy of each database.
        package private(set) var newest: [SourceDatabase: CopyRecord] = [:]

        package init() {}

        /// Takes a page of the manual snapshots there.
        package mutating func take(_ page: [Snapshot], at destination: Destination) {
            for snapshot in page {
                self.snapshots[snapshot.arn.identifier.lowercased()] = snapshot
                guard snapshot.phase == .available, let copy = CopyRecord(snapshot, at: destination),
                    let takenAt = copy.takenAt
                else { continue }
                if let known = self.newest[copy.database]?.takenAt, known >= takenAt { continue }
                self.newest[copy.database] = copy
            }
        }
    }

    package var sources: [SnapshotARN: Source] = [:]
    package var shelves: [SlotPool: Shelf] = [:]
    /// The jobs whose hop is there, so that they go on though their source is gone.
    package var hops: Set<CopyJob.ID> = []
    /// What is wrong with keys that were looked at, for people; a key in order is not among them.
    package var brokenKeys: [Key: String] = [:]
    /// Where no more manual snapshots fit, and how many there are, for people.
    package var full: [SlotPool: String] = [:]

    package init() {}
}
