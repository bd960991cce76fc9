// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Synchronization

/// Hands out answers in turn, the last one again and again, and keeps what it was sent.
final class CannedTransport: HTTPTransport {
    enum Answer: Sendable {
        case response(HTTPResponse)
        case failure(AWSError)

        static func body(_ text: String, status: Int = 200, headers: [(name: String, value: String)] = []) -> Answer {
            .response(HTTPResponse(status: status, headers: headers, body: Array(text.utf8)))
        }

        /// An error as JSON services put it.
        static func error(_ code: String, status: Int = 400, headers: [(name: String, value: String)] = []) -> Answer {
            .body(#"{"__type":"\#(code)","message":"m"}"#, status: status, headers: headers)
        }
    }

    private let state: Mutex<(answers: [Answer], requests: [HTTPRequest])>

    init(_ answers: [Answer]) { self.state = Mutex((answers, [])) }

    convenience init(_ body: String) { self.init([.body(body)]) }

    var requests: [HTTPRequest] { self.state.withLock { $0.requests } }

    func send(_ request: HTTPRequest) async throws(AWSError) -> HTTPResponse {
        let answer = self.state.withLock { state in
            state.requests.append(request)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }
        switch answer {
        case .response(let response): return response
        case .failure(let error): throw error
        }
    }

    /// The pairs of a form that was sent, decoded, in order.
    func form(_ index: Int = 0) -> [String] {
        String(decoding: self.requests[index].body, as: UTF8.self).split(separator: "&")
            .map { PercentEncoding.decode($0) }
    }

    /// The document that was sent.
    func document(_ index: Int = 0) throws -> JSONValue { try JSONValue(parsing: self.requests[index].body) }
}

/// A clock that goes forward only by the sleeps, which end at once.
final class SleeplessTime: TimeSource {
    private let state: Mutex<(now: Instant, sleeps: [Duration])>

    init(_ now: Instant = Instant(iso8601: "2026-11-21T20:00:00Z") ?? Instant(seconds: 0)) {
        self.state = Mutex((now, []))
    }

    var sleeps: [Duration] { self.state.withLock { $0.sleeps } }

    func now() -> Instant { self.state.withLock { $0.now } }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        self.state.withLock { state in
            state.now = state.now + duration
            state.sleeps.append(duration)
        }
    }
}

/// Hands out numbered credentials, the next ones after each invalidation.
final class NumberedCredentials: CredentialsProvider {
    private let number = Mutex(1)

    func credentials() async throws(AWSError) -> Credentials {
        Credentials(accessKeyID: "AK\(self.number.withLock { $0 })", secretAccessKey: "s", sessionToken: "t")
    }

    func invalidate(_ credentials: Credentials) async {
        self.number.withLock { number in
            if credentials.accessKeyID == "AK\(number)" { number += 1 }
        }
    }
}

extension AWSSession {
    /// A session over doubles.
    convenience init(
        _ transport: any HTTPTransport,
        credentials: any CredentialsProvider = NumberedCredentials(),
        retry: RetryConfiguration = RetryConfiguration(),
        time: any TimeSource = SleeplessTime()
    ) {
        self.init(
            ClientContext(transport: transport, credentials: credentials, retry: retry, time: time),
            region: "eu-west-1"
        )
    }
}
