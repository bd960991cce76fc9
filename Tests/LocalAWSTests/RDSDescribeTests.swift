// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("RDS: describing snapshots")
struct RDSDescribeTests {
    typealias World = RDSTestWorld

    /// Two databases with a manual and an automated snapshot each, and one of AWS Backup.
    private func seeded(_ kind: RDSKind) throws -> World {
        var world = World()
        try world.makeSnapshot(kind, "orders-manual", of: "orders")
        try world.makeSnapshot(kind, "billing-manual", of: "billing", ["EngineVersion": "8.0.40"])
        let id = World.parameters(kind).database
        try world.call("LocalCreateAutomatedSnapshot", [id: "orders"])
        try world.call("LocalCreateAutomatedSnapshot", [id: "billing"])
        if kind == .instance {
            try world.call("LocalCreateAutomatedSnapshot", [id: "orders", "SnapshotType": "awsbackup"])
        }
        world.pass(.seconds(10))
        return world
    }

    /// A question and how many of the seeded snapshots answer it; `nil` where it is refused.
    struct Question: Sendable, CustomTestStringConvertible {
        var name: String
        var parameters: JSONValue
        var instance: Int?
        var cluster: Int?
        var code = "InvalidParameterValue"

        var testDescription: String { self.name }

        init(
            _ name: String,
            _ parameters: JSONValue,
            instance: Int?,
            cluster: Int?,
            code: String = "InvalidParameterValue"
        ) {
            self.name = name
            self.parameters = parameters
            self.instance = instance
            self.cluster = cluster
            self.code = code
        }
    }

    static let questions = [
        Question("nothing asked: manual and automated ones", [:], instance: 4, cluster: 4),
        Question("manual", ["SnapshotType": "manual"], instance: 2, cluster: 2),
        Question("automated", ["SnapshotType": "automated"], instance: 2, cluster: 2),
        Question("AWS Backup's, which only instances have", ["SnapshotType": "awsbackup"], instance: 1, cluster: nil),
        Question("shared, of which there are none", ["SnapshotType": "shared"], instance: 0, cluster: 0),
        Question("public, of which there are none", ["SnapshotType": "public"], instance: 0, cluster: 0),
        Question("no such type", ["SnapshotType": "Manual"], instance: nil, cluster: nil),
        Question(
            "by database, whatever its case",
            ["DBInstanceIdentifier": "ORDERS", "DBClusterIdentifier": "ORDERS"],
            instance: 2,
            cluster: 2
        ),
        Question(
            "by a database that is not there",
            ["DBInstanceIdentifier": "none", "DBClusterIdentifier": "none"],
            instance: 0,
            cluster: 0
        ),
        Question("filter by type", [["snapshot-type", "automated"]], instance: 2, cluster: 2),
        Question("filter by AWS Backup's type", [["snapshot-type", "awsbackup"]], instance: 1, cluster: 0),
        Question("filter by engine", [["engine", "mysql", "aurora-mysql"]], instance: 4, cluster: 4),
        Question(
            "filter by engine, whose case counts",
            [["engine", "MySQL", "Aurora-MySQL"]],
            instance: 0,
            cluster: 0
        ),
        Question("filter without values", [["engine"]], instance: nil, cluster: nil),
        Question("unknown filter", [["bogus", "x"]], instance: nil, cluster: nil),
        Question(
            "two filters",
            [["snapshot-type", "manual"], ["engine", "mysql", "aurora-mysql"]],
            instance: 2,
            cluster: 2
        ),
        Question("too few records", ["MaxRecords": 19], instance: nil, cluster: nil),
        Question("too many records", ["MaxRecords": "101"], instance: nil, cluster: nil),
        Question("records that are no number", ["MaxRecords": "many"], instance: nil, cluster: nil),
        Question("a marker that is none", ["Marker": "zz"], instance: nil, cluster: nil),
    ]

    @Test("finds what was asked for", arguments: RDSKind.allCases, Self.questions)
    func finds(kind: RDSKind, question: Question) throws {
        var world = try self.seeded(kind)
        let operation = "Describe\(World.element(kind))s"
        guard let expected = kind == .instance ? question.instance : question.cluster else {
            #expect(world.failure(operation, question.parameters.withFilters)?.code == question.code)
            return
        }
        #expect(try world.identifiers(kind, question.parameters.withFilters).count == expected)
    }

    @Test(
        "filters by identifier take several values, exact in case, and find nothing rather than refuse",
        arguments: RDSKind.allCases
    )
    func identifierFilter(kind: RDSKind) throws {
        var world = try self.seeded(kind)
        let name: JSONValue = kind == .instance ? "db-snapshot-id" : "db-cluster-snapshot-id"
        let several: JSONValue = [[name, "orders-manual", "gone", "billing-manual", "rds:orders-2026-11-21-03-10"]]
        #expect(
            try world.identifiers(kind, several.withFilters)
                == ["billing-manual", "orders-manual", "rds:orders-2026-11-21-03-10"]
        )
        #expect(try world.identifiers(kind, JSONValue.array([[name, "ORDERS-MANUAL"]]).withFilters).isEmpty)
        let database: JSONValue = kind == .instance ? "db-instance-id" : "db-cluster-id"
        let resource = kind == .instance ? "db" : "cluster"
        let arn = JSONValue.string("arn:aws:rds:us-east-1:\(World.account):\(resource):billing")
        #expect(try world.identifiers(kind, JSONValue.array([[database, arn]]).withFilters).count == 2)
        #expect(try world.identifiers(kind, JSONValue.array([[database, "billing", "orders"]]).withFilters).count == 4)
    }

    @Test("an automated snapshot is found by its identifier only together with its type", arguments: RDSKind.allCases)
    func automatedByIdentifier(kind: RDSKind) throws {
        var world = try self.seeded(kind)
        let id = World.parameters(kind).snapshot
        let automated: JSONValue = "rds:orders-2026-11-21-03-10"
        let refused = world.failure("Describe\(World.element(kind))s", [id: automated])
        #expect(refused?.code == (kind == .instance ? "DBSnapshotNotFound" : "DBClusterSnapshotNotFoundFault"))
        #expect(refused?.status == 404)
        #expect(try world.identifiers(kind, [id: automated, "SnapshotType": "automated"]).count == 1)
        #expect(world.failure("Describe\(World.element(kind))s", [id: automated, "SnapshotType": "manual"]) == refused)
        let arn = JSONValue.string(World.arn(kind, "orders-manual"))
        #expect(try world.identifiers(kind, [id: arn]) == ["orders-manual"])
        #expect(world.failure("Describe\(World.element(kind))s", [id: "orders-manual"], in: "eu-west-1") != nil)
    }

    @Test("an identifier of the database that never changes finds its snapshots")
    func byResource() throws {
        var world = try self.seeded(.instance)
        let orders = try world.describe(.instance, "orders-manual", in: "us-east-1")
        let resource = try #require(orders["DbiResourceId"])
        #expect(try world.identifiers(.instance, ["DbiResourceId": resource]).count == 2)
        #expect(
            try world.identifiers(.instance, JSONValue.array([["dbi-resource-id", resource]]).withFilters).count == 2
        )
        #expect(try world.identifiers(.instance, ["DbiResourceId": "db-NONE"]).isEmpty)
    }

    @Test("a cluster and one of its snapshots can't be asked for together")
    func exclusive() throws {
        var world = try self.seeded(.cluster)
        let refused = world.failure(
            "DescribeDBClusterSnapshots",
            ["DBClusterIdentifier": "orders", "DBClusterSnapshotIdentifier": "orders-manual"]
        )
        #expect(refused?.code == "InvalidParameterCombination")
    }

    @Test("pages lose nothing and repeat nothing when snapshots come and go between them", arguments: RDSKind.allCases)
    func paging(kind: RDSKind) throws {
        var world = World { $0.manualSnapshotLimit = 1000 }
        for number in 100..<163 { try world.makeSnapshot(kind, "s-\(number)") }
        let operation = "Describe\(World.element(kind))s"
        var seen: [String] = []
        var marker: JSONValue?
        var pages = 0
        repeat {
            var parameters: [String: JSONValue] = ["MaxRecords": "20"]
            parameters["Marker"] = marker
            let page = try world.call(operation, .object(parameters))
            let list = page[World.element(kind) + "s"]?.array ?? []
            seen += list.compactMap { $0[World.parameters(kind).snapshot]?.string }
            marker = page["Marker"]
            pages += 1
            if pages == 1 {
                // One before the page's end, and the very snapshot at its end.
                try world.makeSnapshot(kind, "a-new-one")
                try world.call("Delete\(World.element(kind))", [World.parameters(kind).snapshot: "s-119"])
            }
        } while marker != nil && pages < 10
        #expect(seen == (100..<163).map { "s-\($0)" })
        #expect(pages == 4)
    }

    @Test("one database's snapshots, and single ones, are found among thousands")
    func many() throws {
        var world = World { $0.manualSnapshotLimit = 20_000 }
        try world.makeSnapshot(.instance, "a")
        for number in 10_000..<12_000 {
            try world.call(
                "CreateDBSnapshot",
                ["DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "s-\(number)"]
            )
        }
        try world.call("CreateDBInstance", ["DBInstanceIdentifier": "small", "Engine": "mysql"])
        try world.call("CreateDBSnapshot", ["DBInstanceIdentifier": "small", "DBSnapshotIdentifier": "z"])
        var count = 0
        for number in 0..<200 {
            count += try world.identifiers(.instance, ["DBInstanceIdentifier": "small"]).count
            count += try world.identifiers(.instance, ["DBSnapshotIdentifier": "s-\(10_000 + number)"]).count
        }
        #expect(count == 400)
    }
}

extension JSONValue {
    /// Turns `[[name, value…]…]` into the parameter `Filters`; anything else stays as it is.
    fileprivate var withFilters: JSONValue {
        guard let filters = self.array else { return self }
        return [
            "Filters": .array(
                filters.map { filter in
                    let words = filter.array ?? []
                    return ["Name": words.first ?? "", "Values": .array(Array(words.dropFirst()))]
                }
            )
        ]
    }
}
