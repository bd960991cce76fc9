// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@testable import snapferry

@Suite struct DeadLetterPageTests {
    private static let now = Instant(iso8601: "2026-11-22T09:00:00Z") ?? Instant(microseconds: 0)
    private static let account = "111122223333"
    private static let destination = Destination(account: account, region: "eu-west-1")

    private static func arn(_ identifier: String) -> SnapshotARN {
        SnapshotARN(
            partition: "aws",
            region: "us-east-1",
            account: self.account,
            kind: .instance,
            identifier: identifier
        )
    }

    private static func entry(
        _ id: String,
        _ identifier: String?,
        _ reason: String?,
        hoursOld: Int,
        body: String = "{}"
    ) -> DeadLetterEntry {
        var attributes: [String: String] = [:]
        attributes["snapferry.reason"] = reason
        attributes["snapferry.detail"] = "as RDS said"
        attributes["snapferry.worker"] = "w-1"
        attributes["snapferry.attempts"] = "2"
        if let identifier {
            attributes["snapferry.source"] = self.arn(identifier).description
            attributes["snapferry.destination"] = self.destination.description
            attributes["snapferry.first-seen"] = "2026-11-21T03:20:00.000000Z"
        }
        let sentAt = self.now - .seconds(hoursOld * 3600)
        return DeadLetterEntry(
            SQSMessage(
                messageID: id,
                receiptHandle: "r",
                body: body,
                attributes: ["SentTimestamp": "\(sentAt.milliseconds)"],
                messageAttributes: attributes.mapValues { SQSAttributeValue(stringValue: $0) }
            ),
            account: self.account
        )
    }

    private static let entries = [
        entry("0f3c1a2b-0001", "rds:orders-2026-11-18-03-10", "kms-key", hoursOld: 75),
        entry("1a2b3c4d-0002", "rds:orders-2026-11-21-03-10", "kms-key", hoursOld: 5),
        entry("2b3c4d5e-0003", "rds:crm-2026-11-21-03-10", "source-gone", hoursOld: 4),
        entry("3c4d5e6f-0004", nil, nil, hoursOld: 1, body: "poison\u{1B}[2J"),
    ]

    private static func page(showsEach: Bool = false, hidden: Int = 0) throws -> DeadLetterPage {
        let text = """
            {"routes": [{"name": "prod", "source": {"regions": ["us-east-1"]},
                         "destinations": [{"region": "eu-west-1", "kmsKey": "alias/dr"}]}]}
            """
        let policy = try PolicyDocument.parse(Array(text.utf8), source: "test").resolved(ownAccount: self.account)
        var facts = DeadLetterFacts()
        for day in ["18", "21"] {
            let arn = self.arn("rds:orders-2026-11-\(day)-03-10")
            facts.sources[arn] = .there(
                Snapshot(arn: arn, database: "orders", status: "available", isEncrypted: true)
            )
        }
        facts.sources[self.arn("rds:crm-2026-11-21-03-10")] = .gone
        var shelf = DeadLetterFacts.Shelf()
        let source = self.arn("rds:orders-2026-11-18-03-10")
        let copy = SnapshotARN(
            partition: "aws",
            region: "eu-west-1",
            account: self.account,
            kind: .instance,
            identifier: "orders-2026-11-18-03-10-us-east-1"
        )
        shelf.take(
            [
                Snapshot(
                    arn: copy,
                    database: "orders",
                    status: "available",
                    tags: ["snapferry:source": source.description]
                )
            ],
            at: self.destination
        )
        facts.shelves[SlotPool(destination: self.destination, kind: .instance)] = shelf
        return DeadLetterPage(
            now: self.now,
            queueURL: "https://sqs.us-east-1.amazonaws.com/111122223333/jobs-dead",
            entries: self.entries,
            standing: DeadLetterStanding(visible: 4, hidden: hidden, retention: .seconds(4 * 86_400)),
            isPartial: false,
            judge: DeadLetterJudge(policy: policy, facts: facts, ownAccount: self.account),
            problems: [],
            showsEach: showsEach
        )
    }

    private static func text(_ lines: [StyledLine]) -> [String] { lines.map { $0.rendered(.plain) } }

    @Test func groupsTellHowManyHowOldAndWhatWouldBecomeOfThem() throws {
        let lines = Self.text(try Self.page(hidden: 2).lines(width: 140))
        #expect(
            Array(lines.prefix(8)) == [
                "4 dead letters, the oldest 3d old: 1 ready, 2 obsolete, 1 blocked",
                "2 more are hidden: somebody works on them, or a look was broken off within the last three minutes.",
                "1 of them will be gone within a day: the queue keeps messages for 4d.", "",
                "LETTERS  REASON       TO                      OLDEST  IF REPLAYED NOW      BECAUSE",
                "      2  kms-key      111122223333/eu-west-1      3d  1 ready, 1 obsolete  "
                    + "already copied, as orders-2026-11-18-03-10-us-east-1",
                "      1  source-gone  111122223333/eu-west-1    4h00  1 obsolete           its source is gone",
                "      1  unstated     –                         1h00  1 blocked            "
                    + "nobody understands it: not JSON: line 1, column 1: no JSON value…",
            ]
        )
        #expect(lines.contains { $0.hasPrefix("kms-key  Set kmsKey of the destination") })
        #expect(lines.last?.hasPrefix("dlq show ID tells all of one") == true)
        #expect(try Self.page().exitStatus == 1)
    }

    @Test func eachLetterHasALineWithoutAnythingATerminalWouldObey() throws {
        let lines = Self.text(try Self.page(showsEach: true).lines(width: 150))
        #expect(
            Array(lines[2...7]) == [
                "",
                "LETTER    REASON       SNAPSHOT                     TO                       AGE  IF REPLAYED NOW",
                "0f3c1a2b  kms-key      rds:orders-2026-11-18-03-10  111122223333/eu-west-1    3d  "
                    + "obsolete: already copied, as orders-2026-11-18-03-10-us-east-1",
                "1a2b3c4d  kms-key      rds:orders-2026-11-21-03-10  111122223333/eu-west-1  5h00  ready",
                "2b3c4d5e  source-gone  rds:crm-2026-11-21-03-10     111122223333/eu-west-1  4h00  "
                    + "obsolete: its source is gone",
                "3c4d5e6f  unstated     poison\u{FFFD}[2J                   –                       1h00  "
                    + "blocked: nobody understands it: not JSON: line 1, column 1: no JSON…",
            ]
        )
        #expect(!lines.joined().contains("\u{1B}"))
    }

    @Test(arguments: [30, 60, 80])
    func narrowTerminalsGetNarrowTables(width: Int) throws {
        for showsEach in [false, true] {
            let lines = try Self.page(showsEach: showsEach).lines(width: width).prefix(8)
            #expect(lines.allSatisfy { $0.width <= width })
        }
    }

    @Test func programsGetEveryLetterAndUTC() throws {
        let document = try Self.page().document
        #expect(document["groups"]?.array?.count == 3)
        #expect(
            document["groups"]?.array?.first?["outlook"] == ["ready": 1, "obsolete": 1, "blocked": 0, "unknown": 0]
        )
        let letter = try #require(document["letters"]?.array?.first)
        #expect(letter["id"] == "0f3c1a2b-0001")
        #expect(letter["database"] == "orders")
        #expect(letter["sentAt"] == "2026-11-19T06:00:00Z")
        #expect(letter["expiresAt"] == "2026-11-23T06:00:00Z")
        #expect(letter["outlook"] == "obsolete")
    }

    @Test func aFileThatNobodyNamedIsNamedAfterTheMoment() {
        #expect(LetterFile.standardName(at: Self.now) == "dead-letters-20261122T090000Z.jsonl")
    }
}
