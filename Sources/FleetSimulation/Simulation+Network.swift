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
    let answer: (Result<JSONValue, ModelFailure>) -> Void
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
        then: @escaping (Result<JSONValue, AWSError>) -> Void
    ) {
        self.attempt(worker, call, number: 1, generation: worker.generation, lastError: nil, then: then)
    }

    private func attempt(
        _ worker: SimulatedWorker,
        _ call: SimulatedCall,
        number: Int,
        generation: Int,
        lastError: AWSError?,
        then: @escaping (Result<JSONValue, AWSError>) -> Void
    ) {
        guard call.isAllowed?() ?? true else {
            return then(.failure(AWSError(.timedOut, message: "it was too late for it")))
        }
        self.measurements.requests["\(call.service.rawValue).\(call.operation)", default: 0] += 1
        if call.operation.hasPrefix("DescribeDB") {
            let side: Measurements.Side = call.region == Scenario.home ? .sources : .targets
            self.measurements.requests["described.\(side.rawValue)", default: 0] += 1
        }
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
        _ answer: @escaping (Result<JSONValue, AWSError>) -> Void
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
        _ result: Result<JSONValue, ModelFailure>,
        after delay: Duration,
        _ answer: @escaping (Result<JSONValue, AWSError>) -> Void
    ) {
        self.plan(after: delay) { answer(result.mapError { Self.error($0) }) }
    }

    /// Brings a request to the world.
    private func trip(
        _ call: SimulatedCall,
        _ worker: SimulatedWorker,
        there: Duration,
        _ answer: @escaping (Result<JSONValue, ModelFailure>) -> Void
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
    private static func fingerprint(_ result: Result<JSONValue, ModelFailure>) -> UInt64 {
        switch result {
        case .success(let answer): UInt64(answer.object?.count ?? 0)
        case .failure(let failure): UInt64(failure.code.utf8.count) << 8 | UInt64(failure.message.utf8.count) << 16
        }
    }

    /// Asks the world, with what goes wrong inside AWS.
    private func serve(_ call: SimulatedCall, by name: String) -> Result<JSONValue, ModelFailure> {
        switch call.operation {
        case "DescribeDBSnapshots", "DescribeDBClusterSnapshots": return self.serveDescribe(call, by: name)
        case "CopyDBSnapshot", "CopyDBClusterSnapshot": return self.serveCopy(call, by: name)
        case "DeleteDBSnapshot", "DeleteDBClusterSnapshot": return self.serveDeletion(call, by: name)
        case "TransactWriteItems" where self.dice.strikes(.transactionConflicts):
            return .success([Self.refusal: "TransactionCanceledException"])
        case _ where call.service == .dynamodb: return self.serveTable(call, by: name)
        default: return self.serveBatch(call, by: name)
        }
    }

    private func serveTable(_ call: SimulatedCall, by name: String) -> Result<JSONValue, ModelFailure> {
        self.ask(call.service, call.operation, call.parameters, call.region, by: name).flatMapError { failure in
            switch failure.code {
            case "ConditionalCheckFailedException", "TransactionCanceledException":
                var members = failure.details
                members[Self.refusal] = .string(failure.code)
                return .success(.object(members))
            default: return .failure(failure)
            }
        }
    }

    private func serveDescribe(_ call: SimulatedCall, by name: String) -> Result<JSONValue, ModelFailure> {
        let result = self.ask(call.service, call.operation, call.parameters, call.region, by: name)
        guard self.dice.strikes(.describeLag) else { return result }
        let lag = self.dice.duration(.describeLag, 1...40)
        let isInstance = call.operation == "DescribeDBSnapshots"
        return result.map { answer in
            self.news.ageing(
                answer,
                list: isInstance ? "DBSnapshots" : "DBClusterSnapshots",
                arn: isInstance ? "DBSnapshotArn" : "DBClusterSnapshotArn",
                by: lag,
                at: self.now
            )
        }
    }

    private func serveCopy(_ call: SimulatedCall, by name: String) -> Result<JSONValue, ModelFailure> {
        self.world.rds.settings.failCopies = self.dice.strikes(.failedCopies) ? ["*"] : []
        self.world.rds.settings.stallCopies = self.dice.strikes(.stalledCopies) ? ["*"] : []
        defer {
            self.world.rds.settings.failCopies = []
            self.world.rds.settings.stallCopies = []
        }
        return self.ask(call.service, call.operation, call.parameters, call.region, by: name)
    }

    /// Deletes a snapshot for a worker, which must have been allowed to.
    private func serveDeletion(_ call: SimulatedCall, by name: String) -> Result<JSONValue, ModelFailure> {
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
        return self.ask(call.service, call.operation, call.parameters, call.region, by: name)
    }

    /// Now and then an entry of a batch fails by itself.
    private func serveBatch(_ call: SimulatedCall, by name: String) -> Result<JSONValue, ModelFailure> {
        guard call.operation.hasSuffix("Batch"), self.dice.strikes(.failedEntries),
            var parameters = call.parameters.object, var entries = parameters["Entries"]?.array, !entries.isEmpty
        else { return self.ask(call.service, call.operation, call.parameters, call.region, by: name) }
        let failing = entries.remove(at: self.dice.pick(.failedEntries, 0..<entries.count))
        let failure: JSONValue = [
            "Id": failing["Id"] ?? .null, "Code": "InternalError", "Message": "An internal error has occurred.",
            "SenderFault": false,
        ]
        guard !entries.isEmpty else { return .success(["Failed": [failure]]) }
        parameters["Entries"] = .array(entries)
        return self.ask(call.service, call.operation, .object(parameters), call.region, by: name).map { answer in
            var members = answer.object ?? [:]
            members["Failed"] = .array((members["Failed"]?.array ?? []) + [failure])
            return .object(members)
        }
    }

    private static func summary(_ call: SimulatedCall, _ result: Result<JSONValue, ModelFailure>) -> String {
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
        _ answer: @escaping (Result<JSONValue, ModelFailure>) -> Void
    ) {
        let request = ModelRequest(
            service: call.service,
            operation: call.operation,
            parameters: call.parameters,
            caller: Place.caller(name),
            region: call.region
        )
        let wait = call.timeout - .seconds(10)
        self.calls += 1
        let poll = LongPoll(id: self.calls, request: request, answer: answer)
        if self.mayReceive, self.receive(poll, answeringEmpty: false) { return }
        self.polls.append(poll)
        self.plan(after: wait) { [unowned self] in
            guard let index = self.polls.firstIndex(where: { $0.id == poll.id }) else { return }
            self.polls.remove(at: index)
            // What could be received has been: polls are served after every step.
            poll.answer(.success([:]))
        }
    }

    /// Gives the polls that wait what has become visible, the oldest first.
    func servePolls() {
        guard !self.polls.isEmpty else { return }
        while let poll = self.polls.first, self.mayReceive {
            guard self.receive(poll, answeringEmpty: false) else { return }
            self.polls.removeFirst()
        }
    }

    /// Whether a receive may find something.
    private var mayReceive: Bool {
        if let out = self.worldMoments.visibility, out <= self.now { return true }
        guard self.worldWasTouched else { return false }
        // A second delivery of a message in flight shows in no count.
        return self.world.visibleMessages(queueARN: Place.queueARN) > 0 || self.world.sqs.duplicateEvery != nil
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
        poll.answer(result)
        return true
    }
}
