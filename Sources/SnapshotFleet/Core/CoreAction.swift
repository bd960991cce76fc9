// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What is to be done next; each answer comes back as a ``CoreInput``.
///
/// Indirect, as answers are: they pass through many hands, and the frame of every suspended call would hold several of
/// them whole.
package indirect enum CoreAction: Sendable, Equatable {
    /// Poll once, for so many messages and so long.
    case receive(count: Int, wait: Duration, visibilityTimeout: Duration)
    /// Describe snapshots of one account, Region and kind.
    case describeSources(SourceGroup, [SnapshotARN])
    /// List the copies in progress at a destination.
    case surveyPool(SlotPool)
    /// Ask the ledger for a slot for a copy to this target.
    case acquireSlot(CopyJob.ID, SlotPool, target: String)
    /// Tell the ledger that a copy to this target runs and takes a slot, whoever started it.
    case occupySlot(SlotPool, target: String)
    /// Free the slot of the copy to this target.
    case releaseSlot(SlotPool, target: String, because: SlotEvidence)
    /// Tell the ledger that this worker follows the copy no longer; its slot stays taken.
    case disownSlot(SlotPool, target: String)
    /// Look whether slots are left over, and ask RDS about their copies if so.
    case auditSlots(SlotPool)
    /// Tell the ledger what RDS said about its limit.
    case learnLimit(SlotPool, Int)
    case startCopy(CopyRequest)
    /// Describe target snapshots by identifier.
    case describeTargets(SlotPool, [String])
    /// Ask the ledger what others who looked at a destination tell of it.
    case hearOthers(SlotPool)
    /// Delete a failed target of ours so that it can be copied anew.
    case deleteTarget(CopyJob.ID, String)
    /// Prepare a source for a copy by another account, or clean up after that.
    case handOver(HandoverAction)
    /// Hide these messages for another while.
    case extend([MessageToken: String], visibilityTimeout: Duration)
    /// Give a message back: it becomes visible after the delay.
    case requeue(MessageToken, receiptHandle: String, after: Duration)
    /// Send these bodies; they replace the messages, which are deleted once the queue has them.
    case replace([MessageToken], with: [OutgoingMessage])
    case deadLetter(MessageToken, DeadLetter)
    case delete(MessageToken, receiptHandle: String)
    /// Compare sources and destinations.
    case sweep(MessageToken, SweepRequest)
    /// Carry retention out.
    case prune(PruneRequest)
    /// Tell people and metrics.
    case report(FleetEvent)
    /// The drain is over; nothing is held any more.
    case finished
}

/// A message to send to the job queue.
package struct OutgoingMessage: Hashable, Sendable {
    package var body: String
    /// How long the queue hides it first; SQS allows 15 minutes at most.
    package var delay: Duration

    package init(body: String, delay: Duration = .zero) {
        self.body = body
        self.delay = delay
    }
}

/// A message for the dead-letter queue: the body as it came, and what an operator needs to know.
package struct DeadLetter: Hashable, Sendable {
    package var body: String
    package var reason: DeadLetterReason
    /// What AWS or we found wrong; no secret ever gets in here.
    package var detail: String
    /// The source's ARN; `nil` when the message does not say.
    package var source: String?
    /// `account/region`; `nil` when the message does not say.
    package var destination: String?
    /// The route by whose rules the job went; `nil` when the message was no job yet.
    package var route: String?
    /// The DB instance or DB cluster; `nil` when RDS did not say.
    package var database: String?
    /// How often the queue had handed the message out.
    package var attempts: Int
    package var firstSeen: Instant

    package init(
        body: String,
        reason: DeadLetterReason,
        detail: String,
        source: String? = nil,
        destination: String? = nil,
        route: String? = nil,
        database: String? = nil,
        attempts: Int,
        firstSeen: Instant
    ) {
        self.body = body
        self.reason = reason
        self.detail = detail
        self.source = source
        self.destination = destination
        self.route = route
        self.database = database
        self.attempts = attempts
        self.firstSeen = firstSeen
    }
}
