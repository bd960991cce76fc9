// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What happens in the demo: a value, the same for everybody.
///
/// Moments are counted from the midnight that begins the simulated day.
struct DemoStory: Sendable, Equatable {
    /// A database that has snapshots.
    struct Database: Sendable, Equatable {
        var name: String
        var kind: SnapshotKind
        var engine: String
        var sizeGiB: Int
        var isEncrypted: Bool
        /// When RDS takes its daily snapshot.
        var backup: Duration
        /// Whether a snapshot is there from the evening before, of which no event ever told the fleet.
        var hasOlderSnapshot = false
    }

    /// Something that somebody does, or that goes wrong.
    enum Scene: Sendable, Equatable {
        /// A person takes a snapshot by hand.
        case manualSnapshot(database: String, identifier: String)
        /// EventBridge delivers the event of a database's daily snapshot once more.
        case duplicateEvent(database: String)
        /// A message arrives that nobody can make sense of.
        case poison
        /// RDS refuses so many calls of each kind that copies need.
        case throttling(calls: Int)
        /// The worker with the most copies is gone, without a word.
        case killWorker
    }

    struct Moment: Sendable, Equatable {
        var at: Duration
        var scene: Scene
    }

    /// The account that everything happens in.
    var account = "111122223333"
    var source = "us-east-1"
    var destination = "eu-west-1"
    /// How long the day is.
    var length = Duration.seconds(24 * 3600)
    /// How long before the day the fleet starts.
    var prologue = Duration.seconds(900)
    var databases: [Database]
    var moments: [Moment]
    /// How many copies the destination takes at once: few, so that slots fill.
    var slots: [SnapshotKind: Int] = [.instance: 4, .cluster: 2]
    /// What a copy takes beside its size.
    var copyOverhead = Duration.seconds(1500)
    var copySecondsPerGiB = 20.0
    /// The database whose first copy fails halfway.
    var failsOnce = "catalog"
    /// How often EventBridge asks for a sweep.
    var sweepHours = 6
    /// How long after a worker's death another one starts.
    var replacementDelay = Duration.seconds(9000)
    /// The body of the message that no worker understands.
    var poison = #"{"snapferry": "job", "version": 1, "source": "arn:aws:s3:::not-a-snapshot"}"#

    /// The route's name.
    let route = "to-ireland"
    /// The key's alias on both sides.
    let keyAlias = "alias/dr"

    var destinationAddress: Destination { Destination(account: self.account, region: self.destination) }

    /// The pools that slots are counted in.
    var pools: [SlotPool] {
        [.instance, .cluster].map { SlotPool(destination: self.destinationAddress, kind: $0) }
    }

    func database(named name: String) -> Database? { self.databases.first { $0.name == name } }

    /// The database that a snapshot of the story is of, by the snapshot's name.
    func database(ofSnapshot identifier: String) -> Database? {
        let name = identifier.hasPrefix("rds:") ? identifier.dropFirst(4) : identifier[...]
        return self.databases.first { name.hasPrefix($0.name + "-") }
    }

    /// The last thing that happens by plan; afterwards the fleet only has to finish.
    var lastMoment: Duration {
        max(self.moments.map(\.at).max() ?? .zero, self.databases.map(\.backup).max() ?? .zero)
    }
}

extension DemoStory {
    /// The story as it is shown.
    ///
    /// - Parameter hours: How long the day is, 6 to 24; what happens, and how long copies take, shrinks with it.
    /// - Returns: Always the same for the same hours.
    static func day(hours: Int = 24) -> DemoStory {
        let share = Double(hours) / 24
        func at(_ hour: Int, _ minute: Int = 0) -> Duration { .seconds(Int(Double(hour * 60 + minute) * share) * 60) }
        let databases = [
            Database("orders", "postgres", gib: 400, at(0, 20), encrypted: true),
            Database("payments", "postgres", gib: 300, at(0, 25), encrypted: true),
            Database("customers", "mysql", gib: 250, at(0, 30), encrypted: true),
            Database("inventory", "postgres", gib: 120, at(0, 35)),
            Database("catalog", "mysql", gib: 150, at(0, 40)),
            Database("billing", "sqlserver-se", gib: 350, at(0, 45), encrypted: true),
            Database("storefront", "aurora-postgresql", kind: .cluster, gib: 800, at(0, 50), encrypted: true),
            Database("clickstream", "aurora-mysql", kind: .cluster, gib: 600, at(1, 0), encrypted: true),
            Database("search", "postgres", gib: 80, at(9, 30)),
            Database("audit", "oracle-ee", gib: 350, at(11, 0), encrypted: true, hasOlderSnapshot: true),
            Database("sessions", "mariadb", gib: 60, at(13, 0), hasOlderSnapshot: true),
            Database("analytics", "aurora-postgresql", kind: .cluster, gib: 500, at(14, 30), hasOlderSnapshot: true),
        ]
        func manual(_ database: String, _ identifier: String, _ moment: Duration) -> Moment {
            Moment(at: moment, scene: .manualSnapshot(database: database, identifier: identifier))
        }
        let moments = [
            Moment(at: at(2), scene: .killWorker),
            Moment(at: at(3, 30), scene: .poison),
            Moment(at: at(5), scene: .duplicateEvent(database: "orders")),
            Moment(at: at(8), scene: .throttling(calls: 4)),
            manual("orders", "orders-before-release", at(8, 10)),
            manual("payments", "payments-before-release", at(8, 20)),
            manual("storefront", "storefront-before-sale", at(15, 30)),
        ]
        var story = DemoStory(databases: databases, moments: moments)
        story.length = .seconds(hours * 3600)
        story.copyOverhead = story.copyOverhead * share
        story.copySecondsPerGiB *= share
        story.replacementDelay = story.replacementDelay * share
        story.sweepHours = max(1, Int(Double(story.sweepHours) * share))
        return story
    }
}

extension DemoStory.Database {
    init(
        _ name: String,
        _ engine: String,
        kind: SnapshotKind = .instance,
        gib: Int,
        _ backup: Duration,
        encrypted: Bool = false,
        hasOlderSnapshot: Bool = false
    ) {
        self.init(
            name: name,
            kind: kind,
            engine: engine,
            sizeGiB: gib,
            isEncrypted: encrypted,
            backup: backup,
            hasOlderSnapshot: hasOlderSnapshot
        )
    }

    /// The half hour in which RDS takes the daily snapshot, as its API spells it: `03:10-03:40`.
    var backupWindow: String {
        func text(_ moment: Duration) -> String {
            let minutes = Int(moment.inSeconds) / 60 % 1440
            return (minutes / 60 < 10 ? "0" : "") + "\(minutes / 60):" + (minutes % 60 < 10 ? "0" : "")
                + "\(minutes % 60)"
        }
        return "\(text(self.backup))-\(text(self.backup + .seconds(1800)))"
    }
}
