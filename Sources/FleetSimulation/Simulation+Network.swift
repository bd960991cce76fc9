// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// One call of a worker, which may take several attempts.
struct SimulatedCall {
    var service: ServiceName
    var operation: String
    var parameters: JSONValue
    var region: String
    /// What is read, where the request reads the table of slots.
    var slots: SlotQuery?
    /// What is told, where the request tells other workers of a look.
    var look: (pool: SlotPool, look: SharedLook)?
    var timeout: Duration = .seconds(30)
    /// How often it is tried; `nil` for as often as the policy of the client says.
    var attempts: Int?
    /// Asked right before each attempt; once it says no, none is sent any more.
    var isAllowed: (() -> Bool)?
}

/// A receive that waits for messages.
struct LongPoll {
    let id: Int
    let request: ModelRequest
    let answer: (Result<Answer, ModelFailure>) -> Void
}

/// The network between workers and the world.
extension Simulation {
    /// What becomes of one attempt.
    private enum Fate {
        case served
        case slow(there: Duration, back: Duration)
        /// It never arrives; the client gives up.
        case lost
        /// The client gives up, and then it arrives.
        case late(Duration)
        case answerLost
        case doubled(after: Duration)
        case unreachable
        case throttled
        case failed(withEffect: Bool)
    }

    /// Calls a service as a worker's client does: over the network, and again where that may help.
    ///
    /// - Parameters:
    ///   - worker: Who calls.
    ///   - call: What is called.
    ///   - then: Called in the worker's own time with what came of it, unless the worker is gone by then.
    func call(
        _ worker: SimulatedWorker,
        _ call: SimulatedCall,
        then: @escaping (Result<Answer, AWSError>) -> Void
    ) {
        self.attempt(worker, call, number: 1, generation: worker.generation, lastError: nil, then: then)
    }

    private func attempt(
        _ worker: SimulatedWorker,
        _ call: SimulatedCall,
        number: Int,
        generation: Int,
        lastError: AWSError?,
        then: @escaping (Result<Answer, AWSError>) -> Void
    ) {
        guard call.isAllowed?() ?? true else {
            return then(.failure(AWSError(.timedOut, message: "it was too late for it")))
        }
        self.measurements.note(call)
        self.send(call, from: worker) { [unowned self] result in
            self.inTime(of: worker, generation: generation) { [unowned self] in
                switch result {
                case .success(let answer):
                    worker.retry.succeeded(after: lastError)
                    then(.success(answer))
                case .failure(let error):
                    let most = call.attempts ?? worker.retry.configuration.maxAttempts
                    guard number < most,
                        let delay = worker.retry.retryDelay(after: error, attempt: number, using: &worker.random)
                    else { return then(.failure(error)) }
                    self.plan(after: delay) { [unowned self] in
                        self.inTime(of: worker, generation: generation) { [unowned self] in
                            self.attempt(
                                worker,
                                call,
                                number: number + 1,
                                generation: generation,
                                lastError: error,
                                then: then
                            )
                        }
                    }
                }
            }
        }
    }

    /// Runs something in a worker's process: not while it stands still, and not in a later life.
    func inTime(of worker: SimulatedWorker, generation: Int, _ action: @escaping () -> Void) {
        guard worker.generation == generation, worker.isUp else { return }
        guard let pausedUntil = worker.pausedUntil, pausedUntil > self.now else { return action() }
        self.agenda.plan(at: pausedUntil) { [unowned self] in
            self.inTime(of: worker, generation: generation, action)
        }
    }

    private func fate(of call: SimulatedCall) -> Fate {
        guard self.dice.isOn else { return .served }
        if self.weather.deadRegions.contains(call.region) { return .unreachable }
        if self.weather.throttling.contains(call.service), self.network.happens(Self.stormStrength) {
            return .throttled
        }
        if self.dice.strikes(.lostRequests) { return .lost }
        if self.dice.strikes(.lostAnswers) { return .answerLost }
        if self.dice.strikes(.lateRequests) { return .late(self.dice.duration(.lateRequests, 0.5...20)) }
        if self.dice.strikes(.throttles) { return .throttled }
        if call.service == .dynamodb, self.dice.strikes(.tableThrottles) { return .throttled }
        if self.dice.strikes(.failures) { return .failed(withEffect: self.dice.happens(.failures, 0.5)) }
        if self.dice.strikes(.doubledRequests) {
            return .doubled(after: self.dice.duration(.doubledRequests, 0.1...20))
        }
        if self.dice.strikes(.slowRequests) {
            return .slow(
                there: self.dice.duration(.slowRequests, 1...15),
                back: self.dice.duration(.slowRequests, 1...15)
            )
        }
        return .served
    }

    /// Sends one request and brings back one answer, or the client's own error.
    private func send(
        _ call: SimulatedCall,
        from worker: SimulatedWorker,
        _ answer: @escaping (Result<Answer, AWSError>) -> Void
    ) {
        let there = self.network.duration(0.005...0.05)
        let back = self.network.duration(0.005...0.05)
        let gaveUp = AWSError(.timedOut, message: "no answer")
        let reset = AWSError(.unavailable, message: "connection reset")
        let fate = self.fate(of: call)
        switch fate {
        case .served: self.trip(call, worker, there: there) { [unowned self] in self.back($0, after: back, answer) }
        case .slow(let there, let back):
            self.trip(call, worker, there: there) { [unowned self] in self.back($0, after: back, answer) }
        case .lost:
            let patience = self.network.happens(0.5) ? call.timeout : there
            self.plan(after: patience) { answer(.failure(patience == there ? reset : gaveUp)) }
        case .late(let delay):
            self.note("\(worker.name) \(call.operation) is late by \(delay)")
            self.plan(after: there) { answer(.failure(reset)) }
            self.trip(call, worker, there: delay) { _ in }
        case .answerLost:
            self.note("\(worker.name) \(call.operation) answer lost")
            self.trip(call, worker, there: there) { [unowned self] _ in
                self.plan(after: back) { answer(.failure(reset)) }
            }
        case .doubled(let delay):
            self.note("\(worker.name) \(call.operation) arrives twice")
            self.trip(call, worker, there: there) { [unowned self] in self.back($0, after: back, answer) }
            if call.operation != "ReceiveMessage" { self.trip(call, worker, there: there + delay) { _ in } }
        case .unreachable:
            let patience = self.network.happens(0.5) ? .seconds(5) : there
            self.plan(after: patience) { answer(.failure(reset)) }
        case .throttled:
            let code = call.service == .dynamodb ? "ProvisionedThroughputExceededException" : "ThrottlingException"
            let failure = ModelFailure(code, "Rate exceeded")
            self.plan(after: there + back) { answer(.failure(Self.error(failure))) }
        case .failed(let withEffect):
            let error = Self.error(ModelFailure("InternalFailure", "An internal error has occurred.", status: 500))
            guard withEffect else { return self.plan(after: there + back) { answer(.failure(error)) } }
            self.note("\(worker.name) \(call.operation) fails with effect")
            self.trip(call, worker, there: there) { [unowned self] _ in
                self.plan(after: back) { answer(.failure(error)) }
            }
        }
    }

    private func back(
        _ result: Result<Answer, ModelFailure>,
        after delay: Duration,
        _ answer: @escaping (Result<Answer, AWSError>) -> Void
    ) {
        self.plan(after: delay) { answer(result.mapError { Self.error($0) }) }
    }

    /// Brings a request to the world.
    private func trip(
        _ call: SimulatedCall,
        _ worker: SimulatedWorker,
        there: Duration,
        _ answer: @escaping (Result<Answer, ModelFailure>) -> Void
    ) {
        let name = worker.name
        self.plan(after: there) { [unowned self] in
            if call.operation == "ReceiveMessage" { return self.poll(call, by: name, answer) }
            let result = self.serve(call, by: name)
            self.trace.mix(Self.fingerprint(result))
            if !call.operation.hasPrefix("Describe") {
                self.note("world: \(call.operation) of \(name): \(Self.summary(call, result))")
            }
            answer(result)
        }
    }

    /// Tells answers apart in the hash of a run.
    private static func fingerprint(_ result: Result<Answer, ModelFailure>) -> UInt64 {
        switch result {
        case .success(.document(let answer)): UInt64(answer.object?.count ?? 0)
        case .success(.snapshots(let found, _)): UInt64(found.count)
        case .success(.slots(let reading)): UInt64(reading.slots.count)
        case .failure(let failure): UInt64(failure.code.utf8.count) << 8 | UInt64(failure.message.utf8.count) << 16
        }
    }

    /// Asks the world, with what goes wrong inside AWS.
    private func serve(_ call: SimulatedCall, by name: String) -> Result<Answer, ModelFailure> {
        switch call.operation {
        case "DescribeDBSnapshots", "DescribeDBClusterSnapshots": return self.serveDescribe(call, by: name)
        case "CopyDBSnapshot", "CopyDBClusterSnapshot": return self.serveCopy(call, by: name)
        case "DeleteDBSnapshot", "DeleteDBClusterSnapshot": return self.serveDeletion(call, by: name)
        case "TransactWriteItems" where self.dice.strikes(.transactionConflicts):
            self.mirror.forget(call.operation, call.parameters)
            return .success(.document([Self.refusal: "TransactionCanceledException"]))
        case _ where call.service == .dynamodb: return self.serveTable(call, by: name)
        default: return self.serveBatch(call, by: name)
        }
    }

    private func serveTable(_ call: SimulatedCall, by name: String) -> Result<Answer, ModelFailure> {
        if let query = call.slots { return self.serveSlots(query, by: name) }
        if let told = call.look {
            self.mirror.take(told.look, in: told.pool)
            return .success(.nothing)
        }
        self.mirror.forget(call.operation, call.parameters)
        let result = self.ask(call.service, call.operation, call.parameters, call.region, by: name)
        return result.map { .document($0) }.flatMapError { failure in
            switch failure.code {
            case "ConditionalCheckFailedException", "TransactionCanceledException":
                var members = failure.details
                members[Self.refusal] = .string(failure.code)
                return .success(.document(.object(members)))
            default: return .failure(failure)
            }
        }
    }

    /// Reads slots: the table is asked only for what may have changed since it was read last.
    private func serveSlots(_ query: SlotQuery, by name: String) -> Result<Answer, ModelFailure> {
        let keys = self.mirror.unknownKeys(query)
        guard !keys.isEmpty else { return .success(.slots(self.mirror.answer(query))) }
        let request: JSONValue = ["RequestItems": [Place.table: ["Keys": .array(keys), "ConsistentRead": true]]]
        return self.ask(.dynamodb, "BatchGetItem", request, Scenario.home, by: name).map { answer in
            self.mirror.take(answer["Responses"]?[Place.table]?.array ?? [], for: query)
            return .slots(self.mirror.answer(query))
        }
    }

    private func serveDescribe(_ call: SimulatedCall, by name: String) -> Result<Answer, ModelFailure> {
        let kind: SnapshotKind = call.operation == "DescribeDBSnapshots" ? .instance : .cluster
        self.worldWasTouched = true
        do {
            let page = try self.world.describeSnapshots(self.request(call, by: name), at: self.now)
            let found = page.snapshots.map { Snapshot($0, kind: kind, at: self.now) }
            guard self.dice.strikes(.describeLag) else { return .success(.snapshots(found, marker: page.marker)) }
            let lag = self.dice.duration(.describeLag, 1...40)
            let aged = self.news.ageing(found, by: lag, at: self.now)
            return .success(.snapshots(aged, marker: page.marker))
        } catch {
            return .failure(error)
        }
    }

    private func request(_ call: SimulatedCall, by name: String) -> ModelRequest {
        ModelRequest(
            service: call.service,
            operation: call.operation,
            parameters: call.parameters,
            caller: Place.caller(name),
            region: call.region
        )
    }

    private func serveCopy(_ call: SimulatedCall, by name: String) -> Result<Answer, ModelFailure> {
        self.world.rds.settings.failCopies = self.dice.strikes(.failedCopies) ? ["*"] : []
        self.world.rds.settings.stallCopies = self.dice.strikes(.stalledCopies) ? ["*"] : []
        defer {
            self.world.rds.settings.failCopies = []
            self.world.rds.settings.stallCopies = []
        }
        return self.ask(call, by: name)
    }

    /// Asks a service for a document.
    private func ask(_ call: SimulatedCall, by name: String) -> Result<Answer, ModelFailure> {
        self.ask(call.service, call.operation, call.parameters, call.region, by: name).map { .document($0) }
    }

    /// Deletes a snapshot for a worker, which must have been allowed to.
    private func serveDeletion(_ call: SimulatedCall, by name: String) -> Result<Answer, ModelFailure> {
        let isInstance = call.operation == "DeleteDBSnapshot"
        let identifier = call.parameters[isInstance ? "DBSnapshotIdentifier" : "DBClusterSnapshotIdentifier"]?.string
        let kind: SnapshotKind = isInstance ? .instance : .cluster
        if let snapshot = self.world.snapshot(
            identifier ?? "",
            account: Scenario.account,
            region: call.region,
            kind: kind.model
        ), let violation = self.checks.checkDeletion(snapshot) {
            self.violate(violation.invariant, violation.detail)
        }
        return self.ask(call, by: name)
    }

    /// Now and then an entry of a batch fails by itself.
    private func serveBatch(_ call: SimulatedCall, by name: String) -> Result<Answer, ModelFailure> {
        guard call.operation.hasSuffix("Batch"), self.dice.strikes(.failedEntries),
            var parameters = call.parameters.object, var entries = parameters["Entries"]?.array, !entries.isEmpty
        else { return self.ask(call, by: name) }
        let failing = entries.remove(at: self.dice.pick(.failedEntries, 0..<entries.count))
        let failure: JSONValue = [
            "Id": failing["Id"] ?? .null, "Code": "InternalError", "Message": "An internal error has occurred.",
            "SenderFault": false,
        ]
        guard !entries.isEmpty else { return .success(.document(["Failed": [failure]])) }
        parameters["Entries"] = .array(entries)
        return self.ask(call.service, call.operation, .object(parameters), call.region, by: name).map { answer in
            var members = answer.object ?? [:]
            members["Failed"] = .array((members["Failed"]?.array ?? []) + [failure])
            return .document(.object(members))
        }
    }

    private static func summary(_ call: SimulatedCall, _ result: Result<Answer, ModelFailure>) -> String {
        switch result {
        case .failure(let failure): return "\(failure.code): \(failure.message)"
        case .success(let answer):
            if let failed = answer["Failed"]?.array {
                return "some failed: \(failed.compactMap { $0["Code"]?.string })"
            }
            if let entries = call.parameters["Entries"]?.array { return "\(entries.count)" }
            let snapshot = answer["DBSnapshot"] ?? answer["DBClusterSnapshot"]
            return (snapshot?["DBSnapshotArn"] ?? snapshot?["DBClusterSnapshotArn"])?.string ?? "done"
        }
    }

    /// What a client makes of a refusal.
    static func error(_ failure: ModelFailure) -> AWSError {
        var document = failure.details
        document["__type"] = .string(failure.code)
        document["message"] = .string(failure.message)
        let body = JSONValue.object(document).serialized()
        return ServiceErrorParser.error(from: HTTPResponse(status: failure.status, body: body))
    }

    // MARK: - Long polls

    /// Answers a receive at once where it finds something; else when a message comes, or the wait is over.
    private func poll(
        _ call: SimulatedCall,
        by name: String,
        _ answer: @escaping (Result<Answer, ModelFailure>) -> Void
    ) {
        let request = self.request(call, by: name)
        let wait = call.timeout - .seconds(10)
        self.calls += 1
        let poll = LongPoll(id: self.calls, request: request, answer: answer)
        if self.mayReceive, self.receive(poll, answeringEmpty: false) { return }
        self.polls.append(poll)
        self.plan(after: wait) { [unowned self] in
            guard let index = self.polls.firstIndex(where: { $0.id == poll.id }) else { return }
            self.polls.remove(at: index)
            // What could be received has been: polls are served after every step.
            poll.answer(.success(.nothing))
        }
    }

    /// Gives the polls that wait what has become visible, the oldest first.
    func servePolls() {
        while !self.polls.isEmpty, self.mayReceive {
            guard self.receive(self.polls[0], answeringEmpty: false) else { return }
            self.polls.removeFirst()
        }
    }

    /// Whether a receive may find something.
    private var mayReceive: Bool {
        if let out = self.worldMoments.visibility, out <= self.now { return true }
        guard self.worldWasTouched else { return false }
        return self.world.mayHaveMessages(queueARN: Place.queueARN)
    }

    private func receive(_ poll: LongPoll, answeringEmpty: Bool) -> Bool {
        let result = self.ask(.sqs, "ReceiveMessage", poll.request.parameters, poll.request.region, by: "poll")
        let count = (try? result.get())?["Messages"]?.array?.count ?? 0
        if count > 0 {
            self.trace.mix(UInt64(count))
            self.note("world: \(poll.request.caller.arn) receives \(count)")
        } else if case .success = result, !answeringEmpty {
            return false
        }
        poll.answer(result.map { .document($0) })
        return true
    }
}
