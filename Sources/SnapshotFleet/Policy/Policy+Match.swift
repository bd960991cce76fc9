// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension Policy {
    /// The copies that the policy asks for, the highest priority first, one for each destination at most.
    ///
    /// Where facts are missing the copies that may yet be asked for are among them, marked by
    /// ``PlannedCopy/isCertain``.
    package func match(_ snapshot: SnapshotFacts) -> [PlannedCopy] {
        self.explain(snapshot).copies
    }

    /// What each route says to a snapshot, test by test.
    ///
    /// Destinations without account are taken to be in the snapshot's own; ``resolved(ownAccount:)`` comes first.
    package func explain(_ snapshot: SnapshotFacts) -> PolicyDecision {
        var decisions: [PolicyDecision.RouteDecision] = []
        var copies: [PlannedCopy] = []
        let lineage = CopyLineage(snapshot)
        for route in self.routes {
            let rules = route.destinations.filter { rule in
                let place = rule.destination(for: snapshot.arn)
                return place != snapshot.arn.place && !lineage.leadsBack(to: place)
            }
            let tests =
                Self.tests(of: route, on: snapshot, lineage) + [Self.placeTest(rules, lineage, on: snapshot)]
            let outcomes = Set(tests.map(\.outcome))
            let outcome: MatchOutcome =
                outcomes.contains(.doesNotMatch) ? .doesNotMatch : outcomes.contains(.unknown) ? .unknown : .matches
            decisions.append(.init(route: route.name, outcome: outcome, tests: tests))
            if outcome == .doesNotMatch { continue }
            copies += rules.map { Self.copy(of: snapshot.arn, $0, of: route, isCertain: outcome == .matches) }
        }
        var taken: Set<Destination> = []
        let ordered = copies.enumerated().sorted { ($1.element.priority, $0.offset) < ($0.element.priority, $1.offset) }
        let kept = ordered.map(\.element).filter { taken.insert($0.destination).inserted }
        return PolicyDecision(routes: decisions, copies: kept)
    }

    /// Whether any route needs the tags of databases to judge the snapshots of a group.
    func asksForDatabaseTags(in group: SourceGroup) -> Bool {
        self.routes.contains { route in
            !route.match.databaseTags.isEmpty && route.match.kinds.contains(group.kind)
                && route.source.regions.contains(group.region)
        }
    }

    /// The plan behind a job that exists: the rule of its route for its destination.
    ///
    /// A job whose route has since left the policy, or that names none, falls to the highest priority that leads to its
    /// destination.
    ///
    /// - Parameter job: The job.
    /// - Returns: `nil` when no route leads there.
    package func plan(for job: CopyJob) -> PlannedCopy? {
        let plans = self.routes.flatMap { route in
            route.destinations.filter { $0.leads(to: job.destination) }.map { rule in
                var copy = Self.copy(of: job.source, rule, of: route, isCertain: true)
                copy.destination = job.destination
                return copy
            }
        }
        let ordered = plans.enumerated().sorted { ($1.element.priority, $0.offset) < ($0.element.priority, $1.offset) }
        return plans.first { $0.route == job.route } ?? ordered.first?.element
    }

    private static func copy(
        of source: SnapshotARN,
        _ rule: DestinationRule,
        of route: Route,
        isCertain: Bool
    ) -> PlannedCopy {
        PlannedCopy(
            source: source,
            destination: rule.destination(for: source),
            route: route.name,
            priority: route.priority,
            newestOnly: route.newestOnly,
            rule: rule,
            hopKey: route.source.hopKey,
            isCertain: isCertain
        )
    }

    // MARK: - Tests

    static let accountTest = "source account"

    /// The test that a copy of ours never passes.
    static let lineageTest = "not a copy of ours"

    private static func tests(
        of route: Route,
        on snapshot: SnapshotFacts,
        _ lineage: CopyLineage
    ) -> [PolicyDecision.Test] {
        let arn = snapshot.arn
        let accounts = route.source.accounts
        return [
            self.test("source Region", arn.region, isAmong: route.source.regions),
            accounts.isEmpty
                ? .init(name: self.accountTest, outcome: .matches, detail: "any")
                : self.test(self.accountTest, arn.account, isAmong: accounts),
            self.test("kind", arn.kind.rawValue, isAmong: route.match.kinds.map(\.rawValue).sorted()),
            self.typeTest(route.match.types, on: snapshot),
            self.test(of: lineage, on: snapshot),
            self.test("engine", snapshot.engine, of: snapshot, isLike: route.match.engines),
            self.test("database", snapshot.database, of: snapshot, isLike: route.match.databases),
            self.excludeTest("exclude", route.match.exclude, snapshot.database, of: snapshot),
            self.test("snapshot", arn.identifier, of: snapshot, isLike: route.match.snapshots),
            self.excludeTest("exclude snapshot", route.match.excludeSnapshots, arn.identifier, of: snapshot),
            self.tagTest("tags", route.match.tags, snapshot.tags, of: snapshot),
            self.tagTest("database tags", route.match.databaseTags, snapshot.databaseTags, of: snapshot),
        ]
    }

    /// All of the tags have to be there, each with a value like its pattern.
    private static func tagTest(
        _ name: String,
        _ wanted: [String: GlobPattern],
        _ tags: [String: String]?,
        of snapshot: SnapshotFacts
    ) -> PolicyDecision.Test {
        if wanted.isEmpty { return .init(name: name, outcome: .matches, detail: "any") }
        guard let tags else { return self.unknown(name, snapshot) }
        for (key, pattern) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let value = tags[key] else {
                return .init(name: name, outcome: .doesNotMatch, detail: "there is no tag \(key.excerpt(60))")
            }
            if !pattern.matches(value) {
                let detail = "\(key.excerpt(60)) is \(value.excerpt(60)), not like \(pattern.text.excerpt(60))"
                return .init(name: name, outcome: .doesNotMatch, detail: detail)
            }
        }
        let all = wanted.keys.sorted().joined(separator: ", ").excerpt(120)
        return .init(name: name, outcome: .matches, detail: "\(all) as wanted")
    }

    private static func test(_ name: String, _ value: String, isAmong values: [String]) -> PolicyDecision.Test {
        let isFound = values.contains(value)
        let detail = "\(value) is \(isFound ? "" : "not ")among \(values.joined(separator: ", "))"
        return .init(name: name, outcome: isFound ? .matches : .doesNotMatch, detail: detail)
    }

    private static func unknown(_ name: String, _ snapshot: SnapshotFacts) -> PolicyDecision.Test {
        .init(
            name: name,
            outcome: snapshot.isDescribed ? .doesNotMatch : .unknown,
            detail: snapshot.isDescribed ? "RDS says nothing that the fleet knows" : "not known until described"
        )
    }

    private static func typeTest(_ types: Set<Snapshot.Origin>, on snapshot: SnapshotFacts) -> PolicyDecision.Test {
        guard let origin = snapshot.effectiveOrigin else { return self.unknown("type", snapshot) }
        // Only manual snapshots can be shared, and "shared" is what they look like from another account.
        let isShared = origin == .shared && types.contains(.manual)
        let wanted = types.map(\.rawValue).sorted()
        return self.test("type", isShared ? Snapshot.Origin.manual.rawValue : origin.rawValue, isAmong: wanted)
    }

    /// A copy of a copy is never started by accident.
    private static func test(of lineage: CopyLineage, on snapshot: SnapshotFacts) -> PolicyDecision.Test {
        let name = self.lineageTest
        switch lineage {
        case .original where snapshot.origin == .automated:
            return .init(name: name, outcome: .matches, detail: "copies are never automated")
        case .original:
            return .init(name: name, outcome: .matches, detail: "it does not carry our tag")
        case .foreign(let origin):
            return .init(name: name, outcome: .matches, detail: "somebody else copied it from \(origin)".excerpt(400))
        case .ours(let source):
            return .init(name: name, outcome: .doesNotMatch, detail: "it is a copy of \(source.excerpt())")
        case .hop(let source?, let destination?) where !HopIdentifier.isOne(snapshot.arn.identifier):
            let detail = "it is a hop of \(source.excerpt()) on its way to \(destination.excerpt(60))"
            return .init(name: name, outcome: .doesNotMatch, detail: detail)
        case .hop:
            let detail = "it is named like a hop, which is made by the fleet"
            return .init(name: name, outcome: .doesNotMatch, detail: detail)
        case .unknown:
            return self.unknown(name, snapshot)
        }
    }

    private static func test(
        _ name: String,
        _ value: String?,
        of snapshot: SnapshotFacts,
        isLike patterns: [GlobPattern]
    ) -> PolicyDecision.Test {
        if patterns.contains(where: \.isUniversal) { return .init(name: name, outcome: .matches, detail: "any") }
        guard let value else { return self.unknown(name, snapshot) }
        if let found = patterns.first(where: { $0.matches(value) }) {
            return .init(name: name, outcome: .matches, detail: "\(value) is like \(found)")
        }
        let wanted = patterns.map(\.text).joined(separator: ", ")
        return .init(name: name, outcome: .doesNotMatch, detail: "\(value) is like none of \(wanted)")
    }

    private static func excludeTest(
        _ name: String,
        _ patterns: [GlobPattern],
        _ value: String?,
        of snapshot: SnapshotFacts
    ) -> PolicyDecision.Test {
        if patterns.isEmpty { return .init(name: name, outcome: .matches, detail: "nothing is excluded") }
        guard let value else { return self.unknown(name, snapshot) }
        if let found = patterns.first(where: { $0.matches(value) }) {
            return .init(name: name, outcome: .doesNotMatch, detail: "\(value) is like \(found)")
        }
        return .init(name: name, outcome: .matches, detail: "\(value) is not excluded")
    }

    private static func placeTest(
        _ rules: [DestinationRule],
        _ lineage: CopyLineage,
        on snapshot: SnapshotFacts
    ) -> PolicyDecision.Test {
        if rules.isEmpty, case .foreign(let origin) = lineage {
            let detail =
                "it is a copy of \(origin.identifier) at \(origin.account)/\(origin.region), and leads back there"
            return .init(name: "destination", outcome: .doesNotMatch, detail: detail.excerpt(400))
        }
        if rules.isEmpty {
            return .init(name: "destination", outcome: .doesNotMatch, detail: "it is in \(snapshot.arn.place) already")
        }
        let names = rules.map { $0.destination(for: snapshot.arn).description }.joined(separator: ", ")
        return .init(name: "destination", outcome: .matches, detail: names)
    }
}

extension DestinationRule {
    fileprivate func destination(for source: SnapshotARN) -> Destination {
        Destination(account: self.account ?? source.account, region: self.region)
    }
}

extension SnapshotARN {
    fileprivate var place: Destination { Destination(account: self.account, region: self.region) }
}
