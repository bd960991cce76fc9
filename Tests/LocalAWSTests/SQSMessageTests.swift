// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("SQSModel messages")
struct SQSMessageTests {
    @Test("what is sent is received, with its digests and its system attributes")
    func sendAndReceive() throws {
        var bench = SQSBench()
        try bench.create()
        let sent = try bench.call(
            "SendMessage",
            [
                "QueueUrl": .string(SQSBench.url("jobs")), "MessageBody": "grüße ☃",
                "MessageAttributes": ["city": ["DataType": "String", "StringValue": "Any City"]],
                "MessageSystemAttributes": [
                    "AWSTraceHeader": [
                        "DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793",
                    ]
                ],
            ]
        )
        #expect(sent["MD5OfMessageBody"] == "9899acf9cac85c07e8e475126b885a33")
        #expect(sent["MD5OfMessageAttributes"] == "a6ffb68ea212e1f864e24e589a1bda87")
        #expect(sent["MD5OfMessageSystemAttributes"] == "62a56dd927315f2b2e12832b84617ea5")
        bench.wait(1.5)
        let message = try #require(try bench.receive().first)
        #expect(message["MessageId"] == sent["MessageId"])
        #expect(message["Body"] == "grüße ☃")
        #expect(message["MD5OfBody"] == sent["MD5OfMessageBody"])
        #expect(message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"])
        #expect(message["MessageAttributes"]?["city"]?["StringValue"] == "Any City")
        let attributes = message["Attributes"]
        #expect(attributes?["SentTimestamp"] == "1800000000000")
        #expect(attributes?["ApproximateFirstReceiveTimestamp"] == "1800000001500")
        #expect(attributes?["ApproximateReceiveCount"] == "1")
        #expect(attributes?["AWSTraceHeader"] == "Root=1-5759e988-bd862e3fe1be46a994272793")
        #expect(attributes?["SenderId"]?.string?.hasPrefix("AIDA") == true)
    }

    @Test(
        "the digest of attributes is AWS's",
        arguments: [
            (["city": ["DataType": "String", "StringValue": "Any City"]], "a6ffb68ea212e1f864e24e589a1bda87"),
            (["n": ["DataType": "Number", "StringValue": "0230.01"]], "2a74d94077cf4dbe28859e222135af8b"),
            (["b": ["DataType": "Binary", "BinaryValue": "AAEC/w=="]], "7e480da8c0e874189215a7676537a024"),
            (
                [
                    "z.last": ["DataType": "String.label", "StringValue": "käse ☃"],
                    "A-first": ["DataType": "Number.int", "StringValue": "42"],
                    "m_mid": ["DataType": "Binary.gif", "BinaryValue": "aGVsbG8="],
                ], "3b0bead0e0222d418738fdc32e0d7542"
            ),
        ] as [(JSONValue, String)]
    )
    func digests(attributes: JSONValue, expected: String) throws {
        var bench = SQSBench()
        try bench.create()
        let sent = try bench.call(
            "SendMessage",
            ["QueueUrl": .string(SQSBench.url("jobs")), "MessageBody": "x", "MessageAttributes": attributes]
        )
        #expect(sent["MD5OfMessageAttributes"]?.string == expected)
        let message = try #require(try bench.receive().first)
        #expect(message["MessageAttributes"] == attributes)
        #expect(message["MD5OfMessageAttributes"]?.string == expected)
    }

    @Test(
        "a receiver gets the attributes it names",
        arguments: [
            ([], []), (["All"], ["job", "job.kind", "route"]), ([".*"], ["job", "job.kind", "route"]),
            (["route"], ["route"]), (["job.*"], ["job", "job.kind"]), (["job"], ["job"]), (["other"], []),
        ] as [([String], [String])]
    )
    func chosenAttributes(names: [String], expected: [String]) throws {
        var bench = SQSBench()
        try bench.create()
        let text: JSONValue = ["DataType": "String", "StringValue": "v"]
        try bench.call(
            "SendMessage",
            [
                "QueueUrl": .string(SQSBench.url("jobs")), "MessageBody": "x",
                "MessageAttributes": ["job": text, "job.kind": text, "route": text],
            ]
        )
        let message = try bench.call(
            "ReceiveMessage",
            [
                "QueueUrl": .string(SQSBench.url("jobs")),
                "MessageAttributeNames": .array(names.map { .string($0) }), "AttributeNames": ["SentTimestamp"],
            ]
        )["Messages"]?.array?.first
        #expect((message?["MessageAttributes"]?.object ?? [:]).keys.sorted() == expected)
        #expect((message?["MD5OfMessageAttributes"] == nil) == expected.isEmpty)
        #expect(message?["Attributes"] == ["SentTimestamp": "1800000000000"])
    }

    @Test(
        "bad messages are refused",
        arguments: [
            (["MessageBody": ""], "MissingParameter"),
            (["MessageBody": "a\u{0}b"], "InvalidMessageContents"),
            (["MessageBody": "a\u{FFFE}"], "InvalidMessageContents"),
            (["MessageBody": "a\u{FFFF}"], "InvalidMessageContents"),
            (["MessageBody": "\t\n\r \u{FFFD}\u{10FFFF}\u{E000}\u{D7FF}"], nil),
            (["MessageBody": .string(String(repeating: "x", count: 1_048_576))], nil),
            (["MessageBody": .string(String(repeating: "x", count: 1_048_577))], "InvalidParameterValue"),
            (["MessageBody": "x", "DelaySeconds": 901], "InvalidParameterValue"),
            (["MessageBody": "x", "DelaySeconds": "900"], nil),
            (
                ["MessageBody": "x", "MessageAttributes": ["a": ["DataType": "Date", "StringValue": "1"]]],
                "InvalidParameterValue"
            ),
            (
                ["MessageBody": "x", "MessageAttributes": ["a": ["DataType": "Number", "StringValue": "one"]]],
                "InvalidParameterValue"
            ),
            (
                ["MessageBody": "x", "MessageAttributes": ["a": ["DataType": "String", "StringValue": ""]]],
                "InvalidParameterValue"
            ),
            (["MessageBody": "x", "MessageAttributes": ["a": ["StringValue": "1"]]], "InvalidParameterValue"),
            (
                ["MessageBody": "x", "MessageAttributes": ["a..b": ["DataType": "String", "StringValue": "1"]]],
                "InvalidParameterValue"
            ),
            (
                ["MessageBody": "x", "MessageAttributes": ["AWS.b": ["DataType": "String", "StringValue": "1"]]],
                "InvalidParameterValue"
            ),
            (
                ["MessageBody": "x", "MessageAttributes": ["a": ["DataType": "Binary", "BinaryValue": "!"]]],
                "InvalidParameterValue"
            ),
            (
                [
                    "MessageBody": "x",
                    "MessageSystemAttributes": ["Other": ["DataType": "String", "StringValue": "1"]],
                ], "InvalidParameterValue"
            ),
        ] as [(JSONValue, String?)]
    )
    func badMessages(parameters: JSONValue, code: String?) throws {
        var bench = SQSBench()
        try bench.create()
        var members = parameters.object ?? [:]
        members["QueueUrl"] = .string(SQSBench.url("jobs"))
        #expect(bench.refusal("SendMessage", .object(members))?.code == code)
    }

    @Test("attributes count towards the size, and the queue's own limit holds")
    func size() throws {
        var bench = SQSBench()
        try bench.create("jobs", ["MaximumMessageSize": "1024"])
        func parameters(_ body: Int) -> JSONValue {
            [
                "QueueUrl": .string(SQSBench.url("jobs")),
                "MessageBody": .string(String(repeating: "x", count: body)),
                "MessageAttributes": ["name": ["DataType": "String", "StringValue": "value"]],
            ]
        }
        #expect(bench.refusal("SendMessage", parameters(1024 - 15)) == nil)
        #expect(bench.refusal("SendMessage", parameters(1024 - 14))?.code == "InvalidParameterValue")
    }

    @Test(
        "a receive is checked",
        arguments: [
            (["MaxNumberOfMessages": 0], "InvalidParameterValue"),
            (["MaxNumberOfMessages": 11], "InvalidParameterValue"),
            (["MaxNumberOfMessages": "10"], nil),
            (["WaitTimeSeconds": 21], "InvalidParameterValue"),
            (["VisibilityTimeout": 43_201], "InvalidParameterValue"),
            (["MessageSystemAttributeNames": ["Nonsense"]], "InvalidAttributeName"),
        ] as [(JSONValue, String?)]
    )
    func receiveIsChecked(parameters: JSONValue, code: String?) throws {
        var bench = SQSBench()
        try bench.create()
        var members = parameters.object ?? [:]
        members["QueueUrl"] = .string(SQSBench.url("jobs"))
        #expect(bench.refusal("ReceiveMessage", .object(members))?.code == code)
    }

    @Test("an empty receive has no messages at all")
    func emptyReceive() throws {
        var bench = SQSBench()
        try bench.create()
        #expect(try bench.call("ReceiveMessage", ["QueueUrl": .string(SQSBench.url("jobs"))]) == [:])
    }

    @Test("delays of the message go before delays of the queue")
    func delays() throws {
        var bench = SQSBench()
        try bench.create("jobs", ["DelaySeconds": "10"])
        try bench.send("queue")
        try bench.send("now", delay: 0)
        try bench.send("later", delay: 20)
        #expect(try bench.counts() == ["1", "0", "2"])
        #expect(try bench.bodies() == ["now"])
        let url = SQSBench.url("jobs")
        #expect(bench.model.nextVisibility(queueURL: url, after: bench.now) == bench.now + .seconds(10))
        bench.wait(9.999)
        #expect(try bench.bodies() == [])
        bench.wait(0.001)
        #expect(try bench.bodies() == ["queue"])
        bench.wait(10)
        #expect(try bench.bodies() == ["later"])
    }

    @Test("retention ends messages, and a dead-letter queue counts from the original enqueue time")
    func retention() throws {
        var bench = SQSBench()
        try bench.create("dead", ["MessageRetentionPeriod": "100"])
        let policy = SQSBench.redrive(to: SQSBench.arn("dead"), after: 1)
        try bench.create("jobs", ["MessageRetentionPeriod": "100", "RedrivePolicy": .string(policy)])
        try bench.send("a")
        try bench.send("b")
        _ = try bench.receive(1, visibility: 30)
        bench.wait(60)
        try bench.delete(try bench.receive(1).first)
        #expect(try bench.bodies() == [])
        #expect(try bench.counts(of: "dead") == ["1", "0", "0"])
        bench.wait(39)
        #expect(try bench.counts(of: "dead") == ["1", "0", "0"])
        bench.wait(1)
        #expect(try bench.counts(of: "dead") == ["0", "0", "0"])
    }

    @Test("EventBridge delivers into a queue that is there")
    func deliver() throws {
        var bench = SQSBench()
        try bench.create()
        let taken = [bench.deliver("{}"), bench.deliver("{}", to: "absent"), bench.deliver("")]
        #expect(taken == [true, false, false])
        #expect(try bench.bodies() == ["{}"])
    }
}
