// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Carrying out a plan, step by step: what to look at, and what to delete on the strength of that look.
///
/// A plan may be minutes old when somebody says yes to it, and RDS deletes without any condition. So each database's
/// copies are described once more right before, a copy goes only if the plan and what is there now agree on it, and a
/// look that was asked for too long ago, as before the process stood still, counts for nothing.
package struct PruneRound: Sendable {
    /// What to do next.
    package enum Step: Hashable, Sendable {
        /// Describe these targets, then tell with ``PruneRound/looked(_:askedAt:)``.
        case look([String], in: SlotPool)
        /// Delete this copy, as long as ``PruneRound/mayDelete(at:)`` says so.
        case delete(CopyRecord)
        /// This copy is gone already.
        case passOver(CopyRecord)
        /// This copy stays, though the plan let it go.
        case spare(CopyRecord, [KeepReason])
    }

    /// How long a look at a database's copies is good for, from when it was asked for.
    package static let lookLife: Duration = .seconds(60)
    /// How many looks in a row may come to nothing before a database is left for another run.
    static let mostLooks = 3

    private struct Database: Sendable {
        let pool: SlotPool
        /// All that was judged: what stays says whether the rest may go.
        let names: [String]
        /// What is to go, the oldest data last.
        var leaving: [CopyRecord]
    }

    private let destination: Destination
    private let rules: [String: RetentionRule]
    /// The last one is next.
    private var databases: [Database]
    /// How each copy of the next database stands, and when that was seen.
    private var look: (standing: [SnapshotARN: RetentionVerdict], askedAt: Instant)?
    /// How many looks came since a copy was last settled.
    private var looks = 0

    /// Begins.
    ///
    /// - Parameters:
    ///   - plan: What is to go.
    ///   - rules: What it was planned by.
    package init(_ plan: RetentionPlan, rules: [String: RetentionRule]) {
        self.destination = plan.destination
        self.rules = rules
        let deletions = Dictionary(grouping: plan.deletions, by: \.database)
        let judged = Dictionary(grouping: plan.verdicts, by: \.copy.database)
        self.databases = deletions.sorted { $0.key > $1.key }.map { database, leaving in
            Database(
                pool: SlotPool(destination: plan.destination, kind: database.kind),
                names: (judged[database] ?? []).map(\.copy.snapshot.arn.identifier),
                leaving: leaving.reversed()
            )
        }
    }

    /// What to do next, database by database and the oldest data first; `nil` when all is done.
    package mutating func next(at now: Instant) -> Step? {
        while let database = self.databases.last, database.leaving.isEmpty {
            self.databases.removeLast()
            (self.look, self.looks) = (nil, 0)
        }
        guard let database = self.databases.last, let copy = database.leaving.last else { return nil }
        guard let look = self.look, self.mayDelete(at: now) else {
            guard self.looks < Self.mostLooks else { return self.settle(as: .spare(copy, [.notSeenInTime])) }
            self.looks += 1
            return .look(database.names, in: database.pool)
        }
        self.looks = 0
        guard let verdict = look.standing[copy.snapshot.arn] else { return self.settle(as: .passOver(copy)) }
        return self.settle(as: verdict.isDeletion ? .delete(copy) : .spare(copy, verdict.reasons))
    }

    private mutating func settle(as step: Step) -> Step {
        self.databases[self.databases.count - 1].leaving.removeLast()
        return step
    }

    /// Takes in what there is of the targets that were to be looked at.
    ///
    /// - Parameters:
    ///   - found: Those that exist.
    ///   - askedAt: When RDS was asked; what happened since may not be in the answer.
    package mutating func looked(_ found: [Snapshot], askedAt: Instant) {
        let plan = RetentionPlan(found, at: self.destination, rules: self.rules, now: askedAt)
        self.look = (Dictionary(plan.verdicts.map { ($0.copy.snapshot.arn, $0) }) { first, _ in first }, askedAt)
    }

    /// Whether the latest look is fresh enough to delete by; asked right before each attempt.
    package func mayDelete(at now: Instant) -> Bool { self.look.map { now - $0.askedAt < Self.lookLife } ?? false }
}
