// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

@Suite("Glob patterns")
struct GlobPatternTests {
    @Test(
        "describe whole names, whatever their case",
        arguments: [
            ("*", "", true), ("*", "anything", true), ("**", "x", true), ("", "", true), ("", "x", false),
            ("prod-*", "prod-orders", true), ("prod-*", "prod-", true), ("prod-*", "prod", false),
            ("PROD-*", "prod-Orders", true), ("*-scratch", "a-scratch", true), ("*-scratch", "a-scratch-2", false),
            ("a?c", "abc", true), ("a?c", "ac", false), ("a*b*c", "a-b-b-c", true), ("a*b*c", "a-c-b", false),
            ("*a?", "aaab", true), ("ä-*", "Ä-x", true), ("[", "{", false), ("a@", "A`", false), ("?", "", false),
            ("?*", "x", true), ("*?*?", "x", false), ("a*a", "a", false),
        ]
    )
    func matches(pattern: String, name: String, expected: Bool) {
        #expect(GlobPattern(pattern).matches(name) == expected)
    }

    @Test("never take exponential time")
    func hostile() {
        let pattern = GlobPattern(String(repeating: "*a", count: 60) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 4000)))
    }

    @Test(
        "know when they take anything",
        arguments: [("*", true), ("**", true), ("", false), ("*a", false), ("?", false)]
    )
    func universal(pattern: String, expected: Bool) {
        #expect(GlobPattern(pattern).isUniversal == expected)
    }
}
