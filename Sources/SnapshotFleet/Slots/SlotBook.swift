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
    }

    private struct Pool {
        var entries: [String: Entry] = [:]
        /// What RDS said, and when; it may have been raised since.
        var learned: (limit: Int, at: Instant)?
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
        guard let learned = self.pools[pool]?.learned, now - learned.at < self.learningFades else { return policy }
        return min(policy, learned.limit)
    }

    package mutating func acquire(_ pool: SlotPool, target: String, limit: Int, at now: Instant) -> Bool {
        if let entry = self.pools[pool]?.entries[target] {
            if !entry.isRunning { self.pools[pool]?.entries[target]?.since = now }
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
        self.pools[pool, default: Pool()].learned = (limit, now)
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
            state.entries[target] = Entry(isRunning: true, since: state.entries[target]?.since ?? now)
        }
        self.pools[pool] = state
    }
}
