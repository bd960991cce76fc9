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

/// A call until its answer has arrived, or its worker is gone.
final class CallUnderWay {
    let worker: SimulatedWorker
    /// The life of the worker that called.
    let generation: Int
    let call: SimulatedCall
    let then: (Result<Answer, AWSError>) -> Void
    /// Counts the attempts, from 1.
    var number = 1
    var lastError: AWSError?
    /// The last failure that leaves open whether AWS has acted on the request.
    var doubt: AWSError?

    init(_ worker: SimulatedWorker, _ call: SimulatedCall, _ then: @escaping (Result<Answer, AWSError>) -> Void) {
        self.worker = worker
        self.generation = worker.generation
        self.call = call
        self.then = then
    }
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
        self.attempt(CallUnderWay(worker, call, then))
    }

    private func attempt(_ call: CallUnderWay) {
        guard call.call.isAllowed?() ?? true else {
            return call.then(.failure(AWSError(.timedOut, message: "it was too late for it")))
        }
        self.measurements.note(call.call)
        self.send(call)
    }

    /// Takes the answer to an attempt in, in the worker's own time.
    private func arrived(_ result: Result<Answer, AWSError>, _ call: CallUnderWay) {
        let worker = call.worker
        guard worker.pausedUntil == nil else {
            return self.inTime(of: worker, generation: call.generation) { [unowned self] in self.take(result, call) }
        }
        guard worker.generation == call.generation, worker.isUp else { return }
        self.take(result, call)
    }

    private func take(_ result: Result<Answer, AWSError>, _ call: CallUnderWay) {
        let worker = call.worker
        guard case .failure(let error) = result else {
            worker.retry.succeeded(after: call.lastError)
            return call.then(result)
        }
        let most = call.call.attempts ?? worker.retry.configuration.maxAttempts
        guard call.number < most,
            let delay = worker.retry.retryDelay(after: error, attempt: call.number, using: &worker.random)
        else {
            // A throttled last attempt says nothing about one whose answer was lost.
            return call.then(.failure(error.code == .throttled ? call.doubt ?? error : error))
        }
        call.number += 1
        call.lastError = error
        if error.leavesOutcomeOpen { call.doubt = error }
        self.plan(after: delay) { [unowned self] in
            self.inTime(of: worker, generation: call.generation) { [unowned self] in self.attempt(call) }
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
    private func send(_ under: CallUnderWay) {
        let (call, worker) = (under.call, under.worker)
        let there = self.network.duration(0.005...0.05)
        let back = self.network.duration(0.005...0.05)
        switch self.fate(of: call) {
        case .served: self.trip(under, there: there) { [unowned self] in self.back($0, after: back, under) }
        case .slow(let there, let back):
            self.trip(under, there: there) { [unowned self] in self.back($0, after: back, under) }
        case .lost:
            let patience = self.network.happens(0.5) ? call.timeout : there
            self.fail(under, after: patience, patience == there ? Self.reset : Self.gaveUp)
        case .late(let delay):
            self.note("\(worker.name) \(call.operation) is late by \(delay)")
            self.fail(under, after: there, Self.reset)
            self.trip(under, there: delay) { _ in }
        case .answerLost:
            self.note("\(worker.name) \(call.operation) answer lost")
            self.trip(under, there: there) { [unowned self] _ in self.fail(under, after: back, Self.reset) }
        case .doubled(let delay):
            self.note("\(worker.name) \(call.operation) arrives twice")
            self.trip(under, there: there) { [unowned self] in self.back($0, after: back, under) }
            if call.operation != "ReceiveMessage" { self.trip(under, there: there + delay) { _ in } }
        case .unreachable:
            self.fail(under, after: self.network.happens(0.5) ? .seconds(5) : there, Self.reset)
        case .throttled:
            let code = call.service == .dynamodb ? "ProvisionedThroughputExceededException" : "ThrottlingException"
            self.fail(under, after: there + back, Self.error(ModelFailure(code, "Rate exceeded")))
        case .failed(let withEffect):
            let error = Self.error(ModelFailure("InternalFailure", "An internal error has occurred.", status: 500))
            guard withEffect else { return self.fail(under, after: there + back, error) }
            self.note("\(worker.name) \(call.operation) fails with effect")
            self.trip(under, there: there) { [unowned self] _ in self.fail(under, after: back, error) }
        }
    }

    private static let gaveUp = AWSError(.timedOut, message: "no answer")
    private static let reset = AWSError(.unavailable, message: "connection reset")

    private func fail(_ call: CallUnderWay, after delay: Duration, _ error: AWSError) {
        self.plan(after: delay) { [unowned self] in self.arrived(.failure(error), call) }
    }

    private func back(_ result: Result<Answer, ModelFailure>, after delay: Duration, _ call: CallUnderWay) {
        self.plan(after: delay) { [unowned self] in self.arrived(result.mapError { Self.error($0) }, call) }
    }

    /// Brings a request to the world.
    private func trip(
        _ under: CallUnderWay,
        there: Duration,
        _ answer: @escaping (Result<Answer, ModelFailure>) -> Void
    ) {
        self.plan(after: there) { [unowned self] in
            let call = under.call
            if call.operation == "ReceiveMessage" { return self.poll(under, answer) }
            let result = self.serve(call, by: under.worker.caller)
            self.trace.mix(Self.fingerprint(result))
            if self.trace.isReadable, !call.operation.hasPrefix("Describe") {
                self.note("world: \(call.operation) of \(under.worker.name): \(Self.summary(call, result))")
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
    private func serve(_ call: SimulatedCall, by caller: ModelCaller) -> Result<Answer, ModelFailure> {
        switch call.operation {
        case "DescribeDBSnapshots", "DescribeDBClusterSnapshots": return self.serveDescribe(call, by: caller)
        case "CopyDBSnapshot", "CopyDBClusterSnapshot": return self.serveCopy(call, by: caller)
        case "DeleteDBSnapshot", "DeleteDBClusterSnapshot": return self.serveDeletion(call, by: caller)
        case "TransactWriteItems" where self.dice.strikes(.transactionConflicts):
            self.mirror.forget(call.operation, call.parameters)
            return .success(.document([Self.refusal: "TransactionCanceledException"]))
        case _ where call.service == .dynamodb: return self.serveTable(call, by: caller)
        default: return self.serveBatch(call, by: caller)
        }
    }

    private func serveTable(_ call: SimulatedCall, by caller: ModelCaller) -> Result<Answer, ModelFailure> {
        if let query = call.slots { return self.serveSlots(query, by: caller) }
        if let told = call.look {
            self.mirror.take(told.look, in: told.pool)
            return .success(.nothing)
        }
        self.mirror.forget(call.operation, call.parameters)
        let result = self.ask(self.request(call, by: caller))
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
    private func serveSlots(_ query: SlotQuery, by caller: ModelCaller) -> Result<Answer, ModelFailure> {
        let keys = self.mirror.unknownKeys(query)
        guard !keys.isEmpty else { return .success(.slots(self.mirror.answer(query))) }
        let request: JSONValue = ["RequestItems": [Place.table: ["Keys": .array(keys), "ConsistentRead": true]]]
        return self.ask(.dynamodb, "BatchGetItem", request, Scenario.home, by: caller).map { answer in
            self.mirror.take(answer["Responses"]?[Place.table]?.array ?? [], for: query)
            return .slots(self.mirror.answer(query))
        }
    }

    private func serveDescribe(_ call: SimulatedCall, by caller: ModelCaller) -> Result<Answer, ModelFailure> {
        let kind: SnapshotKind = call.operation == "DescribeDBSnapshots" ? .instance : .cluster
        self.worldWasTouched = true
        do {
            let page = try self.world.describeSnapshots(self.request(call, by: caller), at: self.now)
            self.sightings.forget(self.snapshotChanges)
            let found = page.snapshots.map { self.sightings.snapshot($0, kind: kind, at: self.now) }
            guard self.dice.strikes(.describeLag) else { return .success(.snapshots(found, marker: page.marker)) }
            let lag = self.dice.duration(.describeLag, 1...40)
            let aged = self.news.ageing(found, by: lag, at: self.now)
            return .success(.snapshots(aged, marker: page.marker))
        } catch {
            return .failure(error)
        }
    }

    private func request(_ call: SimulatedCall, by caller: ModelCaller) -> ModelRequest {
        ModelRequest(
            service: call.service,
            operation: call.operation,
            parameters: call.parameters,
            caller: caller,
            region: call.region
        )
    }

    private func serveCopy(_ call: SimulatedCall, by caller: ModelCaller) -> Result<Answer, ModelFailure> {
        self.world.rds.settings.failCopies = self.dice.strikes(.failedCopies) ? ["*"] : []
        self.world.rds.settings.stallCopies = self.dice.strikes(.stalledCopies) ? ["*"] : []
        defer {
            self.world.rds.settings.failCopies = []
            self.world.rds.settings.stallCopies = []
        }
        let result = self.ask(call, by: caller)
        let isInstance = call.operation == "CopyDBSnapshot"
        if case .failure(let failure) = result, failure.code == "KMSKeyNotAccessibleFault",
            let source = call.parameters["Source\(isInstance ? "DBSnapshot" : "DBClusterSnapshot")Identifier"]?.string,
            let violation = self.checks.takeRefusal(of: source)
        {
            self.violate(violation.invariant, violation.detail)
        }
        return result
    }

    /// Asks a service for a document.
    private func ask(_ call: SimulatedCall, by caller: ModelCaller) -> Result<Answer, ModelFailure> {
        self.ask(self.request(call, by: caller)).map { .document($0) }
    }

    /// Deletes a snapshot for a worker, which must have been allowed to.
    private func serveDeletion(_ call: SimulatedCall, by caller: ModelCaller) -> Result<Answer, ModelFailure> {
        let isInstance = call.operation == "DeleteDBSnapshot"
        let identifier = call.parameters[isInstance ? "DBSnapshotIdentifier" : "DBClusterSnapshotIdentifier"]?.string
        let kind: SnapshotKind = isInstance ? .instance : .cluster
        if let snapshot = self.world.snapshot(
            identifier ?? "",
            account: Scenario.account,
            region: call.region,
            kind: kind.model
        ), let violation = self.checks.checkDeletion(snapshot, by: self.policy, at: self.now) {
            self.violate(violation.invariant, violation.detail)
        }
        return self.ask(call, by: caller)
    }

    /// Now and then an entry of a batch fails by itself.
    private func serveBatch(_ call: SimulatedCall, by caller: ModelCaller) -> Result<Answer, ModelFailure> {
        guard call.operation.hasSuffix("Batch"), self.dice.strikes(.failedEntries),
            var parameters = call.parameters.object, var entries = parameters["Entries"]?.array, !entries.isEmpty
        else { return self.ask(call, by: caller) }
        let failing = entries.remove(at: self.dice.pick(.failedEntries, 0..<entries.count))
        let failure: JSONValue = [
            "Id": failing["Id"] ?? .null, "Code": "InternalError", "Message": "An internal error has occurred.",
            "SenderFault": false,
        ]
        guard !entries.isEmpty else { return .success(.document(["Failed": [failure]])) }
        parameters["Entries"] = .array(entries)
        return self.ask(call.service, call.operation, .object(parameters), call.region, by: caller).map { answer in
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
    private func poll(_ under: CallUnderWay, _ answer: @escaping (Result<Answer, ModelFailure>) -> Void) {
        let request = self.request(under.call, by: under.worker.caller)
        self.calls += 1
        let poll = LongPoll(id: self.calls, request: request, answer: answer)
        self.glance()
        // What came while nobody asked waits for this poll, whether this step touches the world or not.
        if self.mayReceive || self.outlook.mayHaveMessages, self.receive(poll) { return }
        self.polls.append(poll)
        guard !self.isPassedOver(under) else { return }
        self.plan(after: under.call.timeout - .seconds(10)) { [unowned self] in
            guard let index = self.polls.firstIndex(where: { $0.id == poll.id }) else { return }
            self.polls.remove(at: index)
            // What could be received has been: polls are served after every step.
            poll.answer(.success(.nothing))
        }
    }

    /// Whether a poll stands for all that would follow it until a message comes.
    ///
    /// Where nothing goes wrong, an empty answer tells a worker that knows the queue to be empty nothing, and it asks
    /// the same again. Idle polls would be a quarter of what a fleet does.
    private func isPassedOver(_ under: CallUnderWay) -> Bool {
        self.isQuiet && under.worker.core.knowsQueueIsEmpty && under.call.parameters["MaxNumberOfMessages"] == 10
    }

    /// Gives the polls that wait what has become visible, the oldest first.
    func servePolls() {
        while !self.polls.isEmpty, self.mayReceive {
            guard self.receive(self.polls[0]) else { return }
            self.polls.removeFirst()
        }
    }

    /// Whether a receive may find something.
    private var mayReceive: Bool {
        self.glance()
        if let out = self.outlook.visibility, out <= self.now { return true }
        return self.worldWasTouched && self.outlook.mayHaveMessages
    }

    private func receive(_ poll: LongPoll) -> Bool {
        let result = self.ask(poll.request)
        let count = (try? result.get())?["Messages"]?.array?.count ?? 0
        if count > 0 {
            self.trace.mix(UInt64(count))
            self.note("world: \(poll.request.caller.arn) receives \(count)")
        } else if case .success = result {
            return false
        }
        poll.answer(result.map { .document($0) })
        return true
    }
}
