// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Why a copy stays.
package enum KeepReason: Hashable, Sendable {
    /// It is the newest available copy of its database, which always stays.
    case newest
    /// It is among the copies of its database that are never gone below.
    case minimum
    case keepNewest
    case keepFor
    /// It is the last copy of its day, week, month or year.
    case period(CalendarPeriod)
    /// People tagged it ``CopyRecord/holdKey``.
    case held
    /// It is not `available`: what is under way or failed is not retention's to delete.
    case notAvailable(status: String)
    /// Nothing believable says when its data was taken.
    case ageUnknown
    /// The policy has no such route, or the route names no retention.
    case noRule(route: String)
    /// It would go, but the run has reached its cap.
    case cap(Int)
    /// Each look at its database took so long that it was too old to delete by.
    case notSeenInTime
}

extension KeepReason: CustomStringConvertible {
    /// For the plan's table: bounded but for a route's name and a status.
    package var description: String {
        switch self {
        case .newest: "newest available"
        case .minimum: "minimum"
        case .keepNewest: "keepNewest"
        case .keepFor: "keepFor"
        case .period(.day): "daily"
        case .period(.week): "weekly"
        case .period(.month): "monthly"
        case .period(.year): "yearly"
        case .held: "held by tag"
        case .notAvailable(let status): "status \(status)"
        case .ageUnknown: "age unknown"
        case .noRule(let route): route.isEmpty ? "no route" : "no retention for route \(route)"
        case .cap(let cap): "cap of \(cap) a run"
        case .notSeenInTime: "not seen in time"
        }
    }
}

/// What is to become of one copy.
package struct RetentionVerdict: Hashable, Sendable {
    package let copy: CopyRecord
    /// All of them, the strongest first; empty for a copy that goes.
    package let reasons: [KeepReason]

    package var isDeletion: Bool { self.reasons.isEmpty }
}
