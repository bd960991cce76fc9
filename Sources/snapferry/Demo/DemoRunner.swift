// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import LocalAWSServer
import Logging
import ServiceLifecycle
import SnapshotFleet
import Synchronization

/// Gives the demo: an embedded AWS, workers, and the story that happens to them, all in this process.
///
/// The workers speak to the embedded AWS as they would to the real one: over HTTP, with signed requests.
final class DemoRunner: Sendable {
    struct Options: Sendable {
        var story: DemoStory
        var speed: Double
        var workers: Int
    }

    let options: Options
    let scoreboard = DemoScoreboard()
    let ledger = InMemorySlotLedger()
    private let server: LocalAWSServer
    private let clock: Mutex<DemoTime>
    private let scene: Mutex<DemoScene>
    private let wishes = AsyncStream<Character>.makeStream()

    var story: DemoStory { self.options.story }
    /// The time, which is put ahead once: when the stage is set.
    var time: DemoTime { self.clock.withLock { $0 } }

    /// Prepares everything; nothing runs yet.
    init(options: Options) throws {
        self.options = options
        let time = DemoTime(speed: options.speed)
        self.clock = Mutex(time)
        var configuration = LocalAWSConfiguration()
        configuration.time = time.source
        self.server = try LocalAWSServer(
            configuration: configuration,
            logger: Logger(label: "snapferry.demo") { _ in SwiftLogNoOpLogHandler() }
        )
        self.scene = Mutex(
            DemoScene(
                now: time.now(),
                dayStart: time.dayStart,
                length: options.story.length,
                deadLetters: 0,
                slots: [],
                takesKeys: false,
                announcement: "The embedded AWS starts, a dozen databases are created …"
            )
        )
    }

    /// What there is to see right now.
    var present: DemoScene {
        var scene = self.scene.withLock { $0 }
        scene.now = self.time.now()
        scene.slots = self.story.pools.map {
            DemoScene.Slots(pool: $0, taken: self.ledger.taken($0), limit: self.story.slots[$0.kind] ?? 0)
        }
        return scene
    }

    /// Does what a person at the keyboard wishes.
    func press(_ key: Character) { self.wishes.continuation.yield(key) }

    /// Runs the whole demo.
    ///
    /// - Returns: What came of it; also when it took so long that it was given up.
    /// - Throws: ``DemoFailure``, or whatever kept the stage from being set; `CancellationError` once cancelled.
    func run() async throws -> DemoVerdict {
        try await withThrowingTaskGroup(of: DemoVerdict?.self) { group in
            group.addTask {
                try await self.server.run()
                return nil
            }
            group.addTask { try await self.perform() }
            group.addTask {
                // Whatever hangs, the demo does not: four times as long as planned, and a minute to begin with.
                try await Task.sleep(for: self.story.length / self.options.speed * 4 + .seconds(60))
                throw DemoFailure("it took four times as long as planned")
            }
            defer { group.cancelAll() }
            while let verdict = try await group.next() {
                if let verdict { return verdict }
            }
            throw CancellationError()
        }
    }

    private func perform() async throws -> DemoVerdict {
        let port = try await self.server.waitUntilListening()
        let session = try self.session(port: port)
        let stage = DemoStage(story: self.story, session: session, server: self.server)
        let queues = try await stage.set()
        try self.skipTheEvening()
        try await stage.open(queues)
        self.scene.withLock { $0.announcement = nil }
        let crew = DemoCrew(scoreboard: self.scoreboard, time: self.time) { name in
            try self.worker(name, session: session, queues: queues)
        }
        for _ in 0..<self.options.workers { crew.hire() }
        return try await withThrowingTaskGroup(of: DemoVerdict?.self) { group in
            group.addTask {
                await crew.run()
                return nil
            }
            group.addTask {
                try await self.watch(stage, queues)
                return nil
            }
            group.addTask {
                await self.listen(to: crew)
                return nil
            }
            group.addTask { try await self.tell(stage, queues, crew) }
            defer { group.cancelAll() }
            while let verdict = try await group.next() {
                if let verdict { return verdict }
            }
            throw CancellationError()
        }
    }

    /// Puts the clocks ahead to shortly before the day; nothing happens until then.
    private func skipTheEvening() throws {
        let rest = self.time.dayStart - self.story.prologue - self.time.now()
        guard rest >= .zero else {
            throw DemoFailure("this machine is too slow for --speed \(Int(self.options.speed)); try half of it")
        }
        self.clock.withLock { $0 = $0.advanced(by: rest) }
        self.server.advance(by: rest)
    }

    // MARK: - The story

    /// Lets the story happen, then waits until everything has arrived.
    private func tell(_ stage: DemoStage, _ queues: DemoStage.Queues, _ crew: DemoCrew) async throws -> DemoVerdict {
        for moment in self.story.moments.sorted(by: { $0.at < $1.at }) {
            try await self.time.sleep(until: self.time.dayStart + moment.at)
            if case .killWorker = moment.scene {
                self.kill(by: crew)
            } else if let (text, tone) = try await stage.play(moment.scene, queues: queues) {
                let now = self.time.now()
                self.scoreboard.update { $0.narrate(text, tone, at: now) }
            }
        }
        try await self.time.sleep(until: self.time.dayStart + self.story.lastMoment + .seconds(3600))
        stage.endBackups()
        return try await self.waitForArrival(stage, queues)
    }

    /// Looks every half second by the wall whether all is done; gives up after four times as long as planned.
    private func waitForArrival(_ stage: DemoStage, _ queues: DemoStage.Queues) async throws -> DemoVerdict {
        let deadline = self.time.dayStart + self.story.length * 4
        while true {
            var verdict = try await stage.verdict(queues: queues)
            verdict.deadLetters = try await stage.depths(of: queues).dead.visible == 1 ? [self.story.poison] : []
            let isComplete = verdict.problems(story: self.story).isEmpty
            if isComplete || self.time.now() > deadline {
                // What was only counted so far is read now.
                verdict.deadLetters = try await stage.deadLetters(queues: queues)
                if !isComplete {
                    verdict.interruption =
                        "the fleet had not finished after \(HumanUnits.duration(self.story.length * 4))"
                }
                return verdict
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func kill(by crew: DemoCrew) {
        guard crew.killBusiest() != nil else { return }
        self.wishes.continuation.yield("r")
    }

    /// Kills when asked to, and replaces whoever was killed a while later.
    private func listen(to crew: DemoCrew) async {
        await withDiscardingTaskGroup { group in
            for await wish in self.wishes.stream {
                switch wish {
                case "k": self.kill(by: crew)
                case "r":
                    group.addTask {
                        guard (try? await self.time.source.sleep(for: self.story.replacementDelay)) != nil else {
                            return
                        }
                        crew.hire()
                    }
                default: break
                }
            }
            group.cancelAll()
        }
    }

    /// Keeps an eye on the queues.
    private func watch(_ stage: DemoStage, _ queues: DemoStage.Queues) async throws {
        while true {
            let (jobs, dead) = try await stage.depths(of: queues)
            self.scene.withLock { scene in
                scene.queue = jobs
                scene.deadLetters = dead.visible + dead.inFlight
                scene.takesKeys = true
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    // MARK: - The fleet

    private func session(port: Int) throws -> AWSSession {
        let credentials = Credentials(accessKeyID: "AKIALOCAL\(self.story.account)", secretAccessKey: "test")
        let endpoints = try EndpointResolver(environment: ["AWS_ENDPOINT_URL": "http://127.0.0.1:\(port)"])
        let context = ClientContext(
            transport: try TransferLoop(),
            credentials: StaticCredentials(credentials),
            endpoints: endpoints,
            // One attempt: what RDS refuses is to be seen, not hidden inside a call.
            retry: RetryConfiguration(maxAttempts: 1),
            logger: Logger(label: "snapferry.demo") { _ in SwiftLogNoOpLogHandler() }
        )
        return AWSSession(context, region: self.story.source)
    }

    private func worker(_ name: String, session: AWSSession, queues: DemoStage.Queues) throws -> Worker {
        let queue = SQSJobQueue(
            sqs: try session.sqs(region: self.story.source),
            url: queues.jobs,
            deadLetterURL: queues.deadLetters,
            worker: name
        )
        let policy = try self.story.policy()
        let ports = Worker.Ports(
            queue: PacedQueue(queue: queue, pause: .milliseconds(150)),
            snapshots: try RDSSnapshotService(session: session, ownAccount: self.story.account, policy: policy),
            ledger: self.ledger,
            notifier: self.scoreboard.notifier(for: name),
            time: self.time.source
        )
        let settings = self.time.settings(account: self.story.account, maxReceiveCount: DemoStage.maxReceiveCount)
        return Worker(settings: settings, policy: policy, ports: ports)
    }
}

extension DemoStory {
    /// The policy that the fleet of the story follows.
    func policy() throws -> Policy {
        let rule = DestinationRule(region: self.destination, kmsKey: self.keyAlias, slots: self.slots)
        let route = Route(name: self.route, source: SourceSelection(regions: [self.source]), destinations: [rule])
        return try Policy(routes: [route]).resolved(ownAccount: self.account)
    }
}
