// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Logging
import Metrics
import Synchronization

/// Makes the calls to one service in one Region: signs, sends, reads errors, retries.
///
/// All callers of one service in one Region have to share one of these, since it holds the bucket that keeps retries in
/// bounds and the rate that throttles set.
package final class ServiceCaller: Sendable {
    /// Which service this is.
    package let service: AWSService
    /// The Region of the endpoint and of the signatures.
    package let region: String

    let context: ClientContext
    private let endpoint: Endpoint
    private let bypassesProxy: Bool
    private let state: Mutex<State>

    /// What attempts learn from one another.
    private struct State {
        var retry: RetryPolicy
        var rate: AdaptiveRate
        var skew = ClockSkew()
        var random = SystemRandomNumberGenerator()
        /// By operation; to ask the metrics system for them takes longer than to count.
        var meters: [String: Meters] = [:]
    }

    /// What is counted of an operation in every attempt that succeeds.
    private struct Meters {
        let succeeded: Counter
        let duration: Timer
    }

    /// Makes a caller.
    ///
    /// - Throws: ``AWSError`` with code `configuration` when there is no such endpoint.
    package init(service: AWSService, region: String, context: ClientContext) throws(AWSError) {
        self.service = service
        self.region = region
        self.context = context
        self.endpoint = try context.endpoints.endpoint(for: service, region: region)
        // An endpoint on this machine is meant; a proxy would look for it on its own.
        let host = URLParts(self.endpoint.url)?.host ?? ""
        self.bypassesProxy = host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
        self.state = Mutex(State(retry: RetryPolicy(context.retry), rate: AdaptiveRate(startingAt: context.time.now())))
    }

    /// Calls an operation, again where that may help.
    ///
    /// Throttles, outages, timeouts and broken answers are repeated as the session's retries allow. Once each, and beyond
    /// the number of attempts, a call is repeated with fresh credentials after expired ones, and with a corrected clock.
    ///
    /// - Parameters:
    ///   - call: What to call.
    ///   - decode: Reads the answer; what it throws counts as a failure of the attempt.
    /// - Returns: What `decode` made of the answer.
    /// - Throws: ``AWSError``: the last attempt's, but where AWS did not act on that, and may have acted on an earlier
    ///   one, that one's. Code `cancelled` as soon as the task is cancelled.
    package func send<Output: Sendable>(
        _ call: ServiceCall,
        decode: (ServiceAnswer) throws(AWSError) -> Output
    ) async throws(AWSError) -> Output {
        let limit = max(1, call.attempts ?? self.context.retry.maxAttempts)
        var random = SystemRandomNumberGenerator()
        var attempt = Attempt(invocationID: RandomUUID.make(using: &random), limit: limit)
        while true {
            let credentials: Credentials
            do throws(AWSError) {
                credentials = try await self.prepare(call)
            } catch {
                throw attempt.outcome(endingWith: error)
            }
            let outcome = await self.attempt(call, attempt, credentials, decode)
            let error: AWSError
            switch outcome.result {
            case .success(let output):
                self.state.withLock { $0.retry.succeeded(after: attempt.lastError) }
                return output
            case .failure(let failure): error = failure
            }
            guard error.code != .cancelled, !Task.isCancelled else {
                throw AWSError(.cancelled, message: "cancelled while calling \(call.operation)")
            }
            if !attempt.hasCorrectedClock, self.correctClock(error, outcome.date) {
                attempt.hasCorrectedClock = true
            } else if error.code == .expiredCredentials, !attempt.hasRefreshed {
                attempt.hasRefreshed = true
                await self.context.credentials.invalidate(credentials)
            } else {
                guard let delay = self.delay(after: error, attempt, outcome.serverDelay) else {
                    throw attempt.outcome(endingWith: error)
                }
                try await self.wait(delay)
                attempt.failed(with: error)
                attempt.number += 1
            }
            self.countRetry(of: call)
        }
    }

    /// How far AWS's clock is ahead of this machine's, as far as answers have told it; zero while they seem to agree.
    package var clockOffset: Duration { self.state.withLock { $0.skew.offset } }

    /// AWS's time, as far as answers have told it.
    func correctedNow() -> Instant {
        let now = self.context.time.now()
        return self.state.withLock { $0.skew.corrected(now) }
    }

    // MARK: - One attempt

    private struct Attempt {
        let invocationID: String
        let limit: Int
        var number = 1
        var hasRefreshed = false
        var hasCorrectedClock = false
        var lastError: AWSError?
        /// The last failure that leaves open whether AWS has acted on the request.
        var doubt: AWSError?

        mutating func failed(with error: AWSError) {
            self.lastError = error
            if error.leavesOutcomeOpen { self.doubt = error }
        }

        /// What the call ends with: a throttled last attempt says nothing about one whose answer was lost.
        func outcome(endingWith error: AWSError) -> AWSError {
            let saysNothing = [.throttled, .expiredCredentials].contains(error.code) || error.isForWantOfCredentials
            return saysNothing ? self.doubt ?? error : error
        }
    }

    /// Waits for the attempt's turn and its credentials, and asks whether it may still be made.
    private func prepare(_ call: ServiceCall) async throws(AWSError) -> Credentials {
        try await self.pace()
        let credentials: Credentials
        do throws(AWSError) {
            credentials = try await self.context.credentials.credentials()
        } catch {
            var error = error
            error.isForWantOfCredentials = error.code != .cancelled
            throw error
        }
        guard call.isAllowed?() ?? true else {
            throw AWSError(.timedOut, message: "\(call.operation) was not sent any more: it was too late for it")
        }
        return credentials
    }

    private struct Outcome<Output> {
        let result: Result<Output, AWSError>
        var date: String?
        var serverDelay: Duration?
    }

    private func attempt<Output: Sendable>(
        _ call: ServiceCall,
        _ attempt: Attempt,
        _ credentials: Credentials,
        _ decode: (ServiceAnswer) throws(AWSError) -> Output
    ) async -> Outcome<Output> {
        var request = self.request(for: call, attempt)
        RequestSigner(credentials: credentials, region: self.endpoint.signingRegion, service: self.service.rawValue)
            .sign(&request, at: self.correctedNow())
        let start = self.context.time.now()
        var response: HTTPResponse?
        let result: Result<Output, AWSError>
        do throws(AWSError) {
            let received = try await self.context.transport.send(request)
            response = received
            result = .success(try decode(try self.answer(received, to: call)))
        } catch {
            result = .failure(error)
        }
        self.note(call, attempt, result.map { _ in }, response, took: self.context.time.now() - start)
        let milliseconds = response?.header("x-amz-retry-after").flatMap { Int64($0) }
        return Outcome(
            result: result,
            date: response?.header("Date"),
            serverDelay: milliseconds.map { .milliseconds(min(max(0, $0), 3_600_000)) }
        )
    }

    private func request(for call: ServiceCall, _ attempt: Attempt) -> HTTPRequest {
        var request = HTTPRequest(
            method: "POST",
            url: self.endpoint.url + "/",
            timeout: call.timeout,
            bypassesProxy: self.bypassesProxy
        )
        switch call.body {
        case .query(let form):
            request.headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
            request.body = form.bytes
        case .json(let document, let target, let version):
            request.headers = [("Content-Type", "application/x-amz-json-\(version)"), ("X-Amz-Target", target)]
            // Asks SQS for the error codes of its old protocol beside the new ones, as the SDKs do.
            if self.service == .sqs { request.headers.append(("x-amzn-query-mode", "true")) }
            request.body = document.serialized()
        }
        request.headers += [
            ("User-Agent", self.context.userAgent), ("amz-sdk-invocation-id", attempt.invocationID),
            ("amz-sdk-request", "attempt=\(attempt.number); max=\(attempt.limit)"),
        ]
        return request
    }

    private func answer(_ response: HTTPResponse, to call: ServiceCall) throws(AWSError) -> ServiceAnswer {
        if let expected = response.header("x-amz-crc32").flatMap({ UInt32($0) }),
            CRC32.checksum(response.body) != expected
        {
            throw AWSError(
                .malformedAnswer,
                message: "the answer does not match its checksum",
                requestID: ServiceErrorParser.requestID(of: response),
                httpStatus: response.status
            )
        }
        if (200..<300).contains(response.status) { return ServiceAnswer(response: response, refusal: nil) }
        let error = ServiceErrorParser.error(from: response)
        guard let code = error.serviceCode, call.expectedRefusals.contains(code) else { throw error }
        return ServiceAnswer(response: response, refusal: error)
    }

    // MARK: - Between attempts

    private func delay(after error: AWSError, _ attempt: Attempt, _ serverDelay: Duration?) -> Duration? {
        guard attempt.number < attempt.limit else { return nil }
        return self.state.withLock { state in
            // A call may have more attempts than the policy's number, which then stands still just below it.
            let number = min(attempt.number, state.retry.configuration.maxAttempts - 1)
            return state.retry.retryDelay(
                after: error,
                attempt: number,
                serverDelay: serverDelay,
                using: &state.random
            )
        }
    }

    private func correctClock(_ error: AWSError, _ date: String?) -> Bool {
        guard ClockSkew.isSuspect(error) else { return false }
        let now = self.context.time.now()
        return self.state.withLock { $0.skew.correct(serverDate: date, localTime: now) }
    }

    private func pace() async throws(AWSError) {
        guard self.context.retry.mode == .adaptive else { return }
        let now = self.context.time.now()
        let delay = self.state.withLock { $0.rate.delayBeforeSending(at: now) }
        if delay > .zero { try await self.wait(delay) }
    }

    private func wait(_ duration: Duration) async throws(AWSError) {
        do {
            try await self.context.time.sleep(for: duration)
        } catch {
            throw AWSError(.cancelled, message: "cancelled between attempts")
        }
    }

    // MARK: - What operators see

    private func note(
        _ call: ServiceCall,
        _ attempt: Attempt,
        _ result: Result<Void, AWSError>,
        _ response: HTTPResponse?,
        took duration: Duration
    ) {
        var failure: AWSError?
        if case .failure(let error) = result { failure = error }
        if self.context.retry.mode == .adaptive {
            let now = self.context.time.now()
            self.state.withLock { $0.rate.answered(throttled: failure?.code == .throttled, at: now) }
        }
        let outcome = failure?.code.description ?? "ok"
        let meters = self.meters(of: call)
        if failure == nil {
            meters.succeeded.increment()
        } else {
            self.counter(of: call, outcome: outcome).increment()
        }
        meters.duration.recordMicroseconds(duration.microseconds)
        self.context.logger.debug(
            "Called AWS",
            metadata: [
                "service": "\(self.service.rawValue)", "operation": "\(call.operation)", "region": "\(self.region)",
                "attempt": "\(attempt.number)", "outcome": "\(outcome)",
                "code": "\(failure?.serviceCode ?? "")", "status": "\(response?.status ?? 0)",
                "request-id": "\(response.flatMap { ServiceErrorParser.requestID(of: $0) } ?? "")",
                "milliseconds": "\(duration.milliseconds)",
            ]
        )
    }

    private func meters(of call: ServiceCall) -> Meters {
        if let known = self.state.withLock({ $0.meters[call.operation] }) { return known }
        let meters = Meters(
            succeeded: self.counter(of: call, outcome: "ok"),
            duration: Timer(label: ServiceMetric.duration, dimensions: self.dimensions(of: call))
        )
        self.state.withLock { $0.meters[call.operation] = meters }
        return meters
    }

    private func counter(of call: ServiceCall, outcome: String) -> Counter {
        Counter(label: ServiceMetric.requests, dimensions: self.dimensions(of: call) + [("outcome", outcome)])
    }

    private func countRetry(of call: ServiceCall) {
        Counter(label: ServiceMetric.retries, dimensions: self.dimensions(of: call)).increment()
    }

    private func dimensions(of call: ServiceCall) -> [(String, String)] {
        [("service", self.service.rawValue), ("operation", call.operation)]
    }
}
