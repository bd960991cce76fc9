// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The slots of every destination, as a value.
package struct SlotBook: Sendable {
    /// What is known of one slot.
    package struct Entry: Hashable, Sendable {
        /// Whether RDS is known to run the copy; before that the slot is kept for a copy about to be started.
        package var isRunning: Bool
        package var since: Instant
        /// Whether nobody here follows the copy any more.
        package var isDisowned = false
    }

    private struct Pool {
        var entries: [String: Entry] = [:]
        var learned = LearnedLimit()
    }

    private var pools: [SlotPool: Pool] = [:]
    /// How long a new copy may be missing from Describe's answer.
    private let settling: Duration
    /// After how long a copy that RDS does not report was never started; longer than any call to start one can take.
    private let reservation: Duration
    /// After how long a limit that RDS taught us is tried again.
    private let learningFades: Duration

    package init(
        settling: Duration = .seconds(60),
        reservation: Duration = .seconds(900),
        learningFades: Duration = .seconds(3600)
    ) {
        self.settling = settling
        self.reservation = reservation
        self.learningFades = learningFades
    }

    /// The slots of a pool by target.
    package func entries(of pool: SlotPool) -> [String: Entry] { self.pools[pool]?.entries ?? [:] }

    /// The limit in force: the policy's, or less where RDS has said so.
    package func limit(of pool: SlotPool, policy: Int, at now: Instant) -> Int {
        self.pools[pool]?.learned.limit(policy: policy, fades: self.learningFades, at: now) ?? policy
    }

    package mutating func acquire(_ pool: SlotPool, target: String, limit: Int, at now: Instant) -> Bool {
        if let entry = self.pools[pool]?.entries[target] {
            // It may stand for a copy that was in progress beyond the limit, and has ended since.
            guard self.entries(of: pool).count <= limit else { return false }
            if !entry.isRunning { self.pools[pool]?.entries[target]?.since = now }
            self.pools[pool]?.entries[target]?.isDisowned = false
            return true
        }
        guard self.entries(of: pool).count < self.limit(of: pool, policy: limit, at: now) else { return false }
        self.pools[pool, default: Pool()].entries[target] = Entry(isRunning: false, since: now)
        return true
    }

    package mutating func occupy(_ pool: SlotPool, target: String, at now: Instant) {
        self.pools[pool, default: Pool()].entries[target] = Entry(isRunning: true, since: now)
    }

    package mutating func release(_ pool: SlotPool, target: String) {
        self.pools[pool]?.entries[target] = nil
    }

    package mutating func learn(_ pool: SlotPool, limit: Int, at now: Instant) {
        self.pools[pool, default: Pool()].learned.learn(limit, at: now)
    }

    /// Notes that nobody here follows a copy any more; its slot stays until there is evidence.
    package mutating func disown(_ pool: SlotPool, target: String) {
        self.pools[pool]?.entries[target]?.isDisowned = true
    }

    /// The copies whose slots nobody will give back: disowned, or kept for longer than a start can take.
    package func overdue(_ pool: SlotPool, at now: Instant) -> [String] {
        self.entries(of: pool).filter { self.isOverdue($0.value, at: now) }.keys.sorted()
    }

    /// Frees those of the overdue slots whose copies RDS, asked about them by name, does not report in progress.
    package mutating func settle(
        _ pool: SlotPool,
        _ targets: [String],
        inProgress: [String],
        at now: Instant
    ) {
        for target in Set(targets).subtracting(inProgress) {
            guard let entry = self.pools[pool]?.entries[target], self.isOverdue(entry, at: now) else { continue }
            self.pools[pool]?.entries[target] = nil
        }
    }

    private func isOverdue(_ entry: Entry, at now: Instant) -> Bool {
        // What was started a moment ago need not show yet.
        if entry.isDisowned { return now - entry.since >= (entry.isRunning ? self.settling : self.reservation) }
        return !entry.isRunning && now - entry.since >= self.reservation
    }

    /// Agrees the book with what RDS reports.
    ///
    /// Copies that nobody here started take slots too. A running copy that RDS no longer reports has ended; one that
    /// was started a moment ago may not be visible yet, and one that is only about to start can't be. A slot that was
    /// kept for so long that its copy must have shown by now belongs to a worker that died, or could not give it back.
    package mutating func observe(_ pool: SlotPool, inProgress targets: [String], at now: Instant) {
        var state = self.pools[pool] ?? Pool()
        let running = Set(targets)
        state.entries = state.entries.filter { target, entry in
            running.contains(target) || now - entry.since < (entry.isRunning ? self.settling : self.reservation)
        }
        for target in running {
            state.entries[target, default: Entry(isRunning: true, since: now)].isRunning = true
        }
        self.pools[pool] = state
    }
}
