// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// A job that this worker has in hand.
///
/// Kept apart from whoever holds it: a table of tens of thousands of jobs is one of pointers, and to look at a job copies
/// one of them. Whoever changes a job has it alone; where others hold it too, they keep it as it was.
@dynamicMemberLookup
package struct JobState: Sendable {
    /// Where a job stands between "received" and "gone from here".
    package enum Phase: Sendable {
        /// Its source is being described.
        case describing
        /// It waits for a slot.
        case waiting
        /// The ledger has been asked for a slot.
        case acquiring
        /// RDS has been asked to copy.
        case starting
        /// The target is being looked at, because RDS says that it exists, or because an answer was lost; where there
        /// is none, the job takes the way of the failure.
        case checking(otherwise: Trouble, since: Instant)
        /// The copy is in progress.
        case copying(CopyWatch)
        /// A failed target, or a failed hop, is being deleted.
        case cleaning(detail: String)
        /// Its source is being made something that the destination's account can copy; the hop, once there is one.
        case handingOver(CopyWatch?)
        /// The copy is whole, and what led to it is being cleaned up in the source's account.
        case tidying
    }

    /// What is known of a job.
    package struct Facts: Sendable {
        package var job: CopyJob
        package var terms: CopyTerms
        /// The messages that carry this job, the first received first; duplicates end with it.
        package var messages: [MessageToken]
        package var phase: Phase
        /// The source as last described, without what only a start needs once the copy runs; `nil` before that.
        package var source: Snapshot?
        /// What the copy is called.
        package var target: String
        /// What the destination's account can copy, the source or its hop; `nil` before that is known, and where the
        /// source is in the same account.
        package var carrier: SnapshotARN?
        /// Whether the slot is ours to give back: granted, or taken over together with a copy in progress.
        package var holdsSlot = false
        /// When the ledger was asked for that slot; `nil` before that.
        package var slotAskedAt: Instant?
        /// Whether its pool counts it as under way, and its lane as busy.
        package var isCounted = false
        /// Since when it waits, for the order of starting.
        package var since: Instant
    }

    /// Written to only by whoever holds the one reference to it.
    private final class Storage: @unchecked Sendable {
        var facts: Facts

        init(_ facts: Facts) { self.facts = facts }
    }

    private var storage: Storage

    package init(
        job: CopyJob,
        terms: CopyTerms,
        messages: [MessageToken],
        phase: Phase,
        source: Snapshot?,
        target: String,
        since: Instant
    ) {
        self.storage = Storage(
            Facts(
                job: job,
                terms: terms,
                messages: messages,
                phase: phase,
                source: source,
                target: target,
                since: since
            )
        )
    }

    @inline(__always)
    package subscript<Fact>(dynamicMember fact: WritableKeyPath<Facts, Fact>) -> Fact {
        _read { yield self.storage.facts[keyPath: fact] }
        _modify {
            if !isKnownUniquelyReferenced(&self.storage) { self.storage = Storage(self.storage.facts) }
            yield &self.storage.facts[keyPath: fact]
        }
    }

    /// The database and the destination, which take one copy at a time.
    package var lane: CopyLane? {
        self.source.map {
            CopyLane(database: $0.database, account: $0.arn.account, region: $0.arn.region, pool: self.job.pool)
        }
    }
}

/// What RDS works through one copy after another: those of one database to one destination.
package struct CopyLane: Hashable, Sendable {
    package let database: String
    package let account: String
    package let region: String
    package let pool: SlotPool
}

/// What is known of a copy in progress.
package struct CopyWatch: Hashable, Sendable {
    /// When it was started, or taken over.
    package var startedAt: Instant
    package var wasAdopted: Bool
    package var percent: Int?
    /// When `percent` last changed.
    package var movedAt: Instant
    package var isReportedStalled = false
    /// When RDS was last heard of it.
    package var seenAt: Instant
    /// When it will be whole, as far as its progress tells.
    package var finish: FinishEstimate
    /// How long it is to take at the least, by how long others took; `nil` when there is nothing to go by.
    package var leastDuration: Duration?

    /// Begins to watch a copy that RDS made at `createdAt`, where it says so.
    package init(
        startedAt: Instant,
        wasAdopted: Bool,
        percent: Int?,
        createdAt: Instant? = nil,
        leastDuration: Duration? = nil
    ) {
        self.startedAt = startedAt
        self.wasAdopted = wasAdopted
        self.percent = percent
        self.movedAt = startedAt
        self.seenAt = startedAt
        self.finish = FinishEstimate(start: min(createdAt ?? startedAt, startedAt))
        self.finish.observe(percent: percent, at: startedAt)
        self.leastDuration = leastDuration
    }
}

/// What is known of one destination and kind.
package struct PoolState: Sendable {
    /// Whether the copies in progress there have been listed.
    package enum Survey: Sendable { case unknown, running, known }

    package var survey = Survey.unknown
    /// When the copies in progress there were last listed.
    package var surveyedAt: Instant?
    /// Those of them that are none of this worker's, by identifier, and whether a fleet started them.
    package var elsewhere: [String: Bool] = [:]
    /// Whether copies were among them that no fleet started.
    package var hasForeignCopies = false
    /// Whether the ledger had no slot the last time it was asked.
    package var wasRefused = false
    /// Whether the ledger is being asked for a slot.
    package var isAsking = false
    /// Jobs that wait for a slot here.
    package var waiting: Set<CopyJob.ID> = [] {
        didSet { self.order = nil }
    }
    /// The same in the order in which they start, and whether size counts in it; `nil` where that is not known any more.
    var order: (isBySize: Bool, ids: [CopyJob.ID])?
    /// Jobs whose target exists, or may exist, here.
    package var watched: Set<CopyJob.ID> = []
    /// Lanes with a copy under way.
    package var busyLanes: Set<CopyLane> = []
    /// How many of this worker's jobs have a slot or ask for one.
    package var underWay = 0
    /// No slot is asked for before this.
    package var closedUntil: Instant?
    /// The same moment where the reason is that no more manual snapshots fit into the destination.
    package var fullUntil: Instant?
    /// Whether a slot that is freed before then opens it again.
    package var reopensWithSlot = false
    /// Whether slots that this worker frees are left to others for a moment.
    var courtesy = SlotCourtesy()
    /// What RDS refuses here, and when to try again.
    package var circuit = CircuitBreaker()
    /// Whether a look at the targets is on its way.
    package var isLooking = false
    /// Whether a job waits to hear of its target, and the look can't wait for that of others.
    package var looksNow = false
    /// When the targets were last looked at.
    package var lookedAt: Instant?
    /// When to look whatever the copies' progress says: a look failed, or a target may not be visible yet.
    package var looksAgainAt: Instant?
    /// The moment that the worker is to be woken for, to look.
    package var plannedLook: Instant?
    /// How many looks in a row failed.
    package var failedLooks = 0
    /// How long copies take here.
    package var pace = CopyPace()
}
