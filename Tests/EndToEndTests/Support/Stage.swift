// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// A job queue fed by a rule, a key at each destination, and databases to take snapshots of.
struct Stage: Sendable {
    /// How long a copy takes, as ``SimulatedAWS/run(speed:port:settings:seed:_:)`` has it unless told otherwise.
    static let copyDuration = Duration.seconds(40)

    let aws: SimulatedAWS
    let queueURL: String
    let deadLetterURL: String
    /// The ARN of the key behind `alias/dr`, by Region.
    let keys: [String: String]

    /// Sets a stage up.
    ///
    /// - Parameters:
    ///   - aws: Where.
    ///   - maxReceiveCount: How often the queue hands a message out before it moves it away by itself.
    ///   - hearsEvents: Whether a rule sends the events about new snapshots to the queue.
    /// - Throws: What AWS refuses.
    init(on aws: SimulatedAWS, maxReceiveCount: Int = 10, hearsEvents: Bool = true) async throws {
        self.aws = aws
        let sqs = try aws.session.sqs(region: SimulatedAWS.source)
        self.deadLetterURL = try await sqs.createQueue(name: "jobs-dead")
        let redrive: JSONValue = [
            "deadLetterTargetArn": .string(Self.arn(ofQueue: "jobs-dead")),
            "maxReceiveCount": .integer(Int64(maxReceiveCount)),
        ]
        self.queueURL = try await sqs.createQueue(name: "jobs", attributes: ["RedrivePolicy": redrive.description])
        if hearsEvents {
            let events = try aws.session.events(region: SimulatedAWS.source)
            let pattern: JSONValue = [
                "source": ["aws.rds"],
                "detail": ["EventID": ["RDS-EVENT-0091", "RDS-EVENT-0042", "RDS-EVENT-0169", "RDS-EVENT-0075"]],
            ]
            _ = try await events.putRule(name: "snapshots", pattern: pattern)
            try #require(
                try await events.putTargets(rule: "snapshots", targets: ["jobs": Self.arn(ofQueue: "jobs")]).isEmpty
            )
        }
        var keys: [String: String] = [:]
        for region in [SimulatedAWS.destination, "eu-central-1"] {
            let kms = try aws.session.kms(region: region)
            let key = try await kms.createKey()
            try await kms.createAlias("alias/dr", targetKeyID: key.keyID)
            keys[region] = key.arn
        }
        self.keys = keys
    }

    private static func arn(ofQueue name: String) -> String {
        "arn:aws:sqs:\(SimulatedAWS.source):\(SimulatedAWS.account):\(name)"
    }

    // MARK: - Workers

    /// The environment of a worker that carries everything to the destination.
    var environment: [String: String] {
        SimulatedAWS.environment(url: self.aws.url).merging([
            "SNAPFERRY_QUEUE_URL": self.queueURL, "SNAPFERRY_SOURCE_REGIONS": SimulatedAWS.source,
            "SNAPFERRY_DESTINATIONS": SimulatedAWS.destination, "SNAPFERRY_KMS_KEY": "alias/dr",
            // Faults are counted by calls: none that a test does not ask for.
            "SNAPFERRY_RPO_SURVEY_SECONDS": "0",
            "SNAPFERRY_CONFIRM_SHORTEST_SECONDS": "5", "SNAPFERRY_CONFIRM_LONGEST_SECONDS": "20",
            // Half a minute of the wall clock's: a busy machine must not cost a lease.
            "SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS": "600",
            // Several workers at once on one machine.
            "SNAPFERRY_LISTEN": "127.0.0.1:0",
        ]) { _, new in new }
    }

    /// Runs a worker for as long as `body` takes; see ``WorkerProcess/run(_:environment:sourceLocation:_:)``.
    ///
    /// - Parameters:
    ///   - changes: To the environment; `nil` takes a variable away.
    ///   - policy: A policy file's text; `nil` leaves the environment's policy.
    ///   - sourceLocation: Where what is wrong is shown.
    ///   - body: What to do meanwhile.
    /// - Returns: How it ended and what it logged.
    /// - Throws: What `body` throws.
    @discardableResult
    func worker(
        _ changes: [String: String?] = [:],
        policy: JSONValue? = nil,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: @escaping @Sendable (WorkerProcess) async throws -> Void
    ) async throws -> WorkerRun {
        var environment = self.environment
        for (name, value) in changes { environment[name] = value }
        return try await withTemporaryFile((policy ?? [:]).description) { path in
            if policy != nil {
                for name in ["SOURCE_REGIONS", "DESTINATIONS", "KMS_KEY"] { environment["SNAPFERRY_\(name)"] = nil }
                environment["SNAPFERRY_POLICY"] = path
            }
            return try await WorkerProcess.run(
                ["--clock", self.aws.clock],
                environment: environment,
                sourceLocation: sourceLocation,
                body
            )
        }
    }

    /// A policy of one route.
    static func policy(destinations: [JSONValue]) -> JSONValue {
        [
            "routes": [
                [
                    "name": "all", "source": ["regions": [.string(SimulatedAWS.source)]],
                    "destinations": .array(destinations),
                ]
            ]
        ]
    }

    // MARK: - Messages

    func send(_ body: String) async throws {
        try await self.aws.session.sqs(region: SimulatedAWS.source).sendMessage(queueURL: self.queueURL, body: body)
    }

    func send(_ body: JSONValue) async throws { try await self.send(body.description) }

    /// Waits for dead letters and takes them.
    func deadLetters(_ count: Int) async throws -> [SQSMessage] {
        let sqs = try self.aws.session.sqs(region: SimulatedAWS.source)
        var letters: [SQSMessage] = []
        try await eventually("\(count) dead letters") {
            letters += try await sqs.receiveMessage(
                queueURL: self.deadLetterURL,
                wait: .zero,
                visibilityTimeout: .seconds(3600)
            )
            return letters.count >= count
        }
        return letters
    }

    func queue() async throws -> WorldState.Queue { try #require(try await self.aws.state().queues["jobs"]) }

    func deadLetterQueue() async throws -> WorldState.Queue {
        try #require(try await self.aws.state().queues["jobs-dead"])
    }

    /// Waits until so many copies are available and no message is left, in the dead-letter queue neither.
    func settled(copies: Int) async throws {
        try await eventually("\(copies) copies are available and the queues empty") {
            let state = try await self.aws.state()
            return state.copies.count == copies && state.copies.allSatisfy { $0.status == "available" }
                && state.queues.values.allSatisfy(\.isEmpty)
        }
    }

    /// Makes a table for the slots of a fleet, beside the queue.
    func createSlotTable(_ name: String) async throws {
        let dynamoDB = try self.aws.session.dynamoDB(region: SimulatedAWS.source)
        _ = try await dynamoDB.createTable(name, partitionKey: "pk")
        try await eventually("the table is there") { try await dynamoDB.describeTable(name).tableStatus == "ACTIVE" }
    }

    /// Waits until a copy is under way.
    func copying() async throws {
        try await eventually("a copy is under way") {
            try await self.aws.state().copies.contains { $0.status != "available" }
        }
    }
}
