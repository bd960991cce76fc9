// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// What must always hold, told from the world's own state alone.
struct Invariants {
    typealias Violation = (invariant: String, detail: String)

    /// A copy that a route wants.
    struct WantedJob {
        let id: CopyJob.ID
        let target: String
        let isHopeless: Bool
        /// Whether the copy was whole at some time; what people do to it afterwards is theirs.
        var wasAvailable = false
        var isDeadLettered = false
    }

    let pools: [SlotPool]
    private(set) var jobs: [CopyJob.ID: WantedJob] = [:]
    /// By reason; `redrive` for what SQS moved by itself.
    private(set) var deadLetterReasons: [String: Int] = [:]
    private let scenario: Scenario
    private var knownSources: Set<String> = []
    /// What messages carry, by their numbers; a message never changes.
    private var carried: [UInt64: [CopyJob.ID]] = [:]
    private var knownDeadLetters: Set<UInt64> = []

    init(scenario: Scenario) {
        self.scenario = scenario
        self.pools = [Scenario.near, Scenario.far].flatMap { destination in
            SnapshotKind.allCases.map { SlotPool(destination: destination, kind: $0) }
        }
    }

    var unfinishedJobs: [CopyJob.ID] {
        self.jobs.values.filter { !$0.wasAvailable && !$0.isDeadLettered }.map(\.id).sorted()
    }

    /// The fleet's snapshots at a destination, in progress or not.
    func copies(_ world: World, in pool: SlotPool) -> [World.SnapshotSight] {
        world.snapshots(account: pool.destination.account, region: pool.destination.region, kind: pool.kind.model)
            .filter { $0.tags[TagMerge.sourceKey] != nil }
    }

    func copiesInProgress(_ world: World) -> [World.SnapshotSight] {
        self.pools.flatMap { self.copies(world, in: $0) }.filter(\.isRemoteCopyInProgress)
    }

    /// Checks everything.
    mutating func check(_ world: World, _ policy: Policy) -> Violation? {
        self.findWanted(world)
        for pool in self.pools {
            if let violation = self.checkCopies(self.copies(world, in: pool), in: pool, policy) { return violation }
        }
        for kind in SnapshotKind.allCases {
            let home = world.snapshots(account: Scenario.account, region: Scenario.home, kind: kind.model)
            if let copy = home.first(where: { $0.tags[TagMerge.sourceKey] != nil }) {
                return ("no copy of a copy", "\(copy.arn) was copied from \(copy.sourceARN ?? "nowhere")")
            }
        }
        if let violation = self.checkDeadLetters(world) { return violation }
        return self.checkLost(world)
    }

    /// Checks that what could never succeed ended with its reason.
    func checkHopeless() -> Violation? {
        guard let job = self.jobs.values.first(where: { $0.isHopeless && !$0.isDeadLettered }) else { return nil }
        return ("what can't succeed says so", "\(job.id) was not dead-lettered")
    }

    // MARK: - One by one

    private mutating func findWanted(_ world: World) {
        for kind in SnapshotKind.allCases {
            let sources = world.snapshots(account: Scenario.account, region: Scenario.home, kind: kind.model)
            for source in sources where source.status == "available" && source.sourceARN == nil {
                guard self.knownSources.insert(source.arn).inserted, let arn = SnapshotARN(source.arn),
                    let database = self.scenario.databases.first(where: { $0.identifier == source.database })
                else { continue }
                for destination in database.destinations {
                    let id = CopyJob.ID(source: arn, destination: destination)
                    self.jobs[id] = WantedJob(
                        id: id,
                        target: TargetIdentifier.make(for: arn, destination: destination),
                        isHopeless: database.isHopeless
                    )
                }
            }
        }
    }

    private mutating func checkCopies(
        _ copies: [World.SnapshotSight],
        in pool: SlotPool,
        _ policy: Policy
    ) -> Violation? {
        var seen: [String: String] = [:]
        var running = 0
        for copy in copies {
            let source = copy.tags[TagMerge.sourceKey] ?? ""
            if let other = seen.updateValue(copy.arn, forKey: source) {
                return ("one target", "\(source) was copied to \(other) and to \(copy.arn)")
            }
            if copy.isRemoteCopyInProgress { running += 1 }
            guard copy.status == "available", let arn = SnapshotARN(source) else { continue }
            self.jobs[CopyJob.ID(source: arn, destination: pool.destination)]?.wasAvailable = true
        }
        let slots = policy.usableSlots(in: pool)
        guard running > slots else { return nil }
        let names = copies.filter(\.isRemoteCopyInProgress).map(\.arn)
        return ("the quota holds", "\(running) copies in progress in \(pool), where \(slots) may be: \(names)")
    }

    private mutating func checkDeadLetters(_ world: World) -> Violation? {
        for message in world.messages(queueARN: Place.deadLetterARN)
        where self.knownDeadLetters.insert(message.number).inserted {
            let reason = message.attributes[DeadLetterAttribute.reason] ?? "redrive"
            self.deadLetterReasons[reason, default: 0] += 1
            let ids = self.jobs(in: message)
            for id in ids { self.jobs[id]?.isDeadLettered = true }
            let isHopeless = ids.contains { self.jobs[$0]?.isHopeless ?? false }
            guard !self.isExplained(reason, isHopeless: isHopeless) else { continue }
            let detail = message.attributes[DeadLetterAttribute.detail] ?? "received \(message.receiveCount) times"
            return ("waiting is not failing", "dead-lettered as \(reason): \(ids): \(detail); \(message.body)")
        }
        return nil
    }

    /// Whether a run like this may bring a message to the dead-letter queue for this reason.
    private func isExplained(_ reason: String, isHopeless: Bool) -> Bool {
        let faults = self.scenario.faults
        switch reason {
        case DeadLetterReason.kmsKey.rawValue: return isHopeless
        case DeadLetterReason.copyFailed.rawValue: return faults.failedCopies + faults.deletedCopies > 0
        case DeadLetterReason.sourceGone.rawValue: return faults.deletedSources > 0
        case "redrive": return faults.crashes + faults.pauses + faults.drains > 0
        default: return false
        }
    }

    private mutating func checkLost(_ world: World) -> Violation? {
        var open = Set(self.jobs.values.lazy.filter { !$0.wasAvailable && !$0.isDeadLettered }.map(\.id))
        guard !open.isEmpty else { return nil }
        for message in world.messages(queueARN: Place.queueARN) { open.subtract(self.jobs(in: message)) }
        guard let lost = open.min() else { return nil }
        return ("nothing is lost", "no message carries \(lost), and its copy is not available")
    }

    private mutating func jobs(in message: World.MessageSight) -> [CopyJob.ID] {
        if let known = self.carried[message.number] { return known }
        let decoder = SQSMessageDecoder(account: Scenario.account)
        var ids: [CopyJob.ID] = []
        switch decoder.decode(message.body, sentAt: Scenario.start) {
        case .job(let job): ids = [job.id]
        case .snapshot(let event): ids = self.jobs.keys.filter { $0.source == event.arn }.sorted()
        default: break
        }
        self.carried[message.number] = ids
        return ids
    }
}
