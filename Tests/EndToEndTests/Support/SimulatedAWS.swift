// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A running `snapferry simulate`.
struct SimulatedAWS: Sendable {
    /// What signs the fleet's requests; the secret is one that shows where it does not belong.
    static let accessKeyID = "AKIAE2EFLEETFLEETFLEET"
    static let secretAccessKey = "e2eSecretE2eSecret/K7MDENG+bPxRfiCYSECRET"
    static let account = "111122223333"
    static let otherAccount = "444455556666"
    static let source = "us-east-1"
    static let destination = "eu-west-1"

    private static let transport = Result { () throws(AWSError) in try TransferLoop() }

    let url: String
    /// As `snapferry work --clock` takes it.
    let clock: String
    /// The fleet's own session.
    let session: AWSSession

    private let transport: any HTTPTransport

    /// What tells the time in it.
    var worldClock: SystemTimeSource {
        get throws {
            let parts = self.clock.split(separator: "@", maxSplits: 1)
            guard parts.count == 2, let speed = Double(parts[0]), let epoch = Instant(iso8601: parts[1]) else {
                throw DeadlinePassed(description: "simulate says its clock is \(self.clock)")
            }
            return SystemTimeSource(speed: speed, epoch: epoch)
        }
    }

    /// Runs an AWS for as long as `body` takes.
    ///
    /// - Parameters:
    ///   - speed: How many seconds pass in it in one of the wall clock's.
    ///   - port: 0 for any free one.
    ///   - settings: Beside the usual: snapshots take two seconds, copies forty, whatever their size.
    ///   - seed: What is there from the start, beside the fleet's key; made once it is this world's turn, minutes after the
    ///     test began, so that what is an hour old in it is an hour old.
    ///   - body: What to do in it.
    /// - Throws: What `body` throws.
    static func run(
        speed: Int = 20,
        port: Int = 0,
        settings: [String: JSONValue] = [:],
        seed: @autoclosure @Sendable () -> [String: JSONValue] = [:],
        _ body: @Sendable (SimulatedAWS) async throws -> Void
    ) async throws {
        try await Turnstile.worlds.pass {
            try await withTemporaryFile(self.seed(seed()).description) { path in
                let arguments = ["simulate", "--port", "\(port)", "--speed", "\(speed)", "--seed-data", path]
                let ended = try await ChildProcess.run(arguments, environment: [:]) { process in
                    let ready = try await eventually("simulate is ready") {
                        if let line = process.words.errors.first { throw DeadlinePassed(description: line) }
                        return process.words.output.first
                    }
                    let aws = try SimulatedAWS(ready: ready)
                    try await aws.change(settings: settings)
                    try await body(aws)
                    try ActionLog.shared?.add(try await aws.journal())
                }
                guard ended.status == .exited(0) else {
                    throw DeadlinePassed(description: "simulate ended with \(ended.status): \(ended.words.errors)")
                }
            }
        }
    }

    private static func seed(_ more: [String: JSONValue]) -> JSONValue {
        let key: JSONValue = [
            "accessKeyId": .string(self.accessKeyID), "secretAccessKey": .string(self.secretAccessKey),
        ]
        let accounts: JSONValue = [["id": .string(self.account), "keys": [key]]]
        return .object(more.merging(["accounts": accounts]) { own, _ in own })
    }

    /// Reads `ready url=http://127.0.0.1:40213 clock=20@2026-11-21T20:10:28.123456Z`.
    private init(ready: String) throws {
        let words = ready.split(separator: " ").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        let values = Dictionary(words.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { first, _ in first }
        guard ready.hasPrefix("ready "), let url = values["url"], let clock = values["clock"] else {
            throw DeadlinePassed(description: "simulate says \(ready)")
        }
        self.url = url
        self.clock = clock
        self.transport = try Self.transport.get()
        self.session = try Self.session(Self.environment(url: url), self.transport)
    }

    /// What any AWS tool needs in its environment to work in this AWS, and to look nowhere else.
    static func environment(url: String) -> [String: String] {
        [
            "AWS_ENDPOINT_URL": url, "AWS_REGION": self.source, "AWS_ACCESS_KEY_ID": self.accessKeyID,
            "AWS_SECRET_ACCESS_KEY": self.secretAccessKey, "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "HOME": "/nonexistent",
        ]
    }

    /// A session of another account.
    func session(account: String) throws -> AWSSession {
        var environment = Self.environment(url: self.url)
        environment["AWS_ACCESS_KEY_ID"] = "AKIALOCAL\(account)"
        environment["AWS_SECRET_ACCESS_KEY"] = "test"
        return try Self.session(environment, self.transport)
    }

    /// A session in an AWS that was started by somebody else.
    static func session(at url: String) throws -> AWSSession {
        try self.session(self.environment(url: url), try self.transport.get())
    }

    private static func session(
        _ environment: [String: String],
        _ transport: any HTTPTransport
    ) throws -> AWSSession {
        let context = try CredentialsContext(environment: environment, transport: transport, time: SystemTimeSource())
        let client = ClientContext(
            transport: transport,
            credentials: try DefaultCredentialsChain(context),
            endpoints: context.endpoints
        )
        return AWSSession(client, region: self.source)
    }
}

/// What an AWS answers under `/_local/`.
extension SimulatedAWS {
    private static let usual: [String: JSONValue] = [
        "snapshotOverheadSeconds": 2, "snapshotSecondsPerGiB": 0, "copyOverheadSeconds": 40, "copySecondsPerGiB": 0,
    ]

    /// Changes how the services behave.
    func change(settings: [String: JSONValue]) async throws {
        try await self.ask("PUT", "settings", .object(Self.usual.merging(settings) { _, new in new }))
    }

    /// Sets what goes wrong from now on, and nothing else.
    func setFaults(_ rules: [JSONValue]) async throws {
        try await self.ask("PUT", "faults", ["rules": .array(rules)])
    }

    /// How often each fault has struck.
    func faultsStruck() async throws -> [Int] {
        let document = try JSONValue(parsing: try await self.ask("GET", "faults"))
        return (document["struck"]?.array ?? []).compactMap(\.int)
    }

    func state() async throws -> WorldState {
        try WorldState(JSONValue(parsing: try await self.ask("GET", "state")))
    }

    /// Every request so far, in the order in which they took effect.
    func journal() async throws -> [JournalEntry] {
        try await self.ask("GET", "journal").split(separator: 0x0A).map {
            try JournalEntry(JSONValue(parsing: Array($0)))
        }
    }

    @discardableResult
    private func ask(_ method: String, _ path: String, _ document: JSONValue? = nil) async throws -> [UInt8] {
        let request = HTTPRequest(
            method: method,
            url: "\(self.url)/_local/\(path)",
            body: document.map { Array($0.description.utf8) } ?? [],
            bypassesProxy: true
        )
        let answer = try await self.transport.send(request)
        guard answer.status == 200 else {
            let text = String(decoding: answer.body, as: UTF8.self)
            throw DeadlinePassed(description: "\(method) \(path): \(answer.status) \(text)")
        }
        return answer.body
    }
}
