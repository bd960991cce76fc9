// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The answer to a question whose facts may not all be known.
package enum MatchOutcome: String, Hashable, Sendable {
    case matches
    case doesNotMatch = "does-not-match"
    /// Describe the snapshot and ask again.
    case unknown
}

/// One copy that the policy asks for.
package struct PlannedCopy: Hashable, Sendable {
    package var source: SnapshotARN
    package var destination: Destination
    /// The route's name.
    package var route: String
    package var priority: Int
    package var newestOnly: Bool
    package var rule: DestinationRule
    /// The key for a hop in the source's account, where one is needed; `nil` where the policy names none.
    package var hopKey: String?
    /// Whether all tests passed; if not, none failed, and some can't tell before the snapshot is described.
    package var isCertain: Bool

    /// The job of making it.
    package func job(firstSeen: Instant) -> CopyJob {
        CopyJob(source: self.source, destination: self.destination, route: self.route, firstSeen: firstSeen)
    }
}

/// What the policy says of one snapshot, and why.
package struct PolicyDecision: Hashable, Sendable {
    /// One test of one route.
    package struct Test: Hashable, Sendable, CustomStringConvertible {
        /// `source Region`, `database`: bounded names.
        package let name: String
        package let outcome: MatchOutcome
        /// For people: what was compared with what.
        package let detail: String

        package var description: String { "\(self.name): \(self.detail)" }
    }

    /// What one route says.
    package struct RouteDecision: Hashable, Sendable, CustomStringConvertible {
        package let route: String
        package let outcome: MatchOutcome
        /// All of them, also those after the first that failed.
        package let tests: [Test]

        /// The route's answer and what decided it, in one line.
        package var description: String {
            let deciding = self.tests.filter { $0.outcome == self.outcome }.map(\.description)
            switch self.outcome {
            case .matches: return "route \(self.route) takes it"
            case .doesNotMatch: return "route \(self.route) does not take it: \(deciding.joined(separator: "; "))"
            case .unknown: return "route \(self.route) can't tell yet: \(deciding.joined(separator: "; "))"
            }
        }
    }

    /// In the order of the policy.
    package let routes: [RouteDecision]
    /// One for each destination at most; the highest priority first.
    package let copies: [PlannedCopy]

    /// `unknown` as long as any copy depends on facts that are not known.
    package var outcome: MatchOutcome {
        if self.copies.isEmpty { return .doesNotMatch }
        return self.copies.allSatisfy(\.isCertain) ? .matches : .unknown
    }

    /// Whether no route takes snapshots of this account at all.
    package var isForeignAccount: Bool {
        !self.routes.isEmpty
            && self.routes.allSatisfy { decision in
                decision.tests.contains { $0.name == Policy.accountTest && $0.outcome == .doesNotMatch }
            }
    }

    /// Why, in one line for the log.
    package var explanation: String {
        self.routes.isEmpty ? "the policy has no routes" : self.routes.map(\.description).joined(separator: " | ")
    }
}
