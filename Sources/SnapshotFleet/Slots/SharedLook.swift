// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What one worker's look at a destination showed, left for the others that have copies there.
///
/// RDS answers for all copies of a destination in one call, whoever follows them. What is told here is as good as a look
/// of one's own only where it can't be older than the copy: each copy's slot is named with the version that its item had
/// before RDS was asked.
package struct SharedLook: Hashable, Sendable {
    /// One copy, and its slot before RDS was asked.
    package struct Copy: Hashable, Sendable {
        package var number: Int
        package var version: Int64
        /// The target, as far as a worker that waits for it has to know it.
        package var snapshot: Snapshot

        package init(number: Int, version: Int64, snapshot: Snapshot) {
            self.number = number
            self.version = version
            self.snapshot = snapshot
        }
    }

    /// How many copies are told of at the most; an item of DynamoDB has 400 KB.
    static let limit = 200

    /// When RDS was asked, by the clock of whoever asked.
    package var askedAt: Instant
    package var copies: [Copy]

    package init(askedAt: Instant, copies: [Copy]) {
        self.askedAt = askedAt
        self.copies = copies
    }
}

/// What can be learned of a destination without asking RDS.
package struct HeardLook: Hashable, Sendable {
    /// Copies whose slots are held here, as another worker saw them; empty where nobody tells of any.
    package var found: [Snapshot]
    /// When that was.
    package var askedAt: Instant
    /// The copies of others that a look of one's own should cover.
    package var others: [String]

    package init(found: [Snapshot] = [], askedAt: Instant, others: [String] = []) {
        self.found = found
        self.askedAt = askedAt
        self.others = others
    }
}

extension SlotTable {
    /// Notes whose copies have slots, as read just now: a look that comes after this can be told of.
    package mutating func prepareLook() { self.beheld = self.items }

    /// What to tell the others of a look.
    ///
    /// - Parameters:
    ///   - found: The targets as RDS described them, asked after ``prepareLook()``.
    ///   - askedAt: When RDS was asked.
    /// - Returns: The look; `nil` where no other process has a copy in it.
    package func look(showing found: [Snapshot], askedAt: Instant) -> SharedLook? {
        let byTarget = Dictionary(found.map { ($0.arn.identifier, $0) }) { first, _ in first }
        let slots = self.beheld.values.sorted { $0.number < $1.number }
        guard slots.contains(where: { byTarget[$0.target] != nil && $0.owner != self.settings.owner }) else {
            return nil
        }
        let copies = slots.compactMap { item in
            byTarget[item.target].map { SharedLook.Copy(number: item.number, version: item.version, snapshot: $0) }
        }
        return SharedLook(askedAt: askedAt, copies: Array(copies.prefix(SharedLook.limit)))
    }

    /// What a look of another worker tells of the copies whose slots are held here.
    ///
    /// A slot that was taken after that look says that the copy is a later one of the same name. A copy that failed is
    /// left to a look of one's own, since much follows from it.
    package func heard(_ look: SharedLook?, at now: Instant) -> HeardLook {
        let others = self.items.values.filter { self.holdings[$0.target] == nil && !$0.target.isEmpty }.map(\.target)
        guard let look else { return HeardLook(askedAt: now, others: others.sorted()) }
        let found = look.copies.filter { copy in
            guard let holding = self.holdings[copy.snapshot.arn.identifier], holding.isRunning,
                copy.snapshot.phase != .failed
            else { return false }
            return holding.item.number == copy.number && copy.version >= holding.firstVersion
        }
        return HeardLook(found: found.map(\.snapshot), askedAt: look.askedAt, others: others.sorted())
    }
}
