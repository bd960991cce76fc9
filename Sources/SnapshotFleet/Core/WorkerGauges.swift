// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What a worker's metrics and its page tell of the present moment.
package struct WorkerGauges: Sendable, Equatable {
    /// How one destination and kind stands, as far as this worker knows.
    package struct Pool: Sendable, Equatable {
        package var pool: SlotPool
        /// The slots that the policy gives the fleet.
        package var limit = 0
        /// Slots of this worker's copies, those included that are asked for.
        package var underWay = 0
        /// Copies in progress of other workers, as of the last survey.
        package var fleet = 0
        /// Copies in progress that no fleet started, as of the last survey.
        package var others = 0
        /// Jobs here that wait for a slot.
        package var waiting = 0
        /// Copies in progress that this worker watches.
        package var copying = 0
        /// Reasons whose circuits are open.
        package var openCircuits: [DeadLetterReason] = []
        /// Whether no more manual snapshots fit.
        package var isFull = false
        /// Whether the ledger refused a slot a moment ago, or the pool is left alone for another reason.
        package var isClosed = false

        /// Whether it takes no copies until somebody does something about it.
        package var isBlocked: Bool { self.isFull || !self.openCircuits.isEmpty }

        package init(
            pool: SlotPool,
            limit: Int,
            underWay: Int = 0,
            fleet: Int = 0,
            others: Int = 0,
            waiting: Int = 0,
            copying: Int = 0,
            openCircuits: [DeadLetterReason] = []
        ) {
            self.pool = pool
            self.limit = limit
            self.underWay = underWay
            self.fleet = fleet
            self.others = others
            self.waiting = waiting
            self.copying = copying
            self.openCircuits = openCircuits
        }

        /// Slots that could be taken now.
        package var free: Int {
            self.isBlocked || self.isClosed ? 0 : max(0, self.limit - self.underWay - self.fleet - self.others)
        }
    }

    /// Every destination and kind of the policy, sorted.
    package var pools: [Pool] = []
    /// When the oldest job in hand whose copy has not begun was first seen.
    package var oldestWaiting: Instant?

    package init() {}

    /// See ``StartableBacklog``.
    package func startable(unread: Int) -> Int {
        StartableBacklog.count(self.pools.map { .init(waiting: $0.waiting, free: $0.free) }, unread: unread)
    }
}

extension WorkerCore {
    /// What is so at a moment.
    package func gauges(at now: Instant) -> WorkerGauges {
        var gauges = WorkerGauges()
        let pools = self.policy.destinations.flatMap { destination in
            SnapshotKind.allCases.map { SlotPool(destination: destination, kind: $0) }
        }
        gauges.pools = Set(pools).sorted().map { self.gauge($0, at: now) }
        for state in self.jobs.values {
            switch state.phase {
            case .describing, .waiting, .acquiring, .starting, .checking, .cleaning, .handingOver:
                gauges.oldestWaiting = min(gauges.oldestWaiting ?? state.job.firstSeen, state.job.firstSeen)
            case .copying, .tidying: break
            }
        }
        return gauges
    }

    private func gauge(_ pool: SlotPool, at now: Instant) -> WorkerGauges.Pool {
        var gauge = WorkerGauges.Pool(pool: pool, limit: self.policy.usableSlots(in: pool))
        guard let state = self.pools[pool] else { return gauge }
        gauge.underWay = state.underWay
        gauge.fleet = state.elsewhere.values.count { $0 }
        gauge.others = state.elsewhere.count - gauge.fleet
        gauge.waiting = state.waiting.count
        gauge.copying = state.watched.count { id in
            if case .copying? = self.jobs[id]?.phase { true } else { false }
        }
        gauge.openCircuits = state.circuit.openings.keys.sorted { $0.rawValue < $1.rawValue }
        gauge.isFull = state.fullUntil.map { $0 > now } ?? false
        gauge.isClosed = state.closedUntil.map { $0 > now } ?? false
        return gauge
    }
}
