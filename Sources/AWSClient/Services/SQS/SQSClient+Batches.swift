// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What became of a batch: every entry is in exactly one of the two, by its id.
package struct SQSBatchResult: Hashable, Sendable {
    /// Why an entry was refused.
    package struct Failure: Hashable, Sendable {
        package let id: String
        /// The shape's own name, as in ``AWSError/serviceCode``.
        package let code: String
        package let message: String
        /// Whether the entry itself is wrong, so that sending it again won't help.
        package let senderFault: Bool
    }

    package var successful: [String]
    package var failed: [Failure]

    init(_ json: JSONValue) {
        self.successful = (json["Successful"]?.array ?? []).compactMap { $0["Id"]?.string }
        self.failed = (json["Failed"]?.array ?? []).compactMap { entry in
            guard let id = entry["Id"]?.string else { return nil }
            return Failure(
                id: id,
                code: ServiceErrorParser.shapeName(entry["Code"]?.string ?? ""),
                message: entry["Message"]?.string ?? "",
                senderFault: entry["SenderFault"]?.bool ?? false
            )
        }
    }
}

extension SQSClient {
    /// A message to send in a batch.
    package struct SendEntry: Hashable, Sendable {
        /// 1 to 80 of letters, digits, `-` and `_`; unlike the others of its batch.
        package var id: String
        package var body: String
        package var delay: Duration?
        package var attributes: [String: SQSAttributeValue]

        /// Makes an entry.
        package init(id: String, body: String, delay: Duration? = nil, attributes: [String: SQSAttributeValue] = [:]) {
            self.id = id
            self.body = body
            self.delay = delay
            self.attributes = attributes
        }
    }

    /// A receipt to act on in a batch, and for how long to hide the message where that is the act.
    package struct ReceiptEntry: Hashable, Sendable {
        /// 1 to 80 of letters, digits, `-` and `_`; unlike the others of its batch.
        package var id: String
        package var receiptHandle: String
        /// Read by `changeMessageVisibilityBatch` alone.
        package var timeout: Duration

        /// Makes an entry.
        package init(id: String, receiptHandle: String, timeout: Duration = .zero) {
            self.id = id
            self.receiptHandle = receiptHandle
            self.timeout = timeout
        }
    }

    /// Sends up to 10 messages.
    package func sendMessageBatch(
        queueURL: String,
        entries: [SendEntry]
    ) async throws(AWSError) -> SQSBatchResult {
        try await self.batch("SendMessageBatch", queueURL, entries) { entry in
            [
                "Id": .string(entry.id), "MessageBody": .string(entry.body),
                "DelaySeconds": entry.delay.map { .integer($0.components.seconds) },
                "MessageAttributes": Self.json(entry.attributes),
            ]
        }
    }

    /// Deletes up to 10 messages.
    package func deleteMessageBatch(
        queueURL: String,
        entries: [ReceiptEntry]
    ) async throws(AWSError) -> SQSBatchResult {
        try await self.batch("DeleteMessageBatch", queueURL, entries) { entry in
            ["Id": .string(entry.id), "ReceiptHandle": .string(entry.receiptHandle)]
        }
    }

    /// Hides up to 10 messages, each for its own time from now on.
    package func changeMessageVisibilityBatch(
        queueURL: String,
        entries: [ReceiptEntry]
    ) async throws(AWSError) -> SQSBatchResult {
        try await self.batch("ChangeMessageVisibilityBatch", queueURL, entries) { entry in
            [
                "Id": .string(entry.id), "ReceiptHandle": .string(entry.receiptHandle),
                "VisibilityTimeout": .integer(entry.timeout.components.seconds),
            ]
        }
    }

    private func batch<Entry>(
        _ operation: String,
        _ queueURL: String,
        _ entries: [Entry],
        _ members: (Entry) -> [String: JSONValue?]
    ) async throws(AWSError) -> SQSBatchResult {
        let documents = entries.map { JSONValue.compact(members($0)) }
        return try await self.call(operation, ["QueueUrl": .string(queueURL), "Entries": .array(documents)]) { json in
            SQSBatchResult(json)
        }
    }
}
