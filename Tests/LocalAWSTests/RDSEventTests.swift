// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("RDS: events")
struct RDSEventTests {
    typealias World = RDSTestWorld

    private func ids(_ events: [JSONValue]) -> [String] { events.compactMap { $0["detail"]?["EventID"]?.string } }

    @Test("an automated snapshot is told as EventBridge tells it", arguments: RDSKind.allCases)
    func envelope(kind: RDSKind) throws {
        var world = World()
        world.now = world.now + .milliseconds(250)
        let id = World.parameters(kind).database
        try world.call("CreateDB\(World.word(kind, "Instance"))", [id: "orders", "Engine": "mysql"])
        try world.call("LocalCreateAutomatedSnapshot", [id: "orders", "Tags": [["Key": "dr", "Value": "true"]]])
        #expect(world.rds.nextChange == world.now + .seconds(10))
        world.pass(.seconds(10))
        let isCluster = kind == .cluster
        #expect(
            self.ids(world.events)
                == (isCluster ? ["RDS-EVENT-0168", "RDS-EVENT-0169"] : ["RDS-EVENT-0090", "RDS-EVENT-0091"])
        )
        let arn = JSONValue.string(World.arn(kind, "rds:orders-2026-11-21-03-10"))
        var event = try #require(world.events.last?.object)
        let identifier = try #require(event.removeValue(forKey: "id")?.string)
        #expect(identifier.utf8.split(separator: UInt8(ascii: "-")).map(\.count) == [8, 4, 4, 4, 12])
        #expect(identifier != world.events.first?["id"]?.string)
        let expected: JSONValue = [
            "version": "0", "detail-type": isCluster ? "RDS DB Cluster Snapshot Event" : "RDS DB Snapshot Event",
            "source": "aws.rds", "account": .string(World.account), "time": "2026-11-21T03:10:10Z",
            "region": "us-east-1", "resources": [arn],
            "detail": [
                "EventCategories": [isCluster ? "backup" : "creation"],
                "SourceType": isCluster ? "CLUSTER_SNAPSHOT" : "SNAPSHOT", "SourceArn": arn,
                "Date": "2026-11-21T03:10:10.250Z", "SourceIdentifier": "rds:orders-2026-11-21-03-10",
                "Message": isCluster ? "Automated cluster snapshot created" : "Automated snapshot created",
                "EventID": isCluster ? "RDS-EVENT-0169" : "RDS-EVENT-0091", "Tags": ["dr": "true"],
            ],
        ]
        #expect(JSONValue.object(event) == expected)
    }

    @Test(
        "manual snapshots are told when they begin, are done, and for instances when they go",
        arguments: [
            (RDSKind.instance, ["RDS-EVENT-0040", "RDS-EVENT-0042", "RDS-EVENT-0041"]),
            (.cluster, ["RDS-EVENT-0074", "RDS-EVENT-0075"]),
        ]
    )
    func manual(kind: RDSKind, expected: [String]) throws {
        var world = World()
        try world.makeSnapshot(kind, "s")
        try world.call("Delete\(World.element(kind))", [World.parameters(kind).snapshot: "s"])
        #expect(self.ids(world.events) == expected)
        #expect(world.events.allSatisfy { $0["detail"]?["Tags"] == nil })
    }

    @Test("instances' copies are told in the destination, clusters' not at all")
    func copies() throws {
        var world = World()
        for kind in RDSKind.allCases {
            try world.makeSnapshot(kind, "s")
            world.events = []
            try world.copy(kind, World.arn(kind, "s"), to: "away")
            try world.copy(kind, World.arn(kind, "s"), to: "canceled", in: "eu-west-2")
            try world.copy(kind, "s", to: "home", in: "us-east-1")
            world.pass(.seconds(60))
            try world.call(
                "Delete\(World.element(kind))",
                [World.parameters(kind).snapshot: "canceled"],
                in: "eu-west-2"
            )
            world.pass(.seconds(40))
            guard kind == .instance else {
                #expect(world.events.isEmpty)
                continue
            }
            #expect(
                self.ids(world.events) == [
                    "RDS-EVENT-0059", "RDS-EVENT-0059", "RDS-EVENT-0196", "RDS-EVENT-0197", "RDS-EVENT-0061",
                    "RDS-EVENT-0060",
                ]
            )
            let last = try #require(world.events.last)
            #expect(last["region"] == "eu-west-1")
            #expect(last["detail"]?["SourceIdentifier"] == "away")
            #expect(last["detail"]?["Message"] == "Finished copy of snapshot s from region us-east-1 in 1 minutes")
        }
    }

    @Test("a finished copy is also told as a created snapshot where the settings say so", arguments: RDSKind.allCases)
    func loops(kind: RDSKind) throws {
        var world = World { $0.finishedCopiesRaiseCreated = true }
        try world.makeSnapshot(kind, "s")
        world.events = []
        try world.copy(kind, World.arn(kind, "s"), to: "copy")
        world.pass(.seconds(100))
        let created = world.events.filter {
            ["RDS-EVENT-0042", "RDS-EVENT-0075"].contains($0["detail"]?["EventID"]?.string)
        }
        #expect(created.count == 1)
        #expect(created.first?["region"] == "eu-west-1")
    }

    @Test("events of the last while can be asked for, without their numbers")
    func describe() throws {
        var world = World()
        try world.makeSnapshot(.instance, "old")
        world.pass(.seconds(3600))
        try world.makeSnapshot(.instance, "new")
        try world.makeSnapshot(.cluster, "new")
        let recent = try world.call("DescribeEvents", ["SourceType": "db-snapshot", "Duration": "30"])
        let messages = recent["Events"]?.array?.compactMap { $0["Message"]?.string }
        #expect(messages == ["Creating manual snapshot", "Manual snapshot created"])
        #expect(recent["Events"]?.array?.first?["EventID"] == nil)
        let all = try world.call("DescribeEvents", ["Duration": 120])["Events"]?.array
        #expect(all?.count == 6)
        let one = try world.call(
            "DescribeEvents",
            ["SourceType": "db-snapshot", "SourceIdentifier": "old", "Duration": 120]
        )
        #expect(one["Events"]?.array?.count == 2)
        #expect(world.failure("DescribeEvents", ["SourceIdentifier": "old"])?.code == "InvalidParameterCombination")
    }

    @Test("the same requests at the same moments give the same answers")
    func deterministic() throws {
        func run() throws -> [JSONValue] {
            var world = World { $0.failEveryNthCopy = 3 }
            for number in 0..<12 { try world.makeSnapshot(.instance, "s-\(number)", of: "db-\(number % 4)") }
            for number in 0..<12 { try world.copy(.instance, World.arn(.instance, "s-\(number)"), to: "c-\(number)") }
            world.pass(.seconds(100))
            for number in 0..<12 where number % 2 == 0 {
                try world.call("DeleteDBSnapshot", ["DBSnapshotIdentifier": "s-\(number)"])
            }
            world.pass(.seconds(1000))
            return world.events + (try world.list(.instance, in: "eu-west-1"))
        }
        #expect(try run() == run())
    }
}
