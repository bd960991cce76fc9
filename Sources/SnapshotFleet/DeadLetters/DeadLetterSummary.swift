// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Dead letters counted by reason and destination.
package struct DeadLetterSummary: Hashable, Sendable {
    /// Letters that one thing put right would let succeed.
    package struct Group: Hashable, Sendable {
        package let cause: DeadLetterCause
        /// `nil` for messages that were given up before they had one.
        package let destination: Destination?
        package var count = 0
        /// When the oldest was sent there; `nil` where SQS does not say.
        package var oldest: Instant?
        package var newest: Instant?

        mutating func add(_ entry: DeadLetterEntry) {
            self.count += 1
            guard let sentAt = entry.sentAt else { return }
            self.oldest = min(self.oldest ?? sentAt, sentAt)
            self.newest = max(self.newest ?? sentAt, sentAt)
        }
    }

    private struct Key: Hashable {
        let cause: DeadLetterCause
        let destination: Destination?
    }

    /// The largest first, then by reason and destination.
    package let groups: [Group]
    package let count: Int

    /// Counts letters.
    package init(_ entries: some Sequence<DeadLetterEntry>) {
        var groups: [Key: Group] = [:]
        var count = 0
        for entry in entries {
            let key = Key(cause: entry.cause, destination: entry.destination)
            groups[key, default: Group(cause: entry.cause, destination: entry.destination)].add(entry)
            count += 1
        }
        self.count = count
        self.groups = groups.values.sorted { left, right in
            (right.count, left.cause.name, left.place) < (left.count, right.cause.name, right.place)
        }
    }

    /// How many letters each reason has, the most first, then by its word.
    package var byReason: [(reason: String, count: Int)] {
        var counts: [String: Int] = [:]
        for group in self.groups { counts[group.cause.name, default: 0] += group.count }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// When the oldest of all was sent there; `nil` where there is none, or SQS does not say.
    package var oldest: Instant? { self.groups.compactMap(\.oldest).min() }
}

extension DeadLetterSummary.Group {
    fileprivate var place: String { self.destination?.description ?? "" }
}
