// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// One delivery of a message, as the queue handed it out.
package struct Delivery: Hashable, Sendable {
    package var messageID: String
    /// Names this delivery to the queue; another one each time the message is received.
    package var receiptHandle: String
    package var body: String
    /// How often the queue has handed this message out, from 1.
    package var receiveCount: Int
    /// When it was first sent; `nil` when the queue does not say.
    package var sentAt: Instant?

    package init(messageID: String, receiptHandle: String, body: String, receiveCount: Int, sentAt: Instant? = nil) {
        self.messageID = messageID
        self.receiptHandle = receiptHandle
        self.body = body
        self.receiveCount = receiveCount
        self.sentAt = sentAt
    }
}

/// Names a held message inside one worker.
package struct MessageToken: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let number: UInt64

    package init(number: UInt64) { self.number = number }
    package var description: String { "#\(self.number)" }
    package static func < (left: MessageToken, right: MessageToken) -> Bool { left.number < right.number }
}

/// A message that this worker has received and not yet given back or deleted.
package struct HeldMessage: Sendable {
    /// What is being done with it.
    package enum Purpose: Hashable, Sendable {
        /// An event whose snapshot is being described.
        case event(SnapshotARN)
        /// It carries this job.
        case job(CopyJob.ID)
        /// A sweep is running for it.
        case sweep
        /// What takes its place is on its way to a queue; it stays hidden until a queue has that.
        case posting
        /// It is on its way out: deleted or requeued; nothing else may touch it.
        case leaving
    }

    package let token: MessageToken
    /// Names the delivery to the queue.
    package let receiptHandle: String
    /// As it came, for a dead letter.
    package let body: String
    /// How often the queue had handed the message out, from 1.
    package let receiveCount: Int
    /// When it was first sent; `nil` when the queue did not say.
    package let sentAt: Instant?
    package let receivedAt: Instant
    /// When the queue shows it to others unless it is extended.
    package var hiddenUntil: Instant
    /// Whether an extension is on its way.
    package var isExtending = false
    package var purpose: Purpose

    package init(token: MessageToken, delivery: Delivery, receivedAt: Instant, hiddenUntil: Instant, purpose: Purpose) {
        self.token = token
        self.receiptHandle = delivery.receiptHandle
        self.body = delivery.body
        self.receiveCount = delivery.receiveCount
        self.sentAt = delivery.sentAt
        self.receivedAt = receivedAt
        self.hiddenUntil = hiddenUntil
        self.purpose = purpose
    }
}
