// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Copies at rest at their destinations: RDS in production.
///
/// Every operation throws ``AWSError``, or `CancellationError` once its task is cancelled.
package protocol CopyShelf: Sendable {
    /// Lists all manual snapshots at a destination, page by page.
    func manualSnapshots(in pool: SlotPool) async throws -> [Snapshot]
    /// Describes targets by identifier; those that do not exist are missing from the answer.
    func describeTargets(_ identifiers: [String], in pool: SlotPool) async throws -> [Snapshot]
    /// Deletes one of our own targets.
    func deleteTarget(_ identifier: String, in pool: SlotPool) async throws
}

/// Plans retention at a destination, and carries a plan out.
package struct Pruner: Sendable {
    /// What became of a copy that was to go.
    package enum Outcome: Sendable {
        case deleted
        /// It was gone before we came.
        case gone
        /// Things have changed since the plan was made, and now it stays.
        case spared([KeepReason])
        case refused(any Error)
    }

    private let shelf: any CopyShelf
    /// The retention of each route that has one, by name.
    private let rules: [String: RetentionRule]

    /// Makes a pruner.
    ///
    /// - Parameters:
    ///   - shelf: Where the copies are.
    ///   - policy: Says how long each route's copies are kept.
    ///   - cause: Leaves out the routes that don't let workers prune for it; `nil` where people ask.
    package init(shelf: any CopyShelf, policy: Policy, because cause: PruneCause? = nil) {
        self.shelf = shelf
        var rules: [String: RetentionRule] = [:]
        for route in policy.routes {
            guard let rule = route.retention, cause?.isAllowed(by: rule) ?? true else { continue }
            rules[route.name] = rule
        }
        self.rules = rules
    }

    /// Whether any route says how long copies are kept.
    package var hasRules: Bool { !self.rules.isEmpty }

    /// What a route keeps, in the policy's own words; `nil` where this pruner has no rule for it.
    package func summary(of route: String) -> String? { self.rules[route]?.summary }

    /// Looks at all copies at a destination, or at those of one kind, and plans.
    package func plan(
        at destination: Destination,
        kinds: [SnapshotKind] = SnapshotKind.allCases,
        now: Instant
    ) async throws -> RetentionPlan {
        var snapshots: [Snapshot] = []
        for kind in kinds {
            snapshots += try await self.shelf.manualSnapshots(in: SlotPool(destination: destination, kind: kind))
        }
        return RetentionPlan(snapshots, at: destination, rules: self.rules, now: now)
    }

    /// Deletes what a plan says, the oldest data first, database by database.
    ///
    /// A plan may be minutes old when somebody says yes to it. So each database's copies are described once more right
    /// before, and a copy goes only if the plan and what is there now agree on it. Cancellation ends it between two
    /// deletions.
    ///
    /// - Parameters:
    ///   - plan: What to do.
    ///   - time: Says how old copies are when their turn comes.
    ///   - report: Is told the outcome of each.
    /// - Throws: `CancellationError`, or the ``AWSError`` of a Describe; what a deletion throws is its outcome.
    package func apply(
        _ plan: RetentionPlan,
        by time: any TimeSource,
        report: (CopyRecord, Outcome) -> Void
    ) async throws {
        let databases = Dictionary(grouping: plan.verdicts, by: \.copy.database)
        for (database, verdicts) in databases.sorted(by: { $0.key < $1.key })
        where verdicts.contains(where: \.isDeletion) {
            let pool = SlotPool(destination: plan.destination, kind: database.kind)
            let names = verdicts.map(\.copy.snapshot.arn.identifier)
            let found = try await self.shelf.describeTargets(names, in: pool)
            let fresh = RetentionPlan(found, at: plan.destination, rules: self.rules, now: time.now())
            let standing = Dictionary(fresh.verdicts.map { ($0.copy.snapshot.arn, $0) }) { first, _ in first }
            for copy in plan.deletions where copy.database == database {
                try Task.checkCancellation()
                let verdict = standing[copy.snapshot.arn]
                report(copy, await self.outcome(of: copy, verdict, in: pool))
            }
        }
    }

    private func outcome(of copy: CopyRecord, _ verdict: RetentionVerdict?, in pool: SlotPool) async -> Outcome {
        guard let verdict else { return .gone }
        guard verdict.isDeletion else { return .spared(verdict.reasons) }
        do {
            try await self.shelf.deleteTarget(copy.snapshot.arn.identifier, in: pool)
            return .deleted
        } catch {
            return .refused(error)
        }
    }
}
