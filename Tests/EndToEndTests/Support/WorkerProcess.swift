// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// A `snapferry work` and its log.
struct WorkerProcess: Sendable {
    /// How long a worker that is asked to stop may take: the ten seconds it promises, and five for a busy machine.
    static let drainLimit = Duration.seconds(15)

    private let child: ChildProcess

    /// The log lines so far.
    var log: [LogEntry] { self.child.words.output.compactMap { LogEntry($0) } }

    /// Runs a worker for as long as `body` takes, then asks it to drain.
    ///
    /// Whatever else a test is about, the log has to be one of JSON lines without any secret.
    ///
    /// - Parameters:
    ///   - arguments: Behind `work`.
    ///   - environment: All of it.
    ///   - sourceLocation: Where what is wrong is shown.
    ///   - body: What to do meanwhile; `nil` waits until the worker ends by itself.
    /// - Returns: How it ended and what it logged.
    /// - Throws: What `body` throws.
    @discardableResult
    static func run(
        _ arguments: [String] = [],
        environment: [String: String],
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (@Sendable (WorkerProcess) async throws -> Void)? = nil
    ) async throws -> WorkerRun {
        var environment = environment
        environment["SNAPFERRY_LOG_LEVEL"] = environment["SNAPFERRY_LOG_LEVEL"] ?? "trace"
        let ended = try await ChildProcess.run(["work"] + arguments, environment: environment) { child in
            let worker = WorkerProcess(child: child)
            do {
                if let body { try await body(worker) } else { try await worker.ended() }
            } catch {
                let lines = (child.words.output.suffix(25) + child.words.errors).joined(separator: "\n")
                Issue.record("\(error); the worker's last words:\n\(lines)", sourceLocation: sourceLocation)
                throw error
            }
        }
        let run = WorkerRun(ended)
        for line in run.words.output where LogEntry(line) == nil {
            Issue.record("no log line: \(line)", sourceLocation: sourceLocation)
        }
        for line in run.words.output + run.words.errors {
            for secret in Self.secrets where line.contains(secret) {
                Issue.record("a secret in the log: \(line)", sourceLocation: sourceLocation)
            }
        }
        return run
    }

    /// What must never be seen: the secret key, and what signed requests and sessions carry.
    private static let secrets = [
        SimulatedAWS.secretAccessKey, "Signature=", "X-Amz-Signature", "AWS4-HMAC", "SessionToken",
        "X-Amz-Security-Token", "x-amz-security-token",
    ]

    func kill() throws { try self.child.kill() }

    /// Asks it to stop, and waits for nothing.
    func terminate() throws { try self.child.terminate() }

    /// Whether a message was logged.
    func hasLogged(_ message: String) -> Bool { self.log.contains { $0.message == message } }

    /// How many messages it says it has received.
    var messagesReceived: Int {
        let counts = self.log.filter { $0.message == "Messages received" }.map { $0.document["count"]?.string }
        return counts.reduce(0) { $0 + ($1.flatMap { Int($0) } ?? 0) }
    }

    private func ended() async throws {
        try await eventually("the worker ends by itself", within: .seconds(60)) { self.child.hasEnded }
    }
}

/// A worker that has ended.
struct WorkerRun: Sendable {
    let status: ChildProcess.Ending
    let words: ChildProcess.Words
    let stopping: Duration
    let log: [LogEntry]

    init(_ ended: ChildProcess.Ended) {
        self.status = ended.status
        self.words = ended.words
        self.stopping = ended.stopping
        self.log = ended.words.output.compactMap { LogEntry($0) }
    }

    /// The targets of the copies that were confirmed, one for each line about it.
    var confirmed: [String] { self.values(of: "snapshot.target", where: "Copy confirmed") }

    /// The targets of the copies that were taken over.
    var adopted: [String] { self.values(of: "snapshot.target", where: "Copy in progress taken over") }

    /// The values of a member in the lines with a message.
    func values(of member: String, where message: String) -> [String] {
        self.log.filter { $0.message == message }.compactMap { $0.document[member]?.string }
    }
}

/// A line of the log.
struct LogEntry: Sendable {
    let document: JSONValue
    let message: String

    /// Reads a line; `nil` for one that lacks what each line has.
    init?(_ line: String) {
        guard let document = try? JSONValue(parsing: line), let message = document["message"]?.string,
            document["level"]?.string != nil, document["time"]?.string.flatMap({ Instant(iso8601: $0) }) != nil
        else { return nil }
        self.document = document
        self.message = message
    }
}
