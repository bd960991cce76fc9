// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Synchronization

extension LocalAWSServer {
    /// How a request ends.
    enum Outcome: Sendable {
        case answer(OutgoingAnswer)
        /// Only the first bytes of the body arrive.
        case truncated(OutgoingAnswer, bytes: Int)
        case reset
    }

    /// A request that was let in, and what is still to be known of it.
    struct Asked: Sendable {
        let decoded: DecodedRequest
        let admission: ServerState.Admission
        let requestID: String
        /// By which the client reached this AWS.
        let host: String
    }

    /// How far a request has come.
    enum Progress: Sendable {
        case over(Outcome)
        /// Something makes it wait before it is looked at.
        case delayed(Asked)
        /// A long poll found nothing: it looks again when something has changed since `generation`, or after `pause` of
        /// the wall clock's time.
        case polling(Asked, until: Instant, generation: Int, pause: Duration)
    }

    /// Does what can be done for a request without waiting: for most of them everything.
    func begin(_ request: IncomingRequest) -> Progress {
        var random = SystemRandomNumberGenerator()
        let requestID = RandomUUID.make(using: &random)
        let wall = SystemTimeSource.systemNow()
        let decoded: DecodedRequest
        do {
            var asked = try RequestDecoder.decode(request)
            asked.userAgent = String((request.header("user-agent") ?? "").prefix(200))
            decoded = asked
        } catch {
            return self.dated(
                AnswerEncoder.refusal(error.failure, by: error.service, in: error.language, requestID: requestID)
            )
        }
        let admission: ServerState.Admission
        do throws(ModelFailure) {
            admission = try self.admit(request, decoded, requestID: requestID, wall: wall)
        } catch {
            return self.dated(
                AnswerEncoder.refusal(error, by: decoded.service, in: decoded.language, requestID: requestID)
            )
        }
        let host = request.header("host") ?? "127.0.0.1"
        let asked = Asked(decoded: decoded, admission: admission, requestID: requestID, host: host)
        return admission.plan.latency > .zero ? .delayed(asked) : self.proceed(asked)
    }

    /// Sees a request that has to wait to its end.
    ///
    /// - Parameters:
    ///   - progress: How far it has come.
    ///   - isGone: Whether the client gave up; asked while the request waits.
    /// - Returns: What to do with the connection.
    func finish(_ progress: Progress, isGone: @Sendable () async -> Bool) async -> Outcome {
        var progress = progress
        while true {
            switch progress {
            case .over(let outcome): return outcome
            case .delayed(let asked):
                await self.delay(by: asked.admission.plan.latency, unless: isGone)
                progress = self.proceed(asked)
            case .polling(let asked, let end, let generation, let pause):
                await self.wakeups.wait(since: generation, atMost: pause)
                // What is handed to somebody who is gone would stay hidden from all others.
                if await isGone() || Task.isCancelled {
                    self.record(asked, outcome: "OK")
                    progress = self.over(asked, with: .success([:]))
                } else {
                    progress = self.look(asked, until: end)
                }
            }
        }
    }

    /// Waits; nobody is kept waiting who has given up, or once the server stops.
    private func delay(by latency: Duration, unless isGone: @Sendable () async -> Bool) async {
        let end = ContinuousClock.now + latency
        while case let left = end - .now, left > .zero, await !isGone(), !Task.isCancelled {
            guard !self.state.withLock({ $0.isStopping }) else { return }
            try? await Task.sleep(for: min(left, .milliseconds(100)))
        }
    }

    private func admit(
        _ request: IncomingRequest,
        _ decoded: DecodedRequest,
        requestID: String,
        wall: Instant
    ) throws(ModelFailure) -> ServerState.Admission {
        let result: Result<ServerState.Admission, ModelFailure> = self.state.withLock { state in
            do throws(ModelFailure) {
                return .success(try state.admit(request, decoded, requestID: requestID, wall: wall))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Goes on with a request that was let in: to what strikes it, or to the world.
    private func proceed(_ asked: Asked) -> Progress {
        let plan = asked.admission.plan
        if let (answer, code) = plan.strike?.answer(to: asked.decoded, requestID: asked.requestID) {
            self.record(asked, outcome: code)
            return self.dated(answer, skew: plan.clockSkew)
        }
        if plan.strike == .resetBefore {
            self.record(asked, outcome: "reset")
            return .over(.reset)
        }
        return self.look(asked, until: nil)
    }

    private func record(_ asked: Asked, outcome: String) {
        self.state.withLock {
            $0.record(asked.decoded, asked.admission, outcome: outcome, wall: SystemTimeSource.systemNow())
        }
    }

    /// Asks the world; a receive that may wait is to ask again whenever something changed, until its time is over.
    ///
    /// - Parameters:
    ///   - asked: The request.
    ///   - deadline: When its time is over; `nil` the first time.
    /// - Returns: The answer, or for how long to wait.
    private func look(_ asked: Asked, until deadline: Instant?) -> Progress {
        let generation = self.wakeups.generation
        let (sight, isAlarmLate) = self.state.withLock {
            ($0.look(asked, until: deadline), $0.isAlarmLate)
        }
        if isAlarmLate { self.alarm.signal() }
        let tells = deadline == nil && !asked.decoded.onlyReads
        if tells { self.wakeups.signal() }
        switch sight {
        case .result(let result): return self.over(asked, with: result)
        case .nothing(let end, let pause):
            let limit = max(pause / self.configuration.time.speed, .milliseconds(1))
            return .polling(asked, until: end, generation: tells ? generation + 1 : generation, pause: limit)
        }
    }

    private func over(_ asked: Asked, with result: Result<JSONValue, ModelFailure>) -> Progress {
        let (decoded, plan) = (asked.decoded, asked.admission.plan)
        let answer: OutgoingAnswer
        switch result {
        case .success(let value): answer = AnswerEncoder.answer(value, to: decoded, requestID: asked.requestID)
        case .failure(let failure):
            answer = AnswerEncoder.refusal(
                failure,
                by: decoded.service,
                in: decoded.language,
                requestID: asked.requestID
            )
        }
        switch plan.strike {
        case .resetAfter: return .over(.reset)
        case .truncate(let share):
            guard case .over(.answer(let whole)) = self.dated(answer, skew: plan.clockSkew) else {
                return .over(.reset)
            }
            return .over(.truncated(whole, bytes: Int(Double(whole.body.count) * share)))
        default: return self.dated(answer, skew: plan.clockSkew)
        }
    }

    /// Dates an answer by the wall clock of this AWS, which is what clients correct their own by.
    private func dated(_ answer: OutgoingAnswer, skew: Duration = .zero) -> Progress {
        var answer = answer
        let date = self.state.withLock { $0.httpDate(at: SystemTimeSource.systemNow() + skew) }
        answer.headers.append(("Date", date))
        return .over(.answer(answer))
    }
}

extension ServerState {
    /// What a look at the world gave.
    fileprivate enum Sight {
        case result(Result<JSONValue, ModelFailure>)
        /// No message for a receive that may wait until `until`, the next look being worth its while after `pause`.
        case nothing(until: Instant, pause: Duration)
    }

    /// Asks the world, and notes in the journal what it said.
    fileprivate mutating func look(_ asked: LocalAWSServer.Asked, until deadline: Instant?) -> Sight {
        let (model, decoded) = (asked.admission.model, asked.decoded)
        let wall = SystemTimeSource.systemNow()
        let result = self.perform(asked.admission, host: asked.host, wall: wall)
        let now = self.now
        let end = deadline ?? now + self.world.longPollWait(of: model)
        if case .success(let value) = result, now < end, !self.isStopping,
            value["Messages"]?.array?.first == nil
        {
            let next = self.world.nextVisibility(for: model, after: now).map { min($0, end) } ?? end
            return .nothing(until: end, pause: next - now)
        }
        let messages = (try? result.get()).flatMap {
            Journal.messages(of: decoded.operation, decoded.parameters, answer: $0, touched: self.world.sqs.touched)
        }
        self.record(decoded, asked.admission, outcome: result.code, messages: messages, wall: wall)
        return .result(result)
    }
}

extension Result<JSONValue, ModelFailure> {
    /// `OK`, or the code of the refusal.
    fileprivate var code: String {
        switch self {
        case .success: "OK"
        case .failure(let failure): failure.code
        }
    }
}

extension DecodedRequest {
    /// Whether the operation leaves the world as it is, so that nobody has to look at it again.
    fileprivate var onlyReads: Bool {
        ["Describe", "Get", "List", "BatchGet", "Query", "Scan"].contains { self.operation.hasPrefix($0) }
    }
}

extension ServerState {
    fileprivate mutating func record(
        _ decoded: DecodedRequest,
        _ admission: Admission,
        outcome: String,
        messages: JSONValue? = nil,
        wall: Instant
    ) {
        self.record(
            decoded,
            requestID: admission.model.requestID,
            region: admission.model.region,
            caller: admission.model.caller,
            outcome: outcome,
            fault: admission.plan.summary,
            messages: messages,
            wall: wall
        )
    }
}
