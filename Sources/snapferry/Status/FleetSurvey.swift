// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Asks SQS, the slot table and, at every destination, RDS how the fleet stands; all of it side by side.
struct FleetSurvey: Sendable {
    /// How many calls of one sort are under way at once.
    private static let width = 16
    /// How long any one of them may take: somebody is waiting.
    private static let patience = Duration.seconds(8)
    /// How long CloudWatch may take, which is out of reach where queues and RDS have endpoints of their own in a network.
    private static let cloudWatchPatience = Duration.seconds(2)
    /// How old what CloudWatch knows may be.
    private static let memory = Duration.seconds(900)
    /// How many dead letters are read to count them by reason.
    private static let mostLetters = 500

    private let bridge: OperatorBridge
    private let readsLetters: Bool
    private let asksCloudWatch: Bool

    /// Makes a survey that has asked nothing yet.
    ///
    /// - Parameters:
    ///   - bridge: Where to ask.
    ///   - readsLetters: Whether dead letters are read, which hides them from others for a moment.
    ///   - asksCloudWatch: Whether the age of the oldest job is asked for, which takes a permission that workers have no
    ///     other use for.
    init(_ bridge: OperatorBridge, readsLetters: Bool = true, asksCloudWatch: Bool = true) {
        self.bridge = bridge
        self.asksCloudWatch = asksCloudWatch
        self.readsLetters = readsLetters
    }

    /// What became of one question.
    private enum News: Sendable {
        case slots(SlotPool, [SlotItem])
        case room(SlotPool, FleetStatus.Room)
        case tableProblem(AWSError)
    }

    private struct Queues {
        var jobs: QueueDepth?
        var dead: QueueDepth?
        var letters: DeadLetterSummary?
        var oldestAskedAt: Instant?
        var problem: (what: String, error: AWSError)?
    }

    /// Looks; what can't be asked becomes a problem and hides nothing else.
    ///
    /// - Parameters:
    ///   - now: The present moment.
    ///   - last: The look before, whose estimates go on.
    /// - Returns: How the fleet stands.
    func look(at now: Instant, after last: FleetStatus? = nil) async -> FleetStatus {
        var status = FleetStatus(queueURL: self.bridge.queueURL, now: now)
        async let queues = self.queues(at: now, after: last)
        async let beside = self.askBeside()
        let pools = self.bridge.policy.pools
        var copies: [SlotPool: [Snapshot]] = [:]
        do {
            let service = try RDSSnapshotService(
                session: self.bridge.session,
                ownAccount: self.bridge.account,
                policy: self.bridge.policy
            )
            let survey = RecoverySurvey(
                policy: self.bridge.policy,
                depth: 1,
                width: Self.width,
                patience: Self.patience
            )
            var (points, _) = try await survey.look(with: service, sources: false, at: now) { page, pool in
                copies[pool, default: []] += page.filter(\.isCopyInProgress)
            }
            let report = points.report()
            status.points = report.routes
            for gap in report.gaps {
                if case .copies(let pool) = gap.listing { copies[pool] = nil }
                status.problems.append("\(gap)")
            }
            let lost = Set(report.gaps.map(\.listing))
            status.pools = pools.map { pool in
                FleetStatus.Pool(
                    pool: pool,
                    limit: self.bridge.policy.usableSlots(in: pool),
                    copies: lost.contains(.copies(pool)) ? nil : (copies[pool] ?? []).sorted { $0.arn < $1.arn }
                )
            }
        } catch {
            status.problems.append("the destinations: \(error)")
        }
        self.add(await beside, to: &status)
        self.add(await queues, to: &status)
        Self.estimate(in: &status, after: last)
        return status
    }

    // MARK: - Queues

    private func queues(at now: Instant, after last: FleetStatus?) async -> Queues {
        var queues = Queues()
        var deadURL = self.bridge.deadLetterURL
        let (sqs, queueURL, account) = (self.bridge.sqs, self.bridge.queueURL, self.bridge.account)
        async let oldest = self.oldestJob(at: now, after: last)
        do throws(AWSError) {
            let attributes = try await Patience.wait(Self.patience) {
                try await sqs.getQueueAttributes(
                    queueURL: queueURL,
                    names: QueueDepth.attributeNames + ["RedrivePolicy"]
                )
            }
            queues.jobs = QueueDepth(attributes: attributes)
            let age = await oldest
            queues.jobs?.oldest = age.oldest
            queues.oldestAskedAt = age.askedAt
            if deadURL == nil, let redrive = attributes["RedrivePolicy"].flatMap({ RedrivePolicy($0) }) {
                deadURL = try await Patience.wait(Self.patience) {
                    try await sqs.getQueueURL(name: redrive.queueName, owner: redrive.account)
                }
            }
        } catch {
            queues.problem = ("the job queue", error)
            // One endpoint serves both.
            if error.isRetryable { return queues }
        }
        guard let deadURL else { return queues }
        do throws(AWSError) {
            let attributes = try await Patience.wait(Self.patience) {
                try await sqs.getQueueAttributes(queueURL: deadURL, names: QueueDepth.attributeNames)
            }
            queues.dead = QueueDepth(attributes: attributes)
        } catch {
            queues.problem = queues.problem ?? ("the dead-letter queue", error)
            return queues
        }
        guard self.readsLetters else { return queues }
        // Without the permission to receive, how many there are is still worth knowing.
        queues.letters = try? await Patience.wait(Self.patience) {
            let queue = SQSDeadLetterQueue(sqs: sqs, url: deadURL, account: account)
            let found = try await DeadLetterLook(queue, limit: Self.mostLetters, isQuick: true).entries()
            return DeadLetterSummary(found.entries)
        }
        return queues
    }

    /// How long the oldest job has waited, as CloudWatch knows; `nil` where it may not be asked, and of a queue so young or
    /// idle that SQS told nothing of it.
    private func oldestJob(at now: Instant, after last: FleetStatus?) async -> (oldest: Duration?, askedAt: Instant?) {
        guard self.asksCloudWatch else { return (nil, nil) }
        if let last, let askedAt = last.oldestAskedAt, now - askedAt < .seconds(60) {
            return (last.queue?.oldest, askedAt)
        }
        let minute = Instant(milliseconds: now.milliseconds / 60_000 * 60_000)
        let name = String(self.bridge.queueURL.split(separator: "/").last ?? "")
        let points = try? await Patience.wait(Self.cloudWatchPatience) {
            try await self.bridge.session.cloudWatch(region: self.bridge.queueRegion).getMetricStatistics(
                namespace: "AWS/SQS",
                metric: "ApproximateAgeOfOldestMessage",
                dimensions: ["QueueName": name],
                statistic: .maximum,
                times: minute - Self.memory..<minute + .seconds(60)
            )
        }
        return (points?.last.map { .seconds($0.value) }, now)
    }

    private func add(_ queues: Queues, to status: inout FleetStatus) {
        status.queue = queues.jobs
        status.oldestAskedAt = queues.oldestAskedAt
        status.deadLetters = queues.dead
        status.letters = queues.letters
        guard let problem = queues.problem else { return }
        let region = self.bridge.queueRegion
        let isGone = problem.error.isRetryable
        let text = isGone ? "\(region), where the queues are: \(problem.error)" : "\(problem.what): \(problem.error)"
        status.problems.insert(text, at: 0)
    }

    // MARK: - Slots and room

    /// Asks for what is beside the lists of copies.
    private func askBeside() async -> [News] {
        let bridge = self.bridge
        let pools = bridge.policy.pools
        var questions: [@Sendable () async -> [News]] = []
        if let table = bridge.slotTable, let dynamoDB = try? bridge.session.dynamoDB(region: bridge.queueRegion) {
            let ledger = DynamoDBSlotLedger(
                dynamoDB: dynamoDB,
                table: table,
                settings: SlotTable.Settings(owner: "status"),
                notifier: NotifierGroup([]),
                time: SystemTimeSource()
            )
            for pool in pools {
                questions.append {
                    do throws(AWSError) {
                        let limit = bridge.policy.usableSlots(in: pool)
                        return [
                            .slots(
                                pool,
                                try await Patience.wait(Self.patience) {
                                    try await ledger.slots(in: pool, limit: limit)
                                }
                            )
                        ]
                    } catch {
                        return [.tableProblem(error)]
                    }
                }
            }
        }
        let service = try? RDSSnapshotService(
            session: bridge.session,
            ownAccount: bridge.account,
            policy: bridge.policy
        )
        for destination in bridge.policy.destinations {
            questions.append {
                // A role may lack the permission; then nobody knows how much room there is.
                let quotas = try? await Patience.wait(Self.patience) {
                    try await service?.manualSnapshotQuotas(at: destination)
                }
                return (quotas ?? nil)?.map { kind, quota in
                    .room(SlotPool(destination: destination, kind: kind), .init(used: quota.used, max: quota.max))
                } ?? []
            }
        }
        return await Self.each(questions)
    }

    private func add(_ news: [News], to status: inout FleetStatus) {
        let numbers = Dictionary(status.pools.enumerated().map { ($0.element.pool, $0.offset) }) { first, _ in first }
        var tableProblem: AWSError?
        for item in news {
            switch item {
            case .slots(let pool, let slots): if let number = numbers[pool] { status.pools[number].slots = slots }
            case .room(let pool, let room): if let number = numbers[pool] { status.pools[number].room = room }
            case .tableProblem(let error): tableProblem = error
            }
        }
        guard let tableProblem else { return }
        for number in status.pools.indices { status.pools[number].slots = nil }
        status.problems.append("the slot table \(self.bridge.slotTable ?? ""): \(tableProblem)")
    }

    /// Asks side by side, ``width`` questions at once.
    private static func each(_ questions: [@Sendable () async -> [News]]) async -> [News] {
        await withTaskGroup(of: [News].self) { group in
            var answers: [News] = []
            for (number, question) in questions.enumerated() {
                if number >= Self.width, let answer = await group.next() { answers += answer }
                group.addTask { await question() }
            }
            for await answer in group { answers += answer }
            return answers
        }
    }

    // MARK: - When copies end

    private static func estimate(in status: inout FleetStatus, after last: FleetStatus?) {
        for copy in status.copies {
            guard let start = copy.createdAt else { continue }
            var estimate = last?.estimates[copy.arn] ?? FinishEstimate(start: start)
            estimate.observe(percent: copy.percentProgress, at: status.now)
            status.estimates[copy.arn] = estimate
        }
    }
}

extension FleetStatus {
    /// Looks once.
    static func look(from bridge: OperatorBridge, at now: Instant) async -> FleetStatus {
        await FleetSurvey(bridge).look(at: now)
    }
}
