// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
package import SnapshotFleet

/// One copy, as it will be made.
package struct ForecastCopy: Hashable, Sendable {
    package let lane: ForecastLane
    /// Empty for a copy that is under way and not the fleet's.
    package let route: String
    /// When its data is taken.
    package let taken: Instant
    /// When the fleet learns of the snapshot; later than ``taken`` for one that is overdue.
    package let due: Instant
    /// When it gets a slot.
    package let starts: Instant
    /// When it is whole.
    package let safe: Instant
    package let basis: ForecastPace.Basis

    /// From the data to its copy.
    package var lag: Duration { self.safe - self.taken }
    /// For a slot, or for an earlier copy of the same database.
    package var waited: Duration { self.starts - self.due }
    package var took: Duration { self.safe - self.starts }
}

/// When each database will be safe, and what that depends on.
package struct ForecastAnswer: Sendable {
    /// What becomes of one database at one destination.
    package struct Lane: Sendable {
        package let lane: ForecastLane
        package let route: String
        /// In the order in which they become safe.
        package let copies: [ForecastCopy]
        /// How old the newest copy's data becomes at worst; `nil` where there are too few copies to tell.
        package let worstAge: Duration?
        /// What the worst age may be; `nil` for anything.
        package let rpo: Duration?

        /// Whether the copies come too late for the RPO.
        package var isLate: Bool {
            guard let rpo, let worstAge else { return false }
            return worstAge > rpo
        }
    }

    /// One concurrent-copy quota.
    package struct Pool: Sendable {
        package let pool: SlotPool
        package let slots: Int
        /// When each slot is taken.
        package let taken: [Range<Instant>]
        package let most: Int
        /// How long all slots were taken while a copy that could have started waited.
        package let short: Duration
        /// The share of the slots' time that a day's copies take; above 1 the fleet never catches up.
        package let load: Double
        package let longestCopy: Duration
        /// From a snapshot to its copy, at worst.
        package let worstLag: Duration
        package let worstAge: Duration?
        package let copies: Int

        /// Whether more slots would make anything safe sooner.
        package var binds: Bool { self.short > .zero }

        /// How many slots are taken at most in each of the parts of a time.
        package func use(from start: Instant, to end: Instant, parts: Int) -> [Int] {
            let length = (end - start) / parts
            return (0..<parts).map { part in
                let from = start + length * part
                let bounds = [from] + self.taken.map(\.lowerBound).filter { $0 > from && $0 < from + length }
                return bounds.map { bound in self.taken.count { $0.contains(bound) } }.max() ?? 0
            }
        }
    }

    /// A database that no route wants.
    package struct Unwanted: Sendable {
        package let database: ForecastDatabase.ID
        /// Why, in the policy's own words.
        package let reason: String
    }

    /// The answer if a quota were larger.
    package struct WithMore: Sendable {
        package let pool: SlotPool
        package let more: Int
        package let worstLag: Duration
        package let worstAge: Duration?
        package let stillBinds: Bool
    }

    package let lanes: [Lane]
    package let pools: [Pool]
    package let unwanted: [Unwanted]
    /// Snapshots that newer ones overtook, on routes that want the newest only.
    package let superseded: Int
    package let withMore: [WithMore]
    /// What became of nothing, and why: jobs the fleet would have given up.
    package let failures: [String]
    /// When the last copy is whole; the start where there is none.
    package let end: Instant

    /// Over all databases; `nil` where there are too few copies to tell.
    package var worstAge: Duration? { self.lanes.compactMap(\.worstAge).max() }
}
