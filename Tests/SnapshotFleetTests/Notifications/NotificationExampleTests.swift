// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What NOTIFICATIONS.md shows is what is sent.
@Suite struct NotificationExampleTests {
    private static func examples() throws -> [JSONValue] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = String(decoding: try Data(contentsOf: root.appending(path: "NOTIFICATIONS.md")), as: UTF8.self)
        var blocks: [String] = [""]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("    ") { blocks[blocks.count - 1] += line + "\n" } else { blocks.append("") }
        }
        return try blocks.filter { $0.hasPrefix("    {") }.map { try JSONValue(parsing: $0.utf8) }
    }

    private static func sent() throws -> [FleetNotification] {
        var settings = NotificationDigest.Settings()
        settings.tellsConfirmed = true
        var digest = NotificationDigest(settings: settings)
        let later = Told.start + .seconds(3600)
        let full = FleetEvent.snapshotQuotaReached(Told.pool, detail: "Cannot create more than 100 manual snapshots")
        var sent = digest.take(try Told.confirmed(), at: Told.start)
        for _ in 1...2 { sent += digest.take(Told.letter(), at: Told.start) }
        sent += digest.tick(at: Told.start + .seconds(30))
        sent += digest.take(Told.point(2), at: Told.start)
        sent += digest.take(Told.point(0), at: later)
        sent += digest.take(full, at: Told.start)
        sent += digest.take(.snapshotQuotaFreed(Told.pool, deleted: 3), at: later)
        return sent
    }

    /// Remedies are for people, and may be put better at any time.
    private static func withoutRemedy(_ message: JSONValue) -> JSONValue {
        guard case .object(var members) = message, case .object(var detail)? = members["detail"] else { return message }
        if detail["remedy"] != nil { detail["remedy"] = "…" }
        members["detail"] = .object(detail)
        return .object(members)
    }

    @Test func everyKindHasAnExampleThatIsTrue() throws {
        let examples = try Self.examples()
        let sent = try Self.sent()
        #expect(examples.count == FleetNotification.Kind.allCases.count)
        #expect(sent.map(\.kind.rawValue) == examples.map { $0["detail-type"]?.string })
        for (message, example) in zip(sent.map(\.message), examples) { #expect(Self.withoutRemedy(message) == example) }
    }

    @Test func subjectsAreWhatATopicTakes() throws {
        for notification in try Self.sent() {
            #expect(SNSClient.subject(notification.subject) == notification.subject)
        }
    }
}
