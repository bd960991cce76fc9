// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What one process knows of a pool's slots in a table that many share, and what it would write next.
///
/// Whatever it believes may be out of date. Every write it proposes is conditional on what it has read, so being wrong
/// costs a round trip and never a slot. Only ``observe(_:at:)`` frees what somebody else holds.
package struct SlotTable: Sendable {
    /// The times and the name a process works with.
    package struct Settings: Sendable {
        /// Names this process among the owners; no two processes may share it.
        package var owner: String
        /// How long a lease lasts; far longer than clocks differ.
        package var lease: Duration
        /// How long a new copy may be missing from Describe's answer.
        package var settling: Duration = .seconds(60)
        /// After how long a limit that RDS taught us is tried again.
        package var learningFades: Duration = .seconds(3600)
        /// How many slots are read at least: more than the limit, since that may have been lowered.
        package var leastReach = 20
        /// How long what was read is taken for a good guess.
        package var viewLife: Duration = .seconds(30)

        package init(owner: String, lease: Duration = .seconds(1800)) {
            self.owner = owner
            self.lease = lease
        }
    }

    /// What to do next to get a slot.
    package enum Step: Hashable, Sendable {
        /// Read the items, then ask again.
        case read
        case write(SlotWrite)
        case refused
    }

    /// A slot that this process took.
    struct Holding: Sendable {
        var item: SlotItem
        /// Whether this process knows that the copy runs; the item says so from the next renewal on.
        var isRunning: Bool
        var since: Instant
        /// Whether another process's copy ran in it when it was taken, and may run still.
        var isBorrowed: Bool
    }

    let settings: Settings
    /// The taken slots by number, as last seen.
    package private(set) var items: [Int: SlotItem] = [:]
    /// Slots that a write of this process is on its way to.
    private var pending: Set<Int> = []
    /// Copies in progress that no item stands for: somebody else's.
    private var foreign: Set<String> = []
    /// What RDS said, and when; it may have been raised since.
    private var learned: (limit: Int, at: Instant)?
    /// How many slots were read, and when.
    private var read: (reach: Int, at: Instant)?
    /// Since when a running item has been seen at its version.
    private var witnessed: [Int: (version: Int64, since: Instant)] = [:]
    var holdings: [String: Holding] = [:]
    /// Slots whose release met an error.
    var unreleased: [SlotItem] = []

    package init(settings: Settings) { self.settings = settings }

    // MARK: - Reading

    /// How many slots have to be read to see them all.
    package func reach(limit: Int) -> Int { max(limit, self.read?.reach ?? 0, self.settings.leastReach) }

    /// Takes in what is in the first `reach` slots.
    package mutating func take(_ items: [SlotItem], reach: Int, at now: Instant) {
        self.items = Dictionary(items.map { ($0.number, $0) }) { first, _ in first }
        self.read = (reach, now)
        self.witnessed = self.items.filter(\.value.isRunning).mapValues { item in
            let known = self.witnessed[item.number]
            return (item.version, known?.version == item.version ? known?.since ?? now : now)
        }
    }

    private func isKnown(limit: Int, at now: Instant) -> Bool {
        guard let read = self.read else { return false }
        return read.reach >= limit && now - read.at < self.settings.viewLife
    }

    // MARK: - Taking

    /// The limit in force: the policy's, or less where RDS has said so.
    package func limit(policy: Int, at now: Instant) -> Int {
        guard let learned = self.learned, now - learned.at < self.settings.learningFades else { return policy }
        return min(policy, learned.limit)
    }

    /// Notes that RDS refused more than `limit` copies.
    package mutating func learn(limit: Int, at now: Instant) { self.learned = (limit, now) }

    /// What to do next to get a slot for a copy.
    ///
    /// - Parameters:
    ///   - target: The copy. A slot that is held for it already, by whomever, is taken over: it is the same copy.
    ///   - limit: How many the policy allows.
    ///   - isFresh: Whether the items were read for this very question; a slot is never refused on an old reading.
    ///   - now: The present moment.
    /// - Returns: The step; tell what came of a write with ``done(_:at:)``, ``missed(_:found:at:)`` or ``failed(_:)``.
    package mutating func acquire(_ target: String, limit: Int, isFresh: Bool, at now: Instant) -> Step {
        guard isFresh || self.isKnown(limit: limit, at: now) else { return .read }
        if let item = self.item(for: target) {
            let expires = now + self.settings.lease
            let next = item.renewed(by: self.settings.owner, until: expires, isRunning: item.isRunning)
            return .write(.replace(next, from: item.version))
        }
        guard let number = self.freeNumber(for: target, limit: limit, at: now) else {
            return isFresh ? .refused : .read
        }
        return .write(.put(self.newItem(number, target, isRunning: false, at: now)))
    }

    /// What to do next to have a slot for a copy that runs, whatever the limit is; `refused` when all are taken.
    package mutating func occupy(_ target: String, isFresh: Bool, at now: Instant) -> Step {
        guard isFresh || self.isKnown(limit: 0, at: now) else { return .read }
        if let item = self.item(for: target) {
            let next = item.renewed(by: self.settings.owner, until: now + self.settings.lease, isRunning: true)
            return .write(.replace(next, from: item.version))
        }
        guard isFresh else { return .read }
        let reach = self.reach(limit: 0)
        guard let number = (0..<reach).first(where: { self.items[$0] == nil && !self.pending.contains($0) }) else {
            self.foreign.insert(target)
            return .refused
        }
        return .write(.put(self.newItem(number, target, isRunning: true, at: now)))
    }

    /// Notes that the copy of a slot held here runs.
    ///
    /// - Returns: Whether it is held here; the table learns of it with the next renewal.
    package mutating func noteRunning(_ target: String, at now: Instant) -> Bool {
        guard let holding = self.holdings[target], holding.item.expires > now else { return false }
        if !holding.isRunning { self.holdings[target]?.since = now }
        self.holdings[target]?.isRunning = true
        self.holdings[target]?.isBorrowed = false
        return true
    }

    private func item(for target: String) -> SlotItem? {
        self.items.values.filter { $0.target == target }.min { $0.number < $1.number }
    }

    /// A version starts at the time, so that a slot taken anew never has one that it had before.
    private mutating func newItem(_ number: Int, _ target: String, isRunning: Bool, at now: Instant) -> SlotItem {
        self.pending.insert(number)
        return SlotItem(
            number: number,
            target: target,
            owner: self.settings.owner,
            expires: now + self.settings.lease,
            version: max(1, now.microseconds),
            isRunning: isRunning
        )
    }

    /// The lowest free slot that may be taken.
    ///
    /// Only the first slots may be, as many as the limit leaves beside those taken further up: so two processes that
    /// race with the same knowledge can't exceed it together, though each sees room for one more.
    private func freeNumber(for target: String, limit: Int, at now: Instant) -> Int? {
        let others = self.foreign.subtracting(self.items.values.map(\.target)).subtracting([target])
        let allowed = self.limit(policy: limit, at: now) - others.count
        let taken = self.pending.union(self.items.keys)
        var end = allowed
        while end > 0, end + taken.count(where: { $0 >= end }) > allowed { end -= 1 }
        return (0..<max(0, end)).first { !taken.contains($0) }
    }

    // MARK: - What came of a write

    /// Notes that a write took place.
    package mutating func done(_ write: SlotWrite, at now: Instant) {
        let item = write.item
        self.pending.remove(item.number)
        if case .delete = write {
            self.items[item.number] = nil
            return
        }
        let before = self.items[item.number]
        self.items[item.number] = item
        guard item.owner == self.settings.owner else { return }
        self.foreign.remove(item.target)
        let old = self.holdings[item.target]
        let wasAnothers = before.map { $0.isRunning && $0.owner != self.settings.owner } ?? false
        self.holdings[item.target] = Holding(
            item: item,
            isRunning: old?.isRunning ?? false,
            since: old?.since ?? now,
            isBorrowed: old?.isBorrowed ?? wasAnothers
        )
    }

    /// Notes that a write's condition did not hold.
    ///
    /// - Parameters:
    ///   - write: The write.
    ///   - found: What stood in the way; `nil` for a slot that is free.
    ///   - now: The present moment.
    /// - Returns: Whether the write had taken place all the same: an earlier attempt whose answer was lost.
    package mutating func missed(_ write: SlotWrite, found: SlotItem?, at now: Instant) -> Bool {
        if case .delete = write {
        } else if let found, found.isWriting(of: write.item) {
            self.done(write, at: now)
            return true
        }
        self.pending.remove(write.item.number)
        self.items[write.item.number] = found
        return false
    }

    /// Notes that nobody knows what came of a write; what was read counts for nothing any more.
    package mutating func failed(_ write: SlotWrite) {
        self.pending.remove(write.item.number)
        self.read = nil
    }

    // MARK: - Releasing

    /// Gives up the slot of a copy that runs no longer.
    ///
    /// - Returns: The deletion to carry out; `nil` when nothing is held here, or when another process's copy may run in
    ///   the slot, which then stays for that process or for ``observe(_:at:)`` to free.
    package mutating func release(_ target: String) -> SlotWrite? {
        self.foreign.remove(target)
        if let holding = self.holdings.removeValue(forKey: target) {
            return holding.isBorrowed ? nil : .delete(holding.item)
        }
        return self.item(for: target).flatMap { $0.owner == self.settings.owner ? .delete($0) : nil }
    }

    /// What to try next when a deletion missed: a renewal of this process's own may have come between.
    package func releaseAgain(_ target: String, found: SlotItem?) -> SlotWrite? {
        guard let found, found.target == target, found.owner == self.settings.owner, self.holdings[target] == nil
        else { return nil }
        return .delete(found)
    }

    // MARK: - Evidence

    /// Agrees the table, read just now, with what RDS reports.
    ///
    /// An item whose copy RDS does not report in progress is freed once its lease has ended; one that was known to run
    /// is freed before that, since its copy has ended, if it has been known for long enough that RDS must have shown it.
    /// A lease that has ended while the copy runs is renewed on its owner's behalf. Copies without an item are others'.
    ///
    /// - Returns: The writes to carry out; any of them may miss, which is fine.
    package mutating func observe(_ inProgress: Set<String>, at now: Instant) -> [SlotWrite] {
        self.foreign = inProgress.subtracting(self.items.values.map(\.target))
        var writes: [SlotWrite] = []
        for item in self.items.values.sorted(by: { $0.number < $1.number }) {
            if inProgress.contains(item.target) {
                guard item.expires <= now else { continue }
                let next = item.renewed(until: now + self.settings.lease, isRunning: true)
                writes.append(.replace(next, from: item.version))
            } else if item.expires <= now || self.hasEnded(item, at: now) {
                if self.isHeld(item) { self.holdings[item.target] = nil }
                writes.append(.delete(item))
            }
        }
        return writes
    }

    private func isHeld(_ item: SlotItem) -> Bool {
        self.holdings[item.target]?.item.number == item.number
            && self.holdings[item.target]?.item.version == item.version
    }

    /// Whether a copy that RDS does not report must have been visible before, had it still run.
    private func hasEnded(_ item: SlotItem, at now: Instant) -> Bool {
        if self.isHeld(item), let holding = self.holdings[item.target] {
            return holding.isRunning && now - holding.since >= self.settings.settling
        }
        // The version was there before RDS was asked, and said that the copy ran: no clock but this process's matters.
        guard item.isRunning, let witness = self.witnessed[item.number], witness.version == item.version else {
            return false
        }
        return now - witness.since >= self.settings.settling
    }

    // MARK: - Renewing

    /// The writes that renew the leases of the running copies held here, once a third of the lease is left.
    ///
    /// A slot whose copy did not start in all that time is let go: the lease ends, and evidence frees it.
    package func renewals(at now: Instant) -> [SlotWrite] {
        self.holdings.values
            .filter { $0.isRunning && $0.item.expires - now <= self.settings.lease / 3 }
            .sorted { $0.item.number < $1.item.number }
            .map { holding in
                let next = holding.item.renewed(until: now + self.settings.lease, isRunning: true)
                return .replace(next, from: holding.item.version)
            }
    }

    /// Notes that a renewal took place, unless the slot was given up meanwhile.
    package mutating func renewed(_ item: SlotItem) {
        self.items[item.number] = item
        guard self.holdings[item.target]?.item.number == item.number else { return }
        self.holdings[item.target]?.item = item
    }

    /// Notes that a renewal missed.
    ///
    /// - Returns: The renewal to try instead; `nil` when the slot is another's now, or gone, and is held no longer.
    package mutating func renewalMissed(_ write: SlotWrite, found: SlotItem?, at now: Instant) -> SlotWrite? {
        self.items[write.item.number] = found
        guard let holding = self.holdings[write.item.target], holding.item.number == write.item.number else {
            return nil
        }
        guard let found, found.target == write.item.target, found.owner == self.settings.owner else {
            self.holdings[write.item.target] = nil
            return nil
        }
        self.holdings[write.item.target]?.item = found
        guard !found.isWriting(of: write.item) else { return nil }
        return .replace(found.renewed(until: now + self.settings.lease, isRunning: true), from: found.version)
    }
}

extension SlotItem {
    /// Whether this item is what that write left behind.
    fileprivate func isWriting(of item: SlotItem) -> Bool {
        (self.version, self.owner, self.target) == (item.version, item.owner, item.target)
    }
}
