// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import SnapshotFleet

/// Asks RDS for everything that a forecast can know; what can't be asked becomes a problem and hides nothing else.
struct ForecastSurvey: Sendable {
    let source: ForecastSource
    let policy: Policy
    let account: String
    let service: RDSSnapshotService

    /// What the sources hold.
    private struct Sources {
        var databases: [ForecastDatabase] = []
        var withoutBackups: [String] = []
        /// Automated snapshots that are whole.
        var snapshots: [Snapshot] = []
        var problems: [String] = []
    }

    /// What a destination holds.
    private struct Copies {
        var snapshots: [SlotPool: [Snapshot]] = [:]
        /// By the copy's identifier.
        var took: [SlotPool: [String: Duration]] = [:]
        var problems: [String] = []
    }

    func look() async -> ForecastOutlook {
        let sources = await self.sources()
        let copies = await self.copies()
        let pace = ForecastPace(
            gibibytesPerHour: self.source.assumedSpeed,
            overhead: self.source.overhead,
            measured: self.measured(copies)
        )
        var question = self.source.question(self.policy, account: self.account, sources.databases, pace: pace)
        for (pool, snapshots) in copies.snapshots.sorted(by: { $0.key < $1.key }) {
            for copy in snapshots { self.take(copy, in: pool, into: &question) }
        }
        question.overdue = self.overdue(sources, copies)
        return ForecastOutlook(
            question: question,
            isOfAccount: true,
            withoutBackups: sources.withoutBackups,
            problems: sources.problems + copies.problems
        )
    }

    // MARK: - Sources

    private func sources() async -> Sources {
        var sources = Sources()
        for group in self.sweep.groups.sorted() {
            let name = "\(group.account)/\(group.region)/\(group.kind.rawValue)"
            guard group.account == self.account else {
                sources.problems.append("\(name): databases of other accounts can't be asked for; list them in a file")
                continue
            }
            do {
                let databases = try await self.service.databases(in: group)
                let snapshots = try await self.service.snapshots(in: group, origin: .automated)
                    .filter { $0.phase == .available }
                sources.snapshots += snapshots
                for database in databases {
                    guard database.hasBackups else {
                        sources.withoutBackups.append("\(database.name) (\(group.region))")
                        continue
                    }
                    sources.databases.append(Self.database(database, in: group, snapshots))
                }
            } catch {
                sources.problems.append("\(name): \(error)")
            }
        }
        return sources
    }

    private static func database(
        _ database: RDSSnapshotService.Database,
        in group: SourceGroup,
        _ snapshots: [Snapshot]
    ) -> ForecastDatabase {
        let newest = snapshots.filter { $0.database == database.name && $0.createdAt != nil }
            .max { ($0.createdAt?.microseconds ?? 0, $0.arn) < ($1.createdAt?.microseconds ?? 0, $1.arn) }
        let seen = newest?.createdAt?.civil.timeOfDay
        // A day's snapshot comes at about the hour of the last one; the window says no more than "by then".
        let backup = seen ?? database.backupWindow.flatMap { ForecastFile.moment($0) } ?? .zero
        return ForecastDatabase(
            name: database.name,
            kind: group.kind,
            account: group.account,
            region: group.region,
            engine: database.engine,
            sizeGiB: [database.sizeGiB, newest?.sizeGiB].compactMap(\.self).max(),
            tags: database.tags,
            backups: [backup]
        )
    }

    // MARK: - Destinations

    private func copies() async -> Copies {
        var copies = Copies()
        for destination in self.policy.destinations {
            for kind in SnapshotKind.allCases {
                let pool = SlotPool(destination: destination, kind: kind)
                do {
                    copies.snapshots[pool] = try await self.service.manualSnapshots(in: pool)
                    copies.took[pool] = try await self.service.finishedCopies(in: pool)
                } catch {
                    copies.problems.append("\(pool): \(error)")
                }
            }
        }
        return copies
    }

    private func measured(_ copies: Copies) -> [ForecastPace.Measured] {
        copies.snapshots.sorted { $0.key < $1.key }.flatMap { pool, snapshots in
            snapshots.compactMap { copy -> ForecastPace.Measured? in
                guard let id = Self.database(of: copy) else { return nil }
                let lane = ForecastLane(database: id, destination: pool.destination)
                if copy.phase == .available, let took = copies.took[pool]?[copy.arn.identifier] {
                    return ForecastPace.Measured(lane: lane, sizeGiB: copy.sizeGiB, took: took)
                }
                // A copy that is well under way tells its speed before it ends.
                guard copy.phase == .inProgress, let percent = copy.percentProgress, percent >= 10,
                    let started = copy.createdAt
                else { return nil }
                let took = (self.source.start - started) * (100.0 / Double(percent))
                return ForecastPace.Measured(lane: lane, sizeGiB: copy.sizeGiB, took: took)
            }
        }
    }

    /// Notes what a manual snapshot of a destination means to the days to come.
    private func take(_ copy: Snapshot, in pool: SlotPool, into question: inout ForecastQuestion) {
        let id = Self.database(of: copy)
        let taken = copy.originalCreatedAt ?? copy.taggedSourceCreation
        switch copy.phase {
        case .available:
            guard let id, let taken else { return }
            let lane = ForecastLane(database: id, destination: pool.destination)
            question.newestCopies[lane] = max(taken, question.newestCopies[lane] ?? taken)
        case .inProgress where copy.status.lowercased() != "creating":
            let database = question.databases.first { $0.id == id }
            let expected = database.map { question.pace.time(of: $0, to: pool.destination).0 } ?? question.pace.unknown
            // Whatever it should have taken, it is not over yet.
            let ends = max(
                (copy.createdAt ?? question.start) + expected,
                question.start + expected * (Double(100 - (copy.percentProgress ?? 0)) / 100)
            )
            question.underWay.append(
                ForecastQuestion.UnderWay(
                    pool: pool,
                    identifier: copy.arn.identifier,
                    database: id,
                    taken: taken,
                    ends: max(ends, question.start + .seconds(60))
                )
            )
        default: break
        }
    }

    /// A sweep without an end to what it enqueues.
    private var sweep: SweepPlan {
        SweepPlan(
            policy: self.policy,
            request: SweepRequest(limit: .max),
            ownAccount: self.account,
            now: self.source.start
        )
    }

    /// What a sweep would enqueue now.
    private func overdue(_ sources: Sources, _ copies: Copies) -> [ForecastQuestion.Overdue] {
        var sweep = self.sweep
        sweep.take(sources.snapshots)
        sweep.endSources()
        for listing in sweep.destinations {
            guard case .copies(let pool) = listing else { continue }
            if let found = copies.snapshots[pool] {
                sweep.take(found, at: listing)
            } else {
                sweep.miss(listing, Trouble(.cancelled, detail: "not looked at"))
            }
        }
        let known = Set(sources.databases.map(\.id))
        let names = Dictionary(sources.snapshots.map { ($0.arn, $0.database) }) { first, _ in first }
        return sweep.report().missing.compactMap { missing in
            let source = missing.job.source
            guard let name = names[source], let taken = missing.takenAt else { return nil }
            let id = ForecastDatabase.ID(
                account: source.account,
                region: source.region,
                kind: source.kind,
                name: name
            )
            guard known.contains(id) else { return nil }
            return ForecastQuestion.Overdue(
                database: id,
                identifier: source.identifier,
                taken: taken,
                destination: missing.job.destination
            )
        }
    }

    /// The database that a copy of ours is of; `nil` for a snapshot that carries no tag of ours.
    private static func database(of copy: Snapshot) -> ForecastDatabase.ID? {
        guard let source = copy.tags[TagMerge.sourceKey].flatMap({ SnapshotARN($0) }) else { return nil }
        return ForecastDatabase.ID(
            account: source.account,
            region: source.region,
            kind: source.kind,
            name: copy.database
        )
    }
}

extension CivilTime {
    /// Since midnight, to the minute.
    fileprivate var timeOfDay: Duration { .seconds(self.hour * 3600 + self.minute * 60) }
}
