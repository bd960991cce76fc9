// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension SQSClient {
    /// Receives messages, waiting for some.
    ///
    /// - Parameters:
    ///   - queueURL: The queue.
    ///   - maximum: 1 to 10.
    ///   - wait: 0 to 20 s; the request's own timeout is 10 s more.
    ///   - visibilityTimeout: How long they stay hidden; `nil` for the queue's own.
    ///   - attempts: How often to try; `nil` for the session's number.
    /// - Returns: None when none came.
    /// - Throws: ``AWSError``.
    package func receiveMessage(
        queueURL: String,
        maximum: Int = 10,
        wait: Duration = .seconds(20),
        visibilityTimeout: Duration? = nil,
        attempts: Int? = nil
    ) async throws(AWSError) -> [SQSMessage] {
        try await self.call(
            "ReceiveMessage",
            [
                "QueueUrl": .string(queueURL), "MaxNumberOfMessages": .integer(Int64(maximum)),
                "WaitTimeSeconds": .integer(wait.components.seconds),
                "VisibilityTimeout": visibilityTimeout.map { .integer($0.components.seconds) },
                "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"],
            ],
            timeout: wait + .seconds(10),
            attempts: attempts
        ) { (json) throws(AWSError) in
            var messages: [SQSMessage] = []
            for element in json["Messages"]?.array ?? [] {
                guard let message = try SQSMessage(element) else { throw .missing("Body", in: "ReceiveMessage") }
                messages.append(message)
            }
            return messages
        }
    }

    /// Sends a message; it may arrive more than once when an answer got lost.
    ///
    /// - Parameters:
    ///   - queueURL: The queue.
    ///   - body: 1 MiB at most, attributes included.
    ///   - delay: 0 to 15 min before it can be received; `nil` for the queue's own.
    ///   - attributes: 10 at most.
    /// - Returns: The message's id.
    /// - Throws: ``AWSError``.
    @discardableResult
    package func sendMessage(
        queueURL: String,
        body: String,
        delay: Duration? = nil,
        attributes: [String: SQSAttributeValue] = [:]
    ) async throws(AWSError) -> String {
        try await self.call(
            "SendMessage",
            [
                "QueueUrl": .string(queueURL), "MessageBody": .string(body),
                "DelaySeconds": delay.map { .integer($0.components.seconds) },
                "MessageAttributes": Self.json(attributes),
            ]
        ) { (json) throws(AWSError) in
            guard let id = json["MessageId"]?.string else { throw .missing("MessageId", in: "SendMessage") }
            try SQSChecksum.check(body, against: json["MD5OfMessageBody"]?.string)
            return id
        }
    }

    /// Deletes a message that was received.
    package func deleteMessage(queueURL: String, receiptHandle: String) async throws(AWSError) {
        try await self.call(
            "DeleteMessage",
            ["QueueUrl": .string(queueURL), "ReceiptHandle": .string(receiptHandle)]
        ) { _ in }
    }

    /// Hides a message for `timeout` from now on; zero makes it visible at once.
    ///
    /// - Throws: ``AWSError``; a lost lease comes as `MessageNotInflight`, `ReceiptHandleIsInvalid` or
    ///   `InvalidParameterValue`.
    package func changeMessageVisibility(
        queueURL: String,
        receiptHandle: String,
        timeout: Duration
    ) async throws(AWSError) {
        try await self.call(
            "ChangeMessageVisibility",
            [
                "QueueUrl": .string(queueURL), "ReceiptHandle": .string(receiptHandle),
                "VisibilityTimeout": .integer(timeout.components.seconds),
            ]
        ) { _ in }
    }

    static func json(_ attributes: [String: SQSAttributeValue]) -> JSONValue? {
        attributes.isEmpty ? nil : .object(attributes.mapValues(\.json))
    }
}
