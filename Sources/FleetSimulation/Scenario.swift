// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What a run is made of; the rest follows from its seed.
package struct Scenario: Sendable {
    package var seed: UInt64
    package var workers = 2
    package var visibilityTimeout: Duration = .seconds(600)
    /// How long snapshots are taken and things go wrong.
    package var duration: Duration = .seconds(12 * 3600)
    /// How long the fleet then has to settle.
    package var patience: Duration = .seconds(24 * 3600)
    package var faults: FaultRates
    package var sabotage: Sabotage?
    /// Whether slots are kept in a table, of which each worker has its own view; otherwise all share one book.
    package var usesSlotTable = false
    /// How many snapshots are taken in all.
    package var snapshots = 8
    /// Whether one of the routes names a key that does not exist.
    package var hasWrongKey = true
    /// How many steps a run may take; more of them means that something spins.
    package var stepLimit = 400_000

    package init(seed: UInt64, faults: FaultRates = .none) {
        self.seed = seed
        self.faults = faults
    }
}

extension Scenario {
    static let account = "111122223333"
    static let home = "us-east-1"
    static let near = Destination(account: account, region: "us-west-2")
    static let far = Destination(account: account, region: "eu-west-1")
    static let start = Instant(milliseconds: 1_795_000_000_000)
    static let key = "alias/dr"
    static let wrongKey = "alias/nobody"
    static let maxReceiveCount = 10

    /// A database whose snapshots are carried away.
    struct Database {
        let identifier: String
        let kind: SnapshotKind
        let isEncrypted: Bool
        let destinations: [Destination]
        /// Whether the copy can't succeed for want of a key.
        var isHopeless = false
    }

    var databases: [Database] {
        var databases = [
            Database(
                identifier: "prod-orders",
                kind: .instance,
                isEncrypted: true,
                destinations: [Self.near, Self.far]
            ),
            Database(
                identifier: "prod-stock",
                kind: .instance,
                isEncrypted: false,
                destinations: [Self.near, Self.far]
            ),
            Database(identifier: "solo-users", kind: .instance, isEncrypted: true, destinations: [Self.far]),
            Database(identifier: "solo-search", kind: .instance, isEncrypted: false, destinations: [Self.far]),
            Database(identifier: "solo-ledger", kind: .cluster, isEncrypted: true, destinations: [Self.far]),
            Database(
                identifier: "prod-events",
                kind: .cluster,
                isEncrypted: false,
                destinations: [Self.near, Self.far]
            ),
        ]
        if self.hasWrongKey {
            databases.append(
                Database(
                    identifier: "keyless-audit",
                    kind: .instance,
                    isEncrypted: true,
                    destinations: [Self.far],
                    isHopeless: true
                )
            )
        }
        return databases
    }

    /// Routes there, and one back, which copies must never take by accident.
    var policy: Policy {
        let slots: [SnapshotKind: Int] = [.instance: 2, .cluster: 1]
        func rule(_ destination: Destination, key: String = Self.key) -> DestinationRule {
            DestinationRule(region: destination.region, account: Self.account, kmsKey: key, slots: slots)
        }
        func route(
            _ name: String,
            from region: String = Self.home,
            databases: GlobPattern,
            _ destinations: [DestinationRule]
        ) -> Route {
            Route(
                name: name,
                source: SourceSelection(regions: [region], accounts: [Self.account]),
                match: SnapshotMatch(databases: [databases]),
                destinations: destinations
            )
        }
        return Policy(routes: [
            route("prod", databases: "prod-*", [rule(Self.near), rule(Self.far)]),
            route("solo", databases: "solo-*", [rule(Self.far)]),
            route("keyless", databases: "keyless-*", [rule(Self.far, key: Self.wrongKey)]),
            route(
                "back",
                from: Self.far.region,
                databases: "*",
                [DestinationRule(region: Self.home, account: Self.account, kmsKey: Self.key, slots: slots)]
            ),
        ])
    }

    var coreSettings: CoreSettings {
        var settings = CoreSettings(ownAccount: Self.account)
        settings.maxReceiveCount = Self.maxReceiveCount
        settings.waitingRoom = 40
        // Longer than SQS allows: idle polls are most of what a fleet does, and tell nothing.
        settings.receiveWait = .seconds(300)
        settings.visibilityTimeout = self.visibilityTimeout
        settings.slotRetry = .seconds(180)
        settings.confirm.shortest = .seconds(60)
        return settings
    }
}
