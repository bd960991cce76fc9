// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Where jobs wait: SQS in production.
///
/// Every operation throws ``AWSError``, or `CancellationError` once its task is cancelled.
package protocol JobQueue: Sendable {
    /// Waits up to `wait` for messages, 10 at the most.
    func receive(count: Int, wait: Duration, visibilityTimeout: Duration) async throws -> [Delivery]
    /// Hides messages for another while, counted from now; nothing makes one visible at once.
    ///
    /// - Returns: What became of each lease, in the order asked.
    func changeVisibility(_ changes: [VisibilityChange]) async throws -> [LeaseOutcome]
    /// Deletes messages.
    ///
    /// - Returns: For each, in the order asked, `nil` once deleted, or what went wrong.
    func delete(_ receiptHandles: [String]) async throws -> [AWSError?]
    /// Sends messages; throws unless the queue accepted all of them.
    func send(_ messages: [OutgoingMessage]) async throws
    /// Sends a message to the dead-letter queue, its reason and history as attributes.
    func deadLetter(_ letter: DeadLetter) async throws
}

/// How long a received message is to stay hidden, counted from now.
package struct VisibilityChange: Hashable, Sendable {
    package var receiptHandle: String
    /// 0 to 12 hours; SQS counts whole seconds.
    package var timeout: Duration

    package init(receiptHandle: String, timeout: Duration) {
        self.receiptHandle = receiptHandle
        self.timeout = timeout
    }
}

/// Where snapshots live: RDS in production.
///
/// Every operation throws ``AWSError``, or `CancellationError` once its task is cancelled.
package protocol SnapshotService: HandoverService, SnapshotLister {
    /// Describes snapshots of one account, Region and kind; those that do not exist are missing from the answer.
    func describe(_ snapshots: [SnapshotARN], in group: SourceGroup) async throws -> [Snapshot]
    /// Lists the copies in progress at a destination, whoever started them.
    func copiesInProgress(in pool: SlotPool) async throws -> [Snapshot]
    /// Starts a copy, in as many attempts as it takes.
    ///
    /// - Parameters:
    ///   - request: What to copy.
    ///   - isAllowed: Is asked right before each attempt; once it says no, none is sent any more, and the call ends with
    ///     an error that leaves open whether an earlier one was heard.
    /// - Returns: The target as RDS describes it right after accepting.
    /// - Throws: ``AWSError``, or `CancellationError` once its task is cancelled.
    func startCopy(
        _ request: CopyRequest,
        whileAllowed isAllowed: @escaping @Sendable () -> Bool
    ) async throws -> Snapshot
    /// Describes targets by identifier; those that do not exist are missing from the answer.
    func describeTargets(_ identifiers: [String], in pool: SlotPool) async throws -> [Snapshot]
    /// Deletes one of our own targets that has failed.
    func deleteTarget(_ identifier: String, in pool: SlotPool) async throws
}

/// Who may copy: holds the slots of every destination.
///
/// Targets name slots: the same target asked for twice is one slot. A slot is freed by evidence, not by time.
package protocol SlotLedger: Sendable {
    /// Asks for a slot for the copy with this identifier; `limit` is how many the policy allows.
    func acquire(_ pool: SlotPool, target: String, limit: Int, at now: Instant) async throws -> Bool
    /// Notes that a copy runs, whoever started it.
    func occupy(_ pool: SlotPool, target: String, at now: Instant) async throws
    /// Frees the slot of a copy, as far as the evidence goes.
    func release(_ pool: SlotPool, target: String, because evidence: SlotEvidence) async throws
    /// Notes that this worker follows a copy no longer, whose slot stays taken.
    func disown(_ pool: SlotPool, target: String) async throws
    /// Notes that RDS refused more than `limit` copies.
    func learn(_ pool: SlotPool, limit: Int, at now: Instant) async throws
    /// Takes in which copies RDS reports as in progress: evidence for every slot of the pool.
    func observe(_ pool: SlotPool, inProgress targets: [String], at now: Instant) async throws
    /// The copies whose slots nobody seems to look after any more; it takes evidence to free them.
    func overdue(_ pool: SlotPool, at now: Instant) async throws -> [String]
    /// Takes in which of these copies, asked about by name after `now`, RDS reports as in progress.
    func settle(_ pool: SlotPool, _ targets: [String], inProgress: [String], at now: Instant) async throws
    /// What other workers' looks at a destination tell of the copies that hold their slots through this ledger.
    func hear(_ pool: SlotPool, at now: Instant) async throws -> HeardLook
    /// Tells the other workers what RDS answered, asked at that moment.
    func tell(_ pool: SlotPool, found: [Snapshot], askedAt: Instant) async throws
}

/// Is told when a worker begins and ceases to start copies.
package protocol StartObserver: Sendable {
    /// Takes a note of a change; must not block.
    func startsCopies(_ isStarting: Bool, at now: Instant)
    /// Takes a note that the worker starts nothing any more; must not block.
    func drains(at now: Instant)
}

/// Is told what happens; the log, the metrics and the demo's screen are notifiers.
package protocol Notifier: Sendable {
    /// Takes a note of an event; must not block.
    func notify(_ event: FleetEvent, at now: Instant)
}
