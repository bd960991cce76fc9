// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Timers of a worker")
struct WakeUpTests {
    private let start = Instant(seconds: 1_000_000)

    @Test("one timer is set for a deadline, and another only for an earlier one")
    func oneTimer() {
        var wakeUp = WakeUp()
        let timer1 = wakeUp.arm(for: self.start + .seconds(60), at: self.start)
        #expect(timer1 == self.start + .seconds(60))
        let timer2 = wakeUp.arm(for: self.start + .seconds(60), at: self.start + .seconds(1))
        #expect(timer2 == nil)
        let timer3 = wakeUp.arm(for: self.start + .seconds(90), at: self.start + .seconds(1))
        #expect(timer3 == nil)
        let timer4 = wakeUp.arm(for: self.start + .seconds(30), at: self.start + .seconds(1))
        #expect(timer4 == self.start + .seconds(30))
        let timer5 = wakeUp.arm(for: nil, at: self.start + .seconds(2))
        #expect(timer5 == nil)
    }

    @Test("a timer that fires late for a deadline long gone sets no other")
    func staleTimersDieOut() {
        var wakeUp = WakeUp()
        _ = wakeUp.arm(for: self.start + .seconds(60), at: self.start)
        _ = wakeUp.arm(for: self.start + .seconds(30), at: self.start)
        let next = self.start + .seconds(100)
        let timer6 = wakeUp.arm(for: next, at: self.start + .seconds(30))
        #expect(timer6 == next)
        // The first of the two fires now: the one for `next` is set already.
        let timer7 = wakeUp.arm(for: next, at: self.start + .seconds(60))
        #expect(timer7 == nil)
    }

    @Test("a deadline that has passed is met soon, but not at once, and by one timer")
    func neverATightLoop() {
        var wakeUp = WakeUp()
        let due = self.start + .milliseconds(5)
        let timer8 = wakeUp.arm(for: self.start - .seconds(5), at: self.start)
        #expect(timer8 == due)
        let timer9 = wakeUp.arm(for: self.start - .seconds(5), at: self.start + .milliseconds(1))
        #expect(timer9 == nil)
    }
}
