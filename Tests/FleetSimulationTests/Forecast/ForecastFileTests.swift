// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import SnapshotFleet
import Testing

@Suite struct ForecastFileTests {
    private static let account = "111122223333"

    private func read(_ text: String) throws(ForecastFile.Problem) -> [ForecastDatabase] {
        try ForecastFile.read(Array(text.utf8), account: Self.account)
    }

    @Test func aTableAndADocumentSayTheSame() throws {
        let table = try self.read(
            """
            name,kind,region,sizeGiB,backup,copyTime,rpo
            # a comment
            orders,instance,us-east-1,800,03:00-03:30,,26h

            "stock",cluster,us-east-1,,"02:00, 14:00",90m
            """
        )
        let document = try self.read(
            """
            { "databases": [ // comments are allowed
              { "name": "orders", "region": "us-east-1", "sizeGiB": 800, "backup": "03:00-03:30", "rpo": "26h" },
              { "name": "stock", "kind": "cluster", "region": "us-east-1", "sizeGiB": null,
                "backup": ["02:00", "14:00"], "copyTime": "90m" },
            ] }
            """
        )
        #expect(table == document)
        #expect(table.map(\.id.name) == ["orders", "stock"])
        #expect(table[0].backups == [.seconds(12_600)])
        #expect(table[0].rpo == .seconds(93_600))
        #expect(table[0].id.account == Self.account)
        #expect(table[1].backups == [.seconds(7200), .seconds(50_400)])
        #expect(table[1].copyTime == .seconds(5400))
        #expect(table[1].sizeGiB == nil)
    }

    @Test(arguments: [
        ("", "names no database"), ("name,region", "names no database"),
        ("name,size\na,1", #"line 1: "size" is not known here"#),
        ("name,region,backup\na,mars,03:00", #"line 2: "mars" is no Region"#),
        ("name,region\na,us-east-1", "line 2: backup is missing"),
        ("name,region,backup\na,us-east-1,25:00", #"backup "25:00" is no time of day"#),
        ("name,region,backup\na,us-east-1,03:00,x", "line 2: 4 values where the first line names 3"),
        ("name,region,backup\na,us-east-1,03:00\na,us-east-1,04:00", "line 3: the instance a stands there twice"),
        ("name,region,backup,sizeGiB\na,us-east-1,03:00,-1", #"sizeGiB "-1""#),
        ("name,region,backup,rpo\na,us-east-1,03:00,26", #"rpo "26" is no duration"#),
        ("name,region,backup,kind\na,us-east-1,03:00,db", #"kind "db" is neither"#),
        ("[1]", "databases[0]: a number where an object should be"), ("{}", "write { "),
        (#"[{"name": {}}]"#, "databases[0].name: an object"), ("{", "line 1, column 2"),
        (#"[{"nme": "a"}]"#, #""nme" is not known here"#),
    ])
    func whatIsWrongIsNamedWithItsPlace(text: String, problem: String) {
        let thrown = #expect(throws: ForecastFile.Problem.self) { try self.read(text) }
        #expect(thrown?.description.contains(problem) == true, "\(String(describing: thrown))")
    }
}

@Suite struct ForecastPaceTests {
    private static let destination = ForecastTests.destination

    private func lane(_ name: String) -> ForecastLane {
        ForecastLane(database: ForecastTests.database(name).id, destination: Self.destination)
    }

    @Test func ownCopiesCountBeforeNeighboursAndNeighboursBeforeAssumptions() throws {
        let hour = Duration.seconds(3600)
        let bare = ForecastPace(gibibytesPerHour: 100, overhead: .seconds(600))
        var database = ForecastTests.database("orders")
        database.sizeGiB = 400
        #expect(bare.time(of: database, to: Self.destination) == (hour * 4 + .seconds(600), .assumed))
        let pace = ForecastPace(
            gibibytesPerHour: 100,
            overhead: .seconds(600),
            measured: [
                .init(lane: self.lane("a"), sizeGiB: 200, took: hour + .seconds(600)),
                .init(lane: self.lane("b"), sizeGiB: 100, took: hour + .seconds(600)),
                .init(lane: self.lane("b"), sizeGiB: 900, took: hour * 3 + .seconds(600)),
                // Of no use: too short to tell, without size, without time.
                .init(lane: self.lane("c"), sizeGiB: 5, took: .seconds(60)),
                .init(lane: self.lane("d"), sizeGiB: nil, took: hour),
                .init(lane: self.lane("e"), sizeGiB: 1, took: .zero),
            ]
        )
        #expect(pace.speed(in: self.lane("a").pool) == 200)
        #expect(pace.time(of: database, to: Self.destination) == (hour * 2 + .seconds(600), .neighbours))
        #expect(pace.time(of: ForecastTests.database("c"), to: Self.destination) == (.seconds(60), .measured))
        database.sizeGiB = nil
        #expect(pace.time(of: database, to: Self.destination) == (pace.unknown, .guessed))
        database.copyTime = .seconds(7)
        #expect(pace.time(of: database, to: Self.destination) == (.seconds(7), .stated))
        // Another destination and another kind know nothing of it.
        let elsewhere = Destination(account: ForecastTests.account, region: "eu-north-1")
        #expect(pace.speed(in: SlotPool(destination: elsewhere, kind: .instance)) == nil)
    }
}
