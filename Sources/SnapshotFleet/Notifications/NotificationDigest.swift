// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Decides which of the things that happen people are told, and when.
///
/// A night on which a key is disabled sends hundreds of jobs to the dead-letter queue: that is one message with a count.
/// What lasts is told when it begins and when it ends, and again at most once an interval.
package struct NotificationDigest: Sendable {
    package struct Settings: Hashable, Sendable {
        /// Whether each confirmed copy is told.
        package var tellsConfirmed = false
        /// How long nothing is told again that was told already.
        package var interval = Duration.seconds(3600)
        /// How long to wait for more of the same before the first is told.
        package var gathering = Duration.seconds(30)

        package init() {}
    }

    /// How many dead letters of a reason a message names.
    package static let mostExamples = 5

    private struct Batch: Sendable {
        var count = 0
        var examples: [DeadLetter] = []
        let since: Instant
        let due: Instant
    }

    private struct Spot: Hashable, Sendable {
        let route: String
        let destination: Destination
    }

    private struct Breach: Sendable {
        let since: Instant
        var toldAt: Instant
    }

    private struct Obstacle: Hashable, Sendable {
        let pool: SlotPool
        /// `nil` for the quota of manual snapshots.
        let reason: DeadLetterReason?

        /// What stands in the way, in one word.
        var word: String { self.reason?.rawValue ?? "snapshot-quota" }

        var remedy: String {
            self.reason?.remedy
                ?? "Delete manual snapshots there, with snapferry prune or by hand, or have the quota of manual snapshots raised."
        }

        var members: [String: JSONValue?] {
            [
                "destination": .string(self.pool.destination.description), "kind": .string(self.pool.kind.rawValue),
                "reason": .string(self.word),
            ]
        }
    }

    private let settings: Settings
    private var batches: [DeadLetterReason: Batch] = [:]
    private var toldAt: [DeadLetterReason: Instant] = [:]
    private var breaches: [Spot: Breach] = [:]
    private var obstacles: [Obstacle: Breach] = [:]

    package init(settings: Settings) { self.settings = settings }

    /// When something is to be told that waits for more of the same; `nil` when nothing does.
    package var nextDue: Instant? { self.batches.values.map(\.due).min() }

    /// Takes in what happened.
    ///
    /// - Returns: What is to be told right away.
    package mutating func take(_ event: FleetEvent, at now: Instant) -> [FleetNotification] {
        switch event {
        case .confirmed(let copy): return self.settings.tellsConfirmed ? [Self.confirmed(copy, at: now)] : []
        case .deadLettered(let letter):
            self.add(letter, at: now)
            return self.tick(at: now)
        case .recoveryPoints(let points): return points.flatMap { self.take($0, at: now) }
        case .circuitOpened(let pool, let reason, let detail):
            return self.blocked(Obstacle(pool: pool, reason: reason), detail, at: now)
        case .circuitClosed(let pool, let reason): return self.freed(Obstacle(pool: pool, reason: reason), at: now)
        case .snapshotQuotaReached(let pool, let detail):
            return self.blocked(Obstacle(pool: pool, reason: nil), detail, at: now)
        case .snapshotQuotaFreed(let pool, _): return self.freed(Obstacle(pool: pool, reason: nil), at: now)
        case .started(let id, _):
            // People may have made room, of which nobody tells.
            let pool = SlotPool(destination: id.destination, kind: id.source.kind)
            return self.freed(Obstacle(pool: pool, reason: nil), at: now)
        default: return []
        }
    }

    /// Tells what has waited for long enough.
    package mutating func tick(at now: Instant) -> [FleetNotification] {
        let due = self.batches.filter { $0.value.due <= now }
        return self.tell(due, at: now)
    }

    /// Tells everything that waits: the worker ends.
    package mutating func flush(at now: Instant) -> [FleetNotification] { self.tell(self.batches, at: now) }

    // MARK: - Dead letters

    private mutating func add(_ letter: DeadLetter, at now: Instant) {
        var batch: Batch
        if let known = self.batches[letter.reason] {
            batch = known
        } else {
            let earliest = self.toldAt[letter.reason].map { $0 + self.settings.interval } ?? now
            batch = Batch(since: now, due: max(now + self.settings.gathering, earliest))
        }
        batch.count += 1
        if batch.examples.count < Self.mostExamples { batch.examples.append(letter) }
        self.batches[letter.reason] = batch
    }

    private mutating func tell(_ batches: [DeadLetterReason: Batch], at now: Instant) -> [FleetNotification] {
        let sorted = batches.sorted { $0.key.rawValue < $1.key.rawValue }
        return sorted.map { reason, batch in
            self.batches[reason] = nil
            self.toldAt[reason] = now
            let jobs = batch.count == 1 ? "1 job" : "\(batch.count) jobs"
            return FleetNotification(
                .jobsDeadLettered,
                "snapferry: \(jobs) in the dead-letter queue: \(reason.rawValue)",
                [
                    "reason": .string(reason.rawValue), "remedy": .string(reason.remedy),
                    "count": .integer(Int64(batch.count)), "since": .string(batch.since.iso8601),
                    "examples": .array(batch.examples.map { Self.example($0) }),
                ],
                at: now
            )
        }
    }

    private static func example(_ letter: DeadLetter) -> JSONValue {
        .compact([
            "source": letter.source.map { .string($0) }, "destination": letter.destination.map { .string($0) },
            "route": letter.route.map { .string($0) }, "database": letter.database.map { .string($0) },
            "detail": .string(letter.detail.excerpt(500)),
        ])
    }

    // MARK: - Recovery points

    private mutating func take(_ point: RoutePoint, at now: Instant) -> [FleetNotification] {
        let spot = Spot(route: point.route, destination: point.destination)
        guard point.isBreached else {
            guard let breach = self.breaches.removeValue(forKey: spot) else { return [] }
            return [
                FleetNotification(
                    .rpoMetAgain,
                    "snapferry: \(point.route) to \(point.destination) is within its RPO again",
                    Self.members(point).merging([
                        "since": .string(breach.since.iso8601),
                        "lastedSeconds": .integer(Int64((now - breach.since).inSeconds)),
                    ]) { $1 },
                    at: now
                )
            ]
        }
        let known = self.breaches[spot]
        if let known, now - known.toldAt < self.settings.interval { return [] }
        let since = known?.since ?? now
        self.breaches[spot] = Breach(since: since, toldAt: now)
        let databases = point.breachedCount == 1 ? "1 database" : "\(point.breachedCount) databases"
        return [
            FleetNotification(
                .rpoBreached,
                "snapferry: \(databases) beyond the RPO: \(point.route) to \(point.destination)",
                Self.members(point).merging([
                    "count": .integer(Int64(point.breachedCount)), "since": .string(since.iso8601),
                    "reminder": .bool(known != nil),
                    "breached": .array(point.breached.map { .string($0.description) }),
                ]) { $1 },
                at: now
            )
        ]
    }

    private static func members(_ point: RoutePoint) -> [String: JSONValue?] {
        [
            "route": .string(point.route), "destination": .string(point.destination.description),
            "rpoSeconds": point.rpo.map { .integer(Int64($0.inSeconds)) },
            "databases": .integer(Int64(point.databases)),
            "worst": point.worst.map { .string($0.description) },
            "worstAgeSeconds": point.worstAge.map { .integer(Int64($0.inSeconds)) },
        ]
    }

    // MARK: - Destinations

    private mutating func blocked(_ obstacle: Obstacle, _ detail: String, at now: Instant) -> [FleetNotification] {
        let known = self.obstacles[obstacle]
        if let known, now - known.toldAt < self.settings.interval { return [] }
        let since = known?.since ?? now
        self.obstacles[obstacle] = Breach(since: since, toldAt: now)
        return [
            FleetNotification(
                .destinationBlocked,
                "snapferry: no copies into \(obstacle.pool): \(obstacle.word)",
                obstacle.members.merging([
                    "detail": .string(detail.excerpt(500)), "remedy": .string(obstacle.remedy),
                    "since": .string(since.iso8601), "reminder": .bool(known != nil),
                ]) { $1 },
                at: now
            )
        ]
    }

    private mutating func freed(_ obstacle: Obstacle, at now: Instant) -> [FleetNotification] {
        guard let known = self.obstacles.removeValue(forKey: obstacle) else { return [] }
        return [
            FleetNotification(
                .destinationUnblocked,
                "snapferry: copies into \(obstacle.pool) again: \(obstacle.word) is over",
                obstacle.members.merging([
                    "since": .string(known.since.iso8601),
                    "lastedSeconds": .integer(Int64((now - known.since).inSeconds)),
                ]) { $1 },
                at: now
            )
        ]
    }

    // MARK: - Copies

    private static func confirmed(_ copy: ConfirmedCopy, at now: Instant) -> FleetNotification {
        FleetNotification(
            .copyConfirmed,
            "snapferry: \(copy.database) is safe at \(copy.job.destination)",
            [
                "source": .string(copy.job.source.description), "target": .string(copy.target),
                "destination": .string(copy.job.destination.description), "database": .string(copy.database),
                "kind": .string(copy.job.source.kind.rawValue), "route": .string(copy.job.route),
                "takenAt": copy.sourceCreatedAt.map { .string($0.iso8601) },
                "confirmedAt": .string(copy.confirmedAt.iso8601),
                "ageSeconds": copy.sourceCreatedAt.map { .integer(Int64((copy.confirmedAt - $0).inSeconds)) },
                "copySeconds": copy.duration.map { .integer(Int64($0.inSeconds)) },
                "sizeGiB": copy.sizeGiB.map { .integer(Int64($0)) }, "adopted": .bool(copy.wasAdopted),
            ],
            at: now
        )
    }
}
