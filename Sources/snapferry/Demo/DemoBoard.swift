// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What the demo has seen so far, as a value: events go in, the screen and the closing report read it.
struct DemoBoard: Sendable, Equatable {
    /// One line of what happened.
    struct Note: Sendable, Equatable {
        var at: Instant
        /// The worker's name; empty for what happens around the fleet.
        var worker: String
        var tone: Tone
        var text: String
    }

    /// A copy in progress.
    struct Copy: Sendable, Equatable {
        var id: CopyJob.ID
        var target: String
        var percent: Int
        var since: Instant
        /// `nil` while its worker is gone and no other has taken it over.
        var worker: String?
    }

    /// A copy that is done.
    struct Done: Sendable, Equatable {
        var confirmation: ConfirmedCopy
        /// Everybody who had it in hand, in order.
        var workers: [String]
        /// From the start of the copy, whoever started it, to its confirmation.
        var duration: Duration?
    }

    struct WorkerState: Sendable, Equatable {
        enum Condition: Sendable, Equatable { case running, killed(at: Instant), stopped }

        var name: String
        var condition: Condition
        var startedAt: Instant
    }

    /// How many notes are kept for the screen.
    private static let notesKept = 200

    private(set) var workers: [WorkerState] = []
    private(set) var copies: [CopyJob.ID: Copy] = [:]
    private(set) var waiting: Set<CopyJob.ID> = []
    private(set) var done: [CopyJob.ID: Done] = [:]
    private(set) var planned: Set<CopyJob.ID> = []
    private(set) var notes: [Note] = []
    /// How many notes there were, those that are no longer kept included.
    private(set) var notesMade = 0
    private(set) var requeues: [String: Int] = [:]
    private(set) var troubles: [String: Int] = [:]
    private(set) var deadLetters: [String: Int] = [:]
    private(set) var adopted = 0
    private(set) var failedCopies = 0
    /// Who had a job in hand.
    private var hands: [CopyJob.ID: [String]] = [:]
    private var firstStart: [CopyJob.ID: Instant] = [:]

    /// The notes after the first so many.
    func notes(after count: Int) -> ArraySlice<Note> { self.notes.suffix(max(0, self.notesMade - count)) }

    // MARK: - Workers

    mutating func workerStarted(_ name: String, at now: Instant) {
        self.workers.append(WorkerState(name: name, condition: .running, startedAt: now))
        self.note("starts work", .good, by: name, at: now)
    }

    /// Takes a worker off the board; its copies go on in RDS, and nobody watches them.
    mutating func workerKilled(_ name: String, at now: Instant) {
        guard let index = self.workers.firstIndex(where: { $0.name == name && $0.condition == .running }) else {
            return
        }
        self.workers[index].condition = .killed(at: now)
        let orphans = self.copies.filter { $0.value.worker == name }.keys
        for id in orphans { self.copies[id]?.worker = nil }
        let text = orphans.isEmpty ? "killed" : "killed with \(Self.copies(orphans.count)) in hand"
        self.note(text, .bad, by: name, at: now)
    }

    mutating func workerStopped(_ name: String) {
        guard let index = self.workers.firstIndex(where: { $0.name == name && $0.condition == .running }) else {
            return
        }
        self.workers[index].condition = .stopped
    }

    var runningWorkers: [String] { self.workers.filter { $0.condition == .running }.map(\.name) }

    /// How many copies a worker watches.
    func copies(of worker: String) -> Int { self.copies.values.count { $0.worker == worker } }

    // MARK: - Events

    /// Takes in what a worker reports.
    ///
    /// A worker that was killed may still have a word in flight, which nobody hears.
    mutating func note(_ event: FleetEvent, by worker: String, at now: Instant) {
        guard self.runningWorkers.contains(worker) else { return }
        switch event {
        case .planned(let source, let destinations):
            self.planned.formUnion(destinations.map { CopyJob.ID(source: source, destination: $0) })
        case .waiting(let id): self.waiting.insert(id)
        case .started(let id, let target):
            self.begin(id, target: target, by: worker, at: now)
            self.note("started   \(Self.label(id))", .accent, by: worker, at: now)
        case .adopted(let id, let target): self.adopt(id, target: target, by: worker, at: now)
        case .progress(let id, let percent):
            if self.copies[id]?.worker == worker { self.copies[id]?.percent = percent }
        case .confirmed(let confirmation): self.confirm(confirmation, by: worker, at: now)
        case .requeued(let id, let reason, _, let delay):
            self.requeues[reason, default: 0] += 1
            if let id { self.waiting.remove(id) }
            let what = id.map { Self.label($0) } ?? "an event"
            self.note(
                "requeued  \(what): \(reason), again in \(HumanUnits.duration(delay))",
                .warning,
                by: worker,
                at: now
            )
        case .copyFailed(let id, let attempt, _):
            self.failedCopies += 1
            self.copies[id] = nil
            self.note("failed    \(Self.label(id)): RDS gave up (attempt \(attempt))", .warning, by: worker, at: now)
        case .deadLettered(let letter):
            self.deadLetters[letter.reason.rawValue, default: 0] += 1
            self.note("dead letter, \(letter.reason.rawValue): \(letter.detail)", .bad, by: worker, at: now)
        case .trouble(let operation, let trouble): self.trouble(operation, trouble, by: worker, at: now)
        default: self.noteRest(event, by: worker, at: now)
        }
    }

    private mutating func noteRest(_ event: FleetEvent, by worker: String, at now: Instant) {
        switch event {
        case .swept(_, let missing):
            let text = missing == 0 ? "swept: nothing is missing" : "swept: enqueued \(missing) that no event told of"
            self.note(text, .accent, by: worker, at: now)
        case .leaseLost(let id):
            guard let id else { return }
            self.note("left      \(Self.label(id)) to another worker", .faint, by: worker, at: now)
        case .superseded(let id, let newer):
            self.waiting.remove(id)
            self.note("skipped   \(Self.label(id)): \(newer.identifier) is newer", .faint, by: worker, at: now)
        case .limitLowered(let pool, let limit):
            self.note("RDS takes only \(limit) \(pool.kind.rawValue) copies at once", .warning, by: worker, at: now)
        case .snapshotQuotaReached(let pool, _):
            self.note("no more snapshots fit into \(pool.destination.region)", .bad, by: worker, at: now)
        case .snapshotQuotaFreed(let pool, let deleted):
            self.note("deleted \(deleted) old copies in \(pool.destination.region)", .good, by: worker, at: now)
        case .stalled(let id, let percent, _):
            self.note("stalled   \(Self.label(id)) at \(percent ?? 0)%", .warning, by: worker, at: now)
        case .draining(let held): self.note("drains, gives \(held) back", .faint, by: worker, at: now)
        default: break
        }
    }

    /// Writes down what happens around the fleet.
    mutating func narrate(_ text: String, _ tone: Tone = .strong, at now: Instant) {
        self.note(text, tone, by: "", at: now)
    }

    private mutating func begin(_ id: CopyJob.ID, target: String, by worker: String, at now: Instant) {
        self.waiting.remove(id)
        self.copies[id] = Copy(id: id, target: target, percent: 0, since: now, worker: worker)
        self.firstStart[id] = now
        self.take(id, by: worker)
    }

    private mutating func adopt(_ id: CopyJob.ID, target: String, by worker: String, at now: Instant) {
        self.waiting.remove(id)
        // A second message about what is whole already is found whole at once.
        guard self.done[id] == nil else {
            self.note("duplicate \(Self.label(id)): is there already", .faint, by: worker, at: now)
            return
        }
        let before = self.copies[id]
        self.copies[id] = Copy(
            id: id,
            target: target,
            percent: before?.percent ?? 0,
            since: before?.since ?? now,
            worker: worker
        )
        self.take(id, by: worker)
        self.adopted += 1
        let from = self.hands[id]?.last { $0 != worker }
        let text = "adopted   \(Self.label(id))" + (from.map { " from \($0)" } ?? "")
        self.note(text, .good, by: worker, at: now)
    }

    private mutating func confirm(_ confirmation: ConfirmedCopy, by worker: String, at now: Instant) {
        let id = confirmation.job.id
        self.waiting.remove(id)
        self.copies[id] = nil
        guard self.done[id] == nil else {
            self.note("duplicate \(Self.label(id)): is there already", .faint, by: worker, at: now)
            return
        }
        // Whoever finds the copy of a dead worker done has taken it over all the same.
        let before = self.hands[id]?.last.flatMap { $0 == worker ? nil : $0 }
        if before != nil { self.adopted += 1 }
        self.take(id, by: worker)
        let duration = self.firstStart[id].map { now - $0 } ?? confirmation.duration
        self.done[id] = Done(confirmation: confirmation, workers: self.hands[id] ?? [worker], duration: duration)
        let size = HumanUnits.size(gibibytes: confirmation.sizeGiB)
        let text = "confirmed \(Self.label(id)): \(size) in \(HumanUnits.duration(duration))"
        self.note(text + (before.map { ", begun by \($0)" } ?? ""), .good, by: worker, at: now)
    }

    private mutating func trouble(_ operation: String, _ trouble: Trouble, by worker: String, at now: Instant) {
        guard trouble.failureClass != .cancelled else { return }
        self.troubles[trouble.label, default: 0] += 1
        let text = trouble.label == "throttled" ? "RDS throttles \(operation)" : "\(operation): \(trouble.label)"
        self.note(text, .warning, by: worker, at: now)
    }

    private mutating func take(_ id: CopyJob.ID, by worker: String) {
        if self.hands[id]?.last != worker { self.hands[id, default: []].append(worker) }
    }

    private mutating func note(_ text: String, _ tone: Tone, by worker: String, at now: Instant) {
        self.notesMade += 1
        self.notes.append(Note(at: now, worker: worker, tone: tone, text: String(text.excerpt(200))))
        if self.notes.count > Self.notesKept { self.notes.removeFirst(self.notes.count - Self.notesKept) }
    }

    // MARK: - Names

    /// A snapshot for people: `orders 03:10` for an automated one, its own name for any other.
    static func label(_ id: CopyJob.ID) -> String { self.label(id.source.identifier) }

    static func label(_ identifier: String) -> String {
        guard identifier.hasPrefix("rds:") else { return identifier }
        let words = identifier.dropFirst(4).split(separator: "-", omittingEmptySubsequences: false)
        guard words.count > 5, words.suffix(5).allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isNumber) }) else {
            return String(identifier.dropFirst(4))
        }
        return words.dropLast(5).joined(separator: "-") + " " + words.suffix(2).joined(separator: ":")
    }

    private static func copies(_ count: Int) -> String { count == 1 ? "1 copy" : "\(count) copies" }
}
