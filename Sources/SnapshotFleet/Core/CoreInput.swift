// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Sources to describe in one call: those of one account, Region and kind.
package struct SourceGroup: Hashable, Sendable, Comparable {
    package let account: String
    package let region: String
    package let kind: SnapshotKind

    package init(account: String, region: String, kind: SnapshotKind) {
        self.account = account
        self.region = region
        self.kind = kind
    }

    package init(_ arn: SnapshotARN) {
        self.init(account: arn.account, region: arn.region, kind: arn.kind)
    }

    package static func < (left: SourceGroup, right: SourceGroup) -> Bool {
        (left.account, left.region, left.kind) < (right.account, right.region, right.kind)
    }
}

/// What became of a message's lease.
package enum LeaseOutcome: Hashable, Sendable {
    /// Hidden for as long as was asked, counted from the call.
    case kept
    /// Another worker owns the message now, or nobody does.
    case lost
    /// It could not be found out; the old lease still runs.
    case unknown
}

/// What has happened: the answers to a core's actions, and time.
package indirect enum CoreInput: Sendable {
    /// Nothing but time has passed.
    case tick
    case received([Delivery])
    case receiveFailed(Trouble)
    /// Answer to ``CoreAction/describeSources(_:_:)``; what is asked for and not in `found` does not exist.
    case sourcesDescribed(SourceGroup, asked: [SnapshotARN], found: [Snapshot])
    case sourcesNotDescribed(SourceGroup, asked: [SnapshotARN], Trouble)
    /// Answer to ``CoreAction/surveyPool(_:)``: every copy in progress there, whoever started it.
    case poolSurveyed(SlotPool, inProgress: [Snapshot])
    case poolNotSurveyed(SlotPool, Trouble)
    case slotGranted(CopyJob.ID)
    case slotRefused(CopyJob.ID)
    case slotNotDecided(CopyJob.ID, Trouble)
    /// Answer to ``CoreAction/auditSlots(_:)``, whatever came of it.
    case slotsAudited(SlotPool)
    /// RDS accepted the copy; the snapshot is the target as RDS describes it.
    case copyStarted(CopyJob.ID, Snapshot)
    case copyRejected(CopyJob.ID, Trouble)
    /// Answer to ``CoreAction/describeTargets(_:_:)``; what is asked for and not in `found` does not exist.
    case targetsDescribed(SlotPool, asked: [String], found: [Snapshot])
    case targetsNotDescribed(SlotPool, asked: [String], Trouble)
    /// Answer to ``CoreAction/hearOthers(_:)``; `nil` when the ledger did not answer.
    case heard(SlotPool, HeardLook?)
    case targetDeleted(CopyJob.ID)
    case targetNotDeleted(CopyJob.ID, Trouble)
    /// Answer to ``CoreAction/handOver(_:)``.
    case handedOver(HandoverAnswer)
    case leasesExtended([MessageToken: LeaseOutcome])
    case requeued(MessageToken, LeaseOutcome)
    /// The messages that replace these were accepted by the queue.
    case replaced([MessageToken])
    case notReplaced([MessageToken], Trouble)
    case deadLettered(MessageToken)
    case notDeadLettered(MessageToken, Trouble)
    case deleted(MessageToken)
    /// The queue still has the message; it comes back once its lease ends.
    case notDeleted(MessageToken, Trouble)
    /// A sweep is over; what the report calls missing is to be enqueued.
    case swept(MessageToken, SweepReport)
    case notSwept(MessageToken, Trouble)
    /// Answer to ``CoreAction/prune(_:)``, whatever came of it: so many copies were deleted.
    case pruned(PruneRequest, deleted: Int)
    /// Stop: take nothing new, give back what is held.
    case drain
}
