// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// How the fleet stands: what waits, what is under way, how old recovery points are, and what could not be looked at.
struct FleetStatus: Sendable, Equatable {
    /// One concurrent-copy quota and the copies that take from it.
    struct Pool: Sendable, Equatable {
        var pool: SlotPool
        var limit: Int
        /// In the order of their targets; `nil` when RDS could not be asked.
        var copies: [Snapshot]?
        /// The slots that the fleet's table has as taken; `nil` without a table, or when it could not be asked.
        var slots: [SlotItem]?
        /// How many manual snapshots the account may have there; `nil` when RDS does not say.
        var room: Room?
    }

    /// A quota and what is used of it.
    struct Room: Sendable, Equatable {
        var used: Int
        var max: Int
    }

    var queueURL: String
    /// `nil` when the queue could not be asked.
    var queue: QueueDepth?
    /// When CloudWatch was asked how old the oldest job is; it learns that once a minute.
    var oldestAskedAt: Instant?
    var deadLetters: QueueDepth?
    /// The dead letters counted by reason; `nil` when they could not be read.
    var letters: DeadLetterSummary?
    /// In the order of their destinations and kinds.
    var pools: [Pool] = []
    /// How old the newest confirmed copies are, by route and destination.
    var points: [RoutePoint] = []
    /// When copies in progress will be whole, by their ARN.
    var estimates: [SnapshotARN: FinishEstimate] = [:]
    /// What could not be looked at, and why, one line each.
    var problems: [String] = []
    var now: Instant

    /// 0; 1 when there are dead letters; 2 when something could not be looked at.
    var exitStatus: Int32 {
        if !self.problems.isEmpty { return 2 }
        return self.deadLetters.map { $0.isEmpty } ?? true ? 0 : 1
    }

    /// All copies in progress that could be seen.
    var copies: [Snapshot] { self.pools.flatMap { $0.copies ?? [] } }
}

extension FleetStatus.Pool {
    /// Copies in progress that the fleet started.
    var ours: Int { self.copies?.count { $0.isOurs } ?? 0 }
    /// Copies in progress that others started.
    var others: Int { (self.copies?.count ?? 0) - self.ours }
    /// Slots that are held for copies that RDS does not show as in progress: about to start, or about to be freed.
    var held: Int {
        let running = Set((self.copies ?? []).map(\.arn.identifier))
        return self.slots?.count { !running.contains($0.target) } ?? 0
    }
    /// How much of the quota is taken.
    var taken: Int { (self.copies?.count ?? 0) + self.held }
}

extension Snapshot {
    /// Whether our tag is on it.
    var isOurs: Bool { self.tags[TagMerge.sourceKey] != nil }
}

/// Why a destination takes no copies, as far as that can be seen from outside of the workers.
enum Obstacle: Sendable, Hashable {
    /// No more manual snapshots fit.
    case full(used: Int, max: Int)
    /// Dead letters say that RDS refused copies there.
    case refused(reason: String, count: Int, newest: Instant?)

    /// A bounded name for programs.
    var name: String {
        switch self {
        case .full: "snapshot-quota"
        case .refused(let reason, _, _): reason
        }
    }

    /// For people.
    func text(at now: Instant) -> String {
        switch self {
        case .full(let used, let max): "no room: \(used) of \(max) manual snapshots"
        case .refused(let reason, let count, let newest):
            "refused lately: \(reason), \(count == 1 ? "1 dead letter" : "\(count) dead letters")"
                + (newest.map { ", the newest \(HumanUnits.duration(now - $0)) ago" } ?? "")
        }
    }
}

extension FleetStatus {
    /// How long ago a dead letter may be to tell of a destination that refuses copies now.
    private static let lately = Duration.seconds(3600)

    /// What is in the way of copies to a pool.
    ///
    /// The circuits of the workers are in the workers alone; what they gave up within the last hour is in the dead-letter
    /// queue, by reason.
    func obstacles(in pool: Pool) -> [Obstacle] {
        var obstacles: [Obstacle] = []
        if let room = pool.room, room.used >= room.max { obstacles.append(.full(used: room.used, max: room.max)) }
        for group in self.letters?.groups ?? [] where group.destination == pool.pool.destination {
            guard case .stated(let reason) = group.cause, reason.blamesDestination,
                let newest = group.newest, self.now - newest <= Self.lately
            else { continue }
            obstacles.append(.refused(reason: reason.rawValue, count: group.count, newest: newest))
        }
        return obstacles
    }
}

extension DeadLetterReason {
    /// Whether what was refused lies with the destination, so that its other copies are refused as well.
    fileprivate var blamesDestination: Bool {
        switch self {
        case .kmsKey, .accessDenied, .optionGroup, .hopKey, .presignedURL: true
        default: false
        }
    }
}
