// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The dead-letter queue as those see it who look after it: SQS in production.
///
/// Every operation throws ``AWSError``, or `CancellationError` once its task is cancelled.
package protocol DeadLetterQueue: Sendable {
    /// What there is, as SQS counts it: approximately.
    func standing() async throws -> DeadLetterStanding
    /// Waits up to `wait` for letters, 10 at the most, and hides them from others for `visibility`.
    func receive(wait: Duration, visibility: Duration) async throws -> [HeldLetter]
    /// Hides letters for another while, counted from now; zero shows them again at once.
    ///
    /// - Returns: For each, in the order asked, `nil`, or what went wrong.
    func hide(_ receiptHandles: [String], for timeout: Duration) async throws -> [AWSError?]
    /// Deletes letters.
    ///
    /// - Returns: For each, in the order asked, `nil` once deleted, or what went wrong.
    func delete(_ receiptHandles: [String]) async throws -> [AWSError?]
    /// Sends messages to the job queue.
    ///
    /// - Returns: For each, in the order asked, `nil` once the job queue has it, or what went wrong.
    func replay(_ bodies: [String]) async throws -> [AWSError?]
}

/// A letter in our hands for a while.
package struct HeldLetter: Hashable, Sendable {
    package var entry: DeadLetterEntry
    /// Names this delivery to the queue.
    package var receiptHandle: String

    package init(entry: DeadLetterEntry, receiptHandle: String) {
        self.entry = entry
        self.receiptHandle = receiptHandle
    }
}

/// How many letters there are, as SQS counts them: approximately.
package struct DeadLetterStanding: Hashable, Sendable {
    package var visible: Int
    /// In others' hands, or not given back yet by a look that was broken off.
    package var hidden: Int
    /// How long the queue keeps a message from when it was first sent; `nil` where SQS does not say.
    package var retention: Duration?

    package init(visible: Int, hidden: Int, retention: Duration? = nil) {
        self.visible = visible
        self.hidden = hidden
        self.retention = retention
    }
}
