// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// How a route stands at one of its destinations: the oldest recovery point that it leaves there.
package struct RoutePoint: Hashable, Sendable {
    /// How many breached databases are named.
    package static let mostNamed = 20

    package var route: String
    package var destination: Destination
    /// How old the data of a database's newest confirmed copy may get; `nil` where the policy does not say.
    package var rpo: Duration?
    /// How many databases were seen.
    package var databases: Int
    /// The database that would lose most; `nil` where there is none.
    package var worst: SourceDatabase?
    /// The age of the data of that database's newest confirmed copy; `nil` where there is none, or nothing tells.
    package var worstAge: Duration?
    /// Databases beyond the RPO, the worst first, ``mostNamed`` at the most.
    package var breached: [SourceDatabase]
    /// How many there are altogether.
    package var breachedCount: Int

    package init(
        route: String,
        destination: Destination,
        rpo: Duration? = nil,
        databases: Int = 0,
        worst: SourceDatabase? = nil,
        worstAge: Duration? = nil,
        breached: [SourceDatabase] = [],
        breachedCount: Int = 0
    ) {
        self.route = route
        self.destination = destination
        self.rpo = rpo
        self.databases = databases
        self.worst = worst
        self.worstAge = worstAge
        self.breached = breached
        self.breachedCount = breachedCount
    }

    package var isBreached: Bool { self.breachedCount > 0 }

    /// Takes in the lines of one route and destination, the worst first.
    init(route: Route, destination: Destination, lines: [RecoveryLine]) {
        let live = lines.filter { $0.standing != .sourceGone && $0.standing != .noRoute }
        let worst = live.max { left, right in
            (left.exposure ?? .zero, right.database) < (right.exposure ?? .zero, left.database)
        }
        let breached = live.filter(\.isBreach)
        self.init(
            route: route.name,
            destination: destination,
            rpo: route.rpo,
            databases: live.count,
            worst: worst?.database,
            worstAge: worst?.exposure,
            breached: breached.prefix(Self.mostNamed).map(\.database),
            breachedCount: breached.count
        )
    }
}
