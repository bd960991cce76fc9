// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// The ledger that all workers share.
extension Simulation {
    /// Asks and tells the ledger, one after another.
    func performInOrder(_ actions: ArraySlice<CoreAction>, for worker: SimulatedWorker, generation: Int) {
        guard let action = actions.first else { return }
        self.reachLedger { [unowned self] outcome in
            if outcome != .lost {
                self.apply(action, for: worker, generation: generation, isAnswered: outcome == .done)
            }
            self.inTime(of: worker, generation: generation) { [unowned self] in
                if outcome != .done, case .acquireSlot(let id, _, _) = action {
                    let error = AWSError(.unavailable, message: "the ledger does not answer")
                    self.feed(.slotNotDecided(id, Trouble(of: .copy, error)), to: worker, generation: generation)
                }
                self.performInOrder(actions.dropFirst(), for: worker, generation: generation)
            }
        }
    }

    private enum Reach { case done, unanswered, lost }

    private func reachLedger(_ then: @escaping (Reach) -> Void) {
        var outcome = Reach.done
        if self.network.happens(self.faults.ledgerFaults) {
            outcome = self.network.happens(0.5) ? .unanswered : .lost
        }
        self.plan(after: self.network.duration(0.002...0.03)) { then(outcome) }
    }

    private func apply(_ action: CoreAction, for worker: SimulatedWorker, generation: Int, isAnswered: Bool) {
        switch action {
        case .acquireSlot(let id, let pool, let target):
            self.freeByTime(pool)
            var limit = self.policy.usableSlots(in: pool)
            if self.scenario.sabotage == .grantsEverySlot { limit = .max }
            let isGranted = self.book.acquire(pool, target: target, limit: limit, at: self.now)
            self.note("ledger: \(worker.name) \(isGranted ? "has" : "does not get") a slot for \(target)")
            guard isAnswered else { return }
            self.plan(after: self.network.duration(0.002...0.03)) { [unowned self] in
                let input: CoreInput = isGranted ? .slotGranted(id) : .slotRefused(id)
                self.feed(input, to: worker, generation: generation)
            }
        case .occupySlot(let pool, let target):
            self.note("ledger: \(worker.name) occupies \(target)")
            self.book.occupy(pool, target: target, at: self.now)
        case .releaseSlot(let pool, let target):
            self.note("ledger: \(worker.name) releases \(target)")
            self.book.release(pool, target: target)
        case .learnLimit(let pool, let limit): self.book.learn(pool, limit: limit, at: self.now)
        default: break
        }
    }

    /// Agrees the ledger with what RDS reports, and tells the core.
    func observe(
        _ pool: SlotPool,
        _ running: [Snapshot],
        asked: Instant,
        for worker: SimulatedWorker,
        generation: Int
    ) {
        self.reachLedger { [unowned self] outcome in
            if outcome != .lost {
                self.book.observe(pool, inProgress: running.map(\.arn.identifier), at: asked)
            }
            guard outcome == .done else {
                let trouble = Trouble(
                    of: .describeTarget,
                    AWSError(.unavailable, message: "the ledger does not answer")
                )
                return self.feed(.poolNotSurveyed(pool, trouble), to: worker, generation: generation)
            }
            self.feed(.poolSurveyed(pool, inProgress: running), to: worker, generation: generation)
        }
    }

    /// Frees what has been taken for long, where this run is to have that bug.
    private func freeByTime(_ pool: SlotPool) {
        guard self.scenario.sabotage == .freesSlotsByTime else { return }
        for (target, entry) in self.book.entries(of: pool).sorted(by: { $0.key < $1.key })
        where self.now - entry.since > .seconds(1200) {
            self.book.release(pool, target: target)
        }
    }
}
