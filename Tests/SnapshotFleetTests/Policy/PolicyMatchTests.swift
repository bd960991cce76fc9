// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Asking the policy")
struct PolicyMatchTests {
    private static let arn = "arn:aws:rds:us-east-1:111122223333:snapshot:rds:prod-orders-2026-11-21-03-10"

    private static func facts(
        _ arn: String = Self.arn,
        database: String? = "prod-orders",
        origin: Snapshot.Origin? = .automated,
        engine: String? = "mysql",
        tags: [String: String]? = [:],
        isDescribed: Bool = true
    ) throws -> SnapshotFacts {
        SnapshotFacts(
            arn: try #require(SnapshotARN(arn)),
            database: database,
            origin: origin,
            engine: engine,
            tags: tags,
            isDescribed: isDescribed
        )
    }

    private static func route(
        _ name: String = "prod",
        priority: Int = 0,
        match: SnapshotMatch = SnapshotMatch(),
        to regions: [String] = ["eu-west-1"]
    ) -> Route {
        Route(
            name: name,
            priority: priority,
            source: SourceSelection(regions: ["us-east-1", "us-west-2"], accounts: ["111122223333"]),
            match: match,
            destinations: regions.map { DestinationRule(region: $0, account: "111122223333") }
        )
    }

    @Test("plans a copy for each destination, and its job")
    func plans() throws {
        let policy = Policy(routes: [Self.route(to: ["eu-west-1", "eu-west-2"])])
        let copies = policy.match(try Self.facts())
        #expect(copies.map(\.destination.region) == ["eu-west-1", "eu-west-2"])
        #expect(copies.allSatisfy { $0.isCertain && $0.route == "prod" })
        let job = copies[0].job(firstSeen: Instant(microseconds: 7))
        #expect(job.id.description == "\(Self.arn) -> 111122223333/eu-west-1")
        #expect(job.firstSeen == Instant(microseconds: 7) && job.failedCopies == 0)
    }

    @Test(
        "says which test failed",
        arguments: [
            (
                "arn:aws:rds:eu-north-1:111122223333:snapshot:x",
                "source Region: eu-north-1 is not among us-east-1, us-west-2"
            ),
            (
                "arn:aws:rds:us-east-1:999988887777:snapshot:x",
                "source account: 999988887777 is not among 111122223333"
            ),
            ("arn:aws:rds:us-east-1:111122223333:cluster-snapshot:x", "kind: cluster is not among instance"),
            (
                "arn:aws:rds:us-east-1:111122223333:snapshot:awsbackup:job-1",
                "type: awsbackup is not among automated, manual"
            ),
        ]
    )
    func failures(arn: String, expected: String) throws {
        let policy = Policy(routes: [Self.route(match: SnapshotMatch(kinds: [.instance]))])
        let decision = policy.explain(try Self.facts(arn))
        #expect(decision.outcome == .doesNotMatch)
        #expect(decision.copies.isEmpty)
        #expect(decision.explanation == "route prod does not take it: \(expected)")
        #expect(decision.isForeignAccount == arn.contains("9999"))
    }

    @Test("tells engine, database, exclusion and our own copies apart")
    func patterns() throws {
        let match = SnapshotMatch(types: [.manual], engines: ["aurora-*"], databases: ["prod-*"], exclude: ["*-orders"])
        let decision = Policy(routes: [Self.route(match: match)])
            .explain(try Self.facts(tags: ["snapferry:source": "arn:x"]))
        let failed = decision.routes[0].tests.filter { $0.outcome == .doesNotMatch }.map(\.description)
        #expect(
            failed == [
                "type: automated is not among manual", "not a copy of ours: it is a copy of arn:x",
                "engine: mysql is like none of aurora-*", "exclude: prod-orders is like *-orders",
            ]
        )
        #expect(decision.routes[0].tests.count == 13)
    }

    @Test(
        "asks for tags of the snapshot and of its database, all of them with a value like the wanted one",
        arguments: [
            (SnapshotMatch(tags: ["dr": "true"]), "tags: dr is maybe, not like true"),
            (SnapshotMatch(tags: ["dr": "m*"]), nil),
            (SnapshotMatch(tags: ["dr": "*", "env": "*"]), "tags: there is no tag env"),
            (SnapshotMatch(databaseTags: ["tier": "gold"]), nil),
            (SnapshotMatch(databaseTags: ["tier": "silver"]), "database tags: tier is Gold, not like silver"),
            (SnapshotMatch(databaseTags: ["DR": "*"]), "database tags: there is no tag DR"),
        ]
    )
    func tags(match: SnapshotMatch, failure: String?) throws {
        var facts = try Self.facts(tags: ["dr": "maybe"])
        facts.databaseTags = ["tier": "Gold", "dr": "true"]
        let decision = Policy(routes: [Self.route(match: match)]).explain(facts)
        #expect(decision.explanation == "route prod " + (failure.map { "does not take it: \($0)" } ?? "takes it"))
        // An event tells nothing of either.
        let event = SnapshotEvent(arn: try #require(SnapshotARN(Self.arn)), origin: .automated)
        #expect(Policy(routes: [Self.route(match: match)]).explain(SnapshotFacts(event)).outcome == .unknown)
        facts.databaseTags = nil
        if !match.databaseTags.isEmpty {
            #expect(Policy(routes: [Self.route(match: match)]).explain(facts).outcome == .doesNotMatch)
        }
    }

    @Test(
        "tells snapshots apart by name",
        arguments: [
            (SnapshotMatch(snapshots: ["rds:*-03-10"]), nil),
            (
                SnapshotMatch(snapshots: ["final-*"]),
                "snapshot: rds:prod-orders-2026-11-21-03-10 is like none of final-*"
            ),
            (
                SnapshotMatch(excludeSnapshots: ["*-2026-*"]),
                "exclude snapshot: rds:prod-orders-2026-11-21-03-10 is like *-2026-*"
            ),
        ]
    )
    func names(match: SnapshotMatch, failure: String?) throws {
        let decision = Policy(routes: [Self.route(match: match)]).explain(try Self.facts())
        #expect(decision.explanation == "route prod " + (failure.map { "does not take it: \($0)" } ?? "takes it"))
    }

    @Test("is unknown as long as a fact that matters is, and no longer")
    func unknown() throws {
        let manual = Self.arn.replacing("rds:prod", with: "prod")
        let any = Policy(routes: [Self.route()])
        let event = SnapshotEvent(arn: try #require(SnapshotARN(Self.arn)), origin: .automated)
        #expect(any.explain(SnapshotFacts(event)).outcome == .matches)
        let unsure = SnapshotFacts(SnapshotEvent(arn: try #require(SnapshotARN(manual))))
        #expect(any.explain(unsure).outcome == .unknown)
        #expect(any.match(unsure).map(\.isCertain) == [false])
        #expect(
            any.explain(unsure).explanation
                == "route prod can't tell yet: type: not known until described; "
                + "not a copy of ours: not known until described"
        )
        for match in [
            SnapshotMatch(databases: ["prod-*"]), SnapshotMatch(engines: ["mysql"]), SnapshotMatch(exclude: ["x"]),
        ] {
            let policy = Policy(routes: [Self.route(match: match)])
            #expect(policy.explain(SnapshotFacts(event)).outcome == .unknown)
            #expect(policy.explain(try Self.facts()).outcome == .matches)
        }
        // A test that fails settles it, whatever else is unknown.
        let never = Policy(routes: [Self.route(match: SnapshotMatch(kinds: [.cluster], databases: ["prod-*"]))])
        #expect(never.explain(SnapshotFacts(event)).outcome == .doesNotMatch)
        // Once described, what is still unknown stays so.
        #expect(any.explain(try Self.facts(origin: nil)).outcome == .doesNotMatch)
    }

    @Test("takes a shared snapshot for the manual one it is")
    func shared() throws {
        #expect(Policy(routes: [Self.route()]).explain(try Self.facts(origin: .shared)).outcome == .matches)
        let automated = Policy(routes: [Self.route(match: SnapshotMatch(types: [.automated]))])
        #expect(automated.explain(try Self.facts(origin: .shared)).outcome == .doesNotMatch)
    }

    @Test("lets one route plan each destination: the highest priority, then the first")
    func priorities() throws {
        let policy = Policy(routes: [
            Self.route("low", to: ["eu-west-1", "eu-west-2"]),
            Self.route("high", priority: 5, to: ["eu-west-2", "eu-west-3"]), Self.route("same", to: ["eu-west-1"]),
        ])
        let copies = policy.match(try Self.facts())
        #expect(
            copies.map { "\($0.route) \($0.destination.region)" } == [
                "high eu-west-2", "high eu-west-3", "low eu-west-1",
            ]
        )
    }

    @Test("never copies a snapshot to where it is")
    func inPlace() throws {
        let here = Policy(routes: [Self.route(to: ["us-east-1", "eu-west-1"])])
        #expect(here.match(try Self.facts()).map(\.destination.region) == ["eu-west-1"])
        let nowhere = Policy(routes: [Self.route(to: ["us-east-1"])])
        #expect(
            nowhere.explain(try Self.facts()).explanation
                == "route prod does not take it: destination: it is in 111122223333/us-east-1 already"
        )
        #expect(Policy(routes: []).explain(try Self.facts()).explanation == "the policy has no routes")
    }

    @Test("finds the plan behind a job, also when its route has been renamed")
    func jobs() throws {
        let policy = Policy(routes: [
            Self.route("low", to: ["eu-west-1"]), Self.route("high", priority: 5, to: ["eu-west-1"]),
        ])
        func plan(_ route: String, _ region: String = "eu-west-1", _ account: String = "111122223333") throws -> String?
        {
            let job = CopyJob(
                source: try #require(SnapshotARN(Self.arn)),
                destination: Destination(account: account, region: region),
                route: route,
                firstSeen: Instant(microseconds: 0)
            )
            return policy.plan(for: job)?.route
        }
        #expect(try plan("low") == "low")
        #expect(try plan("") == "high")
        #expect(try plan("gone") == "high")
        #expect(try plan("low", "eu-west-2") == nil)
        #expect(try plan("low", "eu-west-1", "999988887777") == nil)
    }
}
