// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
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

    /// Answers a request for one of the services.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - isGone: Whether the client gave up; asked while a long poll waits.
    /// - Returns: What to do with the connection.
    func outcome(of request: IncomingRequest, isGone: @Sendable () -> Bool) async -> Outcome {
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
        await self.delay(by: admission.plan.latency, unless: isGone)
        if let (answer, code) = admission.plan.strike?.answer(to: decoded, requestID: requestID) {
            self.record(decoded, admission, outcome: code)
            return self.dated(answer, skew: admission.plan.clockSkew)
        }
        if admission.plan.strike == .resetBefore {
            self.record(decoded, admission, outcome: "reset")
            return .reset
        }
        let host = request.header("host") ?? "127.0.0.1"
        let result = await self.result(of: admission, decoded, host: host, isGone: isGone)
        let answer: OutgoingAnswer
        switch result {
        case .success(let value): answer = AnswerEncoder.answer(value, to: decoded, requestID: requestID)
        case .failure(let failure):
            answer = AnswerEncoder.refusal(failure, by: decoded.service, in: decoded.language, requestID: requestID)
        }
        switch admission.plan.strike {
        case .resetAfter: return .reset
        case .truncate(let share):
            guard case .answer(let whole) = self.dated(answer, skew: admission.plan.clockSkew) else { return .reset }
            return .truncated(whole, bytes: Int(Double(whole.body.count) * share))
        default: return self.dated(answer, skew: admission.plan.clockSkew)
        }
    }

    /// Waits; nobody is kept waiting who has given up, or once the server stops.
    private func delay(by latency: Duration, unless isGone: @Sendable () -> Bool) async {
        let end = ContinuousClock.now + latency
        while case let left = end - .now, left > .zero, !isGone(), !Task.isCancelled {
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

    private func record(_ decoded: DecodedRequest, _ admission: ServerState.Admission, outcome: String) {
        self.state.withLock { $0.record(decoded, admission, outcome: outcome, wall: SystemTimeSource.systemNow()) }
    }

    /// Asks the world; a receive that may wait asks again whenever something changed, until its time is over.
    private func result(
        of admission: ServerState.Admission,
        _ decoded: DecodedRequest,
        host: String,
        isGone: @Sendable () -> Bool
    ) async -> Result<JSONValue, ModelFailure> {
        var deadline: Instant?
        while true {
            let generation = self.wakeups.generation
            let isFirst = deadline == nil
            let (step, isAlarmLate) = self.state.withLock { state -> (PollStep, Bool) in
                let wall = SystemTimeSource.systemNow()
                let result = state.perform(admission, host: host, wall: wall)
                let now = state.now
                let end = deadline ?? now + state.world.longPollWait(of: admission.model)
                let isOver = now >= end || state.isStopping || Task.isCancelled || isGone()
                if case .success(let value) = result, value["Messages"]?.array?.first == nil, !isOver {
                    let next = state.world.nextVisibility(for: admission.model, after: now).map { min($0, end) } ?? end
                    return (.wait(until: end, pause: next - now), state.isAlarmLate)
                }
                let messages = (try? result.get()).flatMap {
                    Journal.messages(
                        of: decoded.operation,
                        decoded.parameters,
                        answer: $0,
                        touched: state.world.sqs.touched
                    )
                }
                state.record(decoded, admission, outcome: result.code, messages: messages, wall: wall)
                return (.done(result), state.isAlarmLate)
            }
            if isAlarmLate { self.alarm.signal() }
            if isFirst, !decoded.onlyReads { self.wakeups.signal() }
            switch step {
            case .done(let result): return result
            case .wait(let end, let pause):
                deadline = end
                let waited = isFirst && !decoded.onlyReads ? generation + 1 : generation
                let limit = max(pause / self.configuration.time.speed, .milliseconds(1))
                await self.wakeups.wait(since: waited, atMost: limit)
            }
        }
    }

    private enum PollStep: Sendable {
        case done(Result<JSONValue, ModelFailure>)
        case wait(until: Instant, pause: Duration)
    }

    /// Dates an answer by the wall clock of this AWS, which is what clients correct their own by.
    private func dated(_ answer: OutgoingAnswer, skew: Duration = .zero) -> Outcome {
        var answer = answer
        let offset = self.state.withLock { $0.world.wallClockOffset }
        answer.headers.append(("Date", (SystemTimeSource.systemNow() + offset + skew).httpDate))
        return .answer(answer)
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
    mutating func record(
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

extension Instant {
    /// `Sat, 21 Nov 2026 20:10:28 GMT`.
    ///
    /// Source: RFC 9110, section 5.6.7, "Date/Time Formats".
    package var httpDate: String {
        let civil = self.civil
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // 1970-01-01 was a Thursday.
        let weekday = Int(((CivilTime.days(year: civil.year, month: civil.month, day: civil.day) + 4) % 7 + 7) % 7)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        return "\(days[weekday]), \(two(civil.day)) \(months[civil.month - 1]) \(civil.year) "
            + "\(two(civil.hour)):\(two(civil.minute)):\(two(civil.second)) GMT"
    }
}
