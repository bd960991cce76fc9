// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import LocalAWS
import SnapshotFleet

/// A fleet and a world in virtual time, in one thread: the same seed gives the same run.
///
/// Workers reach the world over a network that delays, loses and repeats; after every change of the world its state is
/// checked for what must always hold.
package final class Simulation {
    package let scenario: Scenario
    let policy: Policy
    var random: SplitMix64
    /// For the network alone.
    var network: SplitMix64
    var now = Scenario.start
    var agenda = Agenda()
    var world = World()
    var book = SlotBook()
    /// The taken slots, where they are kept in a table.
    var slotItems: [SlotPool: [Int: SlotItem]] = [:]
    var workers: [SimulatedWorker] = []
    var polls: [LongPoll] = []
    var trace = Trace()
    var checks: Invariants
    /// What goes wrong now; nothing once the end has come.
    var faults: FaultRates
    /// Whether the world's state may have changed since it was last checked.
    var isDirty = false
    /// When the world next changes by itself, and when a message next comes out of hiding.
    var worldMoments: (change: Instant?, visibility: Instant?) = (nil, nil)
    /// Whether the two have to be asked for anew.
    var worldWasTouched = true
    var steps = 0
    var requests = 0
    var foreignCopies = 0
    /// What was found wrong; the run ends with it.
    var violation: (invariant: String, detail: String)?

    package init(_ scenario: Scenario) {
        self.scenario = scenario
        self.policy = scenario.policy
        self.random = SplitMix64(seed: scenario.seed)
        self.network = self.random.split()
        self.faults = scenario.faults
        self.checks = Invariants(scenario: scenario)
    }

    /// Runs to the end.
    ///
    /// - Returns: What became of it.
    /// - Throws: ``SimulationFailure`` as soon as something does not hold.
    package func run() throws(SimulationFailure) -> SimulationReport {
        defer {
            self.agenda.removeAll()
            self.polls = []
        }
        self.buildWorld()
        self.startWorkers()
        self.planEnvironment()
        let end = Scenario.start + self.scenario.duration
        let limit = end + self.scenario.patience
        self.agenda.plan(at: end) { [unowned self] in self.endFaults() }
        while self.violation == nil {
            guard let next = self.nextMoment else {
                self.violate("settles", "nothing will ever happen again; \(self.stateOfFleet)")
                break
            }
            guard next <= limit else {
                self.violate(
                    "settles",
                    "not settled \(self.scenario.patience) after the last fault; \(self.stateOfFleet)"
                )
                break
            }
            self.steps += 1
            guard self.steps <= self.scenario.stepLimit else {
                self.violate("makes progress", "more than \(self.scenario.stepLimit) steps; \(self.stateOfFleet)")
                break
            }
            self.step(to: next)
            if self.now > end, self.isSettled {
                self.checkEnd()
                break
            }
        }
        if let violation = self.violation {
            throw SimulationFailure(
                seed: self.scenario.seed,
                time: self.now,
                invariant: violation.invariant,
                detail: violation.detail,
                trace: self.trace.tail
            )
        }
        return SimulationReport(
            traceHash: self.trace.hash,
            steps: self.steps,
            requests: self.requests,
            endedAt: self.now,
            jobs: self.checks.jobs.count,
            copied: self.checks.jobs.values.count { $0.wasAvailable },
            deadLetters: self.checks.deadLetterReasons
        )
    }

    /// The moment of the next thing to happen: planned, in the world by itself, or a message that comes out of hiding.
    private var nextMoment: Instant? {
        if self.worldWasTouched {
            self.worldWasTouched = false
            self.worldMoments = (self.world.nextChange, self.world.nextVisibility(queueARN: Place.queueARN))
        }
        var next = self.agenda.nextDue
        if let change = self.worldMoments.change { next = min(next ?? change, max(change, self.now)) }
        if !self.polls.isEmpty, let out = self.worldMoments.visibility {
            next = min(next ?? out, max(out, self.now))
        }
        return next
    }

    private func step(to next: Instant) {
        self.now = max(self.now, next)
        if let change = self.worldMoments.change, change <= self.now {
            self.world.advance(to: self.now)
            self.worldWasTouched = true
            self.isDirty = true
        } else if self.agenda.nextDue == next, let action = self.agenda.pop() {
            action()
        }
        self.servePolls()
        guard self.isDirty, self.violation == nil else { return }
        self.isDirty = false
        if let violation = self.checks.check(self.world, self.policy) { self.violation = violation }
    }

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
        self.faults = .none
        self.faults.finishedCopiesRaiseCreated = self.scenario.faults.finishedCopiesRaiseCreated
        self.world.sqs.duplicateEvery = nil
        self.world.rds.settings.failEveryNthCopy = 0
    }

    /// Whether nothing is left to do: no message but dead letters, no copy in progress, no worker with work in hand.
    private var isSettled: Bool {
        guard self.workers.allSatisfy({ $0.isUp && $0.core.view.held == 0 && $0.pausedUntil == nil }) else {
            return false
        }
        // Whoever is alive frees what dead workers left in the table, though nothing is due any more.
        guard self.slotItems.values.allSatisfy(\.isEmpty) else { return false }
        return self.world.messages(queueARN: Place.queueARN).isEmpty && self.checks.copiesInProgress(self.world).isEmpty
    }

    private func checkEnd() {
        self.violation = self.violation ?? self.checks.check(self.world, self.policy)
        for job in self.checks.unfinishedJobs where self.violation == nil {
            self.violate("everything settles", "\(job) was neither copied nor dead-lettered")
        }
        for pool in self.checks.pools where self.violation == nil {
            // Nothing runs anywhere: a look at the truth must free every slot that is left.
            self.book.observe(pool, inProgress: [], at: self.now + .seconds(3600))
            let left = self.book.entries(of: pool).keys.sorted()
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
        let bodies = self.world.messages(queueARN: Place.queueARN).map { $0.body.prefix(300) }
        let slots = self.slotItems.values.flatMap(\.values).map(\.target).sorted()
        return (workers + ["queue: \(bodies)", "slots: \(slots)"]).joined(separator: "; ")
    }
}

/// What a run came to.
package struct SimulationReport: Sendable, Equatable {
    /// Two runs with the same hash did the same.
    package let traceHash: UInt64
    package let steps: Int
    package let requests: Int
    package let endedAt: Instant
    /// How many copies were wanted.
    package let jobs: Int
    /// How many of them were made.
    package let copied: Int
    /// How many messages are in the dead-letter queue, by reason; `redrive` for those that SQS moved itself.
    package let deadLetters: [String: Int]
}

/// Something did not hold.
package struct SimulationFailure: Error, CustomStringConvertible {
    package let seed: UInt64
    package let time: Instant
    /// Which one, in a few words.
    package let invariant: String
    package let detail: String
    /// The last lines of what happened, oldest first.
    package let trace: [String]

    package var description: String {
        """
        seed \(self.seed), at \(self.time.iso8601): "\(self.invariant)" does not hold: \(self.detail)
        \(self.trace.map { "    " + $0 }.joined(separator: "\n"))
        """
    }
}
