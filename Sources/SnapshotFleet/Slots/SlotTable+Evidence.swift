// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Giving slots up, and keeping them.
extension SlotTable {
    // MARK: - Releasing

    /// Gives up the slot of a copy.
    ///
    /// - Parameters:
    ///   - target: The copy.
    ///   - evidence: Why its slot may go.
    /// - Returns: The deletion to carry out; `nil` when nothing is known here that may go. A slot that another process
    ///   held before goes only when its copy is available; otherwise it stays for that process, or for its lease to end.
    package mutating func release(_ target: String, because evidence: SlotEvidence) -> SlotWrite? {
        self.foreign.remove(target)
        self.disowned.remove(target)
        if let holding = self.holdings.removeValue(forKey: target) {
            guard holding.isBorrowed, evidence != .available else { return .delete(holding.item) }
            // Taken again, it still is the slot of a copy that may be running.
            self.disowned.insert(target)
            return nil
        }
        return self.item(for: target).flatMap { self.mayFree($0, because: evidence) ? .delete($0) : nil }
    }

    /// What to try next when a deletion missed.
    ///
    /// A renewal of this process's own may have come between. So may another process that took the slot over, to copy
    /// what is available already: it gets nothing to start, and may be gone before it frees the slot.
    package func releaseAgain(_ target: String, because evidence: SlotEvidence, found: SlotItem?) -> SlotWrite? {
        guard let found, found.target == target, self.mayFree(found, because: evidence), self.holdings[target] == nil
        else { return nil }
        return .delete(found)
    }

    /// Notes that a deletion met an error; nobody knows what came of it.
    package mutating func notReleased(_ item: SlotItem, because evidence: SlotEvidence) {
        self.unreleased.append((item, evidence))
    }

    /// The deletions that met an error, to be tried again; they are forgotten here.
    package mutating func takeUnreleased() -> [(item: SlotItem, evidence: SlotEvidence)] {
        defer { self.unreleased = [] }
        return self.unreleased
    }

    private func mayFree(_ item: SlotItem, because evidence: SlotEvidence) -> Bool {
        evidence == .available || item.owner == self.settings.owner
    }

    /// Notes that the copy of a slot held here is followed no longer.
    ///
    /// The slot stays, but its lease is not renewed: whoever takes the copy over takes the slot over too, and where
    /// nobody does, evidence frees it once the lease has ended.
    package mutating func disown(_ target: String) {
        guard self.holdings.removeValue(forKey: target) != nil else { return }
        self.disowned.insert(target)
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
                writes.append(self.renewalOnBehalf(of: item, at: now))
            } else if item.expires <= now || self.hasEnded(item, at: now) {
                if self.isHeld(item) { self.holdings[item.target] = nil }
                writes.append(.delete(item))
            }
        }
        return writes
    }

    /// The copies whose slots have a lease that has ended, as far as was read just now, the oldest first.
    package func overdue(at now: Instant) -> [String] {
        self.items.values.filter { $0.expires <= now && !$0.target.isEmpty }
            .sorted { ($0.expires, $0.number) < ($1.expires, $1.number) }
            .map(\.target)
    }

    /// Agrees slots whose lease has ended with what RDS says of their copies, asked about by name.
    ///
    /// A lease that was renewed since is left alone, whatever RDS says.
    ///
    /// - Parameters:
    ///   - targets: The copies that RDS was asked about.
    ///   - inProgress: Those of them that are in progress.
    ///   - now: The moment before RDS was asked.
    /// - Returns: The writes to carry out; any of them may miss, which is fine.
    package mutating func settle(
        _ targets: Set<String>,
        inProgress: Set<String>,
        at now: Instant
    ) -> [SlotWrite] {
        self.items.values.filter { targets.contains($0.target) && $0.expires <= now }
            .sorted { $0.number < $1.number }
            .map { item in
                guard !inProgress.contains(item.target) else { return self.renewalOnBehalf(of: item, at: now) }
                if self.isHeld(item) { self.holdings[item.target] = nil }
                return .delete(item)
            }
    }

    private func renewalOnBehalf(of item: SlotItem, at now: Instant) -> SlotWrite {
        .replace(item.renewed(until: now + self.settings.lease, isRunning: true), from: item.version)
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

    /// The earliest moment at which a lease held here may have to be renewed, or a release be tried again; `nil` for
    /// neither.
    package var nextRenewal: Instant? {
        guard self.unreleased.isEmpty else { return Instant(microseconds: 0) }
        return self.holdings.values.lazy.map { $0.item.expires - self.settings.lease / 4 }.min()
    }

    /// The writes that renew the leases of the running copies held here, once a quarter of the lease is left.
    ///
    /// A slot whose copy did not start in all that time is let go: the lease ends, and evidence frees it.
    package func renewals(at now: Instant) -> [SlotWrite] {
        self.holdings.values
            .filter { $0.isRunning && $0.item.expires - now <= self.settings.lease / 4 }
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
