// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Keys by the moment at which they are due, the earliest first.
///
/// Nothing is ever taken out of the middle: a key whose deadline moved is pushed again, and whoever pops it asks its own
/// books whether it is still due. Push and pop cost O(log n).
package struct DeadlineHeap<Key: Hashable & Sendable & Comparable>: Sendable {
    private var entries: [(due: Instant, key: Key)] = []

    package init() {}

    /// The earliest deadline, which may be out of date.
    package var earliest: Instant? { self.entries.first?.due }
    package var count: Int { self.entries.count }

    package mutating func push(_ key: Key, due: Instant) {
        self.entries.append((due, key))
        var child = self.entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.isBefore(child, parent) else { break }
            self.entries.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the earliest key out if it is due at `now`.
    package mutating func pop(dueAt now: Instant) -> Key? {
        guard let first = self.entries.first, first.due <= now else { return nil }
        self.entries.swapAt(0, self.entries.count - 1)
        self.entries.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < self.entries.count && self.isBefore(child, least) {
                least = child
            }
            guard least != parent else { break }
            self.entries.swapAt(parent, least)
            parent = least
        }
        return first.key
    }

    /// Ties are broken by the key, so that the same history gives the same order.
    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (self.entries[left].due, self.entries[left].key) < (self.entries[right].due, self.entries[right].key)
    }
}
