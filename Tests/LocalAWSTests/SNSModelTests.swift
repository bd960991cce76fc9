// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("SNS")
struct SNSModelTests {
    private static let account = "111122223333"
    private static let start = Instant(milliseconds: 1_795_000_000_000)
    private static let topic = "arn:aws:sns:us-east-1:111122223333:ops"

    @discardableResult
    private func call(
        _ sns: inout SNSModel,
        _ operation: String,
        _ parameters: JSONValue = [:],
        in region: String = "us-east-1"
    ) throws(ModelFailure) -> (JSONValue, [ModelEffect]) {
        let caller = ModelCaller(account: Self.account, arn: "arn:aws:iam::\(Self.account):user/test")
        return try sns.handle(
            ModelRequest(service: .sns, operation: operation, parameters: parameters, caller: caller, region: region),
            at: Self.start
        )
    }

    private func withTopic() throws -> SNSModel {
        var sns = SNSModel()
        let made = try self.call(&sns, "CreateTopic", ["Name": "ops"]).0
        #expect(made == ["TopicArn": .string(Self.topic)])
        return sns
    }

    @Test("sends what is published to queues, raw or in a document of its own") func publish() throws {
        var sns = try self.withTopic()
        let raw: JSONValue = [["key": "RawMessageDelivery", "value": "true"]]
        for (queue, attributes) in [("a", [] as JSONValue), ("b", raw)] {
            try self.call(
                &sns,
                "Subscribe",
                [
                    "TopicArn": .string(Self.topic), "Protocol": "sqs",
                    "Endpoint": .string("arn:aws:sqs:us-east-1:111122223333:\(queue)"), "Attributes": attributes,
                ]
            )
        }
        let attribute: JSONValue = ["Name": "kind", "Value": ["DataType": "String", "StringValue": "x"]]
        let (result, effects) = try self.call(
            &sns,
            "Publish",
            ["TopicArn": .string(Self.topic), "Message": "hi", "Subject": "s", "MessageAttributes": [attribute]]
        )
        #expect(result["MessageId"]?.string != nil)
        #expect(effects.count == 2)
        guard case .deliver(let first, let document, let none) = try #require(effects.first),
            case .deliver(let second, let body, let kept) = try #require(effects.last)
        else { return }
        #expect(first.hasSuffix(":a") && second.hasSuffix(":b"))
        let envelope = try JSONValue(parsing: document)
        #expect(envelope["Type"] == "Notification")
        #expect(envelope["Message"] == "hi")
        #expect(envelope["Subject"] == "s")
        #expect(envelope["TopicArn"] == .string(Self.topic))
        #expect(envelope["MessageAttributes"] == ["kind": ["Type": "String", "Value": "x"]])
        #expect(none.isEmpty)
        #expect(body == "hi")
        #expect(kept == ["kind": "x"])
    }

    @Test("keeps one subscription of a queue, until it is ended") func subscriptions() throws {
        var sns = try self.withTopic()
        let queue: JSONValue = [
            "TopicArn": .string(Self.topic), "Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:1:q",
        ]
        let first = try self.call(&sns, "Subscribe", queue).0
        #expect(try self.call(&sns, "Subscribe", queue).0 == first)
        let arn = try #require(first["SubscriptionArn"])
        #expect(
            try self.call(&sns, "ListSubscriptionsByTopic", ["TopicArn": .string(Self.topic)]).0["Subscriptions"]?
                .array?.count == 1
        )
        try self.call(&sns, "Unsubscribe", ["SubscriptionArn": arn])
        #expect(
            try self.call(&sns, "Publish", ["TopicArn": .string(Self.topic), "Message": "x"]).1.isEmpty
        )
        #expect(try self.call(&sns, "ListTopics").0 == ["Topics": [["TopicArn": .string(Self.topic)]]])
        #expect(try self.call(&sns, "ListTopics", in: "eu-west-1").0 == ["Topics": []])
        try self.call(&sns, "DeleteTopic", ["TopicArn": .string(Self.topic)])
        #expect(try self.call(&sns, "ListTopics").0 == ["Topics": []])
    }

    @Test(
        "refuses what SNS refuses",
        arguments: [
            (["TopicArn": .string(SNSModelTests.topic), "Message": ""], "InvalidParameter"),
            (["TopicArn": .string(SNSModelTests.topic), "Message": "x", "Subject": "a\nb"], "InvalidParameter"),
            (
                [
                    "TopicArn": .string(SNSModelTests.topic), "Message": "x",
                    "Subject": .string(String(repeating: "s", count: 101)),
                ], "InvalidParameter"
            ),
            (["TopicArn": "arn:aws:sns:us-east-1:111122223333:gone", "Message": "x"], "NotFound"),
            (["TopicArn": "ops", "Message": "x"], "InvalidParameter"),
        ] as [(JSONValue, String)]
    )
    func refusals(parameters: JSONValue, code: String) throws {
        var sns = try self.withTopic()
        let failure = #expect(throws: ModelFailure.self) { try self.call(&sns, "Publish", parameters) }
        #expect(failure?.code == code)
    }
}
