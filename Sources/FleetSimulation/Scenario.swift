// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
package import SnapshotFleet

/// What a run is made of; the rest follows from its seed.
package struct Scenario: Sendable {
    /// Who keeps the slots.
    package enum Ledger: String, Sendable, CaseIterable {
        /// One book in memory that all workers share.
        case book
        /// A DynamoDB table.
        case table
    }

    /// When snapshots are taken.
    package enum Schedule: Sendable, Equatable {
        /// So many, of one database after another, at any moment.
        case scattered(Int)
        /// One of each database a day, at the same time of the day every day, within so many hours.
        case daily(hours: Double)
        /// One of each database, all within a minute.
        case atOnce
        /// So many jobs wait on the queue already, of this many databases.
        case backlog(Int)
    }

    package var seed: UInt64
    package var workers = 2
    package var ledger = Ledger.book
    package var visibilityTimeout: Duration = .seconds(600)
    /// How long snapshots are taken and things go wrong.
    package var duration: Duration = .seconds(12 * 3600)
    /// How long the fleet then has to settle.
    package var patience: Duration = .seconds(36 * 3600)
    package var faults: FaultRates
    package var mutation: Mutation?
    package var databases: [Database]
    package var schedule: Schedule
    /// What the routes take.
    var kinds = Set(SnapshotKind.allCases)
    /// What the policy allows each destination at once.
    package var slots: [SnapshotKind: Int] = [.instance: 2, .cluster: 1]
    /// How long a copy takes before the first GiB, and for each.
    package var copyOverhead: Duration = .seconds(120)
    package var secondsPerGiB = 30.0
    package var waitingRoom = 40
    /// Whether this is an ordinary fleet: one route, and only the events that the documented rule asks for.
    ///
    /// Otherwise routes lead to two destinations and back again, and every event of every snapshot comes.
    package var isOrdinary = false
    /// How long a poll waits; longer than SQS allows, since idle polls are most of what a fleet does, and tell nothing.
    package var receiveWait: Duration = .seconds(300)
    package var slotRetry: Duration = .seconds(180)
    /// The shortest pause between two looks at a destination.
    package var shortestLook: Duration = .seconds(60)
    /// How many steps a run may take; more of them means that something spins.
    package var stepLimit = 1_500_000

    package init(seed: UInt64, faults: FaultRates = .none) {
        self.seed = seed
        self.faults = faults
        self.databases = Self.smallFleet
        self.schedule = .scattered(8)
    }

    /// The same with fewer snapshots; `nil` where the schedule does not count them.
    package func with(snapshots: Int) -> Scenario? {
        guard case .scattered = self.schedule else { return nil }
        var scenario = self
        scenario.schedule = .scattered(snapshots)
        return scenario
    }
}

extension Scenario {
    /// A database whose snapshots are carried away.
    package struct Database: Sendable, Equatable {
        package let identifier: String
        let kind: SnapshotKind
        let isEncrypted: Bool
        let destinations: [Destination]
        /// `nil` leaves it to the seed.
        var sizeGiB: Int?
        /// Whether the copy can't succeed for want of a key.
        var isHopeless = false
    }

    static let account = "111122223333"
    static let home = "us-east-1"
    static let near = Destination(account: account, region: "us-west-2")
    static let far = Destination(account: account, region: "eu-west-1")
    static let start = Instant(milliseconds: 1_795_000_000_000)
    static let key = "alias/dr"
    static let wrongKey = "alias/nobody"
    static let maxReceiveCount = 10
    /// Where nothing is wrong there is room for whatever comes.
    static let manualSnapshotLimit = 10_000_000

    /// A few databases of both kinds, to one or two destinations; one of them names a key that does not exist.
    static let smallFleet = [
        Database(identifier: "prod-orders", kind: .instance, isEncrypted: true, destinations: [near, far]),
        Database(identifier: "prod-stock", kind: .instance, isEncrypted: false, destinations: [near, far]),
        Database(identifier: "solo-users", kind: .instance, isEncrypted: true, destinations: [far]),
        Database(identifier: "solo-search", kind: .instance, isEncrypted: false, destinations: [far]),
        Database(identifier: "solo-ledger", kind: .cluster, isEncrypted: true, destinations: [far]),
        Database(identifier: "prod-events", kind: .cluster, isEncrypted: false, destinations: [near, far]),
        Database(
            identifier: "keyless-audit",
            kind: .instance,
            isEncrypted: true,
            destinations: [far],
            isHopeless: true
        ),
    ]

    /// The same without the database that can't succeed.
    package var withoutHopeless: Scenario {
        var scenario = self
        scenario.databases.removeAll(where: \.isHopeless)
        return scenario
    }

    /// Routes there, and one back, which copies must never take by accident.
    var policy: Policy {
        func rule(_ destination: Destination, key: String = Self.key) -> DestinationRule {
            DestinationRule(region: destination.region, account: Self.account, kmsKey: key, slots: self.slots)
        }
        func route(
            _ name: String,
            from region: String = Self.home,
            databases: GlobPattern,
            _ destinations: [DestinationRule],
            keeping retention: RetentionRule? = nil
        ) -> Route {
            Route(
                name: name,
                source: SourceSelection(regions: [region], accounts: [Self.account]),
                match: SnapshotMatch(kinds: self.kinds, databases: [databases]),
                destinations: destinations,
                retention: retention
            )
        }
        guard !self.isOrdinary else { return Policy(routes: [route("solo", databases: "solo-*", [rule(Self.far)])]) }
        return Policy(routes: [
            route(
                "prod",
                databases: "prod-*",
                [rule(Self.near), rule(Self.far)],
                keeping: RetentionRule(keepFor: .seconds(4 * 3600), minimum: 2, maxDeletesPerRun: 2, afterConfirm: true)
            ),
            route(
                "solo",
                databases: "solo-*",
                [rule(Self.far)],
                keeping: RetentionRule(
                    keepNewest: 1,
                    maxDeletesPerRun: 1,
                    afterConfirm: true,
                    whenQuotaIsFull: true
                )
            ),
            route("keyless", databases: "keyless-*", [rule(Self.far, key: Self.wrongKey)]),
            route(
                "back",
                from: Self.far.region,
                databases: "*",
                [DestinationRule(region: Self.home, account: Self.account, kmsKey: Self.key, slots: self.slots)]
            ),
        ])
    }

    /// The settings of a worker that looks earlier or later than others; 0 to 1.
    func coreSettings(stagger: Double) -> CoreSettings {
        var settings = CoreSettings(ownAccount: Self.account)
        settings.maxReceiveCount = self.mutation == .forgetsReceiveCount ? nil : Self.maxReceiveCount
        settings.waitingRoom = self.waitingRoom
        settings.receiveWait = self.receiveWait
        settings.visibilityTimeout = self.visibilityTimeout
        settings.slotRetry = self.slotRetry
        settings.confirm = ConfirmSchedule(shortest: self.shortestLook)
        if self.ledger == .table { settings.lookStagger = settings.confirm.longestStagger * stagger }
        if self.mutation == .trustsDescribeAtOnce { settings.settling = .zero }
        return settings
    }
}
