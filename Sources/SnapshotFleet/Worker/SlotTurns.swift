// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Whose turn it is to tell the ledger of a slot.
///
/// What a core decides of one slot is told in the order in which it was decided, across its steps: a ledger that is told
/// that a slot is given up while it still writes that the slot is taken would keep it for ever. What concerns different
/// slots waits for nothing.
package struct SlotTurns: Sendable {
    /// One slot: whose copy, and where.
    package struct Slot: Hashable, Sendable {
        package let pool: SlotPool
        package let target: String

        package init(pool: SlotPool, target: String) {
            self.pool = pool
            self.target = target
        }
    }

    /// Who waits for each slot, the first one being at it.
    private var lines: [Slot: [UInt64]] = [:]
    private var slots: [UInt64: Set<Slot>] = [:]
    private var latest: UInt64 = 0

    package init() {}

    /// Lines up for some slots.
    ///
    /// - Returns: The number to ask with and to leave with.
    package mutating func enter(_ slots: Set<Slot>) -> UInt64 {
        self.latest += 1
        self.slots[self.latest] = slots
        for slot in slots { self.lines[slot, default: []].append(self.latest) }
        return self.latest
    }

    /// Whether nobody is before this one at any of its slots.
    package func isNext(_ number: UInt64) -> Bool {
        self.slots[number]?.allSatisfy { self.lines[$0]?.first == number } ?? true
    }

    /// Leaves the line, having been at it or not.
    ///
    /// - Returns: Those whose turn it is now, in the order in which they came.
    package mutating func leave(_ number: UInt64) -> [UInt64] {
        var heads: Set<UInt64> = []
        for slot in self.slots.removeValue(forKey: number) ?? [] {
            let wasNext = self.lines[slot]?.first == number
            self.lines[slot]?.removeAll { $0 == number }
            guard let head = self.lines[slot]?.first else {
                self.lines[slot] = nil
                continue
            }
            if wasNext { heads.insert(head) }
        }
        return heads.filter { self.isNext($0) }.sorted()
    }
}

extension ActionBatch {
    /// The slots that the ledger is asked for or told of.
    package var slots: Set<SlotTurns.Slot> {
        guard case .ledger(let actions, _) = self else { return [] }
        return Set(
            actions.compactMap { action in
                switch action {
                case .acquireSlot(_, let pool, let target), .occupySlot(let pool, let target),
                    .releaseSlot(let pool, let target, _), .disownSlot(let pool, let target):
                    SlotTurns.Slot(pool: pool, target: target)
                default: nil
                }
            }
        )
    }
}
