// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import SnapshotFleet
import Testing

@testable import snapferry

@Suite struct ForecastPageTests {
    private static let start = Instant(iso8601: "2026-11-22T00:00:00Z") ?? Instant(microseconds: 0)

    private static func page(rpo: Duration? = nil, problems: [String] = []) throws -> ForecastPage {
        let databases = try ForecastFile.read(
            Array(
                """
                name,kind,region,sizeGiB,backup,copyTime
                orders,instance,us-east-1,1000,03:00-03:30,
                stock,instance,us-east-1,200,03:30,
                aurora-a,cluster,us-east-1,,02:00,3h
                aurora-b,cluster,us-east-1,,02:00,3h
                aurora-c,cluster,us-east-1,,02:00,3h
                scratch,instance,us-east-1,50,04:00,
                """.utf8
            ),
            account: "111122223333"
        ).map { database in
            var database = database
            database.rpo = rpo
            return database
        }
        let route = Route(
            name: "prod",
            source: SourceSelection(regions: ["us-east-1"], accounts: ["111122223333"]),
            match: SnapshotMatch(exclude: ["scratch"]),
            destinations: [DestinationRule(region: "eu-west-1", account: "111122223333", slots: [.cluster: 2])]
        )
        let question = ForecastQuestion(
            policy: Policy(routes: [route]),
            ownAccount: "111122223333",
            databases: databases,
            pace: ForecastPace(gibibytesPerHour: 200, overhead: .seconds(300)),
            start: Self.start
        )
        return ForecastPage(
            outlook: ForecastOutlook(question: question, isOfAccount: false, problems: problems),
            answer: Forecast(question).answer(more: [1]),
            showsAll: false
        )
    }

    @Test func peopleGetATableTheQuotasAndWhatIsAssumed() throws {
        let lines = try Self.page(rpo: .seconds(26 * 3600)).lines(width: 110).map { $0.rendered(.plain) }
        #expect(lines.joined(separator: "\n") == Golden.page)
    }

    @Test(arguments: [40, 80, 120]) func noLineIsWiderThanTheTerminal(width: Int) throws {
        for line in try Self.page().lines(width: width) { #expect(line.width <= width, "\(line.text)") }
    }

    @Test func programsGetTheSame() throws {
        let page = try Self.page(rpo: .seconds(26 * 3600))
        let document = try JSONValue(parsing: page.document.description)
        #expect(document["from"] == "2026-11-22T00:00:00Z")
        let orders = try #require(document["databases"]?.array?.first { $0["name"] == "orders" })
        #expect(orders["isLate"] == true)
        #expect(orders["worstRpoSeconds"]?.int == 24 * 3600 + 5 * 3600 + 300)
        #expect(orders["copies"]?.array?.count == 3)
        #expect(orders["copies"]?.array?.first?["safe"] == "2026-11-22T08:35:00Z")
        let quotas = try #require(document["quotas"]?.array)
        #expect(quotas.map { $0["kind"] } == ["cluster", "instance"])
        #expect(quotas.map { $0["binds"] } == [true, false])
        #expect(quotas[0]["withMore"]?.array?.map { $0["slots"] } == [3])
        let lag = try #require(quotas[0]["withMore"]?.array?.first?["worstLagSeconds"]?.int)
        #expect((3 * 3600...3 * 3600 + 5).contains(lag))
        #expect(document["notCopied"]?.array?.map { $0["name"] } == ["scratch"])
        #expect((document["assumptions"]?.array?.count ?? 0) >= 4)
    }

    @Test func theExitStatusTellsTroubleFromBlindness() throws {
        #expect(try Self.page().exitStatus == 0)
        #expect(try Self.page(rpo: .seconds(48 * 3600)).exitStatus == 0)
        #expect(try Self.page(rpo: .seconds(26 * 3600)).exitStatus == 1)
        #expect(try Self.page(rpo: .seconds(26 * 3600), problems: ["no answer"]).exitStatus == 2)
    }

    @Test func aFullSlotShowsAsAFullBar() throws {
        let pool = try #require(try Self.page().answer.pools.first { $0.pool.kind == .cluster })
        let lines = SlotChart(pool: pool, from: Self.start, width: 60).lines.map(\.text)
        #expect(lines[0].hasPrefix("····██████"))
        #expect(lines[1].hasPrefix("00:00       06:00"))
    }
}

private enum Golden {
    static let page = """
        3 days from 2026-11-22 00:00 UTC: 15 copies of 5 databases, 4 too late for the RPO; the worst RPO is 30h 00m

        DATABASE  KIND      TO             SIZE  SNAPSHOT   WAITS  COPY TAKES   SAFE  WORST RPO
        aurora-c  cluster   eu-west-1         –     02:00  3h 00m      3h 00m  08:00    30h 00m  later than 26h 00m
        orders    instance  eu-west-1  1000 GiB     03:30       –      5h 05m  08:35    29h 05m  later than 26h 00m
        aurora-b  cluster   eu-west-1         –     02:00       –      3h 00m  05:00    27h 00m  later than 26h 00m
        aurora-a  cluster   eu-west-1         –     02:00       –      3h 00m  05:00    27h 00m  later than 26h 00m
        stock     instance  eu-west-1   200 GiB     03:30       –      1h 05m  04:35    25h 05m  in time

        eu-west-1  cluster  2 of 2 slots at most; copies keep them busy 19% of the time
        ········█████████████▄▄▄▄▄▄▄▄▄▄▄································································
        00:00                   06:00                   12:00                   18:00
        This quota binds: for 8h 59m copies waited while every slot was taken.

        eu-west-1  instance  2 of 20 slots at most; copies keep them busy 1% of the time
        ··············▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁·····························································
        00:00                   06:00                   12:00                   18:00
        This quota does not bind; the longest copy, 5h 05m, decides.

        WITH MORE SLOTS        LAST SAFE AFTER  INSTEAD OF  WORST RPO
        eu-west-1 cluster  +1           3h 00m      6h 00m    27h 00m  no longer binds

        not copied: scratch: route prod does not take it: exclude: scratch is like scratch

        Assumed
        - Nothing fails, events arrive at once, and nobody else takes slots.
        - Who starts next: the route's priority, then the database whose newest copy is oldest, then age; one copy at
          a time of one database to one destination.
        - Snapshots are there each day at the time given, of a backup window at its end.
        - Copies to eu-west-1 cluster: 3 as stated.
        - Copies to eu-west-1 instance: 2 at 200 GiB/h and 5m 00s each, which nobody has measured (--speed,
          --overhead).
        - Slots are the policy's: eu-west-1 cluster 2, eu-west-1 instance 20.
        """
}
