// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("SQSModel queues")
struct SQSQueueTests {
    @Test("creating a queue again with the same attributes returns the same URL")
    func createIsIdempotent() throws {
        var bench = SQSBench()
        let parameters: JSONValue = ["QueueName": "jobs", "Attributes": ["VisibilityTimeout": "60"]]
        let first = try bench.call("CreateQueue", parameters)
        #expect(first["QueueUrl"]?.string == SQSBench.url("jobs"))
        #expect(try bench.call("CreateQueue", parameters) == first)
        #expect(try bench.call("CreateQueue", ["QueueName": "jobs"]) == first)
        let other: JSONValue = ["QueueName": "jobs", "Attributes": ["VisibilityTimeout": "61"]]
        let failure = bench.refusal("CreateQueue", other)
        #expect(failure?.code == "QueueNameExists")
        #expect(failure?.queryCode == "QueueAlreadyExists")
    }

    struct BadAttribute: CustomTestStringConvertible {
        var name: String
        var value: String
        var code: String
        var testDescription: String { "\(self.name)=\(self.value)" }
    }

    @Test(
        "attributes are checked",
        arguments: [
            BadAttribute(name: "VisibilityTimeout", value: "43201", code: "InvalidAttributeValue"),
            BadAttribute(name: "VisibilityTimeout", value: "-1", code: "InvalidAttributeValue"),
            BadAttribute(name: "VisibilityTimeout", value: "soon", code: "InvalidAttributeValue"),
            BadAttribute(name: "MaximumMessageSize", value: "1023", code: "InvalidAttributeValue"),
            BadAttribute(name: "MaximumMessageSize", value: "1048577", code: "InvalidAttributeValue"),
            BadAttribute(name: "MessageRetentionPeriod", value: "59", code: "InvalidAttributeValue"),
            BadAttribute(name: "MessageRetentionPeriod", value: "1209601", code: "InvalidAttributeValue"),
            BadAttribute(name: "DelaySeconds", value: "901", code: "InvalidAttributeValue"),
            BadAttribute(name: "ReceiveMessageWaitTimeSeconds", value: "21", code: "InvalidAttributeValue"),
            BadAttribute(name: "KmsDataKeyReusePeriodSeconds", value: "59", code: "InvalidAttributeValue"),
            BadAttribute(name: "RedrivePolicy", value: "nonsense", code: "InvalidParameterValue"),
            BadAttribute(name: "RedrivePolicy", value: #"{"maxReceiveCount":3}"#, code: "InvalidParameterValue"),
            BadAttribute(
                name: "RedrivePolicy",
                value: SQSBench.redrive(to: SQSBench.arn("absent"), after: 3),
                code: "InvalidParameterValue"
            ),
            BadAttribute(
                name: "RedriveAllowPolicy",
                value: #"{"redrivePermission":"byQueue"}"#,
                code: "InvalidParameterValue"
            ),
            BadAttribute(name: "QueueArn", value: "x", code: "InvalidAttributeName"),
            BadAttribute(name: "Colour", value: "red", code: "InvalidAttributeName"),
            BadAttribute(name: "FifoQueue", value: "true", code: "UnsupportedOperation"),
        ]
    )
    func attributesAreChecked(_ bad: BadAttribute) throws {
        var bench = SQSBench()
        let attributes: JSONValue = .object([bad.name: .string(bad.value)])
        #expect(bench.refusal("CreateQueue", ["QueueName": "jobs", "Attributes": attributes])?.code == bad.code)
        try bench.create()
        let parameters: JSONValue = ["QueueUrl": .string(SQSBench.url("jobs")), "Attributes": attributes]
        #expect(bench.refusal("SetQueueAttributes", parameters)?.code == bad.code)
        #expect(try bench.attribute("VisibilityTimeout") == "30")
    }

    @Test("every attribute has its default, and empty names give nothing")
    func defaults() throws {
        var bench = SQSBench()
        try bench.create()
        let url: JSONValue = .string(SQSBench.url("jobs"))
        let all = try bench.call("GetQueueAttributes", ["QueueUrl": url, "AttributeNames": ["All"]])
        #expect(
            all["Attributes"] == [
                "VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
                "DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true",
                "QueueArn": .string(SQSBench.arn("jobs")), "CreatedTimestamp": "1800000000",
                "LastModifiedTimestamp": "1800000000", "ApproximateNumberOfMessages": "0",
                "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
            ]
        )
        #expect(try bench.call("GetQueueAttributes", ["QueueUrl": url]) == [:])
        let unknown: JSONValue = ["QueueUrl": url, "AttributeNames": ["Nonsense"]]
        #expect(bench.refusal("GetQueueAttributes", unknown)?.code == "InvalidAttributeName")
    }

    @Test("setting attributes changes them and says when; empty text takes a document away")
    func setAttributes() throws {
        var bench = SQSBench()
        try bench.createWithDeadLetters(after: 3)
        bench.wait(10)
        let url: JSONValue = .string(SQSBench.url("jobs"))
        try bench.call("SetQueueAttributes", ["QueueUrl": url, "Attributes": ["VisibilityTimeout": "77"]])
        #expect(try bench.attribute("VisibilityTimeout") == "77")
        #expect(try bench.attribute("LastModifiedTimestamp") == "1800000010")
        #expect(try bench.attribute("RedrivePolicy") != nil)
        try bench.call("SetQueueAttributes", ["QueueUrl": url, "Attributes": ["RedrivePolicy": ""]])
        #expect(try bench.attribute("RedrivePolicy") == nil)
    }

    @Test("queues are told apart by account and Region, and strangers see none")
    func accountsAndRegions() throws {
        var bench = SQSBench()
        try bench.create()
        let stranger = ModelCaller(account: "999988887777", arn: "arn:aws:iam::999988887777:user/other")
        let parameters: JSONValue = ["QueueUrl": .string(SQSBench.url("jobs")), "AttributeNames": ["All"]]
        let failure = #expect(throws: ModelFailure.self) {
            try bench.call("GetQueueAttributes", parameters, caller: stranger)
        }
        #expect(failure?.code == "QueueDoesNotExist")
        #expect(failure?.queryCode == "AWS.SimpleQueueService.NonExistentQueue")
        #expect(failure?.status == 400)
        #expect(throws: ModelFailure.self) {
            try bench.call("GetQueueAttributes", parameters, region: "eu-west-1")
        }
        #expect(try bench.call("ListQueues", [:], region: "eu-west-1") == [:])
        #expect(try bench.call("ListQueues", [:], caller: stranger) == [:])
    }

    @Test("queues are listed by prefix and in pages")
    func list() throws {
        var bench = SQSBench()
        for name in ["a-3", "b-1", "a-1", "a-2"] { try bench.create(name) }
        let first = try bench.call("ListQueues", ["QueueNamePrefix": "a-", "MaxResults": 2])
        #expect(first["QueueUrls"] == [.string(SQSBench.url("a-1")), .string(SQSBench.url("a-2"))])
        let token = try #require(first["NextToken"])
        let second = try bench.call("ListQueues", ["QueueNamePrefix": "a-", "MaxResults": 2, "NextToken": token])
        #expect(second == ["QueueUrls": [.string(SQSBench.url("a-3"))]])
        #expect(bench.refusal("ListQueues", ["MaxResults": 1001])?.code == "InvalidParameterValue")
    }

    @Test("the base of queue URLs can be set, and messages arrive through it")
    func urlBase() throws {
        var bench = SQSBench()
        bench.model.urlBase = "http://127.0.0.1:4566"
        let url = try bench.call("CreateQueue", ["QueueName": "jobs"])["QueueUrl"]
        #expect(url == "http://127.0.0.1:4566/111122223333/jobs")
        #expect(try bench.call("GetQueueUrl", ["QueueName": "jobs"])["QueueUrl"] == url)
        try bench.call("SendMessage", ["QueueUrl": url ?? "", "MessageBody": "x"])
        #expect(try bench.bodies() == ["x"])
        #expect(bench.refusal("GetQueueUrl", ["QueueName": "absent"])?.code == "QueueDoesNotExist")
    }

    @Test("a deleted queue is gone and its name rests for a minute")
    func delete() throws {
        var bench = SQSBench()
        try bench.create()
        try bench.call("DeleteQueue", ["QueueUrl": .string(SQSBench.url("jobs"))])
        #expect(bench.refusal("SendMessage", ["QueueUrl": .string(SQSBench.url("jobs")), "MessageBody": "x"]) != nil)
        bench.wait(59)
        #expect(bench.refusal("CreateQueue", ["QueueName": "jobs"])?.code == "QueueDeletedRecently")
        bench.wait(1)
        try bench.create()
        #expect(try bench.counts() == ["0", "0", "0"])
    }

    @Test("a purge takes everything and is not repeated within a minute")
    func purge() throws {
        var bench = SQSBench()
        try bench.create()
        for body in ["a", "b", "c"] { try bench.send(body) }
        try bench.send("late", delay: 60)
        let held = try bench.receive(1)
        let parameters: JSONValue = ["QueueUrl": .string(SQSBench.url("jobs"))]
        try bench.call("PurgeQueue", parameters)
        #expect(try bench.counts() == ["0", "0", "0"])
        try bench.delete(held.first)
        #expect(bench.refusal("PurgeQueue", parameters)?.code == "PurgeQueueInProgress")
        bench.wait(60)
        try bench.call("PurgeQueue", parameters)
    }

    @Test("tags are added, listed and taken away")
    func tags() throws {
        var bench = SQSBench()
        try bench.call("CreateQueue", ["QueueName": "jobs", "tags": ["team": "dr"]])
        let url: JSONValue = .string(SQSBench.url("jobs"))
        try bench.call("TagQueue", ["QueueUrl": url, "Tags": ["env": "prod"]])
        #expect(try bench.call("ListQueueTags", ["QueueUrl": url]) == ["Tags": ["team": "dr", "env": "prod"]])
        try bench.call("UntagQueue", ["QueueUrl": url, "TagKeys": ["team", "env"]])
        #expect(try bench.call("ListQueueTags", ["QueueUrl": url]) == [:])
    }

    @Test("permissions are stored in the policy")
    func permissions() throws {
        var bench = SQSBench()
        try bench.create()
        let url: JSONValue = .string(SQSBench.url("jobs"))
        let grant: JSONValue = [
            "QueueUrl": url, "Label": "share", "AWSAccountIds": ["444455556666"], "Actions": ["SendMessage"],
        ]
        try bench.call("AddPermission", grant)
        let policy = try JSONValue(parsing: try #require(try bench.attribute("Policy")))
        #expect(policy["Statement"]?.array?.first?["Sid"] == "share")
        #expect(bench.refusal("AddPermission", grant)?.code == "InvalidParameterValue")
        try bench.call("RemovePermission", ["QueueUrl": url, "Label": "share"])
        #expect(try bench.attribute("Policy") == nil)
        #expect(bench.refusal("RemovePermission", ["QueueUrl": url, "Label": "share"]) != nil)
    }

    @Test("a dead-letter queue admits only the sources it allows")
    func redriveAllowPolicy() throws {
        var bench = SQSBench()
        let allow = #"{"redrivePermission":"byQueue","sourceQueueArns":["\#(SQSBench.arn("jobs"))"]}"#
        try bench.create("dead", ["RedriveAllowPolicy": .string(allow)])
        let policy: JSONValue = ["RedrivePolicy": .string(SQSBench.redrive(to: SQSBench.arn("dead"), after: 3))]
        try bench.create("jobs", policy)
        let other: JSONValue = ["QueueName": "other", "Attributes": policy]
        #expect(bench.refusal("CreateQueue", other)?.code == "InvalidParameterValue")
        let sources = try bench.call("ListDeadLetterSourceQueues", ["QueueUrl": .string(SQSBench.url("dead"))])
        #expect(sources == ["queueUrls": [.string(SQSBench.url("jobs"))]])
        let none = try bench.call("ListDeadLetterSourceQueues", ["QueueUrl": .string(SQSBench.url("jobs"))])
        #expect(none == ["queueUrls": []])
        try bench.call(
            "SetQueueAttributes",
            [
                "QueueUrl": .string(SQSBench.url("dead")),
                "Attributes": ["RedriveAllowPolicy": #"{"redrivePermission":"denyAll"}"#],
            ]
        )
        let again: JSONValue = ["QueueUrl": .string(SQSBench.url("jobs")), "Attributes": policy]
        #expect(bench.refusal("SetQueueAttributes", again)?.code == "InvalidParameterValue")
    }

    @Test(
        "requests that name no queue are refused",
        arguments: [
            ("SendMessage", [:], "MissingParameter"),
            ("SendMessage", ["QueueUrl": "jobs", "MessageBody": "x"], "InvalidAddress"),
            ("SendMessage", ["QueueUrl": "https://host/111122223333/no", "MessageBody": "x"], "QueueDoesNotExist"),
            ("CreateQueue", ["QueueName": "no blanks"], "InvalidParameterValue"),
            ("CreateQueue", ["QueueName": .string(String(repeating: "x", count: 81))], "InvalidParameterValue"),
            ("CreateQueue", ["QueueName": "jobs.fifo"], "UnsupportedOperation"),
            ("Dance", [:], "InvalidAction"),
        ] as [(String, JSONValue, String)]
    )
    func namingNothing(operation: String, parameters: JSONValue, code: String) {
        var bench = SQSBench()
        #expect(bench.refusal(operation, parameters)?.code == code)
    }
}
