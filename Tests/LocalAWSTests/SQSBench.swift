// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS

/// A queue model and the moment it is at, so that tests read as what happens when.
struct SQSBench {
    var model = SQSModel()
    var now = Instant(seconds: 1_800_000_000)
    let caller = ModelCaller(account: "111122223333", arn: "arn:aws:iam::111122223333:user/tester")

    static func arn(_ name: String) -> String { "arn:aws:sqs:us-east-1:111122223333:\(name)" }
    static func url(_ name: String) -> String { "https://sqs.us-east-1.amazonaws.com/111122223333/\(name)" }

    mutating func wait(_ seconds: Double) {
        self.now = self.now + .microseconds(Int64(seconds * 1_000_000))
    }

    @discardableResult
    mutating func call(
        _ operation: String,
        _ parameters: JSONValue,
        region: String = "us-east-1",
        caller: ModelCaller? = nil
    ) throws(ModelFailure) -> JSONValue {
        let request = ModelRequest(
            service: .sqs,
            operation: operation,
            parameters: parameters,
            caller: caller ?? self.caller,
            region: region
        )
        return try self.model.handle(request, at: self.now)
    }

    /// The refusal of a call; `nil` when it was carried out.
    mutating func refusal(_ operation: String, _ parameters: JSONValue) -> ModelFailure? {
        do throws(ModelFailure) {
            try self.call(operation, parameters)
            return nil
        } catch {
            return error
        }
    }

    mutating func create(_ name: String = "jobs", _ attributes: JSONValue = [:]) throws {
        try self.call("CreateQueue", ["QueueName": .string(name), "Attributes": attributes])
    }

    /// A queue `jobs` whose messages go to `dead` after some receives.
    mutating func createWithDeadLetters(after receives: Int) throws {
        try self.create("dead")
        try self.create("jobs", ["RedrivePolicy": .string(Self.redrive(to: Self.arn("dead"), after: receives))])
    }

    static func redrive(to arn: String, after receives: Int) -> String {
        #"{"deadLetterTargetArn":"\#(arn)","maxReceiveCount":\#(receives)}"#
    }

    @discardableResult
    mutating func send(_ body: String, to queue: String = "jobs", delay: Int? = nil) throws -> String? {
        let parameters = JSONValue.compact([
            "QueueUrl": .string(Self.url(queue)), "MessageBody": .string(body),
            "DelaySeconds": delay.map { .integer(Int64($0)) },
        ])
        return try self.call("SendMessage", parameters)["MessageId"]?.string
    }

    mutating func receive(
        _ most: Int64 = 10,
        from queue: String = "jobs",
        visibility: Int64? = nil
    ) throws -> [JSONValue] {
        let parameters = JSONValue.compact([
            "QueueUrl": .string(Self.url(queue)), "MaxNumberOfMessages": .integer(most),
            "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"],
            "VisibilityTimeout": visibility.map { .integer($0) },
        ])
        return try self.call("ReceiveMessage", parameters)["Messages"]?.array ?? []
    }

    mutating func bodies(from queue: String = "jobs", visibility: Int64? = nil) throws -> [String] {
        try self.receive(from: queue, visibility: visibility).compactMap { $0["Body"]?.string }
    }

    @discardableResult
    mutating func delete(_ message: JSONValue?, from queue: String = "jobs") throws(ModelFailure) -> JSONValue {
        try self.call("DeleteMessage", Self.naming(message, on: queue))
    }

    mutating func change(_ message: JSONValue?, to seconds: Int64) -> ModelFailure? {
        var members = Self.naming(message, on: "jobs").object ?? [:]
        members["VisibilityTimeout"] = .integer(seconds)
        return self.refusal("ChangeMessageVisibility", .object(members))
    }

    private static func naming(_ message: JSONValue?, on queue: String) -> JSONValue {
        ["QueueUrl": .string(self.url(queue)), "ReceiptHandle": message?["ReceiptHandle"] ?? "none"]
    }

    mutating func deliver(_ body: String, to queue: String = "jobs") -> Bool {
        self.model.deliver(queueARN: Self.arn(queue), body: body, at: self.now)
    }

    mutating func attribute(_ name: String, of queue: String = "jobs") throws -> String? {
        try self.call("GetQueueAttributes", ["QueueUrl": .string(Self.url(queue)), "AttributeNames": ["All"]])[
            "Attributes"
        ]?[name]?.string
    }

    /// Visible, in flight, delayed.
    mutating func counts(of queue: String = "jobs") throws -> [String?] {
        [
            try self.attribute("ApproximateNumberOfMessages", of: queue),
            try self.attribute("ApproximateNumberOfMessagesNotVisible", of: queue),
            try self.attribute("ApproximateNumberOfMessagesDelayed", of: queue),
        ]
    }
}
