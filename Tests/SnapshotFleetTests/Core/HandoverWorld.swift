// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// A few cores, a queue and RDS in three accounts, in virtual time: calls are slow and get lost, workers die and stand
/// still, copies fail, sources age out.
final class HandoverWorld {
    /// Something that RDS makes.
    struct Item {
        var snapshot: Snapshot
        let ready: Instant
        let fails: Bool
        /// What it is made of.
        let source: SnapshotARN
        var isBroken = false

        func seen(at now: Instant) -> Snapshot {
            var seen = self.snapshot
            seen.status = self.isBroken ? "failed" : now < self.ready ? "copying" : self.fails ? "failed" : "available"
            return seen
        }
    }

    struct Message {
        let body: String
        var visibleAt: Instant
        var receipt = 0
    }

    final class Worker {
        var core: WorkerCore
        var generation = 0
        /// It stands still until then.
        var stoppedUntil = CoreHarness.start
        var wakesAt: Instant?

        init(core: WorkerCore) { self.core = core }
    }

    static let accounts = ["444455556666", "777788889999"]

    var now = CoreHarness.start
    var random: SeededGenerator
    var workers: [Worker] = []
    var messages: [Int: Message] = [:]
    var letters: [DeadLetter] = []
    var sources: [SnapshotARN: Snapshot] = [:]
    var hops: [String: Item] = [:]
    var targets: [CopyJob.ID: Item] = [:]
    /// Who may copy what.
    var shares: [SnapshotARN: Set<String>] = [:]
    /// What must never happen, and did.
    var violations: [String] = []
    var hopsMade = 0
    var deaths = 0
    /// Whether things still go wrong.
    var isRough = true
    private var agenda: [(at: Instant, number: Int, action: () -> Void)] = []
    private var scheduled = 0
    private var sent = 0
    private let settings: CoreSettings
    private let policy: Policy

    init(seed: UInt64) throws {
        self.random = SeededGenerator(seed: seed)
        var settings = CoreSettings(ownAccount: CoreHarness.account)
        settings.maxReceiveCount = 1000
        self.settings = settings
        let destinations = Self.accounts.map { account in
            """
            { "region": "eu-west-1", "account": "\(account)", "role": "arn:aws:iam::\(account):role/dr", "kmsKey": "alias/dr" },
            { "region": "eu-central-1", "account": "\(account)", "role": "arn:aws:iam::\(account):role/dr",
              "kmsKey": "alias/dr", "slots": { "instance": 2 } }
            """
        }
        let text = """
            { "routes": [ { "name": "dr", "source": { "regions": ["us-east-1"], "hopKey": "alias/share" },
                            "destinations": [ \(destinations.joined(separator: ", ")) ] } ] }
            """
        self.policy = try PolicyDocument.parse(Array(text.utf8), source: "the test")
            .resolved(ownAccount: CoreHarness.account)
        for _ in 0..<3 { self.workers.append(Worker(core: WorkerCore(settings: settings, policy: self.policy))) }
    }

    // MARK: - Time

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self.random) < percent }

    func some(_ range: ClosedRange<Double>) -> Duration { .seconds(Double.random(in: range, using: &self.random)) }

    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        self.scheduled += 1
        self.agenda.append((self.now + delay, self.scheduled, action))
    }

    /// Lets time pass until nothing is left on the queue, or the limit is reached.
    func run(for limit: Duration) {
        let end = self.now + limit
        // What is planned holds this world, and would keep it for ever.
        defer { self.agenda = [] }
        for worker in self.workers { self.feed(.tick, to: worker, worker.generation) }
        while !self.messages.isEmpty,
            let next = self.agenda.indices.min(by: {
                (self.agenda[$0].at, self.agenda[$0].number) < (self.agenda[$1].at, self.agenda[$1].number)
            })
        {
            let entry = self.agenda.remove(at: next)
            guard entry.at <= end else { return }
            self.now = max(self.now, entry.at)
            entry.action()
        }
    }

    /// Brings an answer to a worker, once it runs again, if it still lives.
    func feed(_ input: CoreInput, to worker: Worker, _ generation: Int) {
        guard worker.generation == generation else { return }
        guard worker.stoppedUntil <= self.now else {
            return self.after(worker.stoppedUntil - self.now) { self.feed(input, to: worker, generation) }
        }
        let actions = worker.core.handle(input, at: self.now, using: &self.random)
        if !worker.core.countsRight { self.violations.append("the counts of jobs are out of step") }
        for action in actions { self.begin(action, worker) }
        guard let deadline = worker.core.nextDeadline, worker.wakesAt.map({ deadline < $0 || $0 <= self.now }) ?? true
        else { return }
        worker.wakesAt = deadline
        self.after(max(.milliseconds(1), deadline - self.now)) { self.feed(.tick, to: worker, generation) }
    }

    func send(_ body: String, delay: Duration = .zero) {
        self.sent += 1
        self.messages[self.sent] = Message(body: body, visibleAt: self.now + delay)
    }

    /// Sends a call on its way: its effect comes later, its answer later still, and either may be lost.
    private func begin(_ action: CoreAction, _ worker: Worker) {
        if case .report = action { return }
        let generation = worker.generation
        let isLost = self.isRough && self.chance(3)
        self.after(self.some(0.05...2)) { self.take(action, worker, generation, isLost: isLost) }
    }

    private func take(_ action: CoreAction, _ worker: Worker, _ generation: Int, isLost: Bool) {
        // A process that stands still sends nothing; what a dead one has sent arrives all the same.
        if worker.generation == generation, worker.stoppedUntil > self.now {
            return self.after(worker.stoppedUntil - self.now) {
                self.take(action, worker, generation, isLost: isLost)
            }
        }
        let outage = Trouble(.unavailable, detail: "no answer")
        if isLost, self.chance(50), let failure = action.failure(outage) {
            return self.after(.seconds(5)) { self.feed(failure, to: worker, generation) }
        }
        let isAlive = worker.generation == generation
        let mayGoOn = { (id: CopyJob.ID) in !isAlive || worker.core.mayHandOver(id, at: self.now) }
        guard var answer = self.answer(to: action, mayGoOn: mayGoOn) else { return }
        if isLost, let failure = action.failure(outage) { answer = failure }
        let isPoll = if case .receive = action { true } else { false }
        self.after(isPoll ? .seconds(3) : self.some(0.05...1)) { self.feed(answer, to: worker, generation) }
    }

    // MARK: - People and machines

    /// Lets a worker die and another one begin in its place.
    func kill(_ worker: Worker) {
        self.deaths += 1
        worker.generation += 1
        worker.core = WorkerCore(settings: self.settings, policy: self.policy)
        worker.wakesAt = nil
        let generation = worker.generation
        self.after(.seconds(1)) { self.feed(.tick, to: worker, generation) }
    }

    /// Breaks what is being made of something that is gone, or not shared any more.
    func breakCopies(of source: SnapshotARN, for account: String? = nil) {
        for (id, item) in self.targets where item.source == source && item.ready > self.now {
            if account == nil || id.destination.account == account { self.targets[id]?.isBroken = true }
        }
        for (name, item) in self.hops where item.source == source && item.ready > self.now {
            self.hops[name]?.isBroken = true
        }
    }
}

extension CoreAction {
    /// What a worker hears where a call gets no answer.
    fileprivate func failure(_ trouble: Trouble) -> CoreInput? {
        switch self {
        case .receive: .receiveFailed(trouble)
        case .describeSources(let group, let asked): .sourcesNotDescribed(group, asked: asked, trouble)
        case .surveyPool(let pool): .poolNotSurveyed(pool, trouble)
        case .startCopy(let request): .copyRejected(request.job, trouble)
        case .describeTargets(let pool, let asked): .targetsNotDescribed(pool, asked: asked, trouble)
        case .deleteTarget(let id, _): .targetNotDeleted(id, trouble)
        case .handOver(let action): .handedOver(.failed(action, trouble))
        case .replace(let tokens, _): .notReplaced(tokens, trouble)
        case .delete(let token, _): .notDeleted(token, trouble)
        case .deadLetter(let token, _): .notDeadLettered(token, trouble)
        default: nil
        }
    }
}
