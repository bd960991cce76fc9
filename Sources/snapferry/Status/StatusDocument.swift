// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A fleet's status for programs.
extension StatusPage {
    /// All of it as one JSON document; times in UTC, ages in seconds, `null` for what is unknown.
    var document: JSONValue {
        [
            "time": .string(self.status.now.iso8601), "queueUrl": .string(self.status.queueURL),
            "queue": Self.document(self.status.queue), "deadLetterQueue": Self.document(self.status.deadLetters),
            "deadLetters": self.letters, "pools": .array(self.status.pools.map { self.document($0) }),
            "recoveryPoints": .array(self.status.points.map { $0.document }),
            "problems": .array(self.status.problems.map { .string($0) }),
        ]
    }

    private static func document(_ depth: QueueDepth?) -> JSONValue {
        guard let depth else { return .null }
        return [
            "visible": .integer(Int64(depth.visible)), "inFlight": .integer(Int64(depth.inFlight)),
            "delayed": .integer(Int64(depth.delayed)),
            "oldestSeconds": depth.oldest.map { .integer($0.components.seconds) } ?? .null,
        ]
    }

    private var letters: JSONValue {
        guard let letters = self.status.letters else { return .null }
        let groups = letters.groups.map { group -> JSONValue in
            [
                "reason": .string(group.cause.name),
                "destination": group.destination.map { .string($0.description) } ?? .null,
                "count": .integer(Int64(group.count)), "oldestSeconds": Self.age(group.oldest, self.status.now),
                "newestSeconds": Self.age(group.newest, self.status.now),
            ]
        }
        return .array(groups)
    }

    private static func age(_ instant: Instant?, _ now: Instant) -> JSONValue {
        instant.map { .integer(Int64(max(.zero, now - $0).inSeconds)) } ?? .null
    }

    private func document(_ pool: FleetStatus.Pool) -> JSONValue {
        let copies = pool.copies.map { JSONValue.array($0.map { self.document($0) }) } ?? .null
        let known = pool.copies != nil
        let count = { (number: Int) -> JSONValue in known ? .integer(Int64(number)) : .null }
        let obstacles = self.status.obstacles(in: pool).map { obstacle -> JSONValue in
            ["reason": .string(obstacle.name), "text": .string(obstacle.text(at: self.status.now))]
        }
        return [
            "account": .string(pool.pool.destination.account), "region": .string(pool.pool.destination.region),
            "kind": .string(pool.pool.kind.rawValue), "limit": .integer(Int64(pool.limit)),
            "taken": count(pool.taken), "ours": count(pool.ours), "others": count(pool.others),
            "held": pool.slots == nil ? .null : count(pool.held),
            "manualSnapshots": pool.room.map { ["used": .integer(Int64($0.used)), "max": .integer(Int64($0.max))] }
                ?? .null,
            "blocked": .array(obstacles), "copies": copies,
        ]
    }

    private func document(_ copy: Snapshot) -> JSONValue {
        let pace = CopyPace(copy, self.status.estimates[copy.arn], at: self.status.now)
        return .compact([
            "arn": .string(copy.arn.description), "database": .string(copy.database), "engine": .string(copy.engine),
            "status": .string(copy.status), "percent": .integer(Int64(copy.percentProgress ?? 0)),
            "sizeGiB": copy.sizeGiB.map { .integer(Int64($0)) },
            "startedAt": copy.createdAt.map { .string($0.iso8601) },
            "gibPerHour": pace.gibibytesPerHour.map { .integer(Int64($0)) },
            "finishEarliest": pace.earliest.map { .string($0.iso8601) },
            "finishLatest": pace.latest.map { .string($0.iso8601) },
            "source": copy.tags[TagMerge.sourceKey].map { .string($0) },
            "route": copy.tags[TagMerge.routeKey].map { .string($0) },
        ])
    }
}

extension RoutePoint {
    /// For programs; ages in seconds.
    var document: JSONValue {
        let seconds = { (duration: Duration?) -> JSONValue in
            duration.map { .integer(Int64($0.inSeconds)) } ?? .null
        }
        return [
            "route": .string(self.route), "account": .string(self.destination.account),
            "region": .string(self.destination.region), "rpoSeconds": seconds(self.rpo),
            "databases": .integer(Int64(self.databases)), "worst": self.worst.map { .string($0.description) } ?? .null,
            "worstAgeSeconds": seconds(self.worstAge), "breachedCount": .integer(Int64(self.breachedCount)),
            "breached": .array(self.breached.map { .string($0.description) }),
        ]
    }
}
