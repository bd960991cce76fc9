// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A binary heap that hands out its smallest element first.
struct MinHeap<Element: Comparable & Sendable>: Sendable {
    private var elements: [Element] = []

    /// The smallest element; `nil` when there is none.
    var first: Element? { self.elements.first }

    mutating func insert(_ element: Element) {
        self.elements.append(element)
        var child = self.elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.elements[child] < self.elements[parent] else { return }
            self.elements.swapAt(child, parent)
            child = parent
        }
    }

    @discardableResult
    mutating func removeFirst() -> Element? {
        guard let smallest = self.elements.first, let last = self.elements.popLast() else { return nil }
        guard !self.elements.isEmpty else { return smallest }
        self.elements[0] = last
        var parent = 0
        while true {
            var smaller = 2 * parent + 1
            guard smaller < self.elements.count else { return smallest }
            if smaller + 1 < self.elements.count, self.elements[smaller + 1] < self.elements[smaller] { smaller += 1 }
            guard self.elements[smaller] < self.elements[parent] else { return smallest }
            self.elements.swapAt(smaller, parent)
            parent = smaller
        }
    }

    mutating func removeAll() { self.elements = [] }
}

/// A queue of values: the oldest leaves first.
struct FirstInFirstOut<Element: Sendable>: Sendable {
    private var elements: [Element] = []
    private var head = 0

    mutating func append(_ element: Element) { self.elements.append(element) }

    mutating func popFirst() -> Element? {
        guard self.head < self.elements.count else { return nil }
        let element = self.elements[self.head]
        self.head += 1
        // Moving the rest down only when half is spent keeps the cost of each removal constant on average.
        if self.head > 64, self.head * 2 > self.elements.count {
            self.elements.removeFirst(self.head)
            self.head = 0
        }
        return element
    }

    mutating func removeAll() {
        self.elements = []
        self.head = 0
    }
}
