// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
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
            let (limit, now) = (self.slotLimit(pool), self.clock(of: worker))
            self.take(pool, worker, generation) { table, isFresh in
                table.acquire(target, limit: limit, isFresh: isFresh, at: now)
            } then: { [unowned self] isGranted in
                let error = AWSError(.unavailable, message: "the ledger does not answer")
                let input = isGranted.map { $0 ? CoreInput.slotGranted(id) : .slotRefused(id) }
                self.feed(input ?? .slotNotDecided(id, Trouble(of: .copy, error)), to: worker, generation: generation)
                then()
            }
        case .occupySlot(let pool, let target):
            let now = self.clock(of: worker)
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
            worker.update(pool) { $0.learn(limit: limit, at: self.clock(of: worker)) }
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
        let asked = self.clock(of: worker)
        self.read(pool, worker, generation) { isRead in
            then(isRead ? worker.update(pool) { $0.overdue(at: asked) } : [])
        }
    }

    /// How often a worker looks which leases are to be renewed.
    private static let renewalPause: Duration = .seconds(60)

    /// Begins to renew leases, once a minute as long as a worker lives.
    ///
    /// Minutes in which nothing is due are passed over: most of them, in a quiet week.
    func renewSlots(of worker: SimulatedWorker) {
        worker.renewal = (last: self.now, next: nil)
        self.planRenewal(of: worker)
    }

    /// Sees to it that a worker renews leases, and tries releases again, in the first minute in which some are due.
    func planRenewal(of worker: SimulatedWorker) {
        guard let last = worker.renewal.last, let due = worker.nextRenewal else { return }
        let generation = worker.generation
        let elapsed = max(.microseconds(1), due - worker.skew - last, self.now - last)
        let minutes = (elapsed.microseconds - 1) / Self.renewalPause.microseconds + 1
        let next = last + Self.renewalPause * Int(minutes)
        if let planned = worker.renewal.next, planned <= next { return }
        worker.renewal.next = next
        self.agenda.plan(at: next) { [unowned self] in
            guard worker.generation == generation, worker.renewal.next == next else { return }
            self.inTime(of: worker, generation: generation) { [unowned self] in
                self.renewNow(of: worker, generation: generation)
            }
        }
    }

    private func renewNow(of worker: SimulatedWorker, generation: Int) {
        worker.renewal = (last: self.now, next: nil)
        var due: [(pool: SlotPool, write: SlotWrite)] = []
        for pool in self.pools where worker.tables[pool] != nil {
            due += worker.update(pool) { $0.renewals(at: self.clock(of: worker)) }.map { (pool, $0) }
            for (item, evidence) in worker.update(pool, { $0.takeUnreleased() }) {
                self.free(.delete(item), evidence, pool, worker, generation) {}
            }
        }
        self.renew(due, worker, generation)
        self.planRenewal(of: worker)
    }

    /// Renews several leases in one transaction; where that fails, each by itself.
    private func renew(_ due: [(pool: SlotPool, write: SlotWrite)], _ worker: SimulatedWorker, _ generation: Int) {
        let singly = { [unowned self] in
            for (pool, write) in due { self.renew(write, pool, worker, generation) }
        }
        guard due.count > 1 else { return singly() }
        let items = due.map { DynamoDBSlotLedger.transactItem($0.write, in: $0.pool, table: Place.table).json }
        let token = "\(worker.random.next())"
        let request: JSONValue = ["TransactItems": .array(items), "ClientRequestToken": .string(token)]
        self.measurements.note(transactedItems: due.count)
        self.table("TransactWriteItems", request, worker) { result in
            guard case .success(let answer) = result, answer[Self.refusal] == nil else { return singly() }
            for (pool, write) in due { worker.update(pool) { $0.renewed(write.item) } }
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
                let now = self.clock(of: worker)
                switch outcome {
                case .done:
                    worker.update(pool) { $0.done(write, at: now) }
                    self.planRenewal(of: worker)
                    then(true)
                case .conditionFailed(let found):
                    guard !worker.update(pool, { $0.missed(write, found: found, at: now) }) else {
                        self.planRenewal(of: worker)
                        return then(true)
                    }
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
            case .done: worker.update(pool) { $0.done(deletion, at: self.clock(of: worker)) }
            case .conditionFailed(let found):
                let next = worker.update(pool) { table in
                    _ = table.missed(deletion, found: found, at: self.clock(of: worker))
                    return table.releaseAgain(deletion.item.target, because: evidence, found: found)
                }
                if let next { return self.free(next, evidence, pool, worker, generation, then: then) }
            case .unknown:
                worker.update(pool) { $0.notReleased(deletion.item, because: evidence) }
                self.planRenewal(of: worker)
            }
            then()
        }
    }

    private func renew(_ write: SlotWrite, _ pool: SlotPool, _ worker: SimulatedWorker, _ generation: Int) {
        self.write(write, pool, worker, generation) { [unowned self] outcome in
            switch outcome {
            case .done: worker.update(pool) { $0.renewed(write.item) }
            case .conditionFailed(let found):
                let next = worker.update(pool) { $0.renewalMissed(write, found: found, at: self.clock(of: worker)) }
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
            case (.done, _): worker.update(pool) { $0.done(write, at: self.clock(of: worker)) }
            case (.conditionFailed(let found), _):
                _ = worker.update(pool) { $0.missed(write, found: found, at: self.clock(of: worker)) }
            case (.unknown, _): break
            }
            self.agree(writes.dropFirst(), pool, worker, generation, then: then)
        }
    }

    // MARK: - The table itself

    /// Marks the answer to a write whose condition did not hold, which a client takes for an answer and no failure.
    static let refusal = "refused"

    private func read(
        _ pool: SlotPool,
        _ worker: SimulatedWorker,
        _ generation: Int,
        then: @escaping (_ isRead: Bool) -> Void
    ) {
        self.readSlots(pool, worker) { then($0 != nil) }
    }

    /// Reads the slots, and the look that workers share; `nil` when the table does not answer.
    func readSlots(
        _ pool: SlotPool,
        _ worker: SimulatedWorker,
        then: @escaping (SlotReading?) -> Void
    ) {
        let reach = worker.update(pool) { $0.reach(limit: self.slotLimit(pool)) }
        let query = SlotQuery(pool: pool, reach: min(reach, 99))
        self.table("BatchGetItem", .null, worker, reading: query) { [unowned self] result in
            guard case .success(.slots(let reading)) = result else { return then(nil) }
            worker.update(pool) { $0.take(reading.slots, reach: reach, at: self.clock(of: worker)) }
            then(reading)
        }
    }

    private func write(
        _ write: SlotWrite,
        _ pool: SlotPool,
        _ worker: SimulatedWorker,
        _ generation: Int,
        then: @escaping (WriteOutcome) -> Void
    ) {
        let (operation, request) = self.request(for: write, in: pool)
        self.note("table: \(worker.name) \(operation) \(pool)#\(write.item.number) for \(write.item.target)")
        self.table(operation, request, worker) { result in
            switch result {
            case .success(let answer) where answer[Self.refusal] != nil:
                then(.conditionFailed(answer["Item"].flatMap { Self.slotItem($0) }))
            case .success: then(.done)
            case .failure: then(.unknown)
            }
        }
    }

    /// The request that carries out one write, as the ledger would send it.
    private func request(for write: SlotWrite, in pool: SlotPool) -> (operation: String, request: JSONValue) {
        let document = DynamoDBSlotLedger.transactItem(write, in: pool, table: Place.table).json.object ?? [:]
        guard let (action, subject) = document.first, var members = subject.object else { return ("", .null) }
        if self.scenario.mutation == .ignoresVersion {
            for name in ["ConditionExpression", "ReturnValuesOnConditionCheckFailure"] { members[name] = nil }
            if action != "Update" {
                members["ExpressionAttributeNames"] = nil
                members["ExpressionAttributeValues"] = nil
            }
        }
        return (action + "Item", .object(members))
    }

    func table(
        _ operation: String,
        _ request: JSONValue,
        _ worker: SimulatedWorker,
        reading slots: SlotQuery? = nil,
        telling look: (pool: SlotPool, look: SharedLook)? = nil,
        then: @escaping (Result<Answer, AWSError>) -> Void
    ) {
        let call = SimulatedCall(
            service: .dynamodb,
            operation: operation,
            parameters: request,
            region: Scenario.home,
            slots: slots,
            look: look,
            timeout: .seconds(5)
        )
        self.call(worker, call, then: then)
    }

    private static func slotItem(_ json: JSONValue) -> SlotItem? {
        guard let item = DynamoDBItem(json: .some(json)) else { return nil }
        return DynamoDBSlotLedger.number(of: item).map { SlotItem(item, number: $0) }
    }

    /// The copies that have an item though nothing runs any more.
    func itemsLeft(in pool: SlotPool) -> [String] {
        let keys = (0..<100).map { DynamoDBSlotLedger.key(pool, $0).json }
        let request: JSONValue = ["RequestItems": [Place.table: ["Keys": .array(keys), "ConsistentRead": true]]]
        guard case .success(let answer) = self.ask(.dynamodb, "BatchGetItem", request, Scenario.home, by: "builder")
        else { return [] }
        return (answer["Responses"]?[Place.table]?.array ?? []).compactMap { Self.slotItem($0)?.target }.sorted()
    }
}

extension SimulatedWorker {
    /// Works on what this life of the worker knows of a pool.
    @discardableResult
    func update<Result>(_ pool: SlotPool, _ body: (inout SlotTable) -> Result) -> Result {
        body(&self.tables[pool, default: SlotTable(settings: .init(owner: "\(self.name)-\(self.generation)"))])
    }
}
