// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Something that people or metrics want to know.
package enum FleetEvent: Sendable, Equatable {
    case received(count: Int)
    /// The policy says that it is none of ours; the message is deleted.
    case ignored(source: String, reason: String)
    /// A snapshot was matched by routes; one job for each destination.
    case planned(SnapshotARN, destinations: [Destination])
    case waiting(CopyJob.ID)
    case started(CopyJob.ID, target: String)
    /// Someone started the copy before; this worker takes it over.
    case adopted(CopyJob.ID, target: String)
    /// Something was done in the source's account for a copy by another one.
    case handover(CopyJob.ID, HandoverNews)
    case progress(CopyJob.ID, percent: Int)
    case stalled(CopyJob.ID, percent: Int?, standingStill: Duration)
    indirect case confirmed(ConfirmedCopy)
    /// Given back to the queue, to come again after the delay.
    case requeued(CopyJob.ID?, reason: String, detail: String, after: Duration)
    case copyFailed(CopyJob.ID, attempt: Int, detail: String)
    /// A newer snapshot of the same database overtook it before it started.
    case superseded(CopyJob.ID, by: SnapshotARN)
    indirect case deadLettered(DeadLetter)
    /// Another worker owns the message now.
    case leaseLost(CopyJob.ID?)
    /// RDS allows fewer copies at once than we thought.
    case limitLowered(SlotPool, Int)
    /// No more manual snapshots fit into the destination.
    case snapshotQuotaReached(SlotPool, detail: String)
    /// A worker deleted copies there, and new ones are tried again.
    case snapshotQuotaFreed(SlotPool, deleted: Int)
    /// A worker deleted a copy that retention keeps no longer.
    indirect case pruned(PrunedCopy)
    /// RDS names a quota that is neither of the two known ones.
    case unknownQuota(SlotPool, detail: String)
    /// RDS refuses everything of this kind: jobs are parked, and a probe goes now and then.
    case circuitOpened(SlotPool, DeadLetterReason, detail: String)
    /// RDS accepts copies again.
    case circuitClosed(SlotPool, DeadLetterReason)
    /// A sweep is over; so many jobs are enqueued, those left out that this worker has in hand already.
    indirect case swept(SweepReport, enqueued: Int)
    /// How old the newest confirmed copies are, by route and destination; destinations that can't be read are left out.
    case recoveryPoints([RoutePoint])
    /// A call failed and will be made again.
    case trouble(operation: String, Trouble)
    case draining(held: Int)
    /// The worker has begun to work, and takes everything to be there.
    case working
    /// Something that the worker depends on is lost, or back.
    indirect case readinessChanged(Readiness.Change, Readiness)
}

/// A copy that RDS reports as `available`.
package struct ConfirmedCopy: Sendable, Equatable {
    package var job: CopyJob
    package var target: String
    package var database: String
    /// When the data was taken at the source; `nil` when RDS does not say.
    package var sourceCreatedAt: Instant?
    /// How long the copy ran as far as this worker saw; `nil` when it was there already.
    package var duration: Duration?
    package var sizeGiB: Int?
    package var confirmedAt: Instant
    /// Whether this worker started the copy, or found it.
    package var wasAdopted: Bool
}
