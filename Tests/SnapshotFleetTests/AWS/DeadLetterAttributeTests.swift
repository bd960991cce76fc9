// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@testable import SnapshotFleet

@Suite struct DeadLetterAttributeTests {
    private static func attributes(bodySize: Int, source: String? = nil) -> [String: String] {
        let letter = DeadLetter(
            body: String(repeating: "[", count: bodySize),
            reason: .malformed,
            detail: "not JSON",
            source: source,
            destination: "",
            attempts: 1,
            firstSeen: Instant(seconds: 0)
        )
        return SQSJobQueue.attributes(of: letter, worker: "w").compactMapValues(\.stringValue)
    }

    @Test func saysEverythingWhereThereIsRoom() {
        let attributes = Self.attributes(bodySize: 2, source: "arn")
        #expect(
            attributes == [
                "snapferry.reason": "malformed", "snapferry.detail": "not JSON", "snapferry.source": "arn",
                "snapferry.attempts": "1", "snapferry.first-seen": Instant(seconds: 0).iso8601,
                "snapferry.worker": "w",
            ]
        )
    }

    /// SQS counts names, types and values: `snapferry.reason`, `String` and `malformed` are 31 bytes.
    @Test(arguments: [
        (0, []), (22, []), (31, ["snapferry.reason"]), (60, ["snapferry.reason", "snapferry.attempts"]),
        (61, ["snapferry.reason", "snapferry.detail"]),
    ])
    func keepsWithinTheLimitOfAMessage(room: Int, names: [String]) {
        #expect(Self.attributes(bodySize: 1_048_576 - room).keys.sorted() == names.sorted())
    }
}
