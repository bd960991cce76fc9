// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What people are told, through a topic and through a bus.
@Suite struct NotificationTests {
    /// Takes what came to a queue, until there are so many.
    private static func received(_ count: Int, from url: String, _ stage: Stage) async throws -> [SQSMessage] {
        let sqs = try stage.aws.session.sqs(region: SimulatedAWS.source)
        var messages: [SQSMessage] = []
        try await eventually("\(count) notifications") {
            messages += try await sqs.receiveMessage(queueURL: url, wait: .zero, visibilityTimeout: .seconds(3600))
            return messages.count >= count
        }
        return messages
    }

    @Test func aTopicIsToldOfConfirmedCopiesAndDeadLetters() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            let sns = try aws.session.sns(region: SimulatedAWS.source)
            let topic = try await sns.createTopic(name: "ops")
            let inbox = try await aws.session.sqs(region: SimulatedAWS.source).createQueue(name: "inbox")
            _ = try await sns.subscribe(
                topicARN: topic,
                queueARN: "arn:aws:sqs:\(SimulatedAWS.source):\(SimulatedAWS.account):inbox",
                isRaw: true
            )
            try await stage.createInstance("orders")
            let environment = [
                "SNAPFERRY_NOTIFY_TOPIC": topic, "SNAPFERRY_NOTIFY_CONFIRMED": "true", "SNAPFERRY_REPORT_MINUTES": "1",
            ]
            let run = try await stage.worker(environment) { worker in
                try await stage.snapInstance("orders", as: "orders-1")
                for _ in 1...3 { try await stage.send("poison") }
                let messages = try await Self.received(2, from: inbox, stage)
                let documents = try messages.map { try JSONValue(parsing: $0.body) }
                let dead = try #require(documents.first { $0["detail-type"] == "Jobs Dead-Lettered" })
                #expect(dead["source"] == "snapferry")
                #expect(dead["detail"]?["reason"] == "malformed")
                #expect(dead["detail"]?["count"] == 3)
                let copy = try #require(documents.first { $0["detail-type"] == "Copy Confirmed" })
                #expect(copy["detail"]?["target"] == "orders-1-us-east-1")
                let attributes = try #require(messages.first { $0.body.contains("Copy Confirmed") }).messageAttributes
                #expect(attributes["detail-type"]?.stringValue == "Copy Confirmed")
                #expect(attributes["route"]?.stringValue == "environment")
                try await eventually("a report of the run") { worker.hasLogged("Run report") }
            }
            let report = try #require(run.log.last { $0.message == "Run report at the end" })
            #expect(report.document["report.confirmed"] == "1")
            #expect(report.document["report.failed.reasons"] == "malformed=3")
        }
    }

    @Test func aBusIsToldAndWhatCanNotBeToldHurtsNothing() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            let inbox = try await aws.session.sqs(region: SimulatedAWS.source).createQueue(name: "inbox")
            let events = try aws.session.events(region: SimulatedAWS.source)
            _ = try await events.putRule(name: "told", pattern: ["source": ["snapferry"]])
            let arn = "arn:aws:sqs:\(SimulatedAWS.source):\(SimulatedAWS.account):inbox"
            try #require(try await events.putTargets(rule: "told", targets: ["inbox": arn]).isEmpty)
            try await stage.createInstance("orders")
            try await aws.setFaults([
                [
                    "operation": "PutEvents", "count": 1,
                    "fault": ["type": "error", "code": "AccessDeniedException", "message": "no", "status": 400],
                ]
            ])
            try await stage.worker(["SNAPFERRY_NOTIFY_BUS": "default", "SNAPFERRY_NOTIFY_CONFIRMED": "true"]) {
                worker in
                try await stage.snapInstance("orders", as: "orders-1")
                try await eventually("nobody is told of the first") { worker.hasLogged("Nobody could be told") }
                try await stage.snapInstance("orders", as: "orders-2")
                let message = try #require(try await Self.received(1, from: inbox, stage).first)
                let event = try JSONValue(parsing: message.body)
                #expect(event["detail-type"] == "Copy Confirmed")
                #expect(event["detail"]?["target"] == "orders-2-us-east-1")
                #expect(event["resources"] == [.string("arn:aws:rds:us-east-1:111122223333:snapshot:orders-2")])
                let copies = try await aws.state().copies
                #expect(copies.count == 2)
                #expect(copies.allSatisfy { $0.status == "available" })
            }
        }
    }
}
