// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("A clock that only moves forward")
struct SteadyTimeTests {
    @Test("it starts from the clock that it is given, at that one's speed")
    func follows() {
        let epoch = Instant(seconds: 1_000_000)
        let system = SystemTimeSource.systemNow()
        let base = SystemTimeSource(speed: 2, epoch: epoch)
        let steady = SteadyTimeSource(startingAt: base)
        // The base counts twice the time since its epoch; the product of so long a time is rounded.
        #expect(steady.now() >= epoch + (system - epoch) * 2 - .milliseconds(1))
        let before = steady.now()
        #expect(steady.now() >= before)
    }

    @Test("it can be set right")
    func corrected() {
        let steady = SteadyTimeSource(startingAt: SystemTimeSource())
        let before = steady.now()
        steady.correct(by: .seconds(600))
        #expect(steady.now() - before >= .seconds(600))
    }
}
