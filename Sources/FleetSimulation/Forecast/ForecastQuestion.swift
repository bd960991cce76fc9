// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
package import SnapshotFleet

/// A database whose snapshots are carried away day by day.
package struct ForecastDatabase: Hashable, Sendable {
    /// What a database is known by: two accounts or Regions may have one of the same name.
    package struct ID: Hashable, Sendable, Comparable {
        package let account: String
        package let region: String
        package let kind: SnapshotKind
        package let name: String

        package init(account: String, region: String, kind: SnapshotKind, name: String) {
            self.account = account
            self.region = region
            self.kind = kind
            self.name = name
        }

        package static func < (left: ID, right: ID) -> Bool {
            (left.account, left.region, left.kind, left.name) < (right.account, right.region, right.kind, right.name)
        }
    }

    package var id: ID
    package var engine: String
    /// `nil` where nobody knows.
    package var sizeGiB: Int?
    package var tags: [String: String]
    /// When in the day its snapshots are there, counted from midnight UTC; in order.
    package var backups: [Duration]
    /// How old its newest copy may become; `nil` for what its route says.
    package var rpo: Duration?
    /// How long its copies take where somebody says so; `nil` for ``ForecastPace`` to tell.
    package var copyTime: Duration?

    package init(
        name: String,
        kind: SnapshotKind,
        account: String,
        region: String,
        engine: String = "",
        sizeGiB: Int?,
        tags: [String: String] = [:],
        backups: [Duration],
        rpo: Duration? = nil,
        copyTime: Duration? = nil
    ) {
        self.id = ID(account: account, region: region, kind: kind, name: name)
        self.engine = engine
        self.sizeGiB = sizeGiB
        self.tags = tags
        self.backups = backups.sorted()
        self.rpo = rpo
        self.copyTime = copyTime
    }
}

/// A database and a destination: what has one newest copy, and takes one copy at a time.
package struct ForecastLane: Hashable, Sendable, Comparable {
    package let database: ForecastDatabase.ID
    package let destination: Destination

    package init(database: ForecastDatabase.ID, destination: Destination) {
        self.database = database
        self.destination = destination
    }

    package var pool: SlotPool { SlotPool(destination: self.destination, kind: self.database.kind) }

    package static func < (left: ForecastLane, right: ForecastLane) -> Bool {
        (left.database, left.destination) < (right.database, right.destination)
    }
}

/// What is asked: these databases under this policy, from this moment, for so many days.
package struct ForecastQuestion: Sendable {
    /// A snapshot that is there already and has not been copied.
    package struct Overdue: Hashable, Sendable {
        package var database: ForecastDatabase.ID
        package var identifier: String
        /// When its data was taken.
        package var taken: Instant
        package var destination: Destination

        package init(database: ForecastDatabase.ID, identifier: String, taken: Instant, destination: Destination) {
            self.database = database
            self.identifier = identifier
            self.taken = taken
            self.destination = destination
        }
    }

    /// A copy in progress at the start: it has a slot until it ends.
    package struct UnderWay: Hashable, Sendable {
        package var pool: SlotPool
        package var identifier: String
        /// `nil` for a copy that is not the fleet's.
        package var database: ForecastDatabase.ID?
        /// When its data was taken; `nil` where nobody knows.
        package var taken: Instant?
        package var ends: Instant

        package init(
            pool: SlotPool,
            identifier: String,
            database: ForecastDatabase.ID?,
            taken: Instant?,
            ends: Instant
        ) {
            self.pool = pool
            self.identifier = identifier
            self.database = database
            self.taken = taken
            self.ends = ends
        }
    }

    /// Accounts filled in.
    package var policy: Policy
    package var ownAccount: String
    package var databases: [ForecastDatabase]
    package var pace: ForecastPace
    package var start: Instant
    /// For how many days snapshots are taken.
    package var days: Int
    package var overdue: [Overdue] = []
    package var underWay: [UnderWay] = []
    /// The data of each lane's newest copy at the start.
    package var newestCopies: [ForecastLane: Instant] = [:]

    package init(
        policy: Policy,
        ownAccount: String,
        databases: [ForecastDatabase],
        pace: ForecastPace,
        start: Instant,
        days: Int = 3
    ) {
        self.policy = policy
        self.ownAccount = ownAccount
        self.databases = databases
        self.pace = pace
        self.start = start
        self.days = days
    }
}
