// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension Policy {
    /// The copies that the policy asks for, the highest priority first, one for each destination at most.
    ///
    /// Where facts are missing the copies that may yet be asked for are among them, marked by
    /// ``PlannedCopy/isCertain``.
    package func match(_ snapshot: SnapshotFacts) -> [PlannedCopy] {
        let subject = MatchSubject(snapshot)
        var copies: [PlannedCopy] = []
        for index in self.routes.indices {
            var outcome = OutcomeAlone()
            Self.judge(subject, by: self.routes[index], into: &outcome)
            if outcome.outcome == .doesNotMatch { continue }
            copies += Self.copies(of: subject, by: self.routes[index], outcome.outcome)
        }
        return Self.chosen(from: copies)
    }

    /// What each route says to a snapshot, test by test.
    ///
    /// Destinations without account are taken to be in the snapshot's own; ``resolved(ownAccount:)`` comes first.
    package func explain(_ snapshot: SnapshotFacts) -> PolicyDecision {
        let subject = MatchSubject(snapshot)
        var decisions: [PolicyDecision.RouteDecision] = []
        var copies: [PlannedCopy] = []
        for route in self.routes {
            var tests = TestsInFull()
            Self.judge(subject, by: route, into: &tests)
            decisions.append(.init(route: route.name, outcome: tests.outcome, tests: tests.tests))
            if tests.outcome == .doesNotMatch { continue }
            copies += Self.copies(of: subject, by: route, tests.outcome)
        }
        return PolicyDecision(routes: decisions, copies: Self.chosen(from: copies))
    }

    private static func copies(of subject: MatchSubject, by route: Route, _ outcome: MatchOutcome) -> [PlannedCopy] {
        route.destinations.lazy.filter { subject.mayGo(by: $0) }.map {
            self.copy(of: subject.arn, $0, of: route, isCertain: outcome == .matches)
        }
    }

    /// One for each destination, that of the highest priority, in the order of priorities.
    private static func chosen(from copies: [PlannedCopy]) -> [PlannedCopy] {
        if copies.count < 2 { return copies }
        var taken: Set<Destination> = []
        let ordered = copies.enumerated().sorted { ($1.element.priority, $0.offset) < ($0.element.priority, $1.offset) }
        return ordered.map(\.element).filter { taken.insert($0.destination).inserted }
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

    /// Puts a snapshot to all tests of a route, or to as many as the record asks for.
    private static func judge(_ subject: MatchSubject, by route: Route, into record: inout some MatchRecord) {
        let snapshot = subject.facts
        let arn = subject.arn
        self.test("source Region", arn.region, isAmong: route.source.regions, &record)
        if record.isDecided { return }
        if route.source.accounts.isEmpty {
            record.note(self.accountTest, .matches, "any")
        } else {
            self.test(self.accountTest, arn.account, isAmong: route.source.accounts, &record)
        }
        if record.isDecided { return }
        let isKind = route.match.kinds.contains(arn.kind)
        record.note(
            "kind",
            isKind,
            self.sentence(arn.kind.rawValue, isKind, route.match.kinds.map(\.rawValue).sorted())
        )
        self.typeTest(route.match.types, subject, &record)
        if record.isDecided { return }
        self.lineageTest(subject, &record)
        self.test("engine", snapshot.engine, of: snapshot, isLike: route.match.engines, &record)
        self.test("database", snapshot.database, of: snapshot, isLike: route.match.databases, &record)
        if record.isDecided { return }
        self.excludeTest("exclude", route.match.exclude, snapshot.database, of: snapshot, &record)
        self.test("snapshot", arn.identifier, of: snapshot, isLike: route.match.snapshots, &record)
        self.excludeTest("exclude snapshot", route.match.excludeSnapshots, arn.identifier, of: snapshot, &record)
        if record.isDecided { return }
        self.tagTest("tags", route.match.tags, snapshot.tags, of: snapshot, &record)
        self.tagTest("database tags", route.match.databaseTags, snapshot.databaseTags, of: snapshot, &record)
        self.placeTest(route.destinations, subject, &record)
    }

    /// All of the tags have to be there, each with a value like its pattern.
    private static func tagTest(
        _ name: String,
        _ wanted: [String: GlobPattern],
        _ tags: [String: String]?,
        of snapshot: SnapshotFacts,
        _ record: inout some MatchRecord
    ) {
        if wanted.isEmpty { return record.note(name, .matches, "any") }
        guard let tags else { return self.unknown(name, snapshot, &record) }
        for (key, pattern) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let value = tags[key] else {
                return record.note(name, .doesNotMatch, "there is no tag \(key.excerpt(60))")
            }
            if !pattern.matches(value) {
                return record.note(
                    name,
                    .doesNotMatch,
                    "\(key.excerpt(60)) is \(value.excerpt(60)), not like \(pattern.text.excerpt(60))"
                )
            }
        }
        record.note(name, .matches, "\(wanted.keys.sorted().joined(separator: ", ").excerpt(120)) as wanted")
    }

    private static func test(
        _ name: String,
        _ value: String,
        isAmong values: [String],
        _ record: inout some MatchRecord
    ) {
        let isFound = values.contains(value)
        record.note(name, isFound, self.sentence(value, isFound, values))
    }

    private static func sentence(_ value: String, _ isFound: Bool, _ values: [String]) -> String {
        "\(value) is \(isFound ? "" : "not ")among \(values.joined(separator: ", "))"
    }

    private static func unknown(_ name: String, _ snapshot: SnapshotFacts, _ record: inout some MatchRecord) {
        record.note(
            name,
            snapshot.isDescribed ? .doesNotMatch : .unknown,
            snapshot.isDescribed ? "RDS says nothing that the fleet knows" : "not known until described"
        )
    }

    private static func typeTest(
        _ types: Set<Snapshot.Origin>,
        _ subject: MatchSubject,
        _ record: inout some MatchRecord
    ) {
        guard let origin = subject.origin else { return self.unknown("type", subject.facts, &record) }
        // Only manual snapshots can be shared, and "shared" is what they look like from another account.
        let seen = origin == .shared && types.contains(.manual) ? .manual : origin
        let isType = types.contains(seen)
        record.note("type", isType, self.sentence(seen.rawValue, isType, types.map(\.rawValue).sorted()))
    }

    /// A copy of a copy is never started by accident.
    private static func lineageTest(_ subject: MatchSubject, _ record: inout some MatchRecord) {
        let name = self.lineageTest
        switch subject.lineage {
        case .original where subject.facts.origin == .automated:
            record.note(name, .matches, "copies are never automated")
        case .original:
            record.note(name, .matches, "it does not carry our tag")
        case .foreign(let origin):
            record.note(name, .matches, "somebody else copied it from \(origin)".excerpt(400))
        case .ours(let source):
            record.note(name, .doesNotMatch, "it is a copy of \(source.excerpt())")
        case .hop(let source?, let destination?) where !HopIdentifier.isOne(subject.arn.identifier):
            record.note(
                name,
                .doesNotMatch,
                "it is a hop of \(source.excerpt()) on its way to \(destination.excerpt(60))"
            )
        case .hop:
            record.note(name, .doesNotMatch, "it is named like a hop, which is made by the fleet")
        case .unknown:
            self.unknown(name, subject.facts, &record)
        }
    }

    private static func test(
        _ name: String,
        _ value: String?,
        of snapshot: SnapshotFacts,
        isLike patterns: [GlobPattern],
        _ record: inout some MatchRecord
    ) {
        if patterns.contains(where: \.isUniversal) { return record.note(name, .matches, "any") }
        guard let value else { return self.unknown(name, snapshot, &record) }
        if let found = patterns.first(where: { $0.matches(value) }) {
            return record.note(name, .matches, "\(value) is like \(found)")
        }
        record.note(
            name,
            .doesNotMatch,
            "\(value) is like none of \(patterns.map(\.text).joined(separator: ", "))"
        )
    }

    private static func excludeTest(
        _ name: String,
        _ patterns: [GlobPattern],
        _ value: String?,
        of snapshot: SnapshotFacts,
        _ record: inout some MatchRecord
    ) {
        if patterns.isEmpty { return record.note(name, .matches, "nothing is excluded") }
        guard let value else { return self.unknown(name, snapshot, &record) }
        if let found = patterns.first(where: { $0.matches(value) }) {
            return record.note(name, .doesNotMatch, "\(value) is like \(found)")
        }
        record.note(name, .matches, "\(value) is not excluded")
    }

    private static func placeTest(
        _ rules: [DestinationRule],
        _ subject: MatchSubject,
        _ record: inout some MatchRecord
    ) {
        guard rules.contains(where: { subject.mayGo(by: $0) }) else {
            if case .foreign(let origin) = subject.lineage {
                let place = "\(origin.account)/\(origin.region)"
                return record.note(
                    "destination",
                    .doesNotMatch,
                    "it is a copy of \(origin.identifier) at \(place), and leads back there".excerpt(400)
                )
            }
            return record.note("destination", .doesNotMatch, "it is in \(subject.arn.place) already")
        }
        record.note(
            "destination",
            .matches,
            rules.filter { subject.mayGo(by: $0) }.map { $0.destination(for: subject.arn).description }
                .joined(separator: ", ")
        )
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
