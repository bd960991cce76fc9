// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A worker's core and an AWS at its best, from the first snapshot to the last copy.
///
/// One worker that sees every waiting job stands for the fleet: several choose by the same order, each among its own.
final class ForecastRun {
    let question: ForecastQuestion
    var core: WorkerCore
    var now: Instant
    var agenda = Agenda()
    var queue = ForecastQueue()
    /// Sources by ARN, as Describe gives them.
    var sources: [SnapshotARN: Snapshot] = [:]
    /// Targets by pool and identifier.
    var targets: [SlotPool: [String: ForecastTarget]] = [:]
    private(set) var copies: [ForecastCopy] = []
    private(set) var superseded = 0
    /// Jobs that the core gave up, with its reasons.
    private(set) var failures: [String] = []
    private var inputs: [CoreInput] = []
    private var book = SlotBook()
    private var wakeUp = WakeUp()
    private var random = SplitMix64(seed: 1)
    /// How many messages the core waits for; `nil` when it does not poll.
    private var wanted: Int?
    /// When the queue is looked into next for what is hidden yet.
    private var looksAgainAt: Instant?
    /// When each lane's last copy ends; RDS begins no other before.
    private var laneEnds: [ForecastLane: Instant] = [:]
    private let databases: [ForecastDatabase.ID: ForecastDatabase]
    /// When each source's data was taken, and since when the fleet knows of it.
    private var known: [SnapshotARN: (taken: Instant, due: Instant)] = [:]

    init(_ question: ForecastQuestion, policy: Policy) {
        self.question = question
        self.now = question.start
        var settings = CoreSettings(ownAccount: question.ownAccount)
        settings.waitingRoom = .max / 2
        settings.visibilityTimeout = .seconds(3600)
        self.core = WorkerCore(settings: settings, policy: policy)
        self.databases = Dictionary(question.databases.map { ($0.id, $0) }) { first, _ in first }
    }

    /// Runs until every snapshot has its copy, or a month after the last one was taken.
    func run() {
        let last = self.question.start + .seconds(86_400 * self.question.days)
        let limit = last + .seconds(86_400 * 30)
        self.planSnapshots(until: last)
        self.placeCopiesUnderWay()
        for overdue in self.question.overdue { self.send(overdue) }
        self.inputs.append(.tick)
        self.settle()
        while let due = self.agenda.nextDue, due <= limit, let action = self.agenda.pop() {
            self.now = max(self.now, due)
            action()
            self.settle()
            if due > last, self.queue.isEmpty, self.core.view.held == 0 { break }
        }
        if !self.queue.isEmpty || self.core.view.held > 0 {
            self.failures.append("copies still wait a month after the last snapshot")
        }
    }

    // MARK: - What happens by itself

    private func planSnapshots(until end: Instant) {
        let civil = self.question.start.civil
        let midnight =
            self.question.start - .seconds(civil.hour * 3600 + civil.minute * 60 + civil.second)
            - .microseconds(civil.microsecond)
        for database in self.question.databases {
            for day in 0...self.question.days {
                for backup in database.backups {
                    let moment = midnight + .seconds(86_400 * day) + backup
                    guard moment >= self.question.start, moment < end else { continue }
                    self.agenda.plan(at: moment) { [unowned self] in self.takeSnapshot(of: database) }
                }
            }
        }
    }

    private func takeSnapshot(of database: ForecastDatabase) {
        let digits = self.now.iso8601.prefix(16).map { $0 == "T" || $0 == ":" ? "-" : $0 }
        let arn = self.add(database, identifier: "rds:\(database.id.name)-\(String(digits))", taken: self.now)
        let isCluster = database.id.kind == .cluster
        let event: JSONValue = [
            "source": "aws.rds",
            "detail-type": isCluster ? "RDS DB Cluster Snapshot Event" : "RDS DB Snapshot Event",
            "account": .string(database.id.account), "region": .string(database.id.region),
            "detail": [
                "EventID": isCluster ? "RDS-EVENT-0169" : "RDS-EVENT-0091", "SourceArn": .string(arn.description),
                "SourceIdentifier": .string(arn.identifier),
            ],
        ]
        self.queue.send(event.description, at: self.now)
    }

    private func add(_ database: ForecastDatabase, identifier: String, taken: Instant) -> SnapshotARN {
        let arn = database.facts(identifier: identifier).arn
        self.known[arn] = (taken, self.now)
        self.sources[arn] = Snapshot(
            arn: arn,
            database: database.id.name,
            status: "available",
            origin: .automated,
            engine: database.engine,
            tags: database.tags,
            createdAt: taken,
            originalCreatedAt: taken,
            sizeGiB: database.sizeGiB
        )
        return arn
    }

    private func send(_ overdue: ForecastQuestion.Overdue) {
        guard let database = self.databases[overdue.database] else { return }
        let arn = self.add(database, identifier: overdue.identifier, taken: overdue.taken)
        let job = CopyJob(source: arn, destination: overdue.destination, route: "", firstSeen: self.now)
        self.queue.send(JobMessage.encode(job), at: self.now)
    }

    private func placeCopiesUnderWay() {
        for copy in self.question.underWay {
            self.targets[copy.pool, default: [:]][copy.identifier] = ForecastTarget(
                identifier: copy.identifier,
                source: nil,
                database: copy.database?.name ?? "",
                starts: self.question.start,
                ends: copy.ends
            )
            let unknown = ForecastDatabase.ID(account: "", region: "", kind: copy.pool.kind, name: copy.identifier)
            let lane = ForecastLane(database: copy.database ?? unknown, destination: copy.pool.destination)
            self.laneEnds[lane] = max(copy.ends, self.laneEnds[lane] ?? copy.ends)
            self.copies.append(
                ForecastCopy(
                    lane: lane,
                    route: copy.database == nil ? "" : "under way",
                    taken: copy.taken ?? self.question.start,
                    due: self.question.start,
                    starts: self.question.start,
                    safe: copy.ends,
                    basis: .measured
                )
            )
        }
    }

    // MARK: - The core

    /// Lets the core decide until it has nothing to say.
    private func settle() {
        while true {
            self.deliver()
            guard !self.inputs.isEmpty else { break }
            let input = self.inputs.removeFirst()
            for action in self.core.handle(input, at: self.now, using: &self.random) { self.perform(action) }
        }
        guard let due = self.wakeUp.arm(for: self.core.nextDeadline, at: self.now) else { return }
        self.agenda.plan(at: due) { [unowned self] in self.inputs.append(.tick) }
    }

    private func deliver() {
        guard let wanted else { return }
        let found = self.queue.receive(wanted, at: self.now)
        if found.isEmpty {
            guard let next = self.queue.nextVisible(after: self.now), next != self.looksAgainAt else { return }
            self.looksAgainAt = next
            return self.agenda.plan(at: next) {}
        }
        self.wanted = nil
        self.inputs.append(.received(found))
    }

    func answer(_ input: CoreInput) { self.inputs.append(input) }

    func poll(_ count: Int) { self.wanted = count }

    /// The ledger, which asks nobody.
    func ledger(_ action: CoreAction) {
        switch action {
        case .acquireSlot(let id, let pool, let target):
            let limit = self.core.policy.usableSlots(in: pool)
            let isGranted = self.book.acquire(pool, target: target, limit: limit, at: self.now)
            self.answer(isGranted ? .slotGranted(id) : .slotRefused(id))
        case .occupySlot(let pool, let target): self.book.occupy(pool, target: target, at: self.now)
        case .releaseSlot(let pool, let target, _): self.book.release(pool, target: target)
        case .disownSlot(let pool, let target): self.book.disown(pool, target: target)
        case .learnLimit(let pool, let limit): self.book.learn(pool, limit: limit, at: self.now)
        default: break
        }
    }

    /// Frees the slots of copies that have ended and that nobody follows.
    func audit(_ pool: SlotPool) {
        let overdue = self.book.overdue(pool, at: self.now)
        let running = overdue.filter { self.targets[pool]?[$0].map { $0.ends > self.now } ?? false }
        self.book.settle(pool, overdue, inProgress: running, at: self.now)
        self.answer(.slotsAudited(pool))
    }

    func survey(_ pool: SlotPool) {
        let running = (self.targets[pool] ?? [:]).values.filter { $0.ends > self.now }
            .sorted { $0.identifier < $1.identifier }
        self.book.observe(pool, inProgress: running.map(\.identifier), at: self.now)
        self.answer(.poolSurveyed(pool, inProgress: running.map { $0.snapshot(in: pool, at: self.now) }))
    }

    func start(_ request: CopyRequest) {
        let pool = request.pool
        let arn = request.source.arn
        guard self.targets[pool]?[request.target] == nil else {
            let taken = Trouble(.alreadyExists, detail: "\(request.target) exists already")
            return self.answer(.copyRejected(request.job, taken))
        }
        let id = ForecastDatabase.ID(
            account: arn.account,
            region: arn.region,
            kind: arn.kind,
            name: request.source.database
        )
        guard let database = self.databases[id], let known = self.known[arn] else { return }
        let (time, basis) = self.question.pace.time(of: database, to: pool.destination)
        let lane = ForecastLane(database: id, destination: pool.destination)
        let target = ForecastTarget(
            identifier: request.target,
            source: arn,
            database: id.name,
            starts: self.now,
            ends: max(self.now, self.laneEnds[lane] ?? self.now) + time
        )
        self.laneEnds[lane] = target.ends
        self.targets[pool, default: [:]][request.target] = target
        self.copies.append(
            ForecastCopy(
                lane: lane,
                route: request.tags[TagMerge.routeKey] ?? "",
                taken: known.taken,
                due: known.due,
                starts: self.now,
                safe: target.ends,
                basis: basis
            )
        )
        self.answer(.copyStarted(request.job, target.snapshot(in: pool, at: self.now)))
    }

    func note(_ event: FleetEvent) {
        switch event {
        case .superseded: self.superseded += 1
        case .deadLettered(let letter): self.failures.append("\(letter.source ?? "a message"): \(letter.detail)")
        default: break
        }
    }
}
