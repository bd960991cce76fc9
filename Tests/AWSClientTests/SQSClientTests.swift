// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("SQS")
struct SQSClientTests {
    static func client(_ answers: CannedTransport.Answer...) throws -> (SQSClient, CannedTransport) {
        let transport = CannedTransport(answers)
        return (try AWSSession(transport).sqs(region: "us-east-1"), transport)
    }

    @Test("receives messages with their attributes, waiting longer than SQS does")
    func receive() async throws {
        let (sqs, transport) = try Self.client(
            .body(
                """
                {"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"hello",
                "MD5OfBody":"5d41402abc4b2a76b9719d911017c592",
                "Attributes":{"ApproximateReceiveCount":"3","SentTimestamp":"1795291828000",
                "ApproximateFirstReceiveTimestamp":"99999999999999999999"},
                "MessageAttributes":{"reason":{"DataType":"String","StringValue":"x"}}}]}
                """
            ),
            .body("{}")
        )
        let messages = try await sqs.receiveMessage(queueURL: "q", maximum: 5, visibilityTimeout: .seconds(60))
        let message = try #require(messages.first)
        #expect(message.body == "hello")
        #expect(message.receiveCount == 3)
        #expect(message.sentAt?.iso8601 == "2026-11-21T20:10:28Z")
        #expect(message.firstReceivedAt != nil)
        #expect(message.messageAttributes["reason"]?.stringValue == "x")
        #expect(transport.requests[0].timeout == .seconds(30))
        let expected: JSONValue = [
            "QueueUrl": "q", "MaxNumberOfMessages": 5, "WaitTimeSeconds": 20, "VisibilityTimeout": 60,
            "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"],
        ]
        #expect(try transport.document() == expected)
        #expect(try await sqs.receiveMessage(queueURL: "q", wait: .zero).isEmpty)
        #expect(transport.requests[1].timeout == .seconds(10))
    }

    @Test("a body that does not match its MD5 is not believed")
    func checksum() async throws {
        let (sqs, transport) = try Self.client(
            .body(#"{"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"hello","MD5OfBody":"00"}]}"#)
        )
        let error = await #expect(throws: AWSError.self) { try await sqs.receiveMessage(queueURL: "q") }
        #expect(error?.code == .malformedAnswer)
        #expect(transport.requests.count == 3)
    }

    @Test("sends a message")
    func send() async throws {
        let (sqs, transport) = try Self.client(
            .body(#"{"MessageId":"m","MD5OfMessageBody":"5d41402abc4b2a76b9719d911017c592"}"#)
        )
        let id = try await sqs.sendMessage(
            queueURL: "q",
            body: "hello",
            delay: .seconds(900),
            attributes: ["n": SQSAttributeValue(dataType: "Number", stringValue: "1")]
        )
        #expect(id == "m")
        let expected: JSONValue = [
            "QueueUrl": "q", "MessageBody": "hello", "DelaySeconds": 900,
            "MessageAttributes": ["n": ["DataType": "Number", "StringValue": "1"]],
        ]
        #expect(try transport.document() == expected)
    }

    @Test("a batch that half failed tells both halves")
    func batches() async throws {
        let result = """
            {"Successful":[{"Id":"a"}],"Failed":[{"Id":"b","Code":"AWS.SimpleQueueService.MessageNotInflight",
            "Message":"gone","SenderFault":true}]}
            """
        let (sqs, transport) = try Self.client(.body(result))
        let entries = [
            SQSClient.ReceiptEntry(id: "a", receiptHandle: "1", timeout: .seconds(300)),
            SQSClient.ReceiptEntry(id: "b", receiptHandle: "2"),
        ]
        let changed = try await sqs.changeMessageVisibilityBatch(queueURL: "q", entries: entries)
        #expect(changed.successful == ["a"])
        #expect(changed.failed.map(\.id) == ["b"])
        #expect(changed.failed.first?.code == "MessageNotInflight")
        #expect(changed.failed.first?.senderFault == true)
        let visibility: JSONValue = [
            "QueueUrl": "q",
            "Entries": [
                ["Id": "a", "ReceiptHandle": "1", "VisibilityTimeout": 300],
                ["Id": "b", "ReceiptHandle": "2", "VisibilityTimeout": 0],
            ],
        ]
        #expect(try transport.document() == visibility)
        _ = try await sqs.deleteMessageBatch(queueURL: "q", entries: [entries[0]])
        #expect(try transport.document(1) == ["QueueUrl": "q", "Entries": [["Id": "a", "ReceiptHandle": "1"]]])
        _ = try await sqs.sendMessageBatch(queueURL: "q", entries: [SQSClient.SendEntry(id: "a", body: "x")])
        #expect(try transport.document(2) == ["QueueUrl": "q", "Entries": [["Id": "a", "MessageBody": "x"]]])
    }

    @Test("a lost lease is an error with the shape's name")
    func lostLease() async throws {
        let (sqs, transport) = try Self.client(
            .error(
                "com.amazonaws.sqs#MessageNotInflight",
                headers: [("x-amzn-query-error", "AWS.SimpleQueueService.MessageNotInflight;Sender")]
            )
        )
        let error = await #expect(throws: AWSError.self) {
            try await sqs.changeMessageVisibility(queueURL: "q", receiptHandle: "r", timeout: .zero)
        }
        #expect(error?.serviceCode == "MessageNotInflight")
        #expect(transport.requests.count == 1)
        #expect(try transport.document() == ["QueueUrl": "q", "ReceiptHandle": "r", "VisibilityTimeout": 0])
    }

    @Test("queues are made, found and described")
    func queues() async throws {
        let (sqs, transport) = try Self.client(
            .body(#"{"QueueUrl":"https://u"}"#),
            .body(#"{"QueueUrl":"https://u"}"#),
            .body(#"{"Attributes":{"QueueArn":"arn"}}"#)
        )
        #expect(try await sqs.createQueue(name: "jobs", attributes: ["VisibilityTimeout": "300"]) == "https://u")
        #expect(try await sqs.getQueueURL(name: "jobs") == "https://u")
        #expect(try await sqs.getQueueAttributes(queueURL: "https://u") == ["QueueArn": "arn"])
        #expect(try transport.document(0) == ["QueueName": "jobs", "Attributes": ["VisibilityTimeout": "300"]])
        #expect(try transport.document(1) == ["QueueName": "jobs"])
        #expect(try transport.document(2) == ["QueueUrl": "https://u", "AttributeNames": ["All"]])
    }

    @Test("move tasks are started, listed and cancelled")
    func moveTasks() async throws {
        let (sqs, transport) = try Self.client(
            .body(#"{"TaskHandle":"h"}"#),
            .body(#"{"Results":[{"Status":"RUNNING","TaskHandle":"h","StartedTimestamp":1795291828000}]}"#),
            .body(#"{"ApproximateNumberOfMessagesMoved":7}"#)
        )
        #expect(try await sqs.startMessageMoveTask(sourceARN: "a", maximumPerSecond: 10) == "h")
        let tasks = try await sqs.listMessageMoveTasks(sourceARN: "a")
        #expect(tasks.map(\.status) == ["RUNNING"])
        #expect(tasks.first?.startedAt?.iso8601 == "2026-11-21T20:10:28Z")
        #expect(try await sqs.cancelMessageMoveTask(taskHandle: "h") == 7)
        #expect(try transport.document(0) == ["SourceArn": "a", "MaxNumberOfMessagesPerSecond": 10])
    }

    @Test(
        "a queue's URL tells its Region",
        arguments: [
            ("https://sqs.eu-west-1.amazonaws.com/1/q", "eu-west-1"),
            ("https://sqs-fips.us-east-1.amazonaws.com/1/q", "us-east-1"),
            ("https://eu-west-1.queue.amazonaws.com/1/q", "eu-west-1"),
            ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1"),
            ("https://sqs.eu-west-1.api.aws/1/q", "eu-west-1"),
            ("https://vpce-0a-b.sqs.us-gov-west-1.vpce.amazonaws.com/1/q", "us-gov-west-1"),
            ("http://127.0.0.1:4566/1/q", nil), ("http://localhost:4566/1/q", nil),
            ("https://queue.amazonaws.com/1/q", nil), ("nonsense", nil), ("", nil),
        ] as [(String, String?)]
    )
    func region(url: String, region: String?) {
        #expect(QueueURL.region(of: url) == region)
        #expect(QueueURL.name(of: url) == (url.hasSuffix("/q") ? "q" : nil))
    }
}
