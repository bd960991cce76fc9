// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Why a worker prunes.
package enum PruneCause: String, Hashable, Sendable, CaseIterable, Comparable {
    /// The destination has no room for another manual snapshot.
    case quotaIsFull = "quota"
    /// A copy was confirmed.
    case afterConfirm = "after-confirm"

    /// Whether a route's retention lets workers prune for this cause.
    package func isAllowed(by rule: RetentionRule) -> Bool {
        switch self {
        case .quotaIsFull: rule.whenQuotaIsFull
        case .afterConfirm: rule.afterConfirm
        }
    }

    package static func < (left: PruneCause, right: PruneCause) -> Bool { left.rawValue < right.rawValue }
}

/// Retention to be carried out in one pool, by the rules of the routes that let workers do it for this cause.
package struct PruneRequest: Hashable, Sendable {
    package let pool: SlotPool
    package let cause: PruneCause

    package init(pool: SlotPool, cause: PruneCause) {
        self.pool = pool
        self.cause = cause
    }
}

/// A copy that a worker deleted because its route's retention keeps it no longer.
package struct PrunedCopy: Hashable, Sendable {
    package let copy: CopyRecord
    package let cause: PruneCause
    /// What the route keeps, in the policy's own words; this copy is none of that.
    package let rule: String

    package init(copy: CopyRecord, cause: PruneCause, rule: String) {
        self.copy = copy
        self.cause = cause
        self.rule = rule
    }
}
