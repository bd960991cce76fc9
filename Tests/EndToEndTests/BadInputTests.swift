// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What makes no sense reaches the dead-letter queue with its reason, and the worker lives on.
@Suite struct BadInputTests {
    /// A message and what its dead letter says.
    private struct Poison: Sendable {
        let body: String
        let reason: String
        /// A part of the detail.
        let detail: String

        init(_ body: String, _ reason: String, _ detail: String) {
            self.body = body
            self.reason = reason
            self.detail = detail
        }
    }

    private static let missing = "arn:aws:rds:us-east-1:111122223333:snapshot:missing"

    private static func job(_ source: String, to region: String = SimulatedAWS.destination) -> JSONValue {
        [
            "snapferry": "job", "source": .string(source), "destination": ["region": .string(region)],
            "firstSeen": "2020-01-01T00:00:00Z",
        ]
    }

    private static func event(_ arn: String, account: String = SimulatedAWS.account, region: String) -> JSONValue {
        [
            "version": "0", "id": "1", "detail-type": "RDS DB Snapshot Event", "source": "aws.rds",
            "account": .string(account), "time": "2026-11-21T20:10:28Z", "region": .string(region),
            "resources": [.string(arn)],
            "detail": [
                "EventCategories": ["creation"], "SourceType": "SNAPSHOT", "SourceArn": .string(arn),
                "Date": "2026-11-21T20:10:28Z", "Message": "Manual snapshot created", "EventID": "RDS-EVENT-0042",
            ],
        ]
    }

    private static let poisons = [
        Poison("not json", "malformed", "not JSON"),
        Poison("[1, 2]", "malformed", "an array where a JSON object should be"),
        Poison(#"{"hello": "world"}"#, "malformed", "its members: hello"),
        Poison(#"{"snapferry": "dance"}"#, "malformed", "dance"),
        Poison(String(repeating: "[", count: 1_048_000), "malformed", "not JSON"),
        Poison(#"{"snapferry": "\ud800"}"#, "malformed", "not JSON"),
        Poison(#"{"snapferry": "\x"}"#, "malformed", "not JSON"),
        Poison(
            Self.event(
                "arn:aws:rds:us-east-1:999999999999:snapshot:orders",
                account: "999999999999",
                region: "us-east-1"
            ).description,
            "foreign-account",
            "999999999999"
        ),
        Poison(
            Self.event("arn:aws:rds:ap-south-1:111122223333:snapshot:orders", region: "ap-south-1").description,
            "foreign-account",
            "ap-south-1"
        ),
        Poison(Self.event("arn:aws:rds:us-east-1", region: "us-east-1").description, "malformed", "names no snapshot"),
        Poison(Self.job("arn:aws:rds:us-east-1").description, "malformed", "arn:aws:rds:us-east-1"),
        Poison(Self.job(Self.missing, to: "ap-south-1").description, "no-route", "111122223333/ap-south-1"),
        Poison(Self.job(Self.missing).description, "source-gone", Self.missing),
    ]

    @Test func eachBadMessageBecomesADeadLetterThatSaysWhy() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            for poison in Self.poisons { try await stage.send(poison.body) }
            let run = try await stage.worker { worker in
                let letters = try await stage.deadLetters(Self.poisons.count)
                for poison in Self.poisons {
                    let name = String(poison.body.prefix(60))
                    let letter = try #require(letters.first { $0.body == poison.body }, "\(name)")
                    let attributes = letter.messageAttributes
                    #expect(attributes["snapferry.reason"]?.stringValue == poison.reason, "\(name)")
                    #expect(attributes["snapferry.detail"]?.stringValue?.contains(poison.detail) == true, "\(name)")
                    #expect(attributes["snapferry.attempts"]?.stringValue == "1", "\(name)")
                    #expect(attributes["snapferry.worker"]?.stringValue?.isEmpty == false, "\(name)")
                    let seen = attributes["snapferry.first-seen"]?.stringValue
                    #expect(seen.flatMap { Instant(iso8601: $0) } != nil, "\(name)")
                }
                #expect(letters.count == Self.poisons.count)
                // And it works on.
                try await stage.snapInstance("orders", as: "orders-m")
                try await eventually("the good one is confirmed") { worker.hasLogged("Copy confirmed") }
                try await eventually("the queue is empty") { try await stage.queue().isEmpty }
            }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            #expect(run.status == .exited(0))
            #expect(run.values(of: "remedy", where: "Sent to the dead-letter queue").count == Self.poisons.count)
        }
    }

    @Test(arguments: [1_048_576, 1_048_576 - 300])
    func messageThatLeavesNoRoomForAReasonReachesTheDeadLetterQueueAllTheSame(size: Int) async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            let body = String(repeating: "[", count: size)
            try await stage.send(body)
            try await stage.worker { _ in
                let letters = try await stage.deadLetters(1)
                #expect(letters.first?.body == body)
                #expect(letters.first?.receiveCount == 1)
                let reason = letters.first?.messageAttributes["snapferry.reason"]?.stringValue
                #expect(reason == (size == 1_048_576 ? nil : "malformed"))
                try await eventually("the queue is empty") { try await stage.queue().isEmpty }
            }
            let received = try await aws.journal().requests("SendMessage").filter { $0.outcome == "OK" }
            // One by the test, one by the worker.
            #expect(received.count == 2)
        }
    }

    @Test func eventOfASnapshotThatIsGoneWaitsForFiveMinutesBeforeItIsADeadLetter() async throws {
        try await SimulatedAWS.run(speed: 60) { aws in
            let stage = try await Stage(on: aws)
            try await stage.send(Self.event(Self.missing, region: SimulatedAWS.source))
            let run = try await stage.worker { _ in
                let letter = try #require(try await stage.deadLetters(1).first)
                #expect(letter.messageAttributes["snapferry.reason"]?.stringValue == "source-gone")
                #expect(letter.messageAttributes["snapferry.source"]?.stringValue == Self.missing)
            }
            #expect(run.values(of: "reason", where: "Given back to the queue").allSatisfy { $0 == "not-ready" })
            #expect(run.values(of: "reason", where: "Given back to the queue").isEmpty == false)
        }
    }

    @Test(arguments: ["no key", "disabled key"])
    func encryptedSnapshotWithoutAKeyAtTheDestinationIsADeadLetter(trouble: String) async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("vault", isEncrypted: true)
            try await stage.createInstance("orders")
            if trouble == "disabled key" {
                let key = try #require(stage.keys[SimulatedAWS.destination])
                try await stage.disableKey(key, region: SimulatedAWS.destination)
            }
            let source = try await stage.snapInstance("vault", as: "vault-m")
            let changes: [String: String?] = trouble == "no key" ? ["SNAPFERRY_KMS_KEY": nil] : [:]
            let run = try await stage.worker(changes) { worker in
                let letter = try #require(try await stage.deadLetters(1).first)
                #expect(letter.messageAttributes["snapferry.reason"]?.stringValue == "kms-key")
                #expect(letter.messageAttributes["snapferry.source"]?.stringValue == source)
                #expect(
                    letter.messageAttributes["snapferry.destination"]?.stringValue
                        == "\(SimulatedAWS.account)/\(SimulatedAWS.destination)"
                )
                // What needs no key is carried.
                try await stage.snapInstance("orders", as: "orders-m")
                try await eventually("the good one is confirmed") { worker.hasLogged("Copy confirmed") }
                try await eventually("the queue is empty") { try await stage.queue().isEmpty }
            }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            #expect(run.status == .exited(0))
        }
    }
}
