// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What is known of one pool's pruning.
struct PruneState: Sendable {
    /// When to prune for which cause.
    var due: [PruneCause: Instant] = [:]
    /// What is being pruned for; one prune a pool at a time.
    var underWay: PruneCause?
    /// When the last prune for a cause was over.
    var endedAt: [PruneCause: Instant] = [:]
}

/// Having retention carried out where the policy lets workers do it: after confirms, and when a destination is full.
///
/// Many confirms are one prune: it waits a little for others, and a pool is pruned again only after an hour. A full
/// destination does not wait that long, and is open again at once when something was deleted. What may be deleted at all is
/// for ``RetentionPlan`` to say. Whatever becomes of a prune, no job depends on it.
extension WorkerCore {
    /// Notes that a copy of a route was confirmed.
    mutating func wishToPrune(after route: String, in pool: SlotPool) {
        guard let rule = self.policy.routes.first(where: { $0.name == route })?.retention, rule.afterConfirm else {
            return
        }
        self.pruneWishes.insert(pool)
    }

    /// Has a full destination pruned if the policy allows it.
    ///
    /// - Returns: Whether that is under way or about to begin, so that jobs had better wait for it.
    mutating func pruneBecauseFull(_ pool: SlotPool, _ step: inout CoreStep) -> Bool {
        guard !self.isDraining, self.mayPruneWhenFull(pool) else { return false }
        if self.pruning[pool]?.underWay == .quotaIsFull { return true }
        let ended = self.pruning[pool]?.endedAt[.quotaIsFull]
        let due = max(step.now, ended.map { $0 + self.settings.quotaPruneInterval } ?? step.now)
        self.planPrune(of: pool, because: .quotaIsFull, at: due)
        return due <= step.now
    }

    private func mayPruneWhenFull(_ pool: SlotPool) -> Bool {
        self.policy.routes.contains { route in
            route.retention?.whenQuotaIsFull == true && route.match.kinds.contains(pool.kind)
                && route.destinations.contains { $0.leads(to: pool.destination) }
        }
    }

    private mutating func planPrune(of pool: SlotPool, because cause: PruneCause, at moment: Instant) {
        if let planned = self.pruning[pool]?.due[cause], planned <= moment { return }
        self.pruning[pool, default: PruneState()].due[cause] = moment
        self.prunes.push(pool, due: moment)
    }

    /// Asks for the prunes that are due.
    mutating func pruneCopies(_ step: inout CoreStep, _ random: inout some RandomNumberGenerator) {
        guard !self.isDraining else { return }
        for pool in self.pruneWishes.sorted() {
            let pause = self.settings.pruneDelay * Double.random(in: 0.5...1.5, using: &random)
            let ended = self.pruning[pool]?.endedAt[.afterConfirm]
            let due = max(step.now + pause, ended.map { $0 + self.settings.pruneInterval } ?? step.now)
            self.planPrune(of: pool, because: .afterConfirm, at: due)
        }
        self.pruneWishes = []
        while let pool = self.prunes.pop(dueAt: step.now) {
            // The end of a prune plans what is due besides.
            guard let state = self.pruning[pool], state.underWay == nil else { continue }
            let causes = state.due.filter { $0.value <= step.now }.keys
            guard let cause = causes.contains(.quotaIsFull) ? .quotaIsFull : causes.first else { continue }
            self.pruning[pool]?.underWay = cause
            self.pruning[pool]?.due[cause] = nil
            step.actions.append(.prune(PruneRequest(pool: pool, cause: cause)))
        }
    }

    mutating func pruned(_ request: PruneRequest, deleted: Int, _ step: inout CoreStep) {
        let pool = request.pool
        guard let state = self.pruning[pool], state.underWay == request.cause else { return }
        self.pruning[pool]?.underWay = nil
        self.pruning[pool]?.endedAt[request.cause] = step.now
        if let next = state.due.values.min() { self.prunes.push(pool, due: next) }
        guard deleted > 0, let full = self.pools[pool]?.fullUntil else { return }
        self.pools[pool]?.fullUntil = nil
        // Another trouble may have closed it since.
        if self.pools[pool]?.closedUntil == full { self.pools[pool]?.closedUntil = nil }
        step.report(.snapshotQuotaFreed(pool, deleted: deleted))
    }
}
