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
        package var source: Snapshot? {
            didSet { self.lane = self.laneOfSource }
        }
        /// The database and the destination, which take one copy at a time; `nil` as long as the source is not known.
        package private(set) var lane: CopyLane?
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

        fileprivate init(
            job: CopyJob,
            terms: CopyTerms,
            messages: [MessageToken],
            phase: Phase,
            source: Snapshot?,
            target: String,
            since: Instant
        ) {
            self.job = job
            self.terms = terms
            self.messages = messages
            self.phase = phase
            self.source = source
            self.target = target
            self.since = since
            self.lane = self.laneOfSource
        }

        /// The same one as before wherever that is still right: it is the key of several tables.
        private var laneOfSource: CopyLane? {
            guard let source = self.source else { return nil }
            if let lane = self.lane, lane.isOf(source, in: self.job.pool) { return lane }
            return CopyLane(
                database: source.database,
                account: source.arn.account,
                region: source.arn.region,
                pool: self.job.pool
            )
        }
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

    @inline(__always)
    package subscript<Fact>(dynamicMember fact: KeyPath<Facts, Fact>) -> Fact {
        _read { yield self.storage.facts[keyPath: fact] }
    }
}

/// What RDS works through one copy after another: those of one database to one destination.
package struct CopyLane: Hashable, Sendable {
    private struct Parts: Hashable, Sendable {
        let database: String
        let account: String
        let region: String
        let pool: SlotPool
    }

    private let name: SharedName<Parts>

    /// Where the copies go.
    package var pool: SlotPool { self.name.parts.pool }

    package init(database: String, account: String, region: String, pool: SlotPool) {
        self.name = SharedName(Parts(database: database, account: account, region: region, pool: pool))
    }

    /// Whether a snapshot's copies into a pool go this way.
    func isOf(_ source: Snapshot, in pool: SlotPool) -> Bool {
        let parts = self.name.parts
        return parts.database == source.database && parts.account == source.arn.account
            && parts.region == source.arn.region && parts.pool == pool
    }
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
