// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("The book of slots")
struct SlotBookTests {
    private let pool = SlotPool(
        destination: Destination(account: "111122223333", region: "eu-west-1"),
        kind: .instance
    )
    private let start = Instant(seconds: 1_000_000)

    @Test("a slot whose copy never showed comes back, but not while its start may be under way")
    func reservationsEnd() {
        var book = SlotBook()
        let granted1 = book.acquire(self.pool, target: "a", limit: 1, at: self.start)
        #expect(granted1)
        book.observe(self.pool, inProgress: [], at: self.start + .seconds(600))
        let granted2 = book.acquire(self.pool, target: "b", limit: 1, at: self.start + .seconds(600))
        #expect(!granted2)
        book.observe(self.pool, inProgress: [], at: self.start + .seconds(900))
        let granted3 = book.acquire(self.pool, target: "b", limit: 1, at: self.start + .seconds(900))
        #expect(granted3)
    }

    @Test("whoever asks again for the same copy keeps its slot for as long again")
    func reservationsAreRenewed() {
        var book = SlotBook()
        let granted4 = book.acquire(self.pool, target: "a", limit: 1, at: self.start)
        #expect(granted4)
        let granted5 = book.acquire(self.pool, target: "a", limit: 1, at: self.start + .seconds(600))
        #expect(granted5)
        book.observe(self.pool, inProgress: [], at: self.start + .seconds(1200))
        #expect(book.entries(of: self.pool).keys.sorted() == ["a"])
    }

    @Test("a slot beyond the limit is nobody's to take over: its copy may have ended")
    func slotsBeyondTheLimitAreNotTakenOver() {
        var book = SlotBook()
        let granted = book.acquire(self.pool, target: "a", limit: 1, at: self.start)
        book.occupy(self.pool, target: "a", at: self.start)
        // Begun by somebody else, and seen in progress.
        book.observe(self.pool, inProgress: ["a", "b"], at: self.start + .seconds(100))
        let early = book.acquire(self.pool, target: "b", limit: 1, at: self.start + .seconds(200))
        book.release(self.pool, target: "a")
        let late = book.acquire(self.pool, target: "b", limit: 1, at: self.start + .seconds(300))
        #expect([granted, early, late] == [true, false, true])
    }
}
