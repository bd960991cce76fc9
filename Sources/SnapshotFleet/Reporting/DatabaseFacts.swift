// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// A database at its source, as far as a report needs to know it.
package struct DatabaseFacts: Hashable, Sendable {
    package let database: SourceDatabase
    package let engine: String
    /// When it was made; `nil` where RDS does not say.
    package let createdAt: Instant?
    package let tags: [String: String]

    package init(database: SourceDatabase, engine: String, createdAt: Instant? = nil, tags: [String: String] = [:]) {
        self.database = database
        self.engine = engine
        self.createdAt = createdAt
        self.tags = tags
    }
}

/// Who lists databases and snapshots for a report: RDS in production.
package protocol RecoveryLister: SnapshotLister {
    /// Lists the databases of a source that the fleet can work in; members of clusters are part of their cluster.
    ///
    /// - Throws: ``AWSError``, or `CancellationError` once its task is cancelled.
    func facts(in group: SourceGroup) async throws -> [DatabaseFacts]
}

/// What a policy says to a database, before any of its snapshots is looked at.
struct DatabaseCoverage: Hashable, Sendable {
    struct Wanted: Hashable, Sendable {
        var route: String
        /// Whether that holds for its automated snapshots whatever they carry.
        var isCertain: Bool
    }

    /// By destination, the route that carries it there.
    var wanted: [Destination: Wanted] = [:]
    /// Why no route takes it, where none does.
    var reason = ""

    /// The tests that judge a snapshot rather than its database.
    private static let snapshotTests: Set<String> = [
        "type", Policy.lineageTest, "snapshot", "exclude snapshot", "tags",
    ]

    init(of facts: DatabaseFacts, by policy: Policy) {
        let database = facts.database
        let home = Destination(account: database.account, region: database.region)
        let arn = SnapshotARN(
            partition: RegionName.partition(of: database.region) ?? "aws",
            region: database.region,
            account: database.account,
            kind: database.kind,
            // As RDS calls an automated snapshot.
            identifier: "rds:\(database.identifier)-2000-01-01-00-00"
        )
        let snapshot = SnapshotFacts(
            arn: arn,
            database: database.identifier,
            origin: .automated,
            engine: facts.engine,
            databaseTags: facts.tags
        )
        var priorities: [Destination: Int] = [:]
        var misses: [(route: String, tests: [PolicyDecision.Test])] = []
        for (route, decision) in zip(policy.routes, policy.explain(snapshot).routes) {
            let failed = decision.tests.filter { $0.outcome == .doesNotMatch }
            let hopeless = failed.filter { !Self.snapshotTests.contains($0.name) }
            guard hopeless.isEmpty else {
                misses.append((route.name, hopeless))
                continue
            }
            for rule in route.destinations {
                let place = Destination(account: rule.account ?? database.account, region: rule.region)
                let known = self.wanted[place]
                let isCertain = decision.outcome == .matches
                // A route that is sure to take it goes before one that may.
                let isBetter =
                    known.map { known in
                        known.isCertain == isCertain ? (priorities[place] ?? 0) < route.priority : isCertain
                    } ?? true
                guard place != home, isBetter else { continue }
                self.wanted[place] = Wanted(route: route.name, isCertain: isCertain)
                priorities[place] = route.priority
            }
        }
        guard self.wanted.isEmpty, let nearest = misses.min(by: { $0.tests.count < $1.tests.count }) else { return }
        let test = nearest.tests[0]
        self.reason = "\(nearest.route): \(test.name): \(test.detail)".excerpt(200)
    }
}
