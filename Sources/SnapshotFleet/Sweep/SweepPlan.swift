// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Which copies the policy wants, and which of them are missing.
///
/// Takes the sources' pages first, then the destinations', in any order. Keeps no snapshot: of each that is wanted and
/// within the horizon a few words, of each database the newest one, and of other copies their age where retention asks for it.
/// So it grows with the databases and with what the horizon holds, not with the number of snapshots there are.
package struct SweepPlan: Sendable {
    /// One database and one destination.
    private struct LaneKey: Hashable, Sendable {
        let database: SourceDatabase
        let destination: Destination
    }

    private struct Spot: Sendable {
        let lane: Int
        let position: Int
    }

    private let policy: Policy
    private let request: SweepRequest
    private let ownAccount: String
    private let now: Instant
    /// Where snapshots count from; what is older counts only as the newest of its database.
    private let horizon: Instant
    /// The sources to look through: every account, Region and kind that a route names and the request does not leave out.
    package let groups: Set<SourceGroup>

    private var lanes: [SweepLane] = []
    private var laneNumbers: [LaneKey: Int] = [:]
    /// By the target's identifier.
    private var spots: [SlotPool: [String: Spot]] = [:]
    /// Destinations whose lists were not read to their end.
    private var lost: Set<SlotPool> = []
    private var result = SweepReport()

    /// Makes a plan that has seen nothing yet.
    ///
    /// - Parameters:
    ///   - policy: Its accounts filled in.
    ///   - request: What to look at.
    ///   - ownAccount: Where the fleet's own credentials are from: snapshots of accounts for which the policy names no role are
    ///     seen only where they are shared with it.
    ///   - now: What ages count up to.
    package init(policy: Policy, request: SweepRequest, ownAccount: String, now: Instant) {
        self.policy = policy
        self.request = request
        self.ownAccount = ownAccount
        self.now = now
        self.horizon = now - (request.horizon ?? SweepRequest.standardHorizon)
        self.groups = Set(
            policy.routes.filter { request.route == nil || $0.name == request.route }.flatMap { route in
                route.source.regions.filter { request.regions.isEmpty || request.regions.contains($0) }
                    .flatMap { region in
                        route.source.accounts.flatMap { account in
                            route.match.kinds.map { SourceGroup(account: account, region: region, kind: $0) }
                        }
                    }
            }
        )
    }

    /// How many snapshots are remembered; the plan's memory goes by it.
    package var held: Int { self.lanes.reduce(0) { $0 + $1.wanted.count } }

    // MARK: - What to list

    /// The sources' lists, each once.
    package var sources: [SnapshotListing] {
        var listings: [SnapshotListing] = []
        for group in self.groups.sorted() {
            let types = self.types(in: group)
            guard self.canEnter(group.account) else {
                let shared = SnapshotListing.shared(region: group.region, kind: group.kind)
                if !types.isDisjoint(with: [.manual, .shared, .awsbackup]), !listings.contains(shared) {
                    listings.append(shared)
                }
                continue
            }
            // RDS lists AWS Backup's cluster snapshots as manual ones.
            let wantsManual = types.contains(.manual) || (group.kind == .cluster && types.contains(.awsbackup))
            switch (types.contains(.automated), wantsManual) {
            case (true, true): listings.append(.own(group, origin: nil))
            case (true, false): listings.append(.own(group, origin: .automated))
            case (false, true): listings.append(.own(group, origin: .manual))
            case (false, false): break
            }
            if types.contains(.awsbackup), group.kind == .instance {
                listings.append(.own(group, origin: .awsbackup))
            }
        }
        return listings
    }

    /// Whether an account's own snapshots can be listed: the fleet's own account's, and those that it has a role for.
    private func canEnter(_ account: String) -> Bool {
        account == self.ownAccount
            || self.policy.routes.contains { $0.source.role != nil && $0.source.accounts.first == account }
    }

    private func types(in group: SourceGroup) -> Set<Snapshot.Origin> {
        self.policy.routes.filter { route in
            route.match.kinds.contains(group.kind) && route.source.regions.contains(group.region)
                && route.source.accounts.contains(group.account)
        }.reduce(into: []) { $0.formUnion($1.match.types) }
    }

    /// The lists of the destinations to which anything is wanted; known once the sources are through.
    package var destinations: [SnapshotListing] {
        self.spots.filter { !$0.value.isEmpty }.keys.sorted().map { .copies($0) }
    }

    /// Notes that a list could not be read to its end.
    package mutating func miss(_ listing: SnapshotListing, _ trouble: Trouble) {
        self.result.gaps.append(.init(listing: listing, trouble: trouble))
        if case .copies(let pool) = listing { self.lost.insert(pool) }
    }

    // MARK: - Sources

    /// Takes a page of a source's list.
    package mutating func take(_ page: [Snapshot]) {
        for snapshot in page where self.groups.contains(SourceGroup(snapshot.arn)) {
            self.result.sources += 1
            self.take(snapshot)
        }
    }

    private mutating func take(_ snapshot: Snapshot) {
        let decision = self.policy.explain(SnapshotFacts(snapshot))
        let copies = decision.copies.filter { $0.isCertain && (self.request.route ?? $0.route) == $0.route }
        guard !copies.isEmpty else {
            return self.result.skip(self.reason(decision), snapshot.arn.description)
        }
        switch snapshot.phase {
        case .available: break
        case .inProgress: return self.result.skip(.notReady, snapshot.arn.description)
        case .failed: return self.result.skip(.unusable, snapshot.arn.description)
        }
        let database = SourceDatabase(
            account: snapshot.arn.account,
            region: snapshot.arn.region,
            kind: snapshot.arn.kind,
            identifier: snapshot.database
        )
        for copy in copies {
            let number = self.lane(LaneKey(database: database, destination: copy.destination))
            let wanted = SweepLane.Wanted(
                source: snapshot.arn,
                takenAt: snapshot.originalCreatedAt ?? snapshot.createdAt ?? .distantPast,
                route: copy.route,
                newestOnly: copy.newestOnly
            )
            if wanted.takenAt >= self.horizon {
                self.add(wanted, to: number)
            } else {
                self.addOld(wanted, to: number)
            }
        }
    }

    /// Why no route takes it: the first failed test of the route that failed fewest.
    private func reason(_ decision: PolicyDecision) -> SweepSkip {
        let routes = decision.routes.filter { (self.request.route ?? $0.route) == $0.route }
        let failures = routes.map { route in route.tests.filter { $0.outcome != .matches }.map(\.name) }
        if failures.contains(where: { $0.contains(Policy.lineageTest) }) { return .ownCopy }
        // Another route of a higher priority carries it where the one that was asked for would.
        let test = failures.min { $0.count < $1.count }?.first ?? "another route carries it"
        return .noRoute(test: test)
    }

    private mutating func lane(_ key: LaneKey) -> Int {
        if let number = self.laneNumbers[key] { return number }
        self.laneNumbers[key] = self.lanes.count
        self.lanes.append(SweepLane(database: key.database, destination: key.destination))
        return self.lanes.count - 1
    }

    /// Adds what is wanted, unless an earlier page told of it: lists shift while they are read.
    private mutating func add(_ wanted: SweepLane.Wanted, to number: Int) {
        let destination = self.lanes[number].destination
        let pool = SlotPool(destination: destination, kind: wanted.source.kind)
        let target = TargetIdentifier.make(for: wanted.source, destination: destination)
        guard self.spots[pool]?[target] == nil else { return }
        self.spots[pool, default: [:]][target] = Spot(lane: number, position: self.lanes[number].wanted.count)
        self.lanes[number].wanted.append(wanted)
    }

    private mutating func addOld(_ wanted: SweepLane.Wanted, to number: Int) {
        guard let known = self.lanes[number].old else {
            self.lanes[number].old = wanted
            return
        }
        if known.source == wanted.source { return }
        let isNewer = (wanted.takenAt, wanted.source) > (known.takenAt, known.source)
        if isNewer { self.lanes[number].old = wanted }
        self.result.skip(.tooOld, (isNewer ? known : wanted).source.description)
    }

    /// Ends the sources: where nothing of a database is within the horizon, its newest snapshot counts all the same.
    package mutating func endSources() {
        for number in self.lanes.indices {
            guard let old = self.lanes[number].old else { continue }
            self.lanes[number].old = nil
            if self.lanes[number].wanted.isEmpty {
                self.add(old, to: number)
            } else {
                self.result.skip(.tooOld, old.source.description)
            }
        }
    }

    // MARK: - Destinations

    /// Takes a page of a destination's list.
    package mutating func take(_ page: [Snapshot], at listing: SnapshotListing) {
        guard case .copies(let pool) = listing else { return }
        for snapshot in page {
            self.result.targets += 1
            self.take(snapshot, in: pool)
        }
    }

    private mutating func take(_ snapshot: Snapshot, in pool: SlotPool) {
        if let spot = self.spots[pool]?[snapshot.arn.identifier.lowercased()] {
            return self.lanes[spot.lane].take(snapshot, at: spot.position)
        }
        // Under another name: somebody's copy of a copy of ours, or one that was made before names changed.
        let source = snapshot.tags[TagMerge.sourceKey].flatMap { SnapshotARN($0) }
        if let source, snapshot.phase != .failed, snapshot.tags[HandoverTags.hopKey] == nil,
            let spot = self.spots[pool]?[TargetIdentifier.make(for: source, destination: pool.destination)]
        {
            return self.lanes[spot.lane].takeOther(snapshot, at: spot.position)
        }
        guard let record = CopyRecord(snapshot, at: pool.destination), let takenAt = record.takenAt,
            let number = self.laneNumbers[LaneKey(database: record.database, destination: pool.destination)],
            self.policy.routes.contains(where: { $0.name == record.route && $0.retention != nil })
        else { return }
        self.lanes[number].others.append(.init(route: record.route, takenAt: takenAt))
    }

    // MARK: - The outcome

    /// What is missing, and what was left out and why.
    package func report() -> SweepReport {
        var report = self.result
        let rules = Dictionary(self.policy.routes.compactMap { route in route.retention.map { (route.name, $0) } }) {
            first,
            _ in first
        }
        for lane in self.lanes {
            let pool = SlotPool(destination: lane.destination, kind: lane.database.kind)
            guard !self.lost.contains(pool) else {
                for wanted in lane.wanted { report.skip(.notLooked, wanted.example(lane.destination)) }
                continue
            }
            lane.judge(into: &report, rules: rules, now: self.now)
        }
        report.missing.sort { left, right in
            if left.isNewest != right.isNewest { return left.isNewest }
            if left.takenAt != right.takenAt {
                return (left.takenAt ?? .distantPast) > (right.takenAt ?? .distantPast)
            }
            return left.job.id < right.job.id
        }
        for left in report.missing.dropFirst(self.request.limit ?? SweepRequest.standardLimit) {
            report.skip(.beyondLimit, left.job.id.description)
        }
        report.missing = Array(report.missing.prefix(self.request.limit ?? SweepRequest.standardLimit))
        return report
    }
}
