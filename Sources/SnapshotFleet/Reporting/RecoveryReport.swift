// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What could be recovered at each destination, and what could not.
package struct RecoveryReport: Hashable, Sendable {
    /// A database at a source that no route takes.
    package struct Uncovered: Hashable, Sendable {
        package let database: SourceDatabase
        package let engine: String
        /// The test that it failed, of the route that came nearest, for people.
        package let reason: String
    }

    /// What ages count up to.
    package let now: Instant
    /// The worst first.
    package var lines: [RecoveryLine] = []
    /// In the order of their names.
    package var uncovered: [Uncovered] = []
    /// Each route at each of its destinations that could be read, in the policy's order.
    package var routes: [RoutePoint] = []
    /// Destinations whose copies could not be listed to their end: nothing is said about them.
    package var gaps: [SweepReport.Gap] = []
    /// Sources whose databases could not be listed: those never copied are missing here.
    package var unreadSources: [SweepReport.Gap] = []
    /// How many manual snapshots were looked at.
    package var looked = 0
    /// How many of them are not this fleet's.
    package var foreign = 0

    package init(now: Instant) { self.now = now }

    package var breaches: Int { self.lines.count(where: \.isBreach) }

    /// How many copies there are of which RDS says that they are available.
    package var confirmed: Int { self.lines.reduce(0) { $0 + $1.confirmedCount } }
}
