// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// What must always hold, told from the world's own state alone.
///
/// After every step only what the step changed is looked at, so that a step costs the same however much there is.
struct Invariants {
    typealias Violation = (invariant: String, detail: String)

    /// A copy that a route wants.
    struct WantedJob {
        let id: CopyJob.ID
        let target: String
        let isHopeless: Bool
        /// When the copy was first whole; what people do to it afterwards is theirs.
        var availableAt: Instant?
        var isDeadLettered = false
        /// How many messages on the queue carry it.
        var carriers = 0

        var isOpen: Bool { self.availableAt == nil && !self.isDeadLettered }
    }

    let pools: [SlotPool]
    /// How many slots the policy leaves the fleet.
    let slots: [SlotPool: Int]
    private(set) var jobs: [WantedJob] = []
    /// Jobs that were neither copied nor dead-lettered.
    private(set) var openJobs = 0
    /// By reason; `redrive` for what SQS moved by itself.
    private(set) var deadLetterReasons: [String: Int] = [:]
    /// The copies of the fleet that are in progress.
    private(set) var running: [SlotPool: Set<String>] = [:]

    private let scenario: Scenario
    private let databases: [String: Scenario.Database]
    private let decoder = SQSMessageDecoder(account: Scenario.account)
    private var places: [CopyJob.ID: Int] = [:]
    private var jobsBySource: [String: [Int]] = [:]
    private var knownSources: Set<String> = []
    /// Which jobs the messages on the queue carry.
    private var carried: [UInt64: [Int]] = [:]
    /// The fleet's copies that exist, and of what, by destination.
    private var copies: [SlotPool: [String: String]] = [:]
    private var copiesOf: [SlotPool: [String: String]] = [:]
    /// Jobs whose last message may have gone in this step.
    private var suspects: [Int] = []

    init(scenario: Scenario, policy: Policy) {
        self.scenario = scenario
        self.databases = Dictionary(uniqueKeysWithValues: scenario.databases.map { ($0.identifier, $0) })
        self.pools = [Scenario.near, Scenario.far].flatMap { destination in
            SnapshotKind.allCases.map { SlotPool(destination: destination, kind: $0) }
        }
        self.slots = Dictionary(uniqueKeysWithValues: self.pools.map { ($0, policy.usableSlots(in: $0)) })
    }

    var unfinishedJobs: [CopyJob.ID] { self.jobs.filter(\.isOpen).map(\.id).sorted() }
    var isAnythingRunning: Bool { self.running.contains { !$0.value.isEmpty } }
    var targetsOfCopies: [(pool: SlotPool, target: String)] {
        self.pools.flatMap { pool in (self.copies[pool] ?? [:]).keys.sorted().map { (pool, $0) } }
    }
    /// The targets that are wanted and not there.
    var targetsToCome: [CopyJob.ID] { self.jobs.filter(\.isOpen).map(\.id) }

    /// When the copy of a job was whole.
    func availability(of id: CopyJob.ID) -> Instant? { self.places[id].flatMap { self.jobs[$0].availableAt } }

    /// The job that a target is to hold the copy of.
    func wanted(target: String, in pool: SlotPool) -> CopyJob.ID? {
        self.jobs.first {
            $0.target == target && $0.id.destination == pool.destination && $0.id.source.kind == pool.kind
        }?.id
    }

    func target(of id: CopyJob.ID) -> String? { self.places[id].map { self.jobs[$0].target } }

    /// Takes in what a step did.
    mutating func check(_ world: inout World, at now: Instant) -> Violation? {
        for change in world.takeSnapshotChanges() {
            if let violation = self.take(change, at: now) { return violation }
        }
        for change in world.takeMessageChanges(queueARN: Place.queueARN) { self.take(change) }
        for change in world.takeMessageChanges(queueARN: Place.deadLetterARN) {
            if let message = change.message, let violation = self.takeDeadLetter(message) { return violation }
        }
        return self.checkSuspects()
    }

    /// Checks that what could never succeed ended with its reason.
    func checkHopeless() -> Violation? {
        guard let job = self.jobs.first(where: { $0.isHopeless && !$0.isDeadLettered }) else { return nil }
        return ("what can't succeed says so", "\(job.id) was not dead-lettered")
    }

    /// Checks a deletion by a worker: only failed targets of ours, or copies that a newer one outdates.
    func checkDeletion(_ snapshot: World.SnapshotSight) -> Violation? {
        guard let source = snapshot.tag(TagMerge.sourceKey) else {
            return ("pruning can't hurt", "\(snapshot.arn) is none of the fleet's, and was deleted")
        }
        guard snapshot.status == "available" else { return nil }
        return ("pruning can't hurt", "\(snapshot.arn), the available copy of \(source), was deleted")
    }

    // MARK: - Snapshots

    private mutating func take(_ change: World.SnapshotChange, at now: Instant) -> Violation? {
        let kind: SnapshotKind = change.kind == .instance ? .instance : .cluster
        if change.region == Scenario.home { return self.takeSource(change.snapshot) }
        let pool = SlotPool(
            destination: Destination(account: Scenario.account, region: change.region),
            kind: kind
        )
        guard let copy = change.snapshot, let source = copy.tag(TagMerge.sourceKey) else {
            self.forget(change.identifier, in: pool)
            return nil
        }
        if self.copies[pool]?[change.identifier] == nil {
            if let other = self.copiesOf[pool]?[source] {
                return ("one target", "\(source) was copied to \(other) and to \(change.identifier)")
            }
            self.copies[pool, default: [:]][change.identifier] = source
            self.copiesOf[pool, default: [:]][source] = change.identifier
        }
        guard copy.isRemoteCopyInProgress else {
            self.running[pool]?.remove(change.identifier)
            if copy.status == "available" { self.arrived(source, in: pool, at: now) }
            return nil
        }
        self.running[pool, default: []].insert(change.identifier)
        let slots = self.slots[pool] ?? 0
        guard let running = self.running[pool], running.count > slots else { return nil }
        let names = running.sorted().joined(separator: ", ")
        return ("the quota holds", "\(running.count) copies in progress in \(pool), where \(slots) may be: \(names)")
    }

    private mutating func forget(_ identifier: String, in pool: SlotPool) {
        self.running[pool]?.remove(identifier)
        if let source = self.copies[pool]?.removeValue(forKey: identifier) { self.copiesOf[pool]?[source] = nil }
    }

    private mutating func arrived(_ source: String, in pool: SlotPool, at now: Instant) {
        guard let arn = SnapshotARN(source),
            let place = self.places[CopyJob.ID(source: arn, destination: pool.destination)]
        else { return }
        if self.jobs[place].isOpen { self.openJobs -= 1 }
        if self.jobs[place].availableAt == nil { self.jobs[place].availableAt = now }
    }

    private mutating func takeSource(_ source: World.SnapshotSight?) -> Violation? {
        guard let source else { return nil }
        if source.tag(TagMerge.sourceKey) != nil {
            return ("no copy of a copy", "\(source.arn) was copied from \(source.sourceARN ?? "nowhere")")
        }
        guard source.status == "available", source.sourceARN == nil, self.knownSources.insert(source.arn).inserted,
            let arn = SnapshotARN(source.arn), let database = self.databases[source.database]
        else { return nil }
        for destination in database.destinations {
            let id = CopyJob.ID(source: arn, destination: destination)
            self.places[id] = self.jobs.count
            self.jobsBySource[source.arn, default: []].append(self.jobs.count)
            self.suspects.append(self.jobs.count)
            self.openJobs += 1
            self.jobs.append(
                WantedJob(
                    id: id,
                    target: TargetIdentifier.make(for: arn, destination: destination),
                    isHopeless: database.isHopeless
                )
            )
        }
        return nil
    }

    // MARK: - Messages

    private mutating func take(_ change: World.MessageChange) {
        guard let message = change.message else {
            for place in self.carried.removeValue(forKey: change.number) ?? [] {
                self.jobs[place].carriers -= 1
                if self.jobs[place].carriers == 0 { self.suspects.append(place) }
            }
            return
        }
        guard self.carried[change.number] == nil else { return }
        let places = self.jobs(in: message.body)
        for place in places { self.jobs[place].carriers += 1 }
        self.carried[change.number] = places
    }

    private func jobs(in body: String) -> [Int] {
        switch self.decoder.decode(body, sentAt: Scenario.start) {
        case .job(let job): self.places[job.id].map { [$0] } ?? []
        case .snapshot(let event): self.jobsBySource[event.arn.description] ?? []
        default: []
        }
    }

    private mutating func takeDeadLetter(_ message: World.MessageSight) -> Violation? {
        let reason = message.attributes[DeadLetterAttribute.reason] ?? "redrive"
        self.deadLetterReasons[reason, default: 0] += 1
        let places = self.jobs(in: message.body)
        for place in places {
            if self.jobs[place].isOpen { self.openJobs -= 1 }
            self.jobs[place].isDeadLettered = true
        }
        guard !self.isExplained(reason, isHopeless: places.contains { self.jobs[$0].isHopeless }) else { return nil }
        let detail = message.attributes[DeadLetterAttribute.detail] ?? "received \(message.receiveCount) times"
        let ids = places.map { self.jobs[$0].id }
        return ("waiting is not failing", "dead-lettered as \(reason): \(ids): \(detail); \(message.body)")
    }

    /// Whether a run like this may bring a message to the dead-letter queue for this reason.
    private func isExplained(_ reason: String, isHopeless: Bool) -> Bool {
        func anyOf(_ faults: Fault...) -> Bool { faults.contains { self.scenario.faults[$0] > 0 } }
        return switch reason {
        case DeadLetterReason.kmsKey.rawValue: isHopeless || anyOf(.disabledKeys)
        case DeadLetterReason.copyFailed.rawValue:
            anyOf(.failedCopies, .deletedCopies, .stalledCopies, .deletedSources, .agedSources)
        case DeadLetterReason.sourceGone.rawValue: anyOf(.deletedSources, .agedSources)
        case DeadLetterReason.nameTaken.rawValue: anyOf(.takenNames)
        case "redrive": anyOf(.crashes, .pauses, .drains)
        default: false
        }
    }

    /// Nothing is lost: a job that is open is carried by a message.
    private mutating func checkSuspects() -> Violation? {
        guard !self.suspects.isEmpty else { return nil }
        defer { self.suspects.removeAll(keepingCapacity: true) }
        for place in self.suspects where self.jobs[place].isOpen && self.jobs[place].carriers == 0 {
            return ("nothing is lost", "no message carries \(self.jobs[place].id), and its copy is not available")
        }
        return nil
    }
}
