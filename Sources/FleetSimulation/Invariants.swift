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
        let database: String
        /// When the data was taken.
        let takenAt: Instant
        let isHopeless: Bool
        /// When the copy was first whole; what people do to it afterwards is theirs.
        var availableAt: Instant?
        var isDeadLettered = false
        /// Whether the copy is whole now.
        var isWhole = false
        /// When it was whole last, where it is no more.
        var wholeUntil: Instant?
        /// How often a copy failed or vanished.
        var failures = 0
        /// How often RDS refused the copy for want of a key that no wait will bring.
        var refusals = 0
        /// How many messages on the queue carry it.
        var carriers = 0

        var isOpen: Bool { self.availableAt == nil && !self.isDeadLettered }
    }

    /// A copy of the fleet's that exists.
    private struct Copy {
        let source: String
        /// Where the job is that it was made for; `nil` for none that is wanted.
        let place: Int?
        var hasFailed = false
        /// When people asked for it to be kept; `nil` when nobody did.
        var heldSince: Instant?
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

    let scenario: Scenario
    private let copyAttempts = CoreSettings(ownAccount: Scenario.account).copyAttempts
    private let databases: [String: Scenario.Database]
    private let decoder = SQSMessageDecoder(account: Scenario.account)
    private(set) var places: [CopyJob.ID: Int] = [:]
    private var jobsBySource: [String: [Int]] = [:]
    private var knownSources: Set<String> = []
    /// Which jobs the messages on the queue carry.
    private var carried: [UInt64: [Int]] = [:]
    /// The fleet's copies that exist, by destination.
    private var copies: [SlotPool: [String: Copy]] = [:]
    private var copiesOf: [SlotPool: [String: String]] = [:]
    /// Jobs whose last message may have gone in this step.
    private var suspects: [Int] = []
    /// How often a copy that can't succeed may be tried: probes of an open circuit, requests that arrive twice, and duplicates
    /// of its message come on top of the one attempt that it needs.
    private static let mostRefusals = 10

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
    /// Of the copies that are whole, the one that was so last.
    var latestCopy: WantedJob? {
        self.jobs.filter(\.isWhole).max { ($0.availableAt ?? Scenario.start) < ($1.availableAt ?? Scenario.start) }
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

    /// Takes note that RDS refused to copy for want of a key; where there never will be one, few attempts must do.
    mutating func takeRefusal(of source: String) -> Violation? {
        for place in self.jobsBySource[source] ?? [] where self.jobs[place].isHopeless {
            self.jobs[place].refusals += 1
            let refusals = self.jobs[place].refusals
            guard refusals > Self.mostRefusals else { continue }
            return ("what can't succeed says so", "\(self.jobs[place].id) was refused \(refusals) times")
        }
        return nil
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
            self.forget(change.identifier, in: pool, at: now)
            return nil
        }
        if self.copies[pool]?[change.identifier] == nil,
            let violation = self.begin(change.identifier, of: source, in: pool)
        {
            return violation
        }
        guard copy.isRemoteCopyInProgress else {
            self.running[pool]?.remove(change.identifier)
            switch copy.status {
            case "available": self.arrived(change.identifier, in: pool, at: now)
            case "failed": self.failed(change.identifier, in: pool)
            default: break
            }
            return nil
        }
        self.running[pool, default: []].insert(change.identifier)
        let slots = self.slots[pool] ?? 0
        guard let running = self.running[pool], running.count > slots else { return nil }
        let names = running.sorted().joined(separator: ", ")
        return ("the quota holds", "\(running.count) copies in progress in \(pool), where \(slots) may be: \(names)")
    }

    private mutating func begin(_ identifier: String, of source: String, in pool: SlotPool) -> Violation? {
        if let other = self.copiesOf[pool]?[source] {
            return ("one target", "\(source) was copied to \(other) and to \(identifier)")
        }
        guard self.knownSources.contains(source) else {
            return ("no copy of a copy", "\(identifier) in \(pool) was copied from \(source), which is no new snapshot")
        }
        let place = SnapshotARN(source).flatMap { arn in
            self.places[CopyJob.ID(source: arn, destination: pool.destination)]
        }
        self.copies[pool, default: [:]][identifier] = Copy(source: source, place: place)
        self.copiesOf[pool, default: [:]][source] = identifier
        return nil
    }

    private mutating func arrived(_ identifier: String, in pool: SlotPool, at now: Instant) {
        guard let place = self.copies[pool]?[identifier]?.place else { return }
        if self.jobs[place].isOpen { self.openJobs -= 1 }
        if self.jobs[place].availableAt == nil { self.jobs[place].availableAt = now }
        self.jobs[place].isWhole = true
    }

    private mutating func failed(_ identifier: String, in pool: SlotPool) {
        guard let copy = self.copies[pool]?[identifier], !copy.hasFailed else { return }
        self.copies[pool]?[identifier]?.hasFailed = true
        if let place = copy.place { self.jobs[place].failures += 1 }
    }

    private mutating func forget(_ identifier: String, in pool: SlotPool, at now: Instant) {
        self.running[pool]?.remove(identifier)
        guard let copy = self.copies[pool]?.removeValue(forKey: identifier) else { return }
        self.copiesOf[pool]?[copy.source] = nil
        guard let place = copy.place else { return }
        if !copy.hasFailed { self.jobs[place].failures += 1 }
        guard self.jobs[place].isWhole else { return }
        self.jobs[place].isWhole = false
        self.jobs[place].wholeUntil = now
    }

    /// Notes that people asked for a copy to be kept.
    mutating func takeHold(on identifier: String, in pool: SlotPool, at now: Instant) {
        if self.copies[pool]?[identifier]?.heldSince == nil { self.copies[pool]?[identifier]?.heldSince = now }
    }

    /// Since when people ask for a copy to be kept; `nil` when nobody does.
    func heldSince(_ identifier: String, in pool: SlotPool) -> Instant? { self.copies[pool]?[identifier]?.heldSince }

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
                    database: source.database,
                    takenAt: source.originallyCreated,
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
        let detail = message.attributes[DeadLetterAttribute.detail] ?? "received \(message.receiveCount) times"
        let ids = places.map { self.jobs[$0].id }
        if reason == DeadLetterReason.copyFailed.rawValue,
            !places.contains(where: { self.jobs[$0].failures >= self.copyAttempts })
        {
            return ("a failure counts once", "dead-lettered as \(reason): \(ids): \(detail), which it did not")
        }
        guard !self.isExplained(reason, isHopeless: places.contains { self.jobs[$0].isHopeless }) else { return nil }
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
