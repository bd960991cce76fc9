// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Fleets to measure with.
extension Scenario {
    /// Two days in which everything goes wrong at once; what differs from seed to seed is drawn from the seed.
    package static func disaster(seed: UInt64) -> Scenario {
        var dice = SplitMix64(seed: seed ^ 0xD15A_57E2)
        var scenario = Scenario(seed: seed, faults: .all)
        scenario.duration = .seconds(48 * 3600)
        scenario.workers = Int.random(in: 1...4, using: &dice)
        scenario.ledger = dice.happens(0.5) ? .table : .book
        scenario.schedule = .scattered(Int.random(in: 8...24, using: &dice))
        return scenario
    }

    /// A night: snapshots of so many databases, all at once, each copied in about half an hour into 20 slots.
    ///
    /// - Parameters:
    ///   - seed: Whence everything follows.
    ///   - workers: How many share the work.
    ///   - databases: How many there are.
    ///   - spread: By which share of it copies take more or less than half an hour.
    /// - Returns: The scenario.
    package static func night(seed: UInt64, workers: Int, databases: Int = 200, spread: Double) -> Scenario {
        var dice = SplitMix64(seed: seed ^ 0x0071_6874)
        var scenario = Scenario(seed: seed)
        scenario.databases = (0..<databases).map { number in
            // Half an hour is two minutes and 560 GiB at three seconds each.
            let share = 1 + Double.random(in: -1...1, using: &dice) * spread
            return Database(
                identifier: "solo-\(number)",
                kind: .instance,
                isEncrypted: true,
                destinations: [Self.far],
                sizeGiB: Int(560 * share)
            )
        }
        scenario.secondsPerGiB = 3
        scenario.useProductionSettings(workers: workers)
        scenario.slots = [.instance: 20, .cluster: 5]
        scenario.schedule = .atOnce
        scenario.duration = .seconds(120)
        return scenario
    }

    /// A fleet of 5 workers and 200 databases, each backed up once a day.
    package static func fleet(seed: UInt64, hours: Int, workers: Int = 5, databases: Int = 200) -> Scenario {
        var scenario = Self.night(seed: seed, workers: workers, databases: databases, spread: 0.5)
        for index in stride(from: 3, to: databases, by: 4) {
            let size = scenario.databases[index].sizeGiB
            scenario.databases[index] = Database(
                identifier: "solo-\(index)",
                kind: .cluster,
                isEncrypted: index.isMultiple(of: 8),
                destinations: [Self.far],
                sizeGiB: size
            )
        }
        scenario.schedule = .daily(hours: 24)
        scenario.duration = .seconds(hours * 3600)
        return scenario
    }

    /// A thousand snapshots from tiny to huge, all at once.
    package static func mixed(seed: UInt64, workers: Int, snapshots: Int = 1000) -> Scenario {
        var dice = SplitMix64(seed: seed ^ 0x3158)
        var scenario = Self.night(seed: seed, workers: workers, databases: 0, spread: 0)
        scenario.databases = (0..<snapshots).map { number in
            // Most are small, a few are huge: from a minute to several hours.
            let size = 20 << Int.random(in: 0...7, using: &dice)
            return Database(
                identifier: "solo-\(number)",
                kind: .instance,
                isEncrypted: number.isMultiple(of: 2),
                destinations: [Self.far],
                sizeGiB: Int.random(in: size...(2 * size), using: &dice)
            )
        }
        scenario.patience = .seconds(400 * 3600)
        return scenario
    }

    /// So many jobs on the queue, of which a fleet of 5 works off what it can in a few hours.
    ///
    /// Far more than fit into the waiting rooms, also where there are few: so the fleet does the same whatever waits.
    package static func backlog(seed: UInt64, jobs: Int, hours: Int) -> Scenario {
        var scenario = Self.night(seed: seed, workers: 5, spread: 0.5)
        scenario.schedule = .backlog(jobs)
        scenario.kinds = [.instance]
        scenario.waitingRoom = 40
        scenario.duration = .seconds(hours * 3600)
        scenario.patience = .zero
        return scenario
    }

    /// What a worker is set to unless told otherwise.
    private mutating func useProductionSettings(workers: Int) {
        let settings = CoreSettings(ownAccount: Self.account)
        self.workers = workers
        self.ledger = workers > 1 ? .table : .book
        // Heartbeats and idle polls are most of what a fleet does, and none of what is measured here.
        self.visibilityTimeout = .seconds(1800)
        self.waitingRoom = settings.waitingRoom
        self.slotRetry = settings.slotRetry
        self.shortestLook = settings.confirm.shortest
        self.isOrdinary = true
        self.stepLimit = .max
    }
}

extension Scenario {
    /// The names of the databases.
    package var databaseNames: [String] { self.databases.map(\.identifier) }

    /// The least time in which all copies can be made: the longest of them, or all of them shared among the slots.
    package var lowerBound: Duration {
        let durations = self.databases.map { database in
            self.copyOverhead + .seconds(self.secondsPerGiB * Double(database.sizeGiB ?? 0))
        }
        let total = durations.reduce(Duration.zero, +)
        return max(durations.max() ?? .zero, total / (self.slots[.instance] ?? 1))
    }
}
