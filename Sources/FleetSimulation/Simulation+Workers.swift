// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// The lives of workers.
extension Simulation {
    func startWorkers() {
        for index in 0..<self.scenario.workers {
            let core = WorkerCore(settings: self.scenario.coreSettings, policy: self.policy)
            let worker = SimulatedWorker(index: index, core: core, random: self.random.split())
            self.workers.append(worker)
            self.start(worker, after: self.random.duration(0...10))
            self.planAgain(perHour: \.crashes) { [unowned self] in self.crash(worker) }
            self.planAgain(perHour: \.pauses) { [unowned self] in self.pause(worker) }
            self.planAgain(perHour: \.drains) { [unowned self] in self.drain(worker) }
        }
    }

    private func start(_ worker: SimulatedWorker, after delay: Duration) {
        self.plan(after: delay) { [unowned self] in
            worker.core = WorkerCore(settings: self.scenario.coreSettings, policy: self.policy)
            worker.retry = RetryPolicy()
            worker.generation += 1
            worker.isUp = true
            worker.isDraining = false
            worker.pausedUntil = nil
            worker.wakeUp = WakeUp()
            worker.handles = [:]
            worker.tables = [:]
            if self.scenario.usesSlotTable { self.renewSlots(of: worker, generation: worker.generation) }
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

    /// Takes what happened to a worker's core, and does what it says.
    func feed(_ input: CoreInput, to worker: SimulatedWorker, generation: Int) {
        self.inTime(of: worker, generation: generation) { [unowned self] in
            if case .tick = input {
                self.trace.mix(UInt64(worker.index))
            } else {
                self.note("\(worker.name) < \(input.summary)")
            }
            let actions = worker.core.handle(input, at: self.now, using: &worker.random)
            self.sabotage(input, worker)
            self.arm(worker)
            for action in actions {
                if let summary = action.summary { self.note("\(worker.name) > \(summary)") }
            }
            for batch in ActionBatch.batches(of: actions) { self.perform(batch, for: worker) }
            if actions.contains(.finished) { self.stop(worker, why: "has drained") }
        }
    }

    private func arm(_ worker: SimulatedWorker) {
        guard let due = worker.wakeUp.arm(for: worker.core.nextDeadline, at: self.now) else { return }
        let generation = worker.generation
        self.agenda.plan(at: due) { [unowned self] in
            self.feed(.tick, to: worker, generation: generation)
        }
    }

    /// Deletes the messages of a job once its copy has started, where this run is to have that bug.
    private func sabotage(_ input: CoreInput, _ worker: SimulatedWorker) {
        guard self.scenario.sabotage == .deletesOnceStarted else { return }
        switch input {
        case .received(let deliveries):
            let decoder = SQSMessageDecoder(account: Scenario.account)
            for delivery in deliveries {
                switch decoder.decode(delivery.body, sentAt: self.now) {
                case .job(let job): worker.handles[job.id, default: []].append(delivery.receiptHandle)
                case .snapshot(let event):
                    for pool in self.checks.pools {
                        let id = CopyJob.ID(source: event.arn, destination: pool.destination)
                        worker.handles[id, default: []].append(delivery.receiptHandle)
                    }
                default: break
                }
            }
        case .copyStarted(let id, _):
            let entries = (worker.handles.removeValue(forKey: id) ?? []).map { (MessageToken(number: 0), $0) }
            if !entries.isEmpty { self.delete(entries.map { (token: $0.0, receiptHandle: $0.1) }, for: worker) }
        default: break
        }
    }
}
