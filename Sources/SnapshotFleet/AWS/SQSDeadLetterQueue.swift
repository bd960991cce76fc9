// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// A dead-letter queue on SQS, for those who look after it.
package struct SQSDeadLetterQueue: DeadLetterQueue {
    private let sqs: SQSClient
    private let url: String
    private let jobsURL: String?
    /// Where jobs go that name no account.
    private let account: String

    /// Makes a queue; nothing is asked of SQS yet.
    ///
    /// - Parameters:
    ///   - sqs: In the queue's Region.
    ///   - url: The dead-letter queue's.
    ///   - jobsURL: The job queue's; `nil` for those who replay nothing.
    ///   - account: The fleet's own.
    package init(sqs: SQSClient, url: String, jobsURL: String? = nil, account: String) {
        self.sqs = sqs
        self.url = url
        self.jobsURL = jobsURL
        self.account = account
    }

    package func standing() async throws -> DeadLetterStanding {
        let attributes = try await self.sqs.getQueueAttributes(
            queueURL: self.url,
            names: [
                "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed", "MessageRetentionPeriod",
            ]
        )
        let number = { (name: String) in attributes[name].flatMap { Int($0) } }
        return DeadLetterStanding(
            visible: number("ApproximateNumberOfMessages") ?? 0,
            hidden: (number("ApproximateNumberOfMessagesNotVisible") ?? 0)
                + (number("ApproximateNumberOfMessagesDelayed") ?? 0),
            retention: number("MessageRetentionPeriod").map { .seconds($0) }
        )
    }

    package func receive(wait: Duration, visibility: Duration) async throws -> [HeldLetter] {
        try await self.sqs.receiveMessage(queueURL: self.url, wait: wait, visibilityTimeout: visibility).map {
            HeldLetter(entry: DeadLetterEntry($0, account: self.account), receiptHandle: $0.receiptHandle)
        }
    }

    package func hide(_ receiptHandles: [String], for timeout: Duration) async throws -> [AWSError?] {
        let failures = try await SQSBatchResult.failures(of: receiptHandles.count) { indices throws(AWSError) in
            try await self.sqs.changeMessageVisibilityBatch(
                queueURL: self.url,
                entries: indices.map {
                    SQSClient.ReceiptEntry(id: "\($0)", receiptHandle: receiptHandles[$0], timeout: timeout)
                }
            )
        }
        return receiptHandles.indices.map { failures[$0] }
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

    package func replay(_ bodies: [String]) async throws -> [AWSError?] {
        guard let jobsURL = self.jobsURL else { throw AWSError(.configuration, message: "no job queue to replay to") }
        // A batch may not be larger than one message.
        let size = bodies.reduce(0) { $0 + $1.utf8.count } <= 1_000_000 ? 10 : 1
        let failures = try await SQSBatchResult.failures(of: bodies.count, by: size) { indices throws(AWSError) in
            try await self.sqs.sendMessageBatch(
                queueURL: jobsURL,
                entries: indices.map { SQSClient.SendEntry(id: "\($0)", body: bodies[$0]) }
            )
        }
        return bodies.indices.map { failures[$0] }
    }
}
