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
    ///
    /// - Parameters:
    ///   - identifier: Which.
    ///   - pool: Where it is.
    ///   - isAllowed: Is asked right before each attempt; once it says no, none is sent any more, and the call ends with
    ///     an error that leaves open whether an earlier one was heard.
    /// - Throws: ``AWSError``, or `CancellationError` once its task is cancelled.
    func deleteTarget(
        _ identifier: String,
        in pool: SlotPool,
        whileAllowed isAllowed: @escaping @Sendable () -> Bool
    ) async throws
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
        self.rules = Self.rules(of: policy, because: cause)
    }

    /// The retention of each route by its name, without the routes that don't let workers prune for a cause.
    package static func rules(of policy: Policy, because cause: PruneCause?) -> [String: RetentionRule] {
        var rules: [String: RetentionRule] = [:]
        for route in policy.routes {
            guard let rule = route.retention, cause?.isAllowed(by: rule) ?? true else { continue }
            rules[route.name] = rule
        }
        return rules
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

    /// Deletes what a plan says, as ``PruneRound`` goes about it: the oldest data first, database by database.
    ///
    /// Cancellation ends it between two deletions.
    ///
    /// - Parameters:
    ///   - plan: What to do.
    ///   - time: Says how old copies are when their turn comes, and looks at them.
    ///   - report: Is told the outcome of each.
    /// - Throws: `CancellationError`, or the ``AWSError`` of a Describe; what a deletion throws is its outcome.
    package func apply(
        _ plan: RetentionPlan,
        by time: any TimeSource,
        report: (CopyRecord, Outcome) -> Void
    ) async throws {
        var round = PruneRound(plan, rules: self.rules)
        while let step = round.next(at: time.now()) {
            switch step {
            case .look(let names, let pool):
                let askedAt = time.now()
                round.looked(try await self.shelf.describeTargets(names, in: pool), askedAt: askedAt)
            case .delete(let copy):
                try Task.checkCancellation()
                report(
                    copy,
                    await self.delete(copy, at: plan.destination) { [round] in round.mayDelete(at: time.now()) }
                )
            case .passOver(let copy): report(copy, .gone)
            case .spare(let copy, let reasons): report(copy, .spared(reasons))
            }
        }
    }

    private func delete(
        _ copy: CopyRecord,
        at destination: Destination,
        whileAllowed isAllowed: @escaping @Sendable () -> Bool
    ) async -> Outcome {
        let pool = SlotPool(destination: destination, kind: copy.database.kind)
        do {
            try await self.shelf.deleteTarget(copy.snapshot.arn.identifier, in: pool, whileAllowed: isAllowed)
            return .deleted
        } catch {
            return .refused(error)
        }
    }
}
