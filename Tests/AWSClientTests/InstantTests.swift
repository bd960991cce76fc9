// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("Instant")
struct InstantTests {
    @Test(
        "reads what AWS and people write",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-21T20:10:28.618272Z", 1_795_291_828_618_272),
            ("2026-11-21T20:10:28", 1_795_291_828_000_000),
            ("2026-11-21T22:10:28+02:00", 1_795_291_828_000_000),
            ("20261121T201028Z", 1_795_291_828_000_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
            ("1969-12-31T23:59:59.5Z", -500_000),
        ]
    )
    func reads(text: String, microseconds: Int64) throws {
        let instant = try #require(Instant(iso8601: text))
        #expect(instant.microseconds == microseconds)
        #expect(Instant(instant.civil) == instant)
    }

    @Test(
        "refuses what names no moment",
        arguments: [
            "", "2026", "2026-11-21", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-21T24:00:00Z",
            "2026-11-21T20:10:28.Z", "2026-11-21T20:10:28Zx", "not a date at all",
        ]
    )
    func refuses(text: String) {
        #expect(Instant(iso8601: text) == nil)
    }

    @Test("writes both forms of ISO 8601")
    func writes() {
        let instant = Instant(microseconds: 1_795_291_828_618_272)
        #expect(instant.iso8601 == "2026-11-21T20:10:28.618Z")
        #expect(instant.iso8601Basic == "20261121T201028Z")
        #expect((instant + .seconds(90)).iso8601 == "2026-11-21T20:11:58.618Z")
    }
}
