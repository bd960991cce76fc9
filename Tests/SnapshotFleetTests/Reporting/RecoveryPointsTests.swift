// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// What counts as a recovery point, and how old it is.
@Suite("Recovery points")
struct RecoveryPointsTests {
    private typealias World = RecoveryWorld

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var copies: [Snapshot]
        var standing: RecoveryStanding?
        var hours: Double?
        var rpo: Duration? = .seconds(26 * 3600)
        var testDescription: String { self.name }
    }

    static let cases: [Case] = [
        Case(name: "young enough", copies: [World.copy("a", hours: 25)], standing: .inTime, hours: 25),
        Case(name: "exactly as old as may be", copies: [World.copy("a", hours: 26)], standing: .inTime, hours: 26),
        Case(name: "too old", copies: [World.copy("a", hours: 27)], standing: .overdue, hours: 27),
        Case(
            name: "old data, copied just now",
            copies: [World.copy("a", hours: 27, copied: 0.1)],
            standing: .overdue,
            hours: 27
        ),
        Case(
            name: "the newest data counts, not the newest copy",
            copies: [World.copy("a", hours: 5, copied: 4), World.copy("a", hours: 50, copied: 1)],
            standing: .inTime,
            hours: 5
        ),
        Case(
            name: "one on its way counts for nothing",
            copies: [World.copy("a", hours: 40), World.copy("a", hours: 2, status: "copying")],
            standing: .overdue,
            hours: 40
        ),
        Case(
            name: "one that failed counts for nothing",
            copies: [World.copy("a", hours: 40), World.copy("a", hours: 2, status: "failed")],
            standing: .overdue,
            hours: 40
        ),
        Case(
            name: "a status that nobody knows counts for nothing",
            copies: [World.copy("a", hours: 40), World.copy("a", hours: 2, status: "pondering")],
            standing: .overdue,
            hours: 40
        ),
        Case(
            name: "on its way for the first time",
            copies: [World.copy("a", hours: 3, status: "copying")],
            standing: .firstCopyDue
        ),
        Case(
            name: "on its way for the first time, and late",
            copies: [World.copy("a", hours: 30, status: "copying")],
            standing: .neverCopied
        ),
        Case(
            name: "somebody's own snapshot",
            copies: [World.copy("a", hours: 1) { $0.tags = [:] }]
        ),
        Case(
            name: "our tags on a snapshot of another name",
            copies: [
                World.copy("a", hours: 1) { snapshot in
                    let other = SnapshotARN("arn:aws:rds:eu-west-1:111122223333:snapshot:my-own")
                    snapshot.arn = other ?? snapshot.arn
                }
            ]
        ),
        Case(
            name: "a hop",
            copies: [World.copy("a", hours: 1) { $0.tags["snapferry:hop"] = "444455556666/eu-west-1" }]
        ),
        Case(
            name: "data younger than its copy is somebody's mistake",
            copies: [
                World.copy("a", hours: 40), World.copy("a", hours: 2, copied: 9),
            ],
            standing: .overdue,
            hours: 40
        ),
        Case(
            name: "nothing says how old it is",
            copies: [
                World.copy("a", hours: 2) { snapshot in
                    snapshot.originalCreatedAt = nil
                    snapshot.tags[TagMerge.sourceCreatedKey] = "yesterday"
                }
            ],
            standing: .ageUnknown
        ),
        Case(
            name: "a clock that is behind RDS's",
            copies: [World.copy("a", hours: -2, copied: -3)],
            standing: .inTime,
            hours: 0
        ),
        Case(
            name: "nobody has said how old it may get",
            copies: [World.copy("a", hours: 900)],
            standing: .noRPO,
            hours: 900,
            rpo: nil
        ),
        Case(
            name: "a cluster's age is in our tag",
            copies: [World.copy("a", hours: 27, copied: 1, kind: .cluster)],
            standing: .overdue,
            hours: 27
        ),
        Case(
            name: "the route it came by is no more, another one carries it now",
            copies: [World.copy("a", hours: 27, route: "old")],
            standing: .overdue,
            hours: 27
        ),
    ]

    @Test("one database at one destination", arguments: cases)
    func standing(_ example: Case) {
        let report = World.report(example.copies, policy: World.policy(rpo: example.rpo))
        #expect(report.lines.first?.standing == example.standing)
        #expect(report.lines.count == (example.standing == nil ? 0 : 1))
        #expect(report.lines.first?.age == example.hours.map { World.hours($0) })
        #expect(report.foreign == (example.standing == nil ? 1 : 0))
        let expected = [RecoveryStanding.overdue, .neverCopied, .ageUnknown].contains(example.standing)
        #expect(report.breaches == (expected ? 1 : 0))
        #expect(report.routes.first?.isBreached == expected)
    }

    @Test("copies that no route asks for any more break nothing")
    func noRoute() {
        let match = SnapshotMatch(databases: ["prod-*"])
        let policy = Policy(routes: [World.route("prod", match: match)])
        let report = World.report([World.copy("a", hours: 900)], policy: policy)
        #expect(report.lines.map(\.standing) == [.noRoute])
        #expect(report.breaches == 0)
    }

    @Test("what was deleted at its source breaks nothing, if the source could be asked")
    func gone() {
        let copies = [World.copy("a", hours: 900), World.copy("b", hours: 900)]
        #expect(World.report(copies).breaches == 2)
        let report = World.report(copies, databases: [World.facts("b")])
        #expect(report.lines.map(\.standing) == [.overdue, .sourceGone])
        #expect(report.routes.first?.databases == 1)
    }

    @Test(
        "a database without any copy",
        arguments: [
            (1000.0, 26.0, RecoveryStanding.neverCopied, true), (3.0, 26.0, .firstCopyDue, false),
            (nil, 26.0, .neverCopied, true), (1000.0, nil, .neverCopied, false),
        ] as [(Double?, Double?, RecoveryStanding, Bool)]
    )
    func never(hours: Double?, rpo: Double?, standing: RecoveryStanding, isBreach: Bool) {
        let policy = World.policy(rpo: rpo.map { World.hours($0) })
        let report = World.report([], databases: [World.facts("a", madeHoursAgo: hours)], policy: policy)
        #expect(report.lines.map(\.standing) == [standing])
        #expect(report.lines.first?.isBreach == isBreach)
        #expect(report.lines.first?.newest == nil)
    }

    @Test("a database that no route takes is named with the test that it failed")
    func uncovered() throws {
        let policy = World.policy(match: SnapshotMatch(databases: ["prod-*"]))
        let report = World.report([], databases: [World.facts("scratch")], policy: policy)
        #expect(report.lines.isEmpty)
        let found = try #require(report.uncovered.first)
        #expect(found.database == World.database("scratch"))
        #expect(found.reason == "all: database: scratch is like none of prod-*")
    }

    @Test("where tests ask for what snapshots carry, the snapshots decide", arguments: [true, false])
    func undecided(isTagged: Bool) {
        let policy = World.policy(match: SnapshotMatch(tags: ["dr": "yes"]))
        var points = RecoveryPoints(policy: policy, now: World.now)
        points.take([World.facts("a")], in: World.group)
        #expect(points.undecided == [World.group])
        let arn = SnapshotARN("arn:aws:rds:us-east-1:111122223333:snapshot:rds:a-1")
        let snapshot = arn.map {
            Snapshot(
                arn: $0,
                database: "a",
                status: "available",
                origin: .automated,
                engine: "postgres",
                tags: isTagged ? ["dr": "yes"] : [:]
            )
        }
        points.take(sourcePage: [snapshot].compactMap(\.self))
        let report = points.report()
        #expect(report.lines.map(\.standing) == (isTagged ? [.neverCopied] : []))
        #expect(report.uncovered.map(\.reason) == (isTagged ? [] : ["none of its snapshots matches"]))
    }

    @Test("nothing is said of a destination whose list ended early")
    func gap() {
        var points = RecoveryPoints(policy: World.policy(), now: World.now)
        points.take([World.copy("a", hours: 40)], at: World.pool)
        points.miss(World.pool, Trouble(.throttled, detail: "slow down"))
        let report = points.report()
        #expect(report.lines.isEmpty)
        #expect(report.routes.isEmpty)
        #expect(report.gaps.count == 1)
    }

    @Test("the worst comes first, and only so many are named")
    func order() throws {
        var copies = (0..<40).map { World.copy("late-\($0)", hours: 30 + Double($0)) }
        copies += [World.copy("fine", hours: 25), World.copy("finer", hours: 1)]
        copies.shuffle()
        let report = World.report(copies, databases: copies.map { World.facts($0.database) } + [World.facts("never")])
        let names = report.lines.map(\.database.identifier)
        #expect(names.prefix(3) == ["never", "late-39", "late-38"])
        #expect(names.suffix(2) == ["fine", "finer"])
        let point = try #require(report.routes.first)
        #expect(point.breachedCount == 41)
        #expect(point.breached.count == RoutePoint.mostNamed)
        #expect(point.worst == World.database("never"))
        #expect(point.worstAge == World.hours(1000))
        #expect(point.databases == 43)
    }

    @Test(
        "a list that shifts while it is read counts no copy twice, and a short memory keeps the newest",
        arguments: [1, 3, 100]
    )
    func depth(depth: Int) throws {
        let copies = (0..<50).map { World.copy("a", hours: Double($0)) }.shuffled()
        let line = try #require(World.report(copies + copies, depth: depth).lines.first)
        #expect(line.confirmedCount == 50)
        #expect(line.confirmed.count == min(depth, 50))
        #expect(line.age == .zero)
        #expect(
            line.confirmed.map(\.takenAt)
                == line.confirmed.map(\.takenAt).sorted { ($0 ?? World.now) > ($1 ?? World.now) }
        )
    }

    @Test("the route of the highest priority counts where two carry a database to one place")
    func priority() {
        let routes = [
            World.route("slow", priority: 1, rpo: World.hours(100)),
            World.route("fast", priority: 9, rpo: World.hours(1)),
        ]
        let copies = [World.copy("a", hours: 5, route: "slow")]
        let report = World.report(copies, databases: [World.facts("a")], policy: Policy(routes: routes))
        #expect(report.lines.map(\.route) == ["fast"])
        #expect(report.breaches == 1)
        #expect(World.report(copies, policy: Policy(routes: routes)).lines.map(\.route) == ["slow"])
    }
}
