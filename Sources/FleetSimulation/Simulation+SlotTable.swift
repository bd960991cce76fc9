// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Slots in a table that workers reach over a network: each worker has a view of its own, and writes on conditions.
extension Simulation {
    typealias Continuation = () -> Void

    /// What came of a write, as far as its worker learns.
    private enum WriteOutcome {
        case done
        case conditionFailed(SlotItem?)
        /// The answer got lost, or the request before it.
        case unknown
    }

    /// Carries one action out; `then` comes once it is answered, or given up.
    func performInTable(
        _ action: CoreAction,
        for worker: SimulatedWorker,
        generation: Int,
        then: @escaping Continuation
    ) {
        switch action {
        case .acquireSlot(let id, let pool, let target):
            let (limit, now) = (self.policy.usableSlots(in: pool), self.now)
            self.take(pool, worker, generation) { table, isFresh in
                table.acquire(target, limit: limit, isFresh: isFresh, at: now)
            } then: { [unowned self] isGranted in
                let error = AWSError(.unavailable, message: "the ledger does not answer")
                let input = isGranted.map { $0 ? CoreInput.slotGranted(id) : .slotRefused(id) }
                self.feed(input ?? .slotNotDecided(id, Trouble(of: .copy, error)), to: worker, generation: generation)
                then()
            }
        case .occupySlot(let pool, let target):
            let now = self.now
            guard !worker.update(pool, { $0.noteRunning(target, at: now) }) else { return then() }
            self.take(pool, worker, generation) { table, isFresh in
                table.occupy(target, isFresh: isFresh, at: now)
            } then: { isTaken in
                if isTaken == true { worker.update(pool) { _ = $0.noteRunning(target, at: now) } }
                then()
            }
        case .releaseSlot(let pool, let target, let evidence):
            self.release(pool, target, evidence, worker, generation, then: then)
        case .disownSlot(let pool, let target):
            worker.update(pool) { $0.disown(target) }
            then()
        case .learnLimit(let pool, let limit):
            worker.update(pool) { $0.learn(limit: limit, at: self.now) }
            then()
        default: then()
        }
    }

    /// Agrees the table with what RDS reports.
    func observeInTable(
        _ pool: SlotPool,
        _ running: [String],
        asked: Instant,
        for worker: SimulatedWorker,
        generation: Int,
        then: @escaping (_ isDone: Bool) -> Void
    ) {
        self.read(pool, worker, generation) { [unowned self] isRead in
            guard isRead else { return then(false) }
            let writes = worker.update(pool) { $0.observe(Set(running), at: asked) }
            self.agree(writes[...], pool, worker, generation) { then(true) }
        }
    }

    /// Frees by evidence what is overdue.
    func settleInTable(
        _ pool: SlotPool,
        _ targets: [String],
        _ running: [String],
        asked: Instant,
        for worker: SimulatedWorker,
        generation: Int,
        then: @escaping Continuation
    ) {
        let writes = worker.update(pool) { $0.settle(Set(targets), inProgress: Set(running), at: asked) }
        self.agree(writes[...], pool, worker, generation, then: then)
    }

    /// What is overdue; nothing when the table does not answer.
    func overdueInTable(
        _ pool: SlotPool,
        for worker: SimulatedWorker,
        generation: Int,
        then: @escaping ([String]) -> Void
    ) {
        let asked = self.now
        self.read(pool, worker, generation) { isRead in
            then(isRead ? worker.update(pool) { $0.overdue(at: asked) } : [])
        }
    }

    /// Renews leases as long as a worker lives.
    func renewSlots(of worker: SimulatedWorker, generation: Int) {
        self.plan(after: .seconds(60)) { [unowned self] in
            guard worker.generation == generation else { return }
            self.inTime(of: worker, generation: generation) { [unowned self] in
                for pool in worker.tables.keys.sorted() {
                    for write in worker.update(pool, { $0.renewals(at: self.now) }) {
                        self.renew(write, pool, worker, generation)
                    }
                    for (item, evidence) in worker.update(pool, { $0.takeUnreleased() }) {
                        self.free(.delete(item), evidence, pool, worker, generation) {}
                    }
                }
                self.renewSlots(of: worker, generation: generation)
            }
        }
    }

    // MARK: - Steps

    private func take(
        _ pool: SlotPool,
        _ worker: SimulatedWorker,
        _ generation: Int,
        isFresh: Bool = false,
        step: @escaping (inout SlotTable, Bool) -> SlotTable.Step,
        then: @escaping (_ isTaken: Bool?) -> Void
    ) {
        switch worker.update(pool, { step(&$0, isFresh) }) {
        case .refused: then(false)
        case .read:
            self.read(pool, worker, generation) { [unowned self] isRead in
                guard isRead else { return then(nil) }
                self.take(pool, worker, generation, isFresh: true, step: step, then: then)
            }
        case .write(let write):
            self.write(write, pool, worker, generation) { [unowned self] outcome in
                let now = self.now
                switch outcome {
                case .done:
                    worker.update(pool) { $0.done(write, at: now) }
                    then(true)
                case .conditionFailed(let found):
                    guard !worker.update(pool, { $0.missed(write, found: found, at: now) }) else { return then(true) }
                    self.take(pool, worker, generation, isFresh: isFresh, step: step, then: then)
                case .unknown:
                    worker.update(pool) { $0.failed(write) }
                    then(nil)
                }
            }
        }
    }

    private func release(
        _ pool: SlotPool,
        _ target: String,
        _ evidence: SlotEvidence,
        _ worker: SimulatedWorker,
        _ generation: Int,
        then: @escaping Continuation
    ) {
        if let deletion = worker.update(pool, { $0.release(target, because: evidence) }) {
            return self.free(deletion, evidence, pool, worker, generation, then: then)
        }
        guard evidence == .available else { return then() }
        self.read(pool, worker, generation) { [unowned self] isRead in
            guard isRead, let deletion = worker.update(pool, { $0.release(target, because: evidence) }) else {
                return then()
            }
            self.free(deletion, evidence, pool, worker, generation, then: then)
        }
    }

    private func free(
        _ deletion: SlotWrite,
        _ evidence: SlotEvidence,
        _ pool: SlotPool,
        _ worker: SimulatedWorker,
        _ generation: Int,
        then: @escaping Continuation
    ) {
        self.write(deletion, pool, worker, generation) { [unowned self] outcome in
            switch outcome {
            case .done: worker.update(pool) { $0.done(deletion, at: self.now) }
            case .conditionFailed(let found):
                let next = worker.update(pool) { table in
                    _ = table.missed(deletion, found: found, at: self.now)
                    return table.releaseAgain(deletion.item.target, because: evidence, found: found)
                }
                if let next { return self.free(next, evidence, pool, worker, generation, then: then) }
            case .unknown: worker.update(pool) { $0.notReleased(deletion.item, because: evidence) }
            }
            then()
        }
    }

    private func renew(_ write: SlotWrite, _ pool: SlotPool, _ worker: SimulatedWorker, _ generation: Int) {
        self.write(write, pool, worker, generation) { [unowned self] outcome in
            switch outcome {
            case .done: worker.update(pool) { $0.renewed(write.item) }
            case .conditionFailed(let found):
                let next = worker.update(pool) { $0.renewalMissed(write, found: found, at: self.now) }
                if let next { self.renew(next, pool, worker, generation) }
            case .unknown: break
            }
        }
    }

    private func agree(
        _ writes: ArraySlice<SlotWrite>,
        _ pool: SlotPool,
        _ worker: SimulatedWorker,
        _ generation: Int,
        then: @escaping Continuation
    ) {
        guard let write = writes.first else { return then() }
        self.write(write, pool, worker, generation) { [unowned self] outcome in
            switch (outcome, write) {
            case (.done, .replace(let item, _)): worker.update(pool) { $0.renewed(item) }
            case (.done, _): worker.update(pool) { $0.done(write, at: self.now) }
            case (.conditionFailed(let found), _):
                _ = worker.update(pool) { $0.missed(write, found: found, at: self.now) }
            case (.unknown, _): break
            }
            self.agree(writes.dropFirst(), pool, worker, generation, then: then)
        }
    }

    // MARK: - The table itself

    private func read(
        _ pool: SlotPool,
        _ worker: SimulatedWorker,
        _ generation: Int,
        then: @escaping (_ isRead: Bool) -> Void
    ) {
        self.reachLedger { [unowned self] outcome in
            let items = self.slotItems[pool].map { Array($0.values) } ?? []
            self.answer(worker, generation) { [unowned self] in
                guard outcome == .done else { return then(false) }
                let reach = worker.update(pool) { $0.reach(limit: 0) }
                worker.update(pool) { $0.take(items, reach: reach, at: self.now) }
                then(true)
            }
        }
    }

    private func write(
        _ write: SlotWrite,
        _ pool: SlotPool,
        _ worker: SimulatedWorker,
        _ generation: Int,
        then: @escaping (WriteOutcome) -> Void
    ) {
        self.reachLedger { [unowned self] outcome in
            let result: WriteOutcome = outcome == .lost ? .unknown : self.apply(write, to: pool, by: worker)
            self.answer(worker, generation) {
                if outcome == .done { then(result) } else { then(.unknown) }
            }
        }
    }

    private func answer(_ worker: SimulatedWorker, _ generation: Int, _ then: @escaping Continuation) {
        self.plan(after: self.network.duration(0.002...0.03)) { [unowned self] in
            self.inTime(of: worker, generation: generation, then)
        }
    }

    private func apply(_ write: SlotWrite, to pool: SlotPool, by worker: SimulatedWorker) -> WriteOutcome {
        let number = write.item.number
        let found = self.slotItems[pool]?[number]
        let holds =
            switch write {
            case .put: found == nil
            case .replace(let item, let from): found?.target == item.target && found?.version == from
            case .delete(let item): found?.target == item.target && found?.version == item.version
            }
        guard holds else { return .conditionFailed(found) }
        if case .delete(let item) = write {
            self.note("table: \(worker.name) frees \(pool)#\(number) of \(item.target)")
            self.slotItems[pool]?[number] = nil
        } else {
            self.note("table: \(worker.name) has \(pool)#\(number) for \(write.item.target)")
            self.slotItems[pool, default: [:]][number] = write.item
        }
        return .done
    }
}

extension SimulatedWorker {
    /// Works on what this life of the worker knows of a pool.
    @discardableResult
    fileprivate func update<Result>(_ pool: SlotPool, _ body: (inout SlotTable) -> Result) -> Result {
        let settings = SlotTable.Settings(owner: "\(self.name)-\(self.generation)")
        return body(&self.tables[pool, default: SlotTable(settings: settings)])
    }
}
