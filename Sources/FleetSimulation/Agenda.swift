// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What is going to happen, in the order of virtual time; what is due together happens in the order it was planned.
///
/// The heap holds numbers only, so that nothing is counted when they change places.
struct Agenda {
    private struct Entry {
        let due: Int64
        let order: UInt64
        /// Where the action is.
        let place: Int

        func isBefore(_ other: Entry) -> Bool {
            self.due != other.due ? self.due < other.due : self.order < other.order
        }
    }

    private var heap: [Entry] = []
    private var actions: [(() -> Void)?] = []
    /// The places of actions that were taken out.
    private var free: [Int] = []
    private var planned: UInt64 = 0

    var nextDue: Instant? { self.heap.first.map { Instant(microseconds: $0.due) } }

    mutating func plan(at due: Instant, _ action: @escaping () -> Void) {
        self.planned += 1
        let entry = Entry(due: due.microseconds, order: self.planned, place: self.store(action))
        self.heap.append(entry)
        var child = self.heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entry.isBefore(self.heap[parent]) else { break }
            self.heap[child] = self.heap[parent]
            child = parent
        }
        self.heap[child] = entry
    }

    /// Takes out what is next.
    mutating func pop() -> (() -> Void)? {
        guard let first = self.heap.first else { return nil }
        let last = self.heap.removeLast()
        if !self.heap.isEmpty { self.sink(last) }
        defer { self.actions[first.place] = nil }
        self.free.append(first.place)
        return self.actions[first.place]
    }

    /// Puts an entry in the place of the first, and brings it to its own.
    private mutating func sink(_ entry: Entry) {
        let count = self.heap.count
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < count else { break }
            if child + 1 < count, self.heap[child + 1].isBefore(self.heap[child]) { child += 1 }
            guard self.heap[child].isBefore(entry) else { break }
            self.heap[parent] = self.heap[child]
            parent = child
        }
        self.heap[parent] = entry
    }

    private mutating func store(_ action: @escaping () -> Void) -> Int {
        guard let place = self.free.popLast() else {
            self.actions.append(action)
            return self.actions.count - 1
        }
        self.actions[place] = action
        return place
    }

    mutating func removeAll() {
        self.heap = []
        self.actions = []
        self.free = []
    }
}
