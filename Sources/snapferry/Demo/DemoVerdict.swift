// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What came of the demo: looked up in the embedded AWS by its API, and compared with what should be there.
struct DemoVerdict: Sendable, Equatable {
    /// Snapshots at the source that the policy wants.
    var expected: [Snapshot] = []
    /// What is at the destination.
    var copies: [Snapshot] = []
    var queue: QueueDepth?
    /// The bodies of the messages in the dead-letter queue.
    var deadLetters: [String] = []
    /// Why the demo ended before its fleet had finished; `nil` when it had.
    var interruption: String?

    /// What is missing or too much, one line each; empty when all is well.
    func problems(story: DemoStory) -> [String] {
        var problems: [String] = []
        if let interruption = self.interruption { problems.append(interruption) }
        if self.expected.isEmpty { problems.append("there is no snapshot at the source") }
        let found = Dictionary(self.copies.map { ($0.arn, $0) }) { first, _ in first }
        for snapshot in self.expected {
            let target = Self.target(of: snapshot.arn, story: story)
            let place = "\(snapshot.arn.identifier) in \(story.destination)"
            guard let copy = found[target] else {
                problems.append("no copy of \(place)")
                continue
            }
            if copy.status != "available" { problems.append("the copy of \(place) is \(copy.status)") }
            if copy.isEncrypted != snapshot.isEncrypted {
                problems.append("the copy of \(place) is \(copy.isEncrypted ? "" : "not ")encrypted")
            }
        }
        let targets = Set(self.expected.map { Self.target(of: $0.arn, story: story) })
        for copy in self.copies where !targets.contains(copy.arn) { problems.append("nobody asked for \(copy.arn)") }
        if let queue = self.queue {
            if !queue.isEmpty { problems.append("the queue is not empty: \(queue)") }
        } else {
            problems.append("the queue could not be looked at")
        }
        if self.deadLetters != [story.poison] {
            let count = self.deadLetters.count
            problems.append("the dead-letter queue holds \(count) messages, not the poisoned one alone")
        }
        return problems
    }

    /// How many of the expected snapshots are whole at the destination.
    func confirmed(story: DemoStory) -> Int {
        let whole = Set(self.copies.filter { $0.status == "available" }.map(\.arn))
        return self.expected.count { whole.contains(Self.target(of: $0.arn, story: story)) }
    }

    private static func target(of source: SnapshotARN, story: DemoStory) -> SnapshotARN {
        SnapshotARN(
            partition: source.partition,
            region: story.destination,
            account: story.account,
            kind: source.kind,
            identifier: TargetIdentifier.make(for: source, destination: story.destinationAddress)
        )
    }
}
