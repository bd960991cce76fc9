// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import LocalAWS
import SnapshotFleet

/// Worker cores and the models of AWS together, in virtual time and one thread: the same seed gives the same run.
///
/// Between them is a network that delays, loses and repeats; after every change of the world its state is
/// checked for what must always hold.
package final class Simulation {
    package let scenario: Scenario
    let policy: Policy
    /// How many slots the policy leaves the fleet in each of its pools.
    let slots: [SlotPool: Int]
    let pools: [SlotPool]
    private let isFaultless: Bool
    var random: SplitMix64
    /// For the network alone.
    var network: SplitMix64
    var dice: Dice
    package internal(set) var now = Scenario.start
    var agenda = Agenda()
    var world = World()
    var book = SlotBook()
    var mirror = TableMirror()
    var workers: [SimulatedWorker] = []
    var polls: [LongPoll] = []
    var trace: Trace
    var checks: Invariants
    var measurements = Measurements()
    /// What is wrong for a while.
    var weather = Weather()
    /// The key of each Region, by its id.
    var keys: [String: JSONValue] = [:]
    /// The latest changes of snapshots, which Describe may not know yet.
    var news = DescribeNews()
    /// The snapshots that Describe showed.
    var sightings = Sightings()
    /// What is to be expected of the world: when it next changes by itself, when a message next comes out of hiding, and
    /// whether a receive might bring one now.
    private(set) var outlook: (change: Instant?, visibility: Instant?, mayHaveMessages: Bool) = (nil, nil, false)
    private var outlookIsOld = true
    /// Whether this step may have changed the world.
    var worldWasTouched = true {
        didSet { if self.worldWasTouched { self.outlookIsOld = true } }
    }
    package internal(set) var steps = 0
    var calls = 0
    var foreignCopies = 0
    /// Since when slots are waited for at the end, and when they were last looked at.
    var slotsAwaited: (since: Instant, lookedAt: Instant)?
    /// What was found wrong; the run ends with it.
    var violation: (invariant: String, detail: String)?

    /// Prepares a run.
    ///
    /// - Parameters:
    ///   - scenario: What is run.
    ///   - isReadable: Whether a failure is to tell what led to it.
    ///   - printer: Takes every line of what happens; `nil` for silence.
    package init(_ scenario: Scenario, isReadable: Bool = false, printer: ((String) -> Void)? = nil) {
        self.scenario = scenario
        let policy = scenario.policy
        self.policy = policy
        self.pools = policy.pools
        self.isFaultless = scenario.faults == .none
        self.slots = Dictionary(uniqueKeysWithValues: policy.pools.map { ($0, policy.usableSlots(in: $0)) })
        self.random = SplitMix64(seed: scenario.seed)
        self.network = self.random.split()
        self.dice = Dice(scenario.faults, from: &self.random)
        self.trace = Trace(isReadable: isReadable, printer: printer)
        self.checks = Invariants(scenario: scenario, policy: self.policy)
    }

    /// Runs a scenario; one that fails is run again to tell what led to it.
    ///
    /// - Throws: ``SimulationFailure`` as soon as something does not hold.
    package static func run(_ scenario: Scenario) throws(SimulationFailure) -> SimulationReport {
        do throws(SimulationFailure) {
            return try Simulation(scenario).run()
        } catch {
            return try Simulation(scenario, isReadable: true).run()
        }
    }

    /// Runs to the end.
    ///
    /// - Returns: What became of it.
    /// - Throws: ``SimulationFailure`` as soon as something does not hold.
    package func run() throws(SimulationFailure) -> SimulationReport {
        defer { self.tearDown() }
        self.begin()
        let end = Scenario.start + self.scenario.duration
        let limit = end + self.scenario.patience
        self.agenda.plan(at: end) { [unowned self] in self.endFaults() }
        while self.violation == nil {
            guard self.scenario.patience > .zero || self.now < end else { break }
            guard let next = self.nextMoment else {
                self.violate("everything settles", "nothing will ever happen again; \(self.stateOfFleet)")
                break
            }
            guard next <= limit else {
                self.violate(
                    "everything settles",
                    "not settled \(self.scenario.patience) after the last fault; \(self.stateOfFleet)"
                )
                break
            }
            guard self.steps < self.scenario.stepLimit else {
                self.violate("makes progress", "more than \(self.scenario.stepLimit) steps; \(self.stateOfFleet)")
                break
            }
            self.step(to: next)
            if self.now > end, self.isSettled, self.areSlotsDue {
                self.checkEnd()
                break
            }
        }
        try self.throwViolation()
        return SimulationReport(
            traceHash: self.trace.hash,
            steps: self.steps,
            endedAt: self.now - Scenario.start,
            jobs: self.checks.jobs.count,
            copied: self.checks.jobs.count { $0.availableAt != nil },
            deadLetters: self.checks.deadLetterReasons,
            measurements: self.measurements
        )
    }

    /// Builds the world and starts the workers; ``run()`` does it by itself.
    package func begin() {
        self.buildWorld()
        self.startWorkers()
        self.planPeople()
        self.planWeather()
    }

    /// Takes so many steps, for measuring what one costs.
    ///
    /// - Throws: ``SimulationFailure`` as soon as something does not hold.
    package func takeSteps(_ count: Int) throws(SimulationFailure) {
        for _ in 0..<count {
            guard self.violation == nil, let next = self.nextMoment else { break }
            self.step(to: next)
        }
        try self.throwViolation()
    }

    /// Forgets what is planned, which would keep the simulation alive.
    package func tearDown() {
        self.agenda.removeAll()
        self.polls = []
    }

    private func throwViolation() throws(SimulationFailure) {
        guard let violation = self.violation else { return }
        throw SimulationFailure(
            scenario: self.scenario,
            time: self.now - Scenario.start,
            steps: self.steps,
            invariant: violation.invariant,
            detail: violation.detail,
            trace: self.trace.tail
        )
    }

    /// The moment of the next thing to happen: planned, in the world by itself, or a message that comes out of hiding.
    private var nextMoment: Instant? {
        self.worldWasTouched = false
        self.glance()
        var next = self.agenda.nextDue
        if let change = self.outlook.change { next = min(next ?? change, max(change, self.now)) }
        if !self.polls.isEmpty, let out = self.outlook.visibility {
            next = min(next ?? out, max(out, self.now))
        }
        return next
    }

    /// Looks what is to be expected of the world, if that may have changed.
    func glance() {
        guard self.outlookIsOld else { return }
        self.outlookIsOld = false
        self.outlook = self.world.outlook(queueARN: Place.queueARN)
    }

    /// Whether nothing goes wrong, now or later.
    var isQuiet: Bool { self.isFaultless || !self.dice.isOn }

    private func step(to next: Instant) {
        self.steps += 1
        self.now = max(self.now, next)
        self.trace.mix(UInt64(bitPattern: self.now.microseconds))
        if let change = self.outlook.change, change <= self.now {
            self.world.advance(to: self.now)
            self.worldWasTouched = true
        } else if self.agenda.nextDue == next, let action = self.agenda.pop() {
            action()
        }
        self.servePolls()
        self.checkNow()
    }

    /// Checks what the latest change did; cheap where nothing changed.
    func checkNow() {
        guard self.worldWasTouched, self.violation == nil else { return }
        self.sightings.forget(self.snapshotChanges)
        if self.dice.rate(.describeLag) > 0 { self.news.take(self.world, at: self.now) }
        if let violation = self.checks.check(&self.world, at: self.now) { self.violation = violation }
    }

    /// The snapshots that something happened to and that have not been checked yet.
    var snapshotChanges: [World.SnapshotChange] { Self.snapshotChanges(of: &self.world) }

    /// Asked in place, since a property of a value that a class holds is asked of a copy of it.
    private static func snapshotChanges(of world: inout World) -> [World.SnapshotChange] { world.snapshotChanges }

    func plan(after delay: Duration, _ action: @escaping () -> Void) {
        self.agenda.plan(at: self.now + delay, action)
    }

    func note(_ line: @autoclosure () -> String) { self.trace.add(line(), at: self.now) }

    func violate(_ invariant: String, _ detail: String) {
        if self.violation == nil { self.violation = (invariant, detail) }
    }

    // MARK: - The end

    private func endFaults() {
        self.note("-- faults end --")
        self.dice.isOn = false
        self.endWeather()
        self.world.sqs.duplicateEvery = nil
    }

    /// Whether nothing is left to do: no message but dead letters, no copy in progress, no worker with work in hand.
    private var isSettled: Bool {
        guard self.checks.openJobs == 0, !self.checks.isAnythingRunning,
            self.world.messageCount(queueARN: Place.queueARN) == 0
        else { return false }
        return self.workers.allSatisfy { $0.isUp && $0.core.view.held == 0 && $0.pausedUntil == nil }
    }

    private func checkEnd() {
        self.checkNow()
        for job in self.checks.unfinishedJobs where self.violation == nil {
            self.violate("everything settles", "\(job) was neither copied nor dead-lettered")
        }
        for pool in self.checks.pools where self.violation == nil {
            // Nothing runs anywhere: a look at the truth must free every slot that is left.
            let left = self.slotsLeft(in: pool)
            if !left.isEmpty { self.violate("slots come back", "\(pool) keeps slots for \(left) for ever") }
        }
        if self.violation == nil { self.violation = self.checks.checkHopeless() }
    }

    private var stateOfFleet: String {
        let workers = self.workers.map { worker in
            let view = worker.core.view
            return "\(worker.name) holds \(view.held), waits with \(view.waiting), starts \(view.starting), "
                + "copies \(view.copies.count)"
        }
        let bodies = self.world.messages(queueARN: Place.queueARN).prefix(5).map { $0.body.prefix(300) }
        let open = self.checks.unfinishedJobs.prefix(5)
        return (workers + ["queue: \(bodies)", "open: \(open)"]).joined(separator: "; ")
    }
}
