// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What is known of one destination and kind.
///
/// Kept apart from whoever holds it, as jobs are: there is much of it, and it is looked at in every step.
@dynamicMemberLookup
package struct PoolState: Sendable {
    /// Whether the copies in progress there have been listed.
    package enum Survey: Sendable { case unknown, running, known }

    /// All that is known.
    package struct Facts: Sendable {
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
        package private(set) var waiting: Set<CopyJob.ID> = []
        /// In which order they start; `nil` where that is not known any more.
        var order: StartOrder?
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

        /// Has a job wait here, or begin to wait anew.
        mutating func wait(_ id: CopyJob.ID) {
            self.waiting.insert(id)
            self.order = nil
        }

        /// Has a job wait no longer; in the order of the others it is passed over.
        mutating func ceaseToWait(_ id: CopyJob.ID) { self.waiting.remove(id) }
    }

    /// Written to only by whoever holds the one reference to it.
    private final class Storage: @unchecked Sendable {
        var facts: Facts

        init(_ facts: Facts) { self.facts = facts }
    }

    private var storage = Storage(Facts())

    package init() {}

    @inline(__always)
    package subscript<Fact>(dynamicMember fact: WritableKeyPath<Facts, Fact>) -> Fact {
        _read { yield self.facts[keyPath: fact] }
        _modify { yield &self.facts[keyPath: fact] }
    }

    @inline(__always)
    package subscript<Fact>(dynamicMember fact: KeyPath<Facts, Fact>) -> Fact {
        _read { yield self.facts[keyPath: fact] }
    }

    private var facts: Facts {
        _read { yield self.storage.facts }
        _modify {
            if !isKnownUniquelyReferenced(&self.storage) { self.storage = Storage(self.storage.facts) }
            yield &self.storage.facts
        }
    }

    /// Has a job wait here, or begin to wait anew.
    mutating func wait(_ id: CopyJob.ID) { self.facts.wait(id) }

    /// Has a job wait no longer.
    mutating func ceaseToWait(_ id: CopyJob.ID) { self.facts.ceaseToWait(id) }
}

/// The jobs that wait in one pool, the next one to start first.
struct StartOrder: Sendable {
    /// Whether size counts in it.
    let isBySize: Bool
    /// Some of them may have ceased to wait since.
    let jobs: [(id: CopyJob.ID, lane: CopyLane?)]
}
