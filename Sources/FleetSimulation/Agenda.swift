// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What is going to happen, in the order of virtual time; what is due together happens in the order it was planned.
struct Agenda {
    private struct Entry {
        let due: Instant
        let order: UInt64
        let action: () -> Void

        func isBefore(_ other: Entry) -> Bool {
            (self.due.microseconds, self.order) < (other.due.microseconds, other.order)
        }
    }

    private var heap: [Entry] = []
    private var planned: UInt64 = 0

    var nextDue: Instant? { self.heap.first?.due }

    mutating func plan(at due: Instant, _ action: @escaping () -> Void) {
        self.planned += 1
        self.heap.append(Entry(due: due, order: self.planned, action: action))
        var child = self.heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.heap[child].isBefore(self.heap[parent]) else { break }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out what is next.
    mutating func pop() -> (() -> Void)? {
        guard let first = self.heap.first else { return nil }
        self.heap.swapAt(0, self.heap.count - 1)
        self.heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < self.heap.count && self.heap[child].isBefore(self.heap[least]) {
                least = child
            }
            guard least != parent else { break }
            self.heap.swapAt(parent, least)
            parent = least
        }
        return first.action
    }

    mutating func removeAll() { self.heap = [] }
}
