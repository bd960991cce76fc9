// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A job queue that rests after an empty answer.
///
/// SQS lets a poll last twenty seconds, which in fast time is over at once: the demo would do little but poll.
struct PacedQueue: JobQueue {
    let queue: any JobQueue
    /// By the clock on the wall.
    let pause: Duration

    func receive(count: Int, wait: Duration, visibilityTimeout: Duration) async throws -> [Delivery] {
        let deliveries = try await self.queue.receive(count: count, wait: wait, visibilityTimeout: visibilityTimeout)
        if deliveries.isEmpty { try await Task.sleep(for: self.pause) }
        return deliveries
    }

    func changeVisibility(_ changes: [VisibilityChange]) async throws -> [LeaseOutcome] {
        try await self.queue.changeVisibility(changes)
    }

    func delete(_ receiptHandles: [String]) async throws -> [AWSError?] {
        try await self.queue.delete(receiptHandles)
    }

    func send(_ messages: [OutgoingMessage]) async throws {
        try await self.queue.send(messages)
    }

    func deadLetter(_ letter: DeadLetter) async throws {
        try await self.queue.deadLetter(letter)
    }
}
