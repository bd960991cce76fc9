// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What is going to happen, soonest first; at the same moment in the order in which it was planned.
struct RDSTimeline<Change: Sendable>: Sendable {
    private struct Entry: Sendable {
        var moment: Instant
        var sequence: Int
        var change: Change

        func comesBefore(_ other: Entry) -> Bool {
            (self.moment, self.sequence) < (other.moment, other.sequence)
        }
    }

    /// A binary heap.
    private var heap: [Entry] = []
    private var planned = 0

    /// When the next change is due.
    var next: Instant? { self.heap.first?.moment }

    /// Plans a change.
    mutating func plan(_ change: Change, at moment: Instant) {
        self.planned += 1
        self.heap.append(Entry(moment: moment, sequence: self.planned, change: change))
        var child = self.heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.heap[child].comesBefore(self.heap[parent]) else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out the next change if it is due by `now`.
    mutating func popDue(by now: Instant) -> (moment: Instant, change: Change)? {
        guard let first = self.heap.first, first.moment <= now else { return nil }
        let last = self.heap.removeLast()
        if !self.heap.isEmpty {
            self.heap[0] = last
            self.sink()
        }
        return (first.moment, first.change)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var first = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.heap.count {
                if self.heap[child].comesBefore(self.heap[first]) { first = child }
            }
            guard first != parent else { return }
            self.heap.swapAt(parent, first)
            parent = first
        }
    }
}
