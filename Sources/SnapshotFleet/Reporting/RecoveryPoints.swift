// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What could be recovered where: the newest confirmed copy of each database at each destination, and its age.
///
/// Takes the pages of the destinations' lists and, where they can be had, of the sources', in any order, and keeps a few
/// words of each copy. What holds whatever arrives: only a copy that RDS calls `available` and that is ours by tag and by
/// name counts; its age is that of the data, counted from when the source's snapshot was taken and not from when it was copied;
/// nothing is said of a destination whose list was not read to its end.
package struct RecoveryPoints: Sendable {
    private struct LaneKey: Hashable, Sendable {
        let database: SourceDatabase
        let destination: Destination
    }

    private struct Source: Sendable {
        let facts: DatabaseFacts
        var coverage: DatabaseCoverage
    }

    private let policy: Policy
    private let routes: [String: Route]
    private let now: Instant
    private let destinations: Set<Destination>
    private let depth: Int
    private var lanes: [LaneKey: RecoveryLane] = [:]
    private var sources: [SourceDatabase: Source] = [:]
    /// The sources whose databases were listed to their end.
    private var complete: Set<SourceGroup> = []
    private var present: Set<SourceDatabase> = []
    private var lost: Set<SlotPool> = []
    private var took: [SlotPool: [String: Duration]] = [:]
    private var result: RecoveryReport

    /// Makes one that has seen nothing yet.
    ///
    /// - Parameters:
    ///   - policy: Its accounts filled in.
    ///   - destinations: Which destinations are of interest; `nil` for all of the policy's.
    ///   - depth: How many confirmed copies of each database are kept; at least 1.
    ///   - now: What ages count up to.
    package init(policy: Policy, destinations: [Destination]? = nil, depth: Int = .max / 4, now: Instant) {
        self.policy = policy
        self.destinations = Set(destinations ?? policy.destinations)
        self.routes = Dictionary(policy.routes.map { ($0.name, $0) }) { first, _ in first }
        self.depth = max(1, depth)
        self.now = now
        self.result = RecoveryReport(now: now)
    }

    // MARK: - Destinations

    /// Takes a page of a destination's list of manual snapshots.
    package mutating func take(_ page: [Snapshot], at pool: SlotPool) {
        for snapshot in page {
            self.result.looked += 1
            guard let record = CopyRecord(snapshot, at: pool.destination) else {
                self.result.foreign += 1
                continue
            }
            let key = LaneKey(database: record.database, destination: pool.destination)
            let copy = RecoveryCopy(record)
            _ = self.lanes[key, default: RecoveryLane()].take(copy, engine: snapshot.engine, depth: self.depth)
        }
    }

    /// Takes in how long copies took, by their identifiers.
    package mutating func take(_ durations: [String: Duration], at pool: SlotPool) { self.took[pool] = durations }

    /// Notes that a destination's list could not be read to its end.
    package mutating func miss(_ pool: SlotPool, _ trouble: Trouble) {
        self.lost.insert(pool)
        self.result.gaps.append(.init(listing: .copies(pool), trouble: trouble))
    }

    // MARK: - Sources

    /// Takes all the databases of a source.
    package mutating func take(_ databases: [DatabaseFacts], in group: SourceGroup) {
        self.take(present: databases.map(\.database), in: group)
        for facts in databases {
            let coverage = DatabaseCoverage(of: facts, by: self.policy)
            self.sources[facts.database] = Source(facts: facts, coverage: coverage)
        }
    }

    /// Takes which databases a source has, and nothing more: copies of others are of databases that are gone.
    package mutating func take(present databases: [SourceDatabase], in group: SourceGroup) {
        self.complete.insert(group)
        self.present.formUnion(databases)
    }

    /// Notes that a source's databases, or its snapshots where they matter, could not be listed.
    package mutating func miss(_ group: SourceGroup, _ trouble: Trouble) {
        self.result.unreadSources.append(.init(listing: .own(group, origin: nil), trouble: trouble))
    }

    /// Sources whose snapshots decide whether a route takes a database, since its tests ask for more than the database
    /// tells, and no copy has told yet.
    package var undecided: [SourceGroup] {
        let groups = self.sources.filter { database, source in
            source.coverage.wanted.contains { place, wanted in
                !wanted.isCertain && self.lanes[LaneKey(database: database, destination: place)] == nil
            }
        }.keys.map { SourceGroup(account: $0.account, region: $0.region, kind: $0.kind) }
        return Set(groups).sorted()
    }

    /// Takes a page of the snapshots of a source that is ``undecided``.
    package mutating func take(sourcePage page: [Snapshot]) {
        for snapshot in page {
            let arn = snapshot.arn
            let database = SourceDatabase(
                account: arn.account,
                region: arn.region,
                kind: arn.kind,
                identifier: snapshot.database
            )
            guard self.sources[database]?.coverage.wanted.contains(where: { !$0.value.isCertain }) == true else {
                continue
            }
            for copy in self.policy.match(SnapshotFacts(snapshot)) where copy.isCertain {
                self.sources[database]?.coverage.wanted[copy.destination] = .init(route: copy.route, isCertain: true)
            }
        }
    }

    // MARK: - The outcome

    /// Puts together what was seen.
    package mutating func report() -> RecoveryReport {
        var report = self.result
        for key in self.lanes.keys {
            self.lanes[key]?.trim(to: self.depth)
            if let took = self.took[SlotPool(destination: key.destination, kind: key.database.kind)] {
                self.lanes[key]?.note(took: took)
            }
        }
        var keys = Set(self.lanes.keys)
        let copied = Set(self.lanes.keys.map(\.database))
        for (database, source) in self.sources {
            let wanted = source.coverage.wanted
            let certain = wanted.filter(\.value.isCertain)
            keys.formUnion(certain.keys.map { LaneKey(database: database, destination: $0) })
            if wanted.isEmpty || certain.isEmpty && !copied.contains(database) {
                report.uncovered.append(self.uncovered(database, source))
            }
        }
        keys = keys.filter { self.destinations.contains($0.destination) && !self.isLost($0) }
        report.lines = keys.map { self.line($0) }
        report.lines.sort(by: RecoveryLine.isWorse)
        report.uncovered.sort { $0.database < $1.database }
        report.routes = self.routePoints(report.lines)
        return report
    }

    private func isLost(_ key: LaneKey) -> Bool {
        self.lost.contains(SlotPool(destination: key.destination, kind: key.database.kind))
    }

    private func uncovered(_ database: SourceDatabase, _ source: Source) -> RecoveryReport.Uncovered {
        let reason = source.coverage.wanted.isEmpty ? source.coverage.reason : "none of its snapshots matches"
        return .init(database: database, engine: source.facts.engine, reason: reason)
    }

    private func line(_ key: LaneKey) -> RecoveryLine {
        let lane = self.lanes[key] ?? RecoveryLane()
        let source = self.sources[key.database]
        let route = self.route(of: key, lane, source)
        let newest = lane.confirmed.first
        let age = newest?.age(at: self.now)
        // What is older of the two: the database, or the first data of it that was on its way here.
        let since = [lane.earliest, source?.facts.createdAt].compactMap(\.self).min()
        let exposure = lane.confirmedCount > 0 ? age : since.map { max(.zero, self.now - $0) }
        return RecoveryLine(
            database: key.database,
            destination: key.destination,
            route: route?.name,
            rpo: route?.rpo,
            engine: source.map(\.facts.engine) ?? lane.engine,
            standing: self.standing(key, lane, route, age: age, exposure: exposure),
            confirmed: lane.confirmed,
            confirmedCount: lane.confirmedCount,
            inProgress: lane.inProgress,
            failedCount: lane.failedCount,
            age: age,
            exposure: exposure
        )
    }

    private func standing(
        _ key: LaneKey,
        _ lane: RecoveryLane,
        _ route: Route?,
        age: Duration?,
        exposure: Duration?
    ) -> RecoveryStanding {
        let database = key.database
        let group = SourceGroup(account: database.account, region: database.region, kind: database.kind)
        if self.complete.contains(group), !self.present.contains(database) { return .sourceGone }
        guard let route else { return .noRoute }
        guard lane.confirmedCount > 0 else {
            // What nobody can date may be as old as can be.
            guard let rpo = route.rpo, let exposure else { return .neverCopied }
            return exposure <= rpo ? .firstCopyDue : .neverCopied
        }
        guard let age else { return .ageUnknown }
        guard let rpo = route.rpo else { return .noRPO }
        return age <= rpo ? .inTime : .overdue
    }

    /// The route that carries a database to a destination: the policy's word where the database is known, or else the copies'.
    private func route(of key: LaneKey, _ lane: RecoveryLane, _ source: Source?) -> Route? {
        if let source { return source.coverage.wanted[key.destination].flatMap { self.routes[$0.route] } }
        let database = key.database
        let leading = self.policy.routes.filter { route in
            route.destinations.contains { $0.leads(to: key.destination) }
                && route.source.regions.contains(database.region) && route.source.accounts.contains(database.account)
                && route.match.kinds.contains(database.kind)
        }
        if let named = leading.first(where: { $0.name == lane.route }) { return named }
        let facts = DatabaseFacts(database: database, engine: lane.engine)
        let wanted = DatabaseCoverage(of: facts, by: self.policy).wanted[key.destination]
        return wanted.flatMap { wanted in leading.first { $0.name == wanted.route } }
    }

    private func routePoints(_ lines: [RecoveryLine]) -> [RoutePoint] {
        struct Key: Hashable {
            var route: String
            var destination: Destination
        }
        let groups = Dictionary(grouping: lines) { Key(route: $0.route ?? "", destination: $0.destination) }
        return self.policy.routes.flatMap { route in
            route.destinations.compactMap { rule -> RoutePoint? in
                guard let account = rule.account else { return nil }
                let destination = Destination(account: account, region: rule.region)
                let pools = route.match.kinds.map { SlotPool(destination: destination, kind: $0) }
                guard self.destinations.contains(destination), self.lost.isDisjoint(with: pools) else { return nil }
                let own = groups[Key(route: route.name, destination: destination)] ?? []
                return RoutePoint(route: route, destination: destination, lines: own)
            }
        }
    }
}
