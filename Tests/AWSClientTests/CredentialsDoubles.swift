// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Synchronization

/// A clock that stands still but for what a test, or a sleep, moves it by.
final class SteppedTime: TimeSource {
    private struct State {
        var now: Instant
        var slept: [Duration] = []
    }

    private let state: Mutex<State>

    init(_ now: Instant = Instant(seconds: 1_800_000_000)) { self.state = Mutex(State(now: now)) }

    /// How long each sleep was to be.
    var slept: [Duration] { self.state.withLock { $0.slept } }

    func now() -> Instant { self.state.withLock { $0.now } }

    func step(_ duration: Duration) {
        self.state.withLock { $0.now = $0.now + duration }
    }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        self.state.withLock {
            $0.now = $0.now + duration
            $0.slept.append(duration)
        }
    }
}

/// A transport that a closure answers for, and that remembers what it was asked.
final class AnsweringTransport: HTTPTransport {
    typealias Answer = @Sendable (_ request: HTTPRequest, _ count: Int) throws(AWSError) -> HTTPResponse

    private let answer: Answer
    private let received = Mutex<[HTTPRequest]>([])

    /// - Parameter answer: Gets the request and how many came before it.
    init(_ answer: @escaping Answer) { self.answer = answer }

    var requests: [HTTPRequest] { self.received.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(AWSError) -> HTTPResponse {
        let count = self.received.withLock {
            $0.append(request)
            return $0.count - 1
        }
        return try self.answer(request, count)
    }
}

extension AnsweringTransport {
    /// A network on which nobody answers.
    static var silent: AnsweringTransport {
        AnsweringTransport { (_, _) throws(AWSError) in throw AWSError(.timedOut, message: "no answer") }
    }
}

extension HTTPResponse {
    init(_ status: Int, _ body: String, headers: [(name: String, value: String)] = []) {
        self.init(status: status, headers: headers, body: Array(body.utf8))
    }

    /// STS's answer to `action`, with an access key that says which one.
    static func sts(_ action: String, keyID: String = "ASIAROLE", expiration: String = "2027-01-15T09:00:00Z") -> Self {
        HTTPResponse(
            200,
            """
            <\(action)Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><\(action)Result>
            <AssumedRoleUser><Arn>arn:aws:sts::444455556666:assumed-role/r/s</Arn></AssumedRoleUser>
            <Credentials><AccessKeyId>\(keyID)</AccessKeyId><SecretAccessKey>sts-secret</SecretAccessKey>
            <SessionToken>sts-token</SessionToken><Expiration>\(expiration)</Expiration></Credentials>
            </\(action)Result><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></\(action)Response>
            """
        )
    }

    static func stsError(_ status: Int, _ code: String, headers: [(name: String, value: String)] = []) -> Self {
        HTTPResponse(
            status,
            "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code><Message>about \(code)</Message></Error>"
                + "<RequestId>id-2</RequestId></ErrorResponse>",
            headers: headers
        )
    }

    /// What the metadata services answer.
    static func metadata(keyID: String, expiration: String = "2027-01-15T14:00:00Z") -> Self {
        HTTPResponse(
            200,
            """
            {"Code": "Success", "AccessKeyId": "\(keyID)", "SecretAccessKey": "m-secret", "Token": "m-token",
             "Expiration": "\(expiration)", "AccountId": "111122223333"}
            """
        )
    }
}

extension HTTPRequest {
    /// A parameter of a form body, percent-decoding not needed by these tests aside.
    func formValue(_ name: String) -> String? {
        String(decoding: self.body, as: UTF8.self).split(separator: "&")
            .first { $0.hasPrefix("\(name)=") }
            .map { String($0.dropFirst(name.utf8.count + 1)) }
    }
}

/// Files that exist in a test only, and may change.
final class TestFiles: Sendable {
    struct NotFound: Error {}

    private let files: Mutex<[String: String]>

    init(_ files: [String: String] = [:]) { self.files = Mutex(files) }

    func set(_ path: String, _ text: String) {
        self.files.withLock { $0[path] = text }
    }

    var reader: FileReader {
        { path in
            guard let text = self.files.withLock({ $0[path] }) else { throw NotFound() }
            return Array(text.utf8)
        }
    }
}

/// Holds whoever waits until it is opened, and tells when somebody waits.
final class Gate: Sendable {
    private let arrivals = AsyncStream<Void>.makeStream()
    private let opening = AsyncStream<Void>.makeStream()

    func pass() async {
        self.arrivals.continuation.yield()
        for await _ in self.opening.stream {}
    }

    /// Returns once somebody has come to the gate.
    func arrival() async {
        for await _ in self.arrivals.stream { return }
    }

    func open() { self.opening.continuation.finish() }
}

/// A provider that hands out what a test queues, in order; the last for ever.
final class QueuedProvider: CredentialsProvider {
    typealias Outcome = Result<Credentials, AWSError>

    private struct State {
        var outcomes: [Outcome]
        var gate: Gate?
        var calls = 0
        var invalidated: [Credentials] = []
        var sawCancellation = false
    }

    private let state: Mutex<State>

    init(_ outcomes: [Outcome], gate: Gate? = nil) { self.state = Mutex(State(outcomes: outcomes, gate: gate)) }

    var calls: Int { self.state.withLock { $0.calls } }
    var invalidated: [Credentials] { self.state.withLock { $0.invalidated } }
    var sawCancellation: Bool { self.state.withLock { $0.sawCancellation } }

    func close(with gate: Gate) {
        self.state.withLock { $0.gate = gate }
    }

    func credentials() async throws(AWSError) -> Credentials {
        let (outcome, gate) = self.state.withLock { state in
            state.calls += 1
            let outcome = state.outcomes.count > 1 ? state.outcomes.removeFirst() : state.outcomes[0]
            return (outcome, state.gate)
        }
        await gate?.pass()
        if Task.isCancelled { self.state.withLock { $0.sawCancellation = true } }
        return try outcome.get()
    }

    func invalidate(_ credentials: Credentials) async {
        self.state.withLock { $0.invalidated.append(credentials) }
    }
}
