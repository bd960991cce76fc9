// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What a route says of the copies to one of its destinations, held once for all of them.
package final class CopyTerms: Sendable {
    package let rule: DestinationRule
    /// The key for a hop; `nil` where the route names none.
    package let hopKey: String?
    /// Higher goes first.
    package let priority: Int
    /// Whether a newer snapshot of the same database overtakes an older one.
    package let newestOnly: Bool

    package init(_ planned: PlannedCopy) {
        self.rule = planned.rule
        self.hopKey = planned.hopKey
        self.priority = planned.priority
        self.newestOnly = planned.newestOnly
    }

    /// Whether these are the terms of that copy.
    func hold(for planned: PlannedCopy) -> Bool {
        self.priority == planned.priority && self.newestOnly == planned.newestOnly && self.hopKey == planned.hopKey
            && self.rule == planned.rule
    }
}

/// Terms that were met before; there are as many as the policy's routes have destinations.
struct KnownTerms: Sendable {
    private struct Key: Hashable, Sendable {
        let route: String
        let destination: Destination
    }

    private var terms: [Key: CopyTerms] = [:]

    /// The terms of a copy, the same ones for all copies that have them.
    mutating func terms(of planned: PlannedCopy) -> CopyTerms {
        let key = Key(route: planned.route, destination: planned.destination)
        if let known = self.terms[key], known.hold(for: planned) { return known }
        let new = CopyTerms(planned)
        self.terms[key] = new
        return new
    }
}
