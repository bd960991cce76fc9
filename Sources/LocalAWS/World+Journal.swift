// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What came of the latest requests and of time, for whoever checks the world after each of them.
extension World {
    /// A message that came to a queue or left it.
    package struct MessageChange: Sendable {
        package let queueARN: String
        package let number: UInt64
        /// The message; `nil` once it is gone.
        package let message: MessageSight?
    }

    /// A snapshot that was made, changed or removed.
    package struct SnapshotChange: Sendable {
        package let kind: RDSKind
        package let region: String
        package let identifier: String
        /// The snapshot as it is now; `nil` once it is gone.
        package let snapshot: SnapshotSight?
    }

    /// Keeps a journal of these queues and of all snapshots from now on.
    package mutating func keepJournal(ofQueues queueARNs: [String]) {
        self.rds.isJournaled = true
        for arn in queueARNs { self.sqs.queues[arn]?.isJournaled = true }
    }

    /// Takes out what happened to the messages of a queue since the last time, oldest first.
    package mutating func takeMessageChanges(queueARN: String) -> [MessageChange] {
        guard let taken = self.sqs.queues[queueARN]?.takeJournal(), !taken.isEmpty else { return [] }
        return taken.map { entry in
            MessageChange(queueARN: queueARN, number: entry.number, message: entry.message.map { MessageSight($0) })
        }
    }

    /// The snapshots that something happened to since they were last taken out, each as it is now.
    package var snapshotChanges: [SnapshotChange] {
        self.rds.touched.map { name in
            SnapshotChange(
                kind: name.place.kind,
                region: name.place.region,
                identifier: name.identifier,
                snapshot: self.rds.snapshot(name).map { SnapshotSight($0) }
            )
        }
    }

    /// Takes them out.
    package mutating func takeSnapshotChanges() -> [SnapshotChange] {
        guard !self.rds.touched.isEmpty else { return [] }
        defer { self.rds.touched.removeAll(keepingCapacity: true) }
        return self.snapshotChanges
    }

    /// How many messages a queue holds, hidden ones included.
    package func messageCount(queueARN: String) -> Int { self.sqs.queues[queueARN]?.contents.count ?? 0 }

    /// Removes an automated snapshot as if its retention were over.
    package mutating func ageOut(_ identifier: String, account: String, region: String, kind: RDSKind, at now: Instant)
    {
        let place = RDSPlace(account: account, region: region, kind: kind)
        self.rds.removeSnapshot(RDSName(place: place, identifier: identifier), at: now)
    }
}
