// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
package import Logging

/// Metadata keys, in one place so that they stay the same across the code.
package enum LogKey {
    package static let source = "snapshot.source"
    package static let destination = "snapshot.destination"
    package static let target = "snapshot.target"
    package static let hop = "snapshot.hop"
    package static let shared = "snapshot.shared"
    package static let database = "snapshot.database"
    package static let route = "route"
    package static let reason = "reason"
    package static let detail = "detail"
    package static let remedy = "remedy"
    package static let delay = "delay.seconds"
    package static let duration = "copy.seconds"
    package static let age = "copy.age.seconds"
    /// Whether the copy was found rather than started by this worker; it may have been confirmed before.
    package static let adopted = "copy.adopted"
    package static let size = "copy.size.gib"
    package static let percent = "copy.percent"
    package static let attempt = "attempt"
    package static let count = "count"
    /// How many copies a sweep found missing, those included that were left for the next one.
    package static let missing = "sweep.missing"
    /// How many snapshots of sources a sweep looked at.
    package static let looked = "sweep.looked"
    package static let skipped = "sweep.skipped"
    package static let operation = "operation"
    package static let limit = "limit"
    package static let pool = "pool"
    /// A dependency of the worker: `queue`, `destination 111122223333/eu-west-1`, and so on.
    package static let what = "what"
    package static let since = "since"
    /// Whether the worker has all that it can't do without.
    package static let ready = "ready"
    package static let outage = "outage.seconds"
    /// Why a worker pruned: `after-confirm` or `quota`.
    package static let cause = "cause"
    /// What a route's retention keeps.
    package static let rule = "retention"
    /// What a report of the run counts: copies confirmed, and of these the ones that another worker had started.
    package static let confirmed = "report.confirmed"
    package static let adoptedCount = "report.adopted"
    package static let started = "report.started"
    package static let superseded = "report.superseded"
    package static let ignored = "report.ignored"
    package static let copiesFailed = "report.copies.failed"
    package static let pruned = "report.pruned"
    /// Jobs sent to the dead-letter queue, and how many by which reason.
    package static let failed = "report.failed"
    package static let failedByReason = "report.failed.reasons"
    package static let requeued = "report.requeued"
    /// Jobs in hand that wait, and copies in progress, at the moment of the report.
    package static let waitingCount = "report.waiting"
    package static let copying = "report.copying"
    /// How long the report reaches back.
    package static let reportSeconds = "report.seconds"
    /// How old a database's newest confirmed copy may get, in seconds.
    package static let rpo = "rpo.seconds"
    /// Databases, a blank between.
    package static let databases = "snapshot.databases"
}

/// Writes what happens to the log: one `notice` for each confirmed copy.
package struct LogNotifier: Notifier {
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    package func notify(_ event: FleetEvent, at now: Instant) {
        switch event {
        case .received(let count): self.logger.debug("Messages received", metadata: [LogKey.count: "\(count)"])
        case .ignored(let source, let reason):
            self.logger.info("Not copied", metadata: [LogKey.source: "\(source)", LogKey.reason: "\(reason)"])
        case .planned(let source, let destinations):
            let names = destinations.map(\.description).joined(separator: " ")
            self.logger.info("Planned", metadata: [LogKey.source: "\(source)", LogKey.destination: "\(names)"])
        case .waiting(let id): self.logger.debug("Waits for a slot", metadata: Self.metadata(id))
        case .started(let id, let target): self.logger.info("Copy started", metadata: Self.metadata(id, target: target))
        case .adopted(let id, let target):
            self.logger.info("Copy in progress taken over", metadata: Self.metadata(id, target: target))
        case .progress(let id, let percent):
            self.logger.debug("Copy progresses", metadata: Self.metadata(id, [LogKey.percent: "\(percent)"]))
        case .confirmed(let confirmation): self.logger.notice("Copy confirmed", metadata: Self.metadata(confirmation))
        case .leaseLost(let id):
            self.logger.info("Another worker owns the message now", metadata: id.map { Self.metadata($0) } ?? [:])
        case .swept(let report, let enqueued): self.swept(report, enqueued: enqueued)
        case .recoveryPoints(let points): self.recoveryPoints(points)
        case .draining(let held):
            self.logger.notice("Draining: nothing new is taken", metadata: [LogKey.count: "\(held)"])
        case .superseded(let id, let newer):
            self.logger.info(
                "Not copied: a newer snapshot of the same database overtook it",
                metadata: Self.metadata(id, [LogKey.reason: "\(newer)"])
            )
        case .handover(let id, let news): self.handover(id, news)
        case .readinessChanged(let change, let readiness): self.readinessChanged(change, readiness)
        case .pruned(let pruned): self.pruned(pruned, at: now)
        case .snapshotQuotaFreed(let pool, let deleted):
            self.logger.notice(
                "Destination has room again",
                metadata: [LogKey.pool: "\(pool)", LogKey.count: "\(deleted)"]
            )
        default: self.trouble(event)
        }
    }

    private func handover(_ id: CopyJob.ID, _ news: HandoverNews) {
        switch news {
        case .shared(let arn):
            self.logger.info(
                "Shared with the destination's account",
                metadata: Self.metadata(id, [LogKey.shared: "\(arn)"])
            )
        case .hopStarted(let hop): self.logger.info("Hop started", metadata: Self.metadata(id, [LogKey.hop: "\(hop)"]))
        case .tidied: self.logger.debug("Nothing is left behind in the source's account", metadata: Self.metadata(id))
        }
    }

    private func trouble(_ event: FleetEvent) {
        switch event {
        case .stalled(let id, let percent, let standingStill):
            self.logger.warning(
                "Copy stands still",
                metadata: Self.metadata(
                    id,
                    [LogKey.percent: "\(percent ?? 0)", LogKey.duration: "\(Int(standingStill.inSeconds))"]
                )
            )
        case .requeued(let id, let reason, let detail, let delay):
            var metadata = id.map { Self.metadata($0) } ?? [:]
            metadata[LogKey.reason] = "\(reason)"
            metadata[LogKey.detail] = "\(detail)"
            metadata[LogKey.delay] = "\(Int(delay.inSeconds))"
            self.logger.info("Given back to the queue", metadata: metadata)
        case .copyFailed(let id, let attempt, let detail):
            self.logger.warning(
                "Copy failed",
                metadata: Self.metadata(id, [LogKey.attempt: "\(attempt)", LogKey.detail: "\(detail)"])
            )
        case .deadLettered(let letter): self.deadLettered(letter)
        case .limitLowered(let pool, let limit):
            self.logger.warning(
                "RDS allows fewer copies at once",
                metadata: [LogKey.pool: "\(pool)", LogKey.limit: "\(limit)"]
            )
        case .circuitOpened(let pool, let reason, let detail):
            self.logger.error(
                "Destination refuses every copy: jobs are parked until a probe succeeds",
                metadata: [
                    LogKey.pool: "\(pool)", LogKey.reason: "\(reason)", LogKey.detail: "\(detail)",
                    LogKey.remedy: "\(reason.remedy)",
                ]
            )
        case .circuitClosed(let pool, let reason):
            self.logger.notice(
                "Destination accepts copies again",
                metadata: [LogKey.pool: "\(pool)", LogKey.reason: "\(reason)"]
            )
        case .snapshotQuotaReached(let pool, let detail):
            self.logger.error(
                "No more manual snapshots fit into the destination",
                metadata: [LogKey.pool: "\(pool)", LogKey.detail: "\(detail)"]
            )
        case .unknownQuota(let pool, let detail):
            self.logger.error(
                "RDS names a quota that snapferry does not know; the destination is left alone for a while",
                metadata: [LogKey.pool: "\(pool)", LogKey.detail: "\(detail)"]
            )
        case .trouble(let operation, let failure):
            self.logger.warning(
                "Call failed and will be made again",
                metadata: [
                    LogKey.operation: "\(operation)", LogKey.reason: "\(failure.label)",
                    LogKey.detail: "\(failure.detail)",
                ]
            )
        default: break
        }
    }

    private func readinessChanged(_ change: Readiness.Change, _ readiness: Readiness) {
        var metadata: Logger.Metadata = [LogKey.what: "\(change.dependency)", LogKey.ready: "\(readiness.isReady)"]
        switch change {
        case .lost(let dependency, let outage):
            metadata[LogKey.since] = "\(outage.since.iso8601)"
            metadata[LogKey.detail] = "\(outage.detail)"
            if dependency.isVital {
                self.logger.error("Not ready: what the worker can't do without is lost", metadata: metadata)
            } else {
                self.logger.warning("Can't be reached; its jobs wait", metadata: metadata)
            }
        case .back(let dependency, let duration):
            metadata[LogKey.outage] = "\(Int(duration.inSeconds))"
            self.logger.notice(dependency.isVital ? "Back again" : "Can be reached again", metadata: metadata)
        }
    }

    private func swept(_ report: SweepReport, enqueued: Int) {
        var metadata: Logger.Metadata = [
            LogKey.count: "\(enqueued)", LogKey.missing: "\(report.missing.count + report.beyondLimit)",
            LogKey.looked: "\(report.sources)",
        ]
        // A bounded set of reasons, each with how many snapshots it left out.
        let skipped = report.skipped.map { "\($0.key.name)=\($0.value.count)" }.sorted()
        if !skipped.isEmpty { metadata[LogKey.skipped] = "\(skipped.joined(separator: ", "))" }
        self.logger.info("Sweep is over", metadata: metadata)
        if let taken = report.skipped[.nameTaken] {
            self.logger.warning(
                "Copies can't be made: other snapshots bear their names",
                metadata: [LogKey.count: "\(taken.count)", LogKey.source: "\(taken.example)"]
            )
        }
    }

    private static func metadata(_ confirmation: ConfirmedCopy) -> Logger.Metadata {
        var metadata = Self.metadata(confirmation.job.id, target: confirmation.target)
        metadata[LogKey.route] = "\(confirmation.job.route)"
        metadata[LogKey.database] = "\(confirmation.database)"
        if let created = confirmation.sourceCreatedAt {
            metadata[LogKey.age] = "\(Int((confirmation.confirmedAt - created).inSeconds))"
        }
        if confirmation.wasAdopted { metadata[LogKey.adopted] = "true" }
        if let duration = confirmation.duration { metadata[LogKey.duration] = "\(Int(duration.inSeconds))" }
        if let size = confirmation.sizeGiB { metadata[LogKey.size] = "\(size)" }
        return metadata
    }

    /// A warning for each route and destination beyond its RPO; all is well in one line for programs that look for it.
    private func recoveryPoints(_ points: [RoutePoint]) {
        let breached = points.filter(\.isBreached)
        for point in breached {
            let names = point.breached.map(\.description).joined(separator: " ")
            var metadata: Logger.Metadata = [
                LogKey.route: "\(point.route)", LogKey.destination: "\(point.destination)",
                LogKey.count: "\(point.breachedCount)", LogKey.databases: "\(names)",
            ]
            if let age = point.worstAge { metadata[LogKey.age] = "\(Int(age.inSeconds))" }
            if let rpo = point.rpo { metadata[LogKey.rpo] = "\(Int(rpo.inSeconds))" }
            self.logger.warning("Recovery points are older than the route's RPO", metadata: metadata)
        }
        self.logger.debug(
            "Recovery points surveyed",
            metadata: [LogKey.count: "\(points.reduce(0) { $0 + $1.databases })"]
        )
    }

    private func pruned(_ pruned: PrunedCopy, at now: Instant) {
        let copy = pruned.copy
        let arn = copy.snapshot.arn
        var metadata: Logger.Metadata = [
            LogKey.target: "\(arn.identifier)", LogKey.destination: "\(arn.account)/\(arn.region)",
            LogKey.database: "\(copy.database)", LogKey.route: "\(copy.route)",
            LogKey.cause: "\(pruned.cause.rawValue)",
            LogKey.rule: "\(pruned.rule)",
        ]
        metadata[LogKey.source] = copy.snapshot.tags[TagMerge.sourceKey].map { "\($0)" }
        if let taken = copy.takenAt { metadata[LogKey.age] = "\(Int((now - taken).inSeconds))" }
        if let size = copy.snapshot.sizeGiB { metadata[LogKey.size] = "\(size)" }
        self.logger.notice("Copy deleted: retention keeps it no longer", metadata: metadata)
    }

    private func deadLettered(_ letter: DeadLetter) {
        var metadata: Logger.Metadata = [
            LogKey.reason: "\(letter.reason.rawValue)", LogKey.detail: "\(letter.detail)",
            LogKey.remedy: "\(letter.reason.remedy)",
        ]
        if let source = letter.source { metadata[LogKey.source] = "\(source)" }
        if let destination = letter.destination { metadata[LogKey.destination] = "\(destination)" }
        self.logger.error("Sent to the dead-letter queue", metadata: metadata)
    }

    private static func metadata(
        _ id: CopyJob.ID,
        _ more: Logger.Metadata = [:],
        target: String? = nil
    ) -> Logger.Metadata {
        var metadata = more
        metadata[LogKey.source] = "\(id.source)"
        metadata[LogKey.destination] = "\(id.destination)"
        if let target { metadata[LogKey.target] = "\(target)" }
        return metadata
    }
}
