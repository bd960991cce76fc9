// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import SnapshotFleet
import Testing

/// Schedules whose answer can be worked out by hand.
@Suite struct ForecastTests {
    static let account = "111122223333"
    static let destination = Destination(account: account, region: "eu-west-1")
    static let start = Instant(iso8601: "2026-11-22T00:00:00Z") ?? Instant(microseconds: 0)
    static let hour = Duration.seconds(3600)

    /// In whole seconds: a duration times a fraction is not always what it should be.
    static func hours(_ count: Double) -> Duration { .seconds((count * 3600).rounded()) }

    /// How long a worker gathers snapshots before it describes them together.
    static let gathering = Duration.seconds(5)
    /// How late the fleet may notice that a copy has ended.
    static let notice = Duration.seconds(300)

    static func database(
        _ name: String,
        _ kind: SnapshotKind = .instance,
        hours: Double = 1,
        at backups: [Double] = [2],
        rpo: Duration? = nil
    ) -> ForecastDatabase {
        ForecastDatabase(
            name: name,
            kind: kind,
            account: Self.account,
            region: "us-east-1",
            sizeGiB: Int(hours * 600),
            backups: backups.map { self.hours($0) },
            rpo: rpo
        )
    }

    static func route(_ name: String, _ database: GlobPattern, priority: Int = 0, newestOnly: Bool = false) -> Route {
        Route(
            name: name,
            priority: priority,
            source: SourceSelection(regions: ["us-east-1"], accounts: [self.account]),
            match: SnapshotMatch(databases: [database]),
            destinations: [
                DestinationRule(
                    region: self.destination.region,
                    account: self.account,
                    slots: [.instance: 20, .cluster: 2]
                )
            ],
            newestOnly: newestOnly
        )
    }

    /// Without anything on top, so that 600 GiB take an hour.
    static func question(
        _ databases: [ForecastDatabase],
        routes: [Route] = [route("all", "*")],
        days: Int = 3
    ) -> ForecastQuestion {
        ForecastQuestion(
            policy: Policy(routes: routes),
            ownAccount: self.account,
            databases: databases,
            pace: ForecastPace(gibibytesPerHour: 600, overhead: .zero),
            start: self.start,
            days: days
        )
    }

    static func lane(_ answer: ForecastAnswer, _ name: String) throws -> ForecastAnswer.Lane {
        try #require(answer.lanes.first { $0.lane.database.name == name })
    }

    // MARK: - What decides

    @Test func whereThereAreSlotsForAllTheLongestCopyDecides() throws {
        let databases = [
            Self.database("large", hours: 2), Self.database("middle", hours: 1), Self.database("small", hours: 0.1),
        ]
        let answer = Forecast(Self.question(databases)).answer(more: [1, 5])
        for (name, hours) in [("large", 2), ("middle", 1), ("small", 0.1)] {
            let lane = try Self.lane(answer, name)
            #expect(lane.copies.count == 3)
            let lags = Self.hours(hours)...Self.hours(hours) + Self.gathering
            #expect(lane.copies.allSatisfy { lags.contains($0.lag) && $0.took == Self.hours(hours) })
            // A day after the data of the last copy was taken comes the next snapshot, and then its copy.
            let ages = Self.hours(24 + hours)...Self.hours(24 + hours) + Self.gathering
            #expect(ages.contains(try #require(lane.worstAge)))
        }
        let pool = try #require(answer.pools.first)
        #expect(answer.pools.count == 1)
        #expect(!pool.binds)
        #expect(pool.short == .zero)
        #expect(pool.most == 3)
        #expect(pool.worstLag == Self.hour * 2)
        #expect(pool.longestCopy == Self.hour * 2)
        #expect(answer.withMore.isEmpty)
        #expect(answer.end == Self.start + Self.hour * (48 + 2 + 2))
        #expect(abs(pool.load - 3.1 / (20 * 24)) < 0.001)
    }

    @Test func whereThereAreTooFewTheSlotsDecide() throws {
        let databases = (1...4).map { Self.database("c\($0)", .cluster) }
        let answer = Forecast(Self.question(databases, days: 2)).answer(more: [1, 2])
        let pool = try #require(answer.pools.first)
        #expect(pool.slots == 2)
        #expect(pool.most == 2)
        #expect(pool.binds)
        // Two waves of an hour; the second begins once the fleet has seen the end of the first.
        #expect((Self.hour * 2...Self.hour * 2 + Self.notice).contains(pool.worstLag))
        #expect((Self.hour * 2 - Self.gathering * 2...Self.hour * 2 + Self.notice).contains(pool.short))
        let firstDay = answer.lanes.compactMap(\.copies.first).sorted { $0.starts < $1.starts }
        #expect(firstDay[0].waited == .zero && firstDay[1].waited <= Self.gathering)
        #expect(firstDay[2].starts >= firstDay[0].safe && firstDay[3].starts >= firstDay[0].safe)
        // Three slots still take two waves, four take one.
        let three = try #require(answer.withMore.first { $0.more == 1 })
        #expect(three.stillBinds)
        #expect((Self.hour * 2...Self.hour * 2 + Self.notice).contains(three.worstLag))
        let four = try #require(answer.withMore.first { $0.more == 2 })
        #expect(!four.stillBinds)
        #expect((Self.hour...Self.hour + Self.gathering).contains(four.worstLag))
        #expect((Self.hour * 25...Self.hour * 25 + Self.gathering).contains(try #require(four.worstAge)))
    }

    @Test func oneDatabaseIsCopiedOneSnapshotAfterAnotherWhateverTheSlots() throws {
        let answer = Forecast(Self.question([Self.database("often", at: [2, 2.5])], days: 1)).answer()
        let copies = try Self.lane(answer, "often").copies
        #expect(copies.count == 2)
        #expect(copies[1].starts >= copies[0].safe)
        #expect((Self.hour * 0.5...Self.hour * 0.5 + Self.notice).contains(copies[1].waited))
        #expect(try #require(answer.pools.first).binds == false)
    }

    @Test func routesOfHigherPriorityGoFirst() throws {
        var routes = [Self.route("later", "a*"), Self.route("sooner", "z*", priority: 10)]
        for route in routes.indices { routes[route].destinations[0].slots[.instance] = 1 }
        let databases = [Self.database("a1"), Self.database("a2"), Self.database("z1"), Self.database("z2")]
        let answer = Forecast(Self.question(databases, routes: routes, days: 1)).answer()
        let order = answer.lanes.flatMap(\.copies).sorted { $0.starts < $1.starts }.map(\.lane.database.name)
        // The first to be heard of has its slot before any other is there.
        #expect(order == ["a1", "z1", "z2", "a2"])
    }

    @Test func theDatabaseWhoseCopyIsOldestGoesFirst() throws {
        let databases = [
            Self.database("fresh", at: [1, 22]), Self.database("old", at: [2]), Self.database("x", hours: 4, at: [0]),
        ]
        var question = Self.question(databases, days: 2)
        question.policy.routes[0].destinations[0].slots[.instance] = 1
        let answer = Forecast(question).answer()
        let morning = { (name: String, day: Double) in
            try #require(
                try Self.lane(answer, name).copies.first { $0.taken > Self.start + Self.hours(24 * day) }?.starts
            )
        }
        // Both wait for x to end. The first day knows of no copies, so that age decides; on the second the newest copy
        // of "fresh" is of ten in the evening, and that of "old" of two in the night.
        #expect(try morning("fresh", 0) < morning("old", 0))
        #expect(try morning("old", 1) < morning("fresh", 1))
    }

    @Test func aQuotaThatIsTooSmallForEverIsTold() throws {
        // Three clusters of 20 hours a day need 60 of the 48 hours that two slots have.
        let databases = (1...3).map { Self.database("c\($0)", .cluster, hours: 20) }
        let answer = Forecast(Self.question(databases)).answer()
        let pool = try #require(answer.pools.first)
        #expect(abs(pool.load - 1.25) < 0.001)
        let lags = answer.lanes.flatMap(\.copies).sorted { $0.taken < $1.taken }.map(\.lag)
        #expect(try #require(lags.last) > lags[0])
        #expect(answer.lanes.reduce(0) { $0 + $1.copies.count } == 9)
    }

    @Test func aCopyOfThirtyHoursOutlivesTheQueuesTwelveAndIsMadeOnce() throws {
        let answer = Forecast(Self.question([Self.database("huge", hours: 30)], days: 1)).answer()
        let lane = try Self.lane(answer, "huge")
        #expect(lane.copies.map(\.lag) == [Self.hour * 30])
        #expect(lane.worstAge == nil)
        #expect(answer.failures.isEmpty)
    }

    // MARK: - What is asked

    @Test func whatNoRouteWantsIsNamedWithTheReason() throws {
        let routes = [Self.route("prod", "prod-*")]
        let databases = [Self.database("prod-a"), Self.database("test-a")]
        let answer = Forecast(Self.question(databases, routes: routes)).answer()
        #expect(answer.lanes.map(\.lane.database.name) == ["prod-a"])
        #expect(answer.unwanted.map(\.database.name) == ["test-a"])
        #expect(answer.unwanted.first?.reason.contains("prod") == true)
    }

    @Test(arguments: [(25.0, false), (24.5, true)]) func anRPOIsKeptOrNot(hours: Double, isLate: Bool) throws {
        let database = Self.database("orders", rpo: Self.hours(hours))
        let answer = Forecast(Self.question([database])).answer()
        #expect(try Self.lane(answer, "orders").isLate == isLate)
        #expect(answer.worstAge == Self.hour * 25)
    }

    @Test func theRoutesRPOCountsWhereTheDatabaseHasNone() throws {
        var route = Self.route("all", "*")
        route.rpo = Self.hour * 24
        let databases = [Self.database("own", rpo: Self.hour * 48), Self.database("routes")]
        let answer = Forecast(Self.question(databases, routes: [route])).answer()
        #expect(try Self.lane(answer, "own").isLate == false)
        #expect(try Self.lane(answer, "routes").isLate)
    }

    @Test func copiesUnderWayKeepTheirSlotsUntilTheyEnd() throws {
        var question = Self.question([Self.database("c", .cluster, at: [0])], days: 1)
        let pool = SlotPool(destination: Self.destination, kind: .cluster)
        question.underWay = ["x", "y"].map {
            ForecastQuestion.UnderWay(
                pool: pool,
                identifier: $0,
                database: nil,
                taken: nil,
                ends: Self.start + Self.hour
            )
        }
        let answer = Forecast(question).answer()
        let copy = try #require(try Self.lane(answer, "c").copies.first)
        // Nobody tells the fleet of other people's copies: it looks again and again.
        #expect((Self.hour...Self.hour + Self.notice).contains(copy.waited))
        let found = try #require(answer.pools.first)
        #expect(found.binds)
        #expect(found.most == 2)
    }

    @Test func whatIsOverdueStartsAtOnceAndCountsFromItsData() throws {
        var question = Self.question([Self.database("orders", at: [2])], days: 1)
        let id = question.databases[0].id
        let taken = Self.start - Self.hour * 20
        question.overdue = [
            ForecastQuestion.Overdue(
                database: id,
                identifier: "rds:orders-2026-11-21-04-00",
                taken: taken,
                destination: Self.destination
            )
        ]
        question.newestCopies = [ForecastLane(database: id, destination: Self.destination): taken - Self.hour * 24]
        let lane = try Self.lane(Forecast(question).answer(), "orders")
        #expect(lane.copies.map(\.starts) == [Self.start, Self.start + Self.hour * 2])
        #expect(lane.copies.first?.lag == Self.hour * 21)
        // Until the overdue copy is whole, the newest is of the day before.
        #expect(lane.worstAge == Self.hour * 45)
    }

    @Test func ofRoutesThatWantTheNewestOnlyWhatIsOvertakenIsDropped() throws {
        var route = Self.route("newest", "*", newestOnly: true)
        route.destinations[0].slots[.instance] = 1
        let databases = [Self.database("long", hours: 10, at: [0]), Self.database("often", at: [1, 2, 3])]
        let answer = Forecast(Self.question(databases, routes: [route], days: 1)).answer()
        #expect(answer.superseded == 2)
        #expect(try Self.lane(answer, "often").copies.count == 1)
    }

    @Test func theSameQuestionHasTheSameAnswer() throws {
        let databases = (1...30).map { Self.database("d\($0)", .cluster, hours: Double($0 % 7) / 2 + 0.5) }
        let copies = { Forecast(Self.question(databases)).answer().lanes.flatMap(\.copies) }
        #expect(copies() == copies())
        #expect(copies().count == 90)
    }

    @Test func useOfSlotsIsTheMostInEachPart() throws {
        let databases = [Self.database("a", at: [2]), Self.database("b", at: [2.25])]
        let pool = try #require(Forecast(Self.question(databases, days: 1)).answer().pools.first)
        let use = pool.use(from: Self.start, to: Self.start + Self.hour * 24, parts: 48)
        #expect(Array(use[3...7]) == [0, 2, 2, 1, 0])
    }
}
