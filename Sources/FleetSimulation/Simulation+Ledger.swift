// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// The ledger that all workers share: a book in memory here, a table in `Simulation+SlotTable.swift`.
extension Simulation {
    /// Asks and tells the ledger, one after another.
    func performInOrder(
        _ actions: ArraySlice<CoreAction>,
        for worker: SimulatedWorker,
        generation: Int,
        then: @escaping () -> Void = {}
    ) {
        guard let action = actions.first else { return then() }
        if self.scenario.ledger == .table {
            return self.performInTable(action, for: worker, generation: generation) { [unowned self] in
                self.performInOrder(actions.dropFirst(), for: worker, generation: generation, then: then)
            }
        }
        self.reachLedger { [unowned self] outcome in
            if outcome != .lost {
                self.apply(action, for: worker, generation: generation, isAnswered: outcome == .done)
            }
            self.inTime(of: worker, generation: generation) { [unowned self] in
                if outcome != .done, case .acquireSlot(let id, _, _) = action {
                    let error = AWSError(.unavailable, message: "the ledger does not answer")
                    self.feed(.slotNotDecided(id, Trouble(of: .copy, error)), to: worker, generation: generation)
                }
                self.performInOrder(actions.dropFirst(), for: worker, generation: generation, then: then)
            }
        }
    }

    private enum Reach { case done, unanswered, lost }

    private func reachLedger(_ then: @escaping (Reach) -> Void) {
        var outcome = Reach.done
        if self.dice.strikes(.ledgerFailures) {
            outcome = self.dice.happens(.ledgerFailures, 0.5) ? .unanswered : .lost
        }
        self.plan(after: self.network.duration(0.002...0.03)) { then(outcome) }
    }

    private func apply(_ action: CoreAction, for worker: SimulatedWorker, generation: Int, isAnswered: Bool) {
        let now = self.clock(of: worker)
        switch action {
        case .acquireSlot(let id, let pool, let target):
            self.freeByTime(pool)
            let isGranted = self.book.acquire(pool, target: target, limit: self.slotLimit(pool), at: now)
            self.note("ledger: \(worker.name) \(isGranted ? "has" : "does not get") a slot for \(target)")
            guard isAnswered else { return }
            self.plan(after: self.network.duration(0.002...0.03)) { [unowned self] in
                let input: CoreInput = isGranted ? .slotGranted(id) : .slotRefused(id)
                self.feed(input, to: worker, generation: generation)
            }
        case .occupySlot(let pool, let target):
            self.note("ledger: \(worker.name) occupies \(target)")
            self.book.occupy(pool, target: target, at: now)
        case .releaseSlot(let pool, let target, _):
            self.note("ledger: \(worker.name) releases \(target)")
            self.book.release(pool, target: target)
        case .disownSlot(let pool, let target): self.book.disown(pool, target: target)
        case .learnLimit(let pool, let limit): self.book.learn(pool, limit: limit, at: now)
        default: break
        }
    }

    /// How many slots the policy allows.
    func slotLimit(_ pool: SlotPool) -> Int {
        self.scenario.mutation == .grantsEverySlot ? 1000 : self.slots[pool] ?? 0
    }

    /// Looks for slots that are left over, and asks RDS about their copies if there are any.
    func auditSlots(of pool: SlotPool, for worker: SimulatedWorker) {
        let (asked, generation) = (self.clock(of: worker), worker.generation)
        let done = { [unowned self] in self.feed(.slotsAudited(pool), to: worker, generation: generation) }
        self.findOverdue(pool, for: worker) { [unowned self] overdue in
            guard !overdue.isEmpty else { return done() }
            self.describe(overdue, pool.kind, pool.destination.region, for: worker) { [unowned self] result, _ in
                guard case .success(let found) = result else { return done() }
                let running = found.filter { $0.phase == .inProgress }.map(\.arn.identifier)
                guard self.scenario.ledger == .table else {
                    self.book.settle(pool, overdue, inProgress: running, at: asked)
                    return done()
                }
                self.settleInTable(
                    pool,
                    overdue,
                    running,
                    asked: asked,
                    for: worker,
                    generation: generation,
                    then: done
                )
            }
        }
    }

    private func findOverdue(_ pool: SlotPool, for worker: SimulatedWorker, then: @escaping ([String]) -> Void) {
        let (asked, generation) = (self.clock(of: worker), worker.generation)
        guard self.scenario.ledger == .book else {
            return self.overdueInTable(pool, for: worker, generation: generation, then: then)
        }
        self.reachLedger { [unowned self] outcome in
            let overdue = outcome == .done ? self.book.overdue(pool, at: asked) : []
            self.inTime(of: worker, generation: generation) { then(overdue) }
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
        let targets = running.map(\.arn.identifier)
        let done = { [unowned self] (isDone: Bool) in
            let trouble = Trouble(of: .describeTarget, AWSError(.unavailable, message: "the ledger does not answer"))
            let input =
                isDone ? CoreInput.poolSurveyed(pool, inProgress: running) : .poolNotSurveyed(pool, trouble)
            self.feed(input, to: worker, generation: generation)
        }
        guard self.scenario.ledger == .book else {
            return self.observeInTable(
                pool,
                targets,
                asked: asked,
                for: worker,
                generation: generation,
                then: done
            )
        }
        self.reachLedger { [unowned self] outcome in
            if outcome != .lost { self.book.observe(pool, inProgress: targets, at: asked) }
            done(outcome == .done)
        }
    }

    /// Whether, now that nothing runs, every slot is back or has had the time to come back.
    ///
    /// In a table the lease of a worker that is no more has to end first, and another worker has to look.
    var areSlotsDue: Bool {
        guard self.scenario.ledger == .table else { return true }
        let since = self.slotsAwaited?.since ?? self.now
        guard self.now - since < .seconds(3 * 3600) else { return true }
        if let looked = self.slotsAwaited?.lookedAt, self.now - looked < .seconds(300) { return false }
        self.slotsAwaited = (since, self.now)
        return self.checks.pools.allSatisfy { self.itemsLeft(in: $0).isEmpty }
    }

    /// The slots of a pool that are taken although nothing runs, and that no evidence would free.
    func slotsLeft(in pool: SlotPool) -> [String] {
        guard self.scenario.ledger == .book else { return self.itemsLeft(in: pool) }
        self.book.observe(pool, inProgress: [], at: self.now + .seconds(3600))
        return self.book.entries(of: pool).keys.sorted()
    }

    /// Frees what has been taken for long, where this run is to have that bug.
    private func freeByTime(_ pool: SlotPool) {
        guard self.scenario.mutation == .freesSlotsByTime else { return }
        for (target, entry) in self.book.entries(of: pool).sorted(by: { $0.key < $1.key })
        where self.now - entry.since > .seconds(1200) {
            self.book.release(pool, target: target)
        }
    }
}
