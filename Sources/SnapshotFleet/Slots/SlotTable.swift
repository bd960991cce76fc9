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
        /// How long a lease lasts; far longer than clocks differ, and than many a copy takes, which then needs no
        /// renewal.
        package var lease: Duration
        /// How long a new copy may be missing from Describe's answer.
        package var settling: Duration = .seconds(60)
        /// After how long a limit that RDS taught us is tried again.
        package var learningFades: Duration = .seconds(3600)
        /// How many slots are read at least: more than the limit, since that may have been lowered.
        package var leastReach = 20
        /// How long what was read is taken for a good guess: a write that misses costs more than a read.
        package var viewLife: Duration = .seconds(3)

        package init(owner: String, lease: Duration = .seconds(3000)) {
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
        /// The item's version when this process took the slot, or took it over.
        let firstVersion: Int64
        /// Whether this process knows that the copy runs; the item says so from the next renewal on.
        var isRunning: Bool
        var since: Instant
        /// Whether it was somebody's before, for the same copy, which may be running.
        var isBorrowed: Bool
    }

    let settings: Settings
    /// The taken slots by number, as last seen.
    package internal(set) var items: [Int: SlotItem] = [:]
    /// Slots that a write of this process is on its way to.
    private var pending: Set<Int> = []
    /// The taken slots as they were before RDS was last asked about their copies.
    var beheld: [Int: SlotItem] = [:]
    /// Copies in progress that no item stands for: somebody else's.
    var foreign: Set<String> = []
    private var learned = LearnedLimit()
    /// How many slots were read, and when.
    private var read: (reach: Int, at: Instant)?
    /// Since when a running item has been seen at its version.
    private(set) var witnessed: [Int: (version: Int64, since: Instant)] = [:]
    var holdings: [String: Holding] = [:]
    /// Copies that this process followed once, whose slots may still be its own; they may be running.
    var disowned: Set<String> = []
    /// Slots whose release met an error, and why they may go.
    var unreleased: [(item: SlotItem, evidence: SlotEvidence)] = []

    package init(settings: Settings) { self.settings = settings }

    // MARK: - Reading

    /// How many slots have to be read to see them all.
    package func reach(limit: Int) -> Int { max(limit, self.read?.reach ?? 0, self.settings.leastReach) }

    /// Takes in what is in the first `reach` slots.
    package mutating func take(_ items: [SlotItem], reach: Int, at now: Instant) {
        self.read = (reach, now)
        if !self.disowned.isEmpty { self.disowned.formIntersection(items.map(\.target)) }
        // Most reads find what the one before them found.
        guard !self.isAsKnown(items) else { return }
        self.items = Dictionary(items.map { ($0.number, $0) }) { first, _ in first }
        self.witnessed = self.items.filter(\.value.isRunning).mapValues { item in
            let known = self.witnessed[item.number]
            return (item.version, known?.version == item.version ? known?.since ?? now : now)
        }
    }

    private func isAsKnown(_ items: [SlotItem]) -> Bool {
        let running = items.count(where: \.isRunning)
        guard items.count == self.items.count, running == self.witnessed.count else { return false }
        return items.allSatisfy { item in
            self.items[item.number] == item
                && (!item.isRunning || self.witnessed[item.number]?.version == item.version)
        }
    }

    private func isKnown(limit: Int, at now: Instant) -> Bool {
        guard let read = self.read else { return false }
        return read.reach >= limit && now - read.at < self.settings.viewLife
    }

    // MARK: - Taking

    /// The limit in force: the policy's, or less where RDS has said so.
    package func limit(policy: Int, at now: Instant) -> Int {
        self.learned.limit(policy: policy, fades: self.settings.learningFades, at: now)
    }

    /// Notes that RDS refused more than `limit` copies.
    package mutating func learn(limit: Int, at now: Instant) { self.learned.learn(limit, at: now) }

    /// What to do next to get a slot for a copy.
    ///
    /// - Parameters:
    ///   - target: The copy. A slot that is held for it already, by whomever, is taken over: it is the same copy; but
    ///     not while more slots are taken than the policy allows, since its copy may have ended.
    ///   - limit: How many the policy allows.
    ///   - isFresh: Whether the items were read for this very question; a slot is never refused on an old reading.
    ///   - now: The present moment.
    /// - Returns: The step; tell what came of a write with ``done(_:at:)``, ``missed(_:found:at:)`` or ``failed(_:)``.
    package mutating func acquire(_ target: String, limit: Int, isFresh: Bool, at now: Instant) -> Step {
        guard isFresh || self.isKnown(limit: limit, at: now) else { return .read }
        if let item = self.item(for: target) {
            // It may stand for a copy that was in progress beyond the limit, and has ended since.
            guard self.items.count + self.strangers(but: target).count <= limit else {
                return isFresh ? .refused : .read
            }
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

    func item(for target: String) -> SlotItem? {
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

    /// A free slot that may be taken.
    ///
    /// Where to begin looking depends on the copy, so that processes which ask at the same time seldom write to the same
    /// item, and miss.
    ///
    /// Only the first slots may be, as many as the limit leaves beside those taken further up: so two processes that
    /// race with the same knowledge can't exceed it together, though each sees room for one more.
    private func freeNumber(for target: String, limit: Int, at now: Instant) -> Int? {
        let allowed = self.limit(policy: limit, at: now) - self.strangers(but: target).count
        let taken = self.pending.union(self.items.keys)
        var end = allowed
        while end > 0, end + taken.count(where: { $0 >= end }) > allowed { end -= 1 }
        guard end > 0 else { return nil }
        let start = Int(ShortHash.bits(of: target) % UInt64(end))
        return (0..<end).lazy.map { (start + $0) % end }.first { !taken.contains($0) }
    }

    /// Copies in progress that no item stands for, but for this one.
    private func strangers(but target: String) -> Set<String> {
        self.foreign.subtracting(self.items.values.map(\.target)).subtracting([target])
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
        // The table learns that a copy runs only with a renewal, so an item that does not say so proves nothing.
        let wasAnothers = before.map { $0.target == item.target && $0.owner != self.settings.owner } ?? false
        let wasDisowned = self.disowned.remove(item.target) != nil
        self.holdings[item.target] = Holding(
            item: item,
            firstVersion: old?.firstVersion ?? item.version,
            isRunning: old?.isRunning ?? false,
            since: old?.since ?? now,
            isBorrowed: old?.isBorrowed ?? (wasAnothers || wasDisowned)
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
}

extension SlotItem {
    /// Whether this item is what that write left behind.
    func isWriting(of item: SlotItem) -> Bool {
        (self.version, self.owner, self.target) == (item.version, item.owner, item.target)
    }
}
