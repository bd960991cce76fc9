// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("What a sweep finds missing")
struct SweepPlanTests {
    private typealias World = SweepWorld
    private static let fresh = World.source(hoursOld: 5)

    @Test(
        "is a copy that is not there, by name, by tag and by RDS's word",
        arguments: [
            (nil, .noCopy, 0, nil), (World.copy(of: fresh), nil, 1, nil),
            (World.copy(of: fresh, status: "copying"), nil, 0, nil),
            (World.copy(of: fresh, status: "failed"), .copyFailed, 0, nil),
            // Tags are gone; RDS still knows.
            (World.copy(of: fresh, tags: [:], sourceARN: fresh.arn.description), nil, 1, nil),
            // Somebody else's, under our name.
            (World.copy(of: fresh, tags: [:]), nil, 0, .nameTaken),
            (World.copy(of: fresh, tags: [TagMerge.sourceKey: "arn:x"]), nil, 0, .nameTaken),
            (World.copy(of: fresh, status: "failed", tags: [:], sourceARN: fresh.arn.description), nil, 0, .nameTaken),
            // Ours, under another name.
            (World.copy(of: fresh, name: "renamed"), nil, 1, nil),
            (World.copy(of: fresh, status: "failed", name: "renamed"), .noCopy, 0, nil),
            // Ours, and its name in capitals.
            (World.copy(of: fresh, name: "ORDERS-2026-11-21-07-00-US-EAST-1"), nil, 1, nil),
            // A copy of something else.
            (World.copy(of: World.source("stock", hoursOld: 5)), .noCopy, 0, nil),
        ] as [(Snapshot?, SweepReport.Cause?, Int, SweepSkip?)]
    )
    func standing(copy: Snapshot?, cause: SweepReport.Cause?, available: Int, skip: SweepSkip?) async throws {
        let report = try await World.look(sources: [Self.fresh], copies: copy.map { [$0] } ?? [])
        #expect(report.missing.map(\.cause) == (cause.map { [$0] } ?? []))
        #expect(report.available == available)
        #expect(report.inProgress == (copy?.status == "copying" ? 1 : 0))
        #expect(Array(report.skipped.keys) == (skip.map { [$0] } ?? []))
        #expect(report.missing.allSatisfy { $0.job.source == Self.fresh.arn && $0.job.firstSeen == World.now })
    }

    @Test(
        "leaves out what no route wants, what can't be copied and what is old, and says why",
        arguments: [
            (World.source("scratch", hoursOld: 5), SweepSkip.noRoute(test: "exclude")),
            (World.source(hoursOld: 5, name: "x", origin: .public), .noRoute(test: "type")),
            (World.source(hoursOld: 5, status: "creating"), .notReady),
            (World.source(hoursOld: 5, status: "deleting"), .unusable),
            (World.source(hoursOld: 5, name: "m", origin: .manual, tags: [TagMerge.sourceKey: "arn:x"]), .ownCopy),
            (World.source(hoursOld: 100), .tooOld),
        ]
    )
    func skipped(snapshot: Snapshot, skip: SweepSkip) async throws {
        let policy = World.policy(match: SnapshotMatch(kinds: [.instance], exclude: ["scratch"]))
        let report = try await World.look(policy, sources: [snapshot, World.source(hoursOld: 4)])
        #expect(report.missing.count == 1)
        #expect(report.skipped.mapValues(\.count) == [skip: 1])
        #expect(report.sources == 2)
    }

    @Test("is the newest of a database, however old, and the others only as far back as asked")
    func horizon() async throws {
        let sources =
            [400, 300, 200, 30].map { World.source("a", hoursOld: $0) }
            + [500, 900, 700].map { World.source("b", hoursOld: $0) }
        let report = try await World.look(sources: sources)
        #expect(report.missing.map { "\($0.database.identifier) \($0.isNewest)" } == ["a true", "b true"])
        #expect(report.missing.map(\.takenAt) == [World.now - .seconds(30 * 3600), World.now - .seconds(500 * 3600)])
        #expect(report.count(of: .tooOld) == 5)
        let far = try await World.look(sources: sources, request: SweepRequest(horizon: .seconds(250 * 3600)))
        #expect(far.missing.map(\.isNewest) == [true, true, false])
        #expect(far.count(of: .tooOld) == 4)
        let report2 = try await World.look(
            World.policy(newestOnly: true),
            sources: sources,
            request: SweepRequest(horizon: .seconds(600 * 3600))
        )
        #expect(report2.missing.map(\.database.identifier) == ["a", "b"])
        #expect(report2.count(of: .superseded) == 3)
    }

    @Test("comes newest of each database first, then by age, and no more than asked")
    func order() async throws {
        let sources = (1...4).flatMap { hour in ["a", "b", "c"].map { World.source($0, hoursOld: hour * 5) } }
        let all = try await World.look(sources: sources.shuffled())
        #expect(all.missing.map(\.isNewest) == Array(repeating: true, count: 3) + Array(repeating: false, count: 9))
        #expect(all.missing.compactMap(\.takenAt) == all.missing.compactMap(\.takenAt).sorted(by: >))
        let few = try await World.look(sources: sources, request: SweepRequest(limit: 5))
        #expect(few.missing == Array(all.missing.prefix(5)))
        #expect(few.beyondLimit == 7)
    }

    @Test("is not what retention would delete again, copies that are there counted")
    func retention() async throws {
        let sources = (0..<6).map { World.source(hoursOld: 1 + $0 * 10) }
        let policy = World.policy(retention: RetentionRule(keepNewest: 3))
        let bare = try await World.look(policy, sources: sources)
        #expect(bare.missing.map(\.job.source) == sources.prefix(3).map(\.arn))
        #expect(bare.count(of: .retention) == 3)
        // Copies of snapshots that are gone at the source, all newer than what is missing.
        let gone = (0..<3).map { World.copy(of: World.source(hoursOld: 2 + $0)) }
        let full = try await World.look(policy, sources: Array(sources.dropFirst()), copies: gone)
        #expect(full.missing.isEmpty)
        #expect(full.count(of: .retention) == 5)
        // The last of each day stays, though it is not among the newest.
        let daily = World.policy(retention: RetentionRule(keepNewest: 1, daily: 2))
        let kept = try await World.look(daily, sources: sources)
        #expect(kept.missing.map(\.job.source) == [sources[0].arn, sources[2].arn])
    }

    @Test("goes to each destination of its own, and a destination that can't be looked at hides no other")
    func destinations() async throws {
        let policy = World.policy(
            to: ["eu-west-1", "eu-west-2"].map { DestinationRule(region: $0, account: World.account) }
        )
        let london = SnapshotListing.copies(
            SlotPool(destination: Destination(account: World.account, region: "eu-west-2"), kind: .instance)
        )
        let shelves = PagedShelves([.own(World.instances, origin: nil): [Self.fresh]])
        shelves.fail([london: 0])
        let report = try await Sweep(policy: policy, request: SweepRequest()).look(with: shelves, at: World.now)
        #expect(report.missing.map(\.job.destination) == [World.ireland])
        #expect(report.count(of: .notLooked) == 1)
        #expect(report.gaps.map(\.listing) == [london])
    }

    @Test("asks for no more lists than the routes' types make necessary")
    func lists() {
        func sources(_ match: SnapshotMatch, from accounts: [String] = [World.account]) -> [SnapshotListing] {
            SweepPlan(
                policy: World.policy(match: match, from: accounts),
                request: SweepRequest(),
                ownAccount: World.account,
                now: World.now
            ).sources
        }
        let instances = World.instances
        #expect(sources(SnapshotMatch(kinds: [.instance])) == [.own(instances, origin: nil)])
        #expect(sources(SnapshotMatch(kinds: [.instance], types: [.manual])) == [.own(instances, origin: .manual)])
        #expect(
            sources(SnapshotMatch(types: [.automated, .awsbackup])) == [
                .own(World.clusters, origin: nil), .own(instances, origin: .automated),
                .own(instances, origin: .awsbackup),
            ]
        )
        // However many accounts share, what they share is one list; automated snapshots can't be shared.
        let shared = SnapshotListing.shared(region: "us-east-1", kind: .instance)
        #expect(sources(SnapshotMatch(kinds: [.instance]), from: [World.other, "777788889999"]) == [shared])
        #expect(sources(SnapshotMatch(kinds: [.instance], types: [.automated]), from: [World.other]) == [])
        #expect(sources(SnapshotMatch(kinds: [.instance], types: [.public])) == [])
        // An account that the fleet has a role for is looked at from inside.
        var entered = World.policy(from: [World.other])
        entered.routes[0].source.role = "arn:aws:iam::\(World.other):role/source"
        let plan = SweepPlan(policy: entered, request: SweepRequest(), ownAccount: World.account, now: World.now)
        let group = SourceGroup(account: World.other, region: "us-east-1", kind: .instance)
        #expect(plan.sources == [.own(group, origin: nil)])
    }

    @Test("takes of what others share only the accounts that a route names")
    func shared() async throws {
        let shared = SnapshotListing.shared(region: "us-east-1", kind: .instance)
        let snapshots = [World.other, "777788889999"].map {
            World.source(hoursOld: 5, name: "monthly", origin: .shared, account: $0)
        }
        let shelves = PagedShelves([shared: snapshots])
        let policy = World.policy(from: [World.other])
        let report = try await Sweep(policy: policy, request: SweepRequest()).look(with: shelves, at: World.now)
        #expect(report.missing.map(\.job.source.account) == [World.other])
        #expect(report.sources == 1)
    }

    @Test("is looked for in one route or one Region alone where that is asked")
    func narrowed() async throws {
        let shelves = PagedShelves([.own(World.instances, origin: nil): [Self.fresh]])
        for request in [SweepRequest(route: "gone"), SweepRequest(regions: ["us-west-2"])] {
            let report = try await Sweep(policy: World.policy(), request: request).look(with: shelves, at: World.now)
            #expect(report == SweepReport())
        }
        #expect(shelves.calls == 0)
        // What a route of a higher priority carries is not the other's.
        var policy = World.policy()
        var first = policy.routes[0]
        (first.name, first.priority) = ("first", 5)
        policy.routes.append(first)
        let low = try await World.look(policy, sources: [Self.fresh], request: SweepRequest(route: "dr"))
        #expect(low.missing.isEmpty)
        #expect(low.count(of: .noRoute(test: "another route carries it")) == 1)
        let high = try await World.look(policy, sources: [Self.fresh], request: SweepRequest(route: "first"))
        #expect(high.missing.map(\.job.route) == ["first"])
    }
}
