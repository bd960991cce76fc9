// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// The lives of workers.
extension Simulation {
    func startWorkers() {
        for index in 0..<self.scenario.workers {
            let core = WorkerCore(settings: self.scenario.coreSettings(stagger: 0), policy: self.policy)
            let worker = SimulatedWorker(index: index, core: core, random: self.random.split())
            self.workers.append(worker)
            self.start(worker, after: self.random.duration(0...10))
            self.planAgain(.crashes) { [unowned self] in self.crash(worker) }
            self.planAgain(.pauses) { [unowned self] in self.pause(worker) }
            self.planAgain(.drains) { [unowned self] in self.drain(worker) }
        }
    }

    private func start(_ worker: SimulatedWorker, after delay: Duration) {
        self.plan(after: delay) { [unowned self] in
            let settings = self.scenario.coreSettings(stagger: .random(in: 0..<1, using: &worker.random))
            worker.core = WorkerCore(settings: settings, policy: self.policy)
            worker.retry = RetryPolicy()
            worker.generation += 1
            worker.isUp = true
            worker.isDraining = false
            worker.pausedUntil = nil
            worker.wakeUp = WakeUp()
            worker.handles = [:]
            worker.slotAskedAt = [:]
            worker.tables = [:]
            worker.turns = SlotTurns()
            worker.waitingForTurns = [:]
            worker.skew = self.skew()
            if self.scenario.ledger == .table { self.renewSlots(of: worker) }
            self.note("\(worker.name) starts")
            self.feed(.tick, to: worker, generation: worker.generation)
        }
    }

    /// Ends a life; a new one begins after a while.
    private func stop(_ worker: SimulatedWorker, why: String) {
        guard worker.isUp else { return }
        self.note("\(worker.name) \(why)")
        worker.isUp = false
        worker.generation += 1
        self.start(worker, after: self.random.duration(2...120))
    }

    private func crash(_ worker: SimulatedWorker) { self.stop(worker, why: "crashes") }

    private func pause(_ worker: SimulatedWorker) {
        guard worker.isUp else { return }
        let pause = self.random.duration(20...1800)
        self.note("\(worker.name) stands still for \(pause)")
        worker.pausedUntil = self.now + pause
        self.plan(after: pause) { [unowned self] in
            if let until = worker.pausedUntil, until <= self.now { worker.pausedUntil = nil }
        }
    }

    private func drain(_ worker: SimulatedWorker) {
        guard worker.isUp, !worker.isDraining else { return }
        let generation = worker.generation
        worker.isDraining = true
        self.note("\(worker.name) is told to stop")
        // The long poll is given up; SQS may or may not have noticed when the next message comes.
        self.feed(.drain, to: worker, generation: generation)
        self.abandonPoll(of: worker)
        self.plan(after: .seconds(120)) { [unowned self] in
            if worker.generation == generation { self.stop(worker, why: "is killed") }
        }
    }

    /// How wrong a clock is: most are nearly right, some are wrong by minutes, either way.
    private func skew() -> Duration {
        let most = self.dice.rate(.clockSkew)
        guard most > 0 else { return .zero }
        let worst = self.dice.happens(.clockSkew, 0.3) ? most : 2
        return self.dice.duration(.clockSkew, -worst...worst)
    }

    /// The time as a worker's clock has it.
    func clock(of worker: SimulatedWorker) -> Instant { self.now + worker.skew }

    /// Takes what happened to a worker's core, and does what it says.
    func feed(_ input: CoreInput, to worker: SimulatedWorker, generation: Int) {
        guard worker.generation == generation, worker.isUp else { return }
        guard worker.pausedUntil ?? self.now <= self.now else {
            return self.inTime(of: worker, generation: generation) { [unowned self] in
                self.feed(input, to: worker, generation: generation)
            }
        }
        let actions = self.decisions(on: input, of: worker)
        guard !actions.isEmpty else { return }
        self.check(actions, of: worker)
        if self.trace.isReadable {
            for action in actions {
                if let summary = action.summary { self.note("\(worker.name) > \(summary)") }
            }
        }
        for batch in ActionBatch.batches(of: actions) { self.perform(batch, for: worker) }
        if actions.contains(.finished) { self.stop(worker, why: "has drained") }
    }

    private func decisions(on input: CoreInput, of worker: SimulatedWorker) -> [CoreAction] {
        let input = self.scenario.mutation == nil ? input : self.mutated(input, of: worker)
        self.note("\(worker.name) < \(input.summary)")
        if self.scenario.mutation != nil { self.sabotageBefore(input, worker) }
        var actions = worker.core.handle(input, at: self.clock(of: worker), using: &worker.random)
        if self.scenario.mutation != nil { actions = self.mutated(actions, of: worker) }
        self.trace.mix(UInt64(worker.index) << 32 | UInt64(actions.count))
        if self.scenario.mutation != nil { self.sabotage(input, worker) }
        self.arm(worker)
        return actions
    }

    private func arm(_ worker: SimulatedWorker) {
        let now = self.clock(of: worker)
        guard let due = worker.wakeUp.arm(for: worker.nextDeadline, at: now) else { return }
        let generation = worker.generation
        self.plan(after: due - now) { [unowned self] in
            self.feed(.tick, to: worker, generation: generation)
        }
    }

    /// Checks what is called confirmed, and notes how soon that was noticed.
    private func check(_ actions: [CoreAction], of worker: SimulatedWorker) {
        for action in actions {
            switch action {
            case .acquireSlot(let id, _, _): worker.slotAskedAt[id] = self.now
            case .report(.confirmed(let copy)):
                let id = copy.job.id
                let asked = worker.slotAskedAt.removeValue(forKey: id)
                // A copy found in progress needs no slot; one found whole was looked at just now.
                if let since = asked ?? copy.duration.map({ self.now - $0 }),
                    let violation = self.checks.checkConfirm(id, followedSince: since)
                {
                    self.violate(violation.invariant, violation.detail)
                }
                guard let available = self.checks.availability(of: id), copy.duration != nil else { continue }
                self.measurements.detection.append(self.now - available)
                self.measurements.makespan = available - Scenario.start
            default: continue
            }
        }
    }
}
