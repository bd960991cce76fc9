// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Which dead letters are meant: those that agree with everything that is said here.
package struct LetterSelection: Hashable, Sendable {
    /// A destination of which the account may be left open.
    package struct Place: Hashable, Sendable {
        package let account: String?
        package let region: String

        /// Reads `eu-west-1` or `444455556666/eu-west-1`; `nil` for what is neither.
        package init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
            guard (1...2).contains(parts.count), let region = parts.last, RegionName.partition(of: region) != nil,
                parts.count == 1 || parts[0].isAccountID
            else { return nil }
            self.account = parts.count == 2 ? parts[0] : nil
            self.region = region
        }

        func takes(_ destination: Destination) -> Bool {
            destination.region == self.region && (self.account ?? destination.account) == destination.account
        }
    }

    /// Message ids, or how they begin.
    ///
    /// Empty for any, as all the others.
    package var ids: [String] = []
    /// ``DeadLetterCause/name``.
    package var reasons: [String] = []
    package var routes: [String] = []
    package var databases: [GlobPattern] = []
    package var places: [Place] = []

    package init() {}

    /// Whether every letter is meant.
    package var isEverything: Bool {
        self.ids.isEmpty && self.reasons.isEmpty && self.routes.isEmpty && self.databases.isEmpty && self.places.isEmpty
    }

    /// Whether a letter is meant; the judge tells its route and database where its attributes don't.
    package func takes(_ entry: DeadLetterEntry, by judge: DeadLetterJudge) -> Bool {
        (self.ids.isEmpty || self.ids.contains { entry.id.hasPrefix($0) })
            && (self.reasons.isEmpty || self.reasons.contains(entry.cause.name))
            && (self.routes.isEmpty || judge.route(of: entry).map(self.routes.contains) == true)
            && (self.databases.isEmpty || self.takes(database: judge.database(of: entry)))
            && (self.places.isEmpty
                || entry.destination.map { place in self.places.contains { $0.takes(place) } } == true)
    }

    private func takes(database: String?) -> Bool {
        guard let database else { return false }
        return self.databases.contains { $0.matches(database) }
    }
}
