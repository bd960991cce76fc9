// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("RDS: renamed databases")
struct RDSRenamingTests {
    typealias World = RDSTestWorld

    private static func modify(_ kind: RDSKind) -> String { "ModifyDB\(World.word(kind, "Instance"))" }

    @Test("snapshots keep the old name, and new ones have the new one", arguments: RDSKind.allCases)
    func renamed(kind: RDSKind) throws {
        var world = World()
        try world.makeSnapshot(kind, "before", of: "orders")
        let database = World.parameters(kind).database
        try world.call(Self.modify(kind), [database: "orders", "New\(database)": "bills"])
        try world.call(
            "Create\(World.element(kind))",
            [database: "bills", World.parameters(kind).snapshot: "after"]
        )
        world.pass(.seconds(10))
        let names = try world.list(kind).map { $0[database]?.string }
        #expect(names == ["bills", "orders"])
        let resource = kind == .instance ? "DbiResourceId" : "DbClusterResourceId"
        #expect(Set(try world.list(kind).map { $0[resource]?.string }).count == 1)
        #expect(
            world.failure(
                "Create\(World.element(kind))",
                [
                    database: "orders", World.parameters(kind).snapshot: "late",
                ]
            )?.status == 404
        )
    }

    @Test("no two databases get one name", arguments: RDSKind.allCases)
    func taken(kind: RDSKind) throws {
        var world = World()
        try world.makeSnapshot(kind, "a", of: "orders")
        try world.makeSnapshot(kind, "b", of: "bills")
        let database = World.parameters(kind).database
        let refused = world.failure(Self.modify(kind), [database: "orders", "New\(database)": "bills"])
        #expect(refused?.code.contains("AlreadyExists") == true)
        #expect(world.failure(Self.modify(kind), [database: "gone", "New\(database)": "x"])?.status == 404)
        #expect(world.failure(Self.modify(kind), [database: "orders", "New\(database)": "9"]) != nil)
    }
}
