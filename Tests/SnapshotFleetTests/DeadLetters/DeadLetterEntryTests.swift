// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@testable import SnapshotFleet

@Suite struct DeadLetterEntryTests {
    private static let account = "111122223333"
    private static let source = SnapshotARN("arn:aws:rds:us-east-1:111122223333:snapshot:rds:orders-2026-11-21-03-10")
    private static let destination = Destination(account: "444455556666", region: "eu-west-1")
    private static let job =
        #"{"snapferry":"job","version":1,"source":"arn:aws:rds:us-east-1:111122223333:snapshot:"#
        + #"rds:orders-2026-11-21-03-10","destination":{"account":"444455556666","region":"eu-west-1"},"route":"prod","#
        + #""firstSeen":"2026-11-21T03:20:00.000000Z","failedCopies":3}"#

    private static func entry(
        _ body: String,
        _ attributes: [String: String] = [:],
        system: [String: String] = [:]
    ) -> DeadLetterEntry {
        DeadLetterEntry(
            SQSMessage(
                messageID: "m-1",
                receiptHandle: "r-1",
                body: body,
                attributes: ["ApproximateReceiveCount": "1", "SentTimestamp": "1795240000000"].merging(system) { $1 },
                messageAttributes: attributes.mapValues { SQSAttributeValue(stringValue: $0) }
            ),
            account: Self.account
        )
    }

    @Test func whatAWorkerWroteIsReadBack() throws {
        let letter = DeadLetter(
            body: Self.job,
            reason: .kmsKey,
            detail: "KMSKeyNotAccessibleFault: no",
            source: Self.source?.description,
            destination: "444455556666/eu-west-1",
            route: "prod",
            database: "orders",
            attempts: 4,
            firstSeen: try #require(Instant(iso8601: "2026-11-21T03:20:00Z"))
        )
        let entry = DeadLetterEntry(
            SQSMessage(
                messageID: "m-1",
                receiptHandle: "r-1",
                body: letter.body,
                attributes: ["ApproximateReceiveCount": "9"],
                messageAttributes: SQSJobQueue.attributes(of: letter, worker: "host-7")
            ),
            account: Self.account
        )
        #expect(entry.cause == .stated(.kmsKey))
        #expect(entry.detail == letter.detail)
        #expect(entry.source == Self.source)
        #expect(entry.destination == Self.destination)
        #expect(entry.route == "prod")
        #expect(entry.database == "orders")
        #expect(entry.attempts == 4)
        #expect(entry.firstSeen == letter.firstSeen)
        #expect(entry.worker == "host-7")
        #expect(entry.sentAt == nil)
    }

    @Test func whatSQSMovedByItselfIsReadFromItsBody() {
        let entry = Self.entry(
            Self.job,
            system: [
                "DeadLetterQueueSourceArn": "arn:aws:sqs:us-east-1:111122223333:jobs", "ApproximateReceiveCount": "11",
            ]
        )
        #expect(entry.cause == .redriven)
        #expect(entry.source == Self.source)
        #expect(entry.destination == Self.destination)
        #expect(entry.route == "prod")
        #expect(entry.database == "orders")
        // The eleventh is our own look.
        #expect(entry.attempts == 10)
        #expect(entry.firstSeen == Instant(iso8601: "2026-11-21T03:20:00Z"))
        #expect(entry.sentAt == Instant(milliseconds: 1_795_240_000_000))
        #expect(entry.worker == nil)
    }

    @Test func whatEventBridgeGaveUpSaysItsError() {
        let entry = Self.entry(
            #"{"source":"aws.rds","detail-type":"x"}"#,
            ["RULE_ARN": "arn:aws:events:…", "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not authorized"]
        )
        #expect(entry.cause == .undelivered)
        #expect(entry.detail == "NO_PERMISSIONS: not authorized")
        #expect(entry.source == nil)
    }

    @Test(arguments: [
        ("", "the message is empty"), ("[1]", "an array where a JSON object should be"),
        (#"{"a":1}"#, "neither an EventBridge event nor a message of this fleet; its members: a"),
    ])
    func aMessageThatNobodyExplainsSaysWhatIsWrongWithItself(body: String, detail: String) {
        let entry = Self.entry(body)
        #expect(entry.cause == .unstated)
        #expect(entry.detail == detail)
        #expect(entry.jobID == nil)
        #expect(entry.firstSeen == entry.sentAt)
    }

    @Test func attributesThatMakeNoSenseYieldToTheBody() {
        let entry = Self.entry(
            Self.job,
            [
                "snapferry.reason": "out-of-cheese\u{1B}", "snapferry.source": "orders", "snapferry.destination": "/",
                "snapferry.attempts": "many", "snapferry.first-seen": "yesterday", "snapferry.route": "",
            ]
        )
        #expect(entry.cause == .unknown("out-of-cheese\u{FFFD}"))
        #expect(entry.source == Self.source)
        #expect(entry.destination == Self.destination)
        #expect(entry.attempts == 0)
        #expect(entry.firstSeen == Instant(iso8601: "2026-11-21T03:20:00Z"))
        #expect(entry.route == "prod")
    }

    @Test(arguments: [
        ("rds:orders-2026-11-21-03-10", "orders"), ("rds:a-1-2026-11-21-03-10", "a-1"), ("rds:orders", nil),
        ("orders-2026-11-21-03-10", nil), ("rds:-2026-11-21-03-10", nil), ("rds:orders-2026-11-21-3-10", nil),
    ])
    func automatedSnapshotsTellTheirDatabase(identifier: String, database: String?) {
        let arn = SnapshotARN(
            partition: "aws",
            region: "us-east-1",
            account: Self.account,
            kind: .instance,
            identifier: identifier
        )
        #expect(arn.automatedDatabase == database)
    }

    @Test func everyCauseHasAWordAndARemedy() {
        let causes: [DeadLetterCause] =
            DeadLetterReason.allCases.map { .stated($0) } + [.unknown("x"), .redriven, .undelivered, .unstated]
        #expect(Set(causes.map(\.name)).count == causes.count)
        for cause in causes { #expect(cause.remedy.hasSuffix(".")) }
    }

    @Test func lettersAreCountedByReasonAndDestination() throws {
        let attributes = { (reason: DeadLetterReason, place: String) in
            ["snapferry.reason": reason.rawValue, "snapferry.destination": place]
        }
        let here = "111122223333/eu-west-1"
        let there = "444455556666/eu-west-1"
        let entries = [
            Self.entry("{}", attributes(.kmsKey, here), system: ["SentTimestamp": "2000"]),
            Self.entry("{}", attributes(.malformed, ""), system: ["SentTimestamp": "1000"]),
            Self.entry("{}", attributes(.kmsKey, here), system: ["SentTimestamp": "5000"]),
            Self.entry("{}", attributes(.kmsKey, there), system: ["SentTimestamp": "3000"]),
            Self.entry("{}", attributes(.accessDenied, here), system: ["SentTimestamp": "4000"]),
        ]
        let summary = DeadLetterSummary(entries)
        #expect(summary.count == 5)
        #expect(
            summary.groups.map { "\($0.count) \($0.cause.name) \($0.destination?.description ?? "-")" } == [
                "2 kms-key \(here)", "1 access-denied \(here)", "1 kms-key \(there)", "1 malformed -",
            ]
        )
        #expect(summary.groups[0].oldest == Instant(milliseconds: 2000))
        #expect(summary.groups[0].newest == Instant(milliseconds: 5000))
        #expect(summary.oldest == Instant(milliseconds: 1000))
        #expect(summary.byReason.map { "\($0.reason)=\($0.count)" } == ["kms-key=3", "access-denied=1", "malformed=1"])
    }
}
