// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Logging
import Monitoring
import ServiceLifecycle
import SnapshotFleet

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Why a worker can't start, in one line that says what to change.
struct StartFailure: Error, CustomStringConvertible {
    let description: String
}

/// A worker with everything around it: finds out where it is, then works.
struct WorkService: Service {
    let configuration: WorkConfiguration
    let policy: Policy
    let environment: [String: String]
    let time: SystemTimeSource
    let logger: Logger
    /// What is measured; `nil` where nobody asked for it.
    let registry: MetricRegistry?
    private let health = WorkerHealth(of: Self.name)

    init(
        configuration: WorkConfiguration,
        policy: Policy,
        environment: [String: String],
        time: SystemTimeSource,
        logger: Logger,
        registry: MetricRegistry?
    ) {
        self.configuration = configuration
        self.policy = policy
        self.environment = environment
        self.time = time
        self.logger = logger
        self.registry = registry
    }

    /// Runs until graceful shutdown or cancellation.
    ///
    /// - Throws: ``StartFailure`` for what waiting does not heal.
    func run() async throws {
        // From before the start until after the drain: both are worth looking at.
        let monitor = WorkerMonitor(
            configuration: self.configuration,
            health: self.health,
            registry: self.registry,
            worker: Self.name,
            time: self.time,
            logger: self.logger
        )
        async let _ = monitor.run()
        do {
            try await monitor.start()
        } catch {
            throw StartFailure(description: "\(error): correct SNAPFERRY_LISTEN")
        }
        try await self.work()
    }

    private func work() async throws {
        let crew: Crew
        do {
            crew = try await cancelWhenGracefulShutdown { try await self.start() }
        } catch  where Task.isShuttingDownGracefully {
            // Whatever was under way was given up because of it.
            return
        }
        self.health.works(.init(worker: crew.worker, depths: crew.depths, board: crew.board))
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Leases are renewed as long as the worker is at work, a drain included.
            if let ledger = crew.ledger { group.addTask { await ledger.run() } }
            if let protection = crew.protection { group.addTask { await protection.run() } }
            if self.registry != nil { group.addTask { await crew.depths.run() } }
            if let watch = crew.watch { group.addTask { await watch.run() } }
            group.addTask { await crew.announcements.run(crew.worker) }
            try await crew.worker.run()
            await crew.announcements.finish(crew.worker)
            await crew.protection?.finish()
            group.cancelAll()
        }
    }

    /// What runs side by side.
    private struct Crew: Sendable {
        var worker: Worker
        /// `nil` where slots are counted in memory.
        var ledger: DynamoDBSlotLedger?
        /// `nil` where this is no task of ECS.
        var protection: ECSTaskProtection?
        /// `nil` where nobody is to look how old recovery points are.
        var watch: RecoveryPointWatch?
        var announcements: Announcements
        var depths: QueueDepthWatch
        var board: FleetBoard
    }

    /// What the queue and STS tell before the first poll.
    private struct Surroundings: Sendable {
        var account: String
        var maxReceiveCount: Int?
        var deadLetterURL: String
    }

    private func start() async throws -> Crew {
        let session: AWSSession
        do {
            session = try await AWSConnection.session(
                environment: self.environment,
                queueURL: self.configuration.queueURL,
                allowsPlaintext: self.configuration.allowsPlaintext,
                logger: self.logger
            )
        } catch {
            throw StartFailure(description: error.message)
        }
        let region = QueueURL.region(of: self.configuration.queueURL) ?? session.region
        let sqs = try session.sqs(region: region)
        let time = SteadyTimeSource(startingAt: self.time)
        let announcements = try Announcements(
            self.configuration,
            session: session,
            region: region,
            time: time,
            logger: self.logger
        )
        let notifier = NotifierGroup(
            [LogNotifier(logger: self.logger), MetricsNotifier()] + announcements.notifiers
        )
        let ledger = try self.sharedLedger(session, region: region, notifier, time)
        let surroundings = try await self.surroundings(session, sqs, ledger)
        try self.correct(time, by: session.caller(for: .sqs, region: region).clockOffset)
        let policy: Policy
        do {
            policy = try self.policy.resolved(ownAccount: surroundings.account)
        } catch {
            throw StartFailure(description: error.description)
        }
        var settings = CoreSettings(ownAccount: surroundings.account)
        settings.visibilityTimeout = self.configuration.visibilityTimeout
        settings.receiveWait = self.configuration.receiveWait
        settings.waitingRoom = self.configuration.waitingRoom
        settings.maxReceiveCount = surroundings.maxReceiveCount
        settings.confirm = ConfirmSchedule(
            shortest: self.configuration.confirmShortest,
            longest: self.configuration.confirmLongest
        )
        if ledger != nil { settings.lookStagger = settings.confirm.longestStagger * .random(in: 0..<1) }
        let queue = SQSJobQueue(
            sqs: sqs,
            url: self.configuration.queueURL,
            deadLetterURL: surroundings.deadLetterURL,
            worker: Self.name
        )
        let protection = self.taskProtection(session, time)
        let rds = try RDSSnapshotService(session: session, ownAccount: surroundings.account, policy: policy)
        let ports = Worker.Ports(
            queue: queue,
            snapshots: rds,
            ledger: ledger ?? InMemorySlotLedger(),
            notifier: notifier,
            time: time,
            startObserver: protection,
            shelf: rds
        )
        self.logger.notice(
            "Working",
            metadata: [
                "queue.url": "\(self.configuration.queueURL)", "account": "\(surroundings.account)",
                "region": "\(session.region)", "worker": "\(Self.name)",
                "slots": "\(self.configuration.slotTable ?? "in memory")",
                "routes": "\(policy.routes.map(\.name).joined(separator: " "))",
                "destinations": "\(policy.destinations.map(\.description).joined(separator: " "))",
            ]
        )
        return Crew(
            worker: Worker(settings: settings, policy: policy, ports: ports),
            ledger: ledger,
            protection: protection,
            watch: self.configuration.rpoSurvey.map { interval in
                RecoveryPointWatch(policy: policy, lister: rds, notifier: notifier, time: time, interval: interval)
            },
            announcements: announcements,
            depths: QueueDepthWatch(
                sqs: sqs,
                jobs: self.configuration.queueURL,
                deadLetters: surroundings.deadLetterURL
            ),
            board: FleetBoard(
                bridge: OperatorBridge(
                    session: session,
                    account: surroundings.account,
                    sqs: sqs,
                    policy: policy,
                    queueURL: self.configuration.queueURL,
                    queueRegion: region,
                    deadLetterURL: surroundings.deadLetterURL,
                    slotTable: self.configuration.slotTable
                ),
                time: time
            )
        )
    }

    /// Starts from AWS's time where this machine's clock is far off: ages of messages and leases are counted by it.
    private func correct(_ time: SteadyTimeSource, by offset: Duration) {
        guard offset != .zero else { return }
        self.logger.warning(
            "This machine's clock is wrong; AWS's time is used",
            metadata: ["offset.seconds": "\(Int(offset.inSeconds))"]
        )
        // A clock that runs faster is an embedded AWS's, which has nothing to do with the date of a signature.
        if self.time.speed == 1 { time.correct(by: offset) }
    }

    /// What asks ECS to spare this task; `nil` where it is none.
    private func taskProtection(_ session: AWSSession, _ time: any TimeSource) -> ECSTaskProtection? {
        guard let agent = self.environment["ECS_AGENT_URI"], !agent.isEmpty else { return nil }
        return ECSTaskProtection(agent: agent, transport: session.context.transport, time: time, logger: self.logger)
    }

    /// The ledger in the table that the fleet shares; `nil` where none is configured.
    private func sharedLedger(
        _ session: AWSSession,
        region: String,
        _ notifier: any Notifier,
        _ time: any TimeSource
    ) throws -> DynamoDBSlotLedger? {
        guard let table = self.configuration.slotTable else { return nil }
        // A container's name and process number come again after a restart; an owner never does.
        let owner = "\(Self.name)-\(String(UInt32.random(in: .min ... .max), radix: 16))"
        return DynamoDBSlotLedger(
            dynamoDB: try session.dynamoDB(region: region),
            table: table,
            settings: SlotTable.Settings(owner: owner),
            notifier: notifier,
            time: time
        )
    }

    /// Asks until it has an answer: an endpoint that is down at the start may come up later.
    private func surroundings(
        _ session: AWSSession,
        _ sqs: SQSClient,
        _ ledger: DynamoDBSlotLedger?
    ) async throws -> Surroundings {
        var attempt = 0
        var random = SystemRandomNumberGenerator()
        while true {
            do {
                async let account = session.accountID()
                try await ledger?.check()
                let attributes = try await sqs.getQueueAttributes(
                    queueURL: self.configuration.queueURL,
                    names: ["RedrivePolicy"]
                )
                let redrive = attributes["RedrivePolicy"].flatMap { RedrivePolicy($0) }
                return Surroundings(
                    account: try await account,
                    maxReceiveCount: redrive?.maxReceiveCount,
                    deadLetterURL: try await self.deadLetterURL(redrive, sqs)
                )
            } catch let error as AWSError where error.isRetryable {
                let backoff = Backoff(base: .seconds(1), cap: .seconds(30))
                let pause = max(.milliseconds(500), backoff.delay(attempt: attempt, using: &random))
                attempt += 1
                self.health.waits(because: "\(error)")
                self.logger.warning(
                    "AWS can't be reached; will try again",
                    metadata: ["reason": "\(error)", "delay.seconds": "\(pause.inSeconds)"]
                )
                // The system's time: the embedded AWS may run faster, but it starts no sooner.
                try await SystemTimeSource().sleep(for: pause)
            } catch let problem as SlotTableProblem {
                throw StartFailure(description: self.advice(for: problem))
            } catch let error as AWSError where error.code != .cancelled {
                throw StartFailure(description: self.advice(for: error))
            }
        }
    }

    private func deadLetterURL(_ redrive: RedrivePolicy?, _ sqs: SQSClient) async throws -> String {
        if let url = self.configuration.deadLetterQueueURL, !url.isEmpty { return url }
        guard let redrive else {
            throw StartFailure(
                description: "the queue \(self.configuration.queueURL) has no redrive policy: give it one, or set "
                    + "SNAPFERRY_DEAD_LETTER_QUEUE_URL; jobs that can't succeed have to go somewhere"
            )
        }
        return try await sqs.getQueueURL(name: redrive.queueName, owner: redrive.account)
    }

    private func advice(for problem: SlotTableProblem) -> String {
        switch problem {
        case .absent, .wrongKey: "\(problem), or correct SNAPFERRY_SLOT_TABLE"
        case .notReady, .denied: problem.description
        }
    }

    private func advice(for error: AWSError) -> String {
        switch error.serviceCode {
        case "QueueDoesNotExist":
            "the queue \(self.configuration.queueURL) does not exist, or not in this account and Region: "
                + "correct SNAPFERRY_QUEUE_URL (\(error.message))"
        case "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch",
            "InvalidSignatureException":
            "AWS refuses the credentials: correct them (\(error))"
        case "AccessDenied", "AccessDeniedException":
            "the credentials lack a permission: \(error.message)"
        default: error.message.isEmpty ? error.description : error.code == .rejected ? error.description : error.message
        }
    }

    /// Names this process in dead letters and in the log.
    private static var name: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "worker-\(getpid())" }
        let host = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(host)-\(getpid())"
    }
}

/// A queue's redrive policy, as the attribute `RedrivePolicy` has it.
struct RedrivePolicy: Equatable {
    var account: String
    var queueName: String
    var maxReceiveCount: Int?

    /// Reads the attribute; `nil` when it names no queue.
    init?(_ text: String) {
        guard let document = try? JSONValue(parsing: text),
            let fields = document["deadLetterTargetArn"]?.string?.split(separator: ":"), fields.count == 6
        else { return nil }
        self.account = String(fields[4])
        self.queueName = String(fields[5])
        let count = document["maxReceiveCount"]
        self.maxReceiveCount = count?.int ?? count?.string.flatMap { Int($0) }
    }
}
