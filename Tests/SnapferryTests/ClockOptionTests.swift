// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@testable import snapferry

@Suite struct ClockOptionTests {
    @Test(arguments: [
        ("60@2026-11-21T20:10:28Z", 60.0), ("1.5@2026-11-21T20:10:28.250000Z", 1.5), ("1@1970-01-01T00:00:00Z", 1),
    ])
    func clockIsReadAsSimulateAnnouncesIt(argument: String, speed: Double) throws {
        let clock = try #require(ClockOption(argument: argument))
        #expect(clock.time.speed == speed)
        #expect(clock.time.epoch == Instant(iso8601: argument.split(separator: "@")[1]))
    }

    @Test(arguments: [
        "", "60", "@", "60@", "@2026-11-21T20:10:28Z", "fast@2026-11-21T20:10:28Z", "0@2026-11-21T20:10:28Z",
        "-1@2026-11-21T20:10:28Z", "inf@2026-11-21T20:10:28Z", "nan@2026-11-21T20:10:28Z", "60@yesterday",
        "60 2026-11-21T20:10:28Z",
    ])
    func anythingElseIsNone(argument: String) {
        #expect(ClockOption(argument: argument) == nil)
    }
}
