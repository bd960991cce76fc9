// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

/// What is decided of one slot is told in order, and what is decided of others does not wait for it.
@Suite struct SlotTurnsTests {
    private static func slots(_ targets: String...) -> Set<SlotTurns.Slot> {
        let pool = SlotPool(destination: Destination(account: "111122223333", region: "eu-west-1"), kind: .instance)
        return Set(targets.map { SlotTurns.Slot(pool: pool, target: $0) })
    }

    @Test func oneSlotIsServedInOrder() {
        var turns = SlotTurns()
        let first = turns.enter(Self.slots("a"))
        let second = turns.enter(Self.slots("a"))
        let third = turns.enter(Self.slots("a"))
        #expect([first, second, third].map { turns.isNext($0) } == [true, false, false])
        #expect(turns.leave(first) == [second])
        #expect(turns.leave(second) == [third])
        #expect(turns.leave(third).isEmpty)
    }

    @Test func othersDoNotWait() {
        var turns = SlotTurns()
        let first = turns.enter(Self.slots("a"))
        let other = turns.enter(Self.slots("b"))
        let none = turns.enter([])
        #expect(turns.isNext(first) && turns.isNext(other) && turns.isNext(none))
    }

    @Test func whoeverNeedsTwoSlotsWaitsForBoth() {
        var turns = SlotTurns()
        let first = turns.enter(Self.slots("a"))
        let second = turns.enter(Self.slots("b"))
        let both = turns.enter(Self.slots("a", "b"))
        let after = turns.enter(Self.slots("b"))
        #expect(turns.leave(first).isEmpty)
        #expect(turns.leave(second) == [both])
        #expect(!turns.isNext(after))
        #expect(turns.leave(both) == [after])
    }

    @Test func whoeverGivesUpHoldsNobodyUp() {
        var turns = SlotTurns()
        let first = turns.enter(Self.slots("a"))
        let second = turns.enter(Self.slots("a"))
        let third = turns.enter(Self.slots("a"))
        #expect(turns.leave(second).isEmpty)
        #expect(turns.leave(first) == [third])
        #expect(turns.leave(third).isEmpty)
        #expect(turns.isNext(turns.enter(Self.slots("a"))))
    }
}
