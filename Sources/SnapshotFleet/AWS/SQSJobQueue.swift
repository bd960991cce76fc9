// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The job queue and its dead-letter queue on SQS.
package struct SQSJobQueue: JobQueue {
    private let sqs: SQSClient
    private let url: String
    private let deadLetterURL: String
    /// Names this worker in dead letters.
    private let worker: String

    /// Makes a queue; nothing is asked of SQS yet.
    package init(sqs: SQSClient, url: String, deadLetterURL: String, worker: String) {
        self.sqs = sqs
        self.url = url
        self.deadLetterURL = deadLetterURL
        self.worker = worker
    }

    package func receive(count: Int, wait: Duration, visibilityTimeout: Duration) async throws -> [Delivery] {
        let messages = try await self.sqs.receiveMessage(
            queueURL: self.url,
            maximum: count,
            wait: wait,
            visibilityTimeout: visibilityTimeout,
            // The core asks again by itself, with a longer backoff than a call would have.
            attempts: 1
        )
        return messages.map {
            Delivery(
                messageID: $0.messageID,
                receiptHandle: $0.receiptHandle,
                body: $0.body,
                receiveCount: $0.receiveCount,
                sentAt: $0.sentAt
            )
        }
    }

    package func changeVisibility(_ changes: [VisibilityChange]) async throws -> [LeaseOutcome] {
        let failures = try await SQSBatchResult.failures(of: changes.count) { indices throws(AWSError) in
            try await self.sqs.changeMessageVisibilityBatch(
                queueURL: self.url,
                entries: indices.map {
                    SQSClient.ReceiptEntry(
                        id: "\($0)",
                        receiptHandle: changes[$0].receiptHandle,
                        timeout: .seconds(min(max(0, changes[$0].timeout.inSeconds.rounded(.up)), 43_200))
                    )
                }
            )
        }
        return changes.indices.map { index in
            guard let error = failures[index] else { return .kept }
            let failure = FailureTable.classify(operation: .extend, error: error)
            return failure.class == .lostLease ? .lost : .unknown
        }
    }

    package func delete(_ receiptHandles: [String]) async throws -> [AWSError?] {
        let failures = try await SQSBatchResult.failures(of: receiptHandles.count) { indices throws(AWSError) in
            try await self.sqs.deleteMessageBatch(
                queueURL: self.url,
                entries: indices.map { SQSClient.ReceiptEntry(id: "\($0)", receiptHandle: receiptHandles[$0]) }
            )
        }
        return receiptHandles.indices.map { failures[$0] }
    }

    package func send(_ messages: [OutgoingMessage]) async throws {
        let failures = try await SQSBatchResult.failures(of: messages.count) { indices throws(AWSError) in
            try await self.sqs.sendMessageBatch(
                queueURL: self.url,
                entries: indices.map {
                    let delay = Duration.seconds(min(max(0, messages[$0].delay.inSeconds.rounded(.up)), 900))
                    return SQSClient.SendEntry(id: "\($0)", body: messages[$0].body, delay: delay)
                }
            )
        }
        if let error = failures.sorted(by: { $0.key < $1.key }).first?.value { throw error }
    }

    package func deadLetter(_ letter: DeadLetter) async throws {
        _ = try await self.sqs.sendMessage(
            queueURL: self.deadLetterURL,
            body: letter.body,
            attributes: Self.attributes(of: letter, worker: self.worker)
        )
    }

    /// What SQS takes at the most: the body, and each attribute's name, type and value.
    private static let messageLimit = 1_048_576

    /// The attributes of a dead letter, as many of them as the body leaves room for, the reason first.
    ///
    /// A message that fills the limit by itself still has to get out of the way: its reason is in the log then.
    static func attributes(of letter: DeadLetter, worker: String) -> [String: SQSAttributeValue] {
        let all: [(name: String, value: String?)] = [
            (DeadLetterAttribute.reason, letter.reason.rawValue),
            (DeadLetterAttribute.detail, letter.detail.excerpt(1000)),
            (DeadLetterAttribute.source, letter.source?.excerpt(300)),
            (DeadLetterAttribute.destination, letter.destination?.excerpt(100)),
            (DeadLetterAttribute.route, letter.route?.excerpt(100)),
            (DeadLetterAttribute.database, letter.database?.excerpt(100)),
            (DeadLetterAttribute.attempts, "\(letter.attempts)"),
            (DeadLetterAttribute.firstSeen, letter.firstSeen.iso8601),
            (DeadLetterAttribute.worker, worker),
        ]
        var room = Self.messageLimit - letter.body.utf8.count
        var attributes: [String: SQSAttributeValue] = [:]
        for (name, value) in all {
            // SQS refuses an empty value.
            guard let value, !value.isEmpty else { continue }
            let attribute = SQSAttributeValue(stringValue: value)
            let size = name.utf8.count + attribute.dataType.utf8.count + value.utf8.count
            guard size <= room else { continue }
            room -= size
            attributes[name] = attribute
        }
        return attributes
    }
}

extension SQSBatchResult {
    /// Calls for ten entries at a time and gathers what was refused, by index.
    static func failures(
        of count: Int,
        by size: Int = 10,
        _ call: ([Int]) async throws(AWSError) -> SQSBatchResult
    ) async throws(AWSError) -> [Int: AWSError] {
        var failures: [Int: AWSError] = [:]
        for indices in Array(0..<count).chunked(by: size) {
            for failure in try await call(indices).failed {
                guard let index = Int(failure.id) else { continue }
                let code: AWSError.Code = failure.senderFault ? .rejected : .unavailable
                failures[index] = AWSError(code, serviceCode: failure.code, message: failure.message)
            }
        }
        return failures
    }
}

/// The message attributes of a dead letter.
package enum DeadLetterAttribute {
    package static let reason = "snapferry.reason"
    package static let detail = "snapferry.detail"
    package static let source = "snapferry.source"
    package static let destination = "snapferry.destination"
    package static let route = "snapferry.route"
    package static let database = "snapferry.database"
    package static let attempts = "snapferry.attempts"
    package static let firstSeen = "snapferry.first-seen"
    package static let worker = "snapferry.worker"
}
