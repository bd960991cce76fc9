// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("RDS: sharing and tags")
struct RDSSharingTests {
    typealias World = RDSTestWorld

    private func share(
        _ world: inout World,
        _ kind: RDSKind,
        _ identifier: JSONValue = "s",
        add: [JSONValue] = [],
        remove: [JSONValue] = [],
        attribute: JSONValue = "restore"
    ) -> ModelFailure? {
        world.failure(
            "Modify\(World.element(kind))Attribute",
            [
                World.parameters(kind).snapshot: identifier, "AttributeName": attribute, "ValuesToAdd": .array(add),
                "ValuesToRemove": .array(remove),
            ]
        )
    }

    @Test("a snapshot is shared, seen by its ARN, and taken back", arguments: RDSKind.allCases)
    func sharing(kind: RDSKind) throws {
        var world = World()
        try world.makeSnapshot(kind, "s")
        try world.call(
            "AddTagsToResource",
            ["ResourceName": .string(World.arn(kind, "s")), "Tags": [["Key": "secret", "Value": "1"]]]
        )
        let other = JSONValue.string(World.other)
        #expect(self.share(&world, kind, add: [other, "777788889999"]) == nil)
        let attributes = try world.call(
            "Describe\(World.element(kind))Attributes",
            [World.parameters(kind).snapshot: "s"]
        )
        let result = attributes["\(World.element(kind))AttributesResult"]
        #expect(result?[World.parameters(kind).snapshot] == "s")
        #expect(
            result?["\(World.element(kind))Attributes"]
                == [["AttributeName": "restore", "AttributeValues": [other, "777788889999"]]]
        )

        let arn = World.arn(kind, "s")
        #expect(try world.identifiers(kind, as: World.other).isEmpty)
        #expect(try world.identifiers(kind, ["SnapshotType": "shared"], as: World.other) == [arn])
        #expect(try world.identifiers(kind, ["IncludeShared": "true"], as: World.other) == [arn])
        #expect(
            try world.identifiers(kind, ["IncludeShared": true, "SnapshotType": "manual"], as: World.other).isEmpty
        )
        #expect(try world.identifiers(kind, ["IncludePublic": true], as: World.other).isEmpty)
        #expect(try world.identifiers(kind, ["SnapshotType": "shared"], in: "eu-west-1", as: World.other).isEmpty)
        let seen = try world.list(
            kind,
            [World.parameters(kind).snapshot: .string(arn), "IncludeShared": true],
            as: World.other
        )
        #expect(seen.first?["SnapshotType"] == "shared")
        #expect(seen.first?["TagList"] == [])

        #expect(self.share(&world, kind, remove: [other]) == nil)
        #expect(try world.identifiers(kind, ["SnapshotType": "shared"], as: World.other).isEmpty)
    }

    @Test("a snapshot for all accounts is public", arguments: RDSKind.allCases)
    func publicly(kind: RDSKind) throws {
        var world = World()
        try world.makeSnapshot(kind, "s")
        #expect(self.share(&world, kind, add: ["all"]) == nil)
        let arn = World.arn(kind, "s")
        #expect(try world.identifiers(kind, ["SnapshotType": "public"], as: World.other) == [arn])
        #expect(try world.identifiers(kind, ["IncludePublic": true], as: World.other) == [arn])
        #expect(try world.identifiers(kind, ["SnapshotType": "shared"], as: World.other).isEmpty)
        #expect(try world.identifiers(kind, ["SnapshotType": "public"]) == ["s"])
        #expect(world.refusal(kind, arn, to: "mine", as: World.other) == nil)
    }

    @Test("a share that ends fails the copies of those who lose it, unless it is not to", arguments: RDSKind.allCases)
    func unsharing(kind: RDSKind) throws {
        for fails in [true, false] {
            var world = World { $0.unsharingFailsCopies = fails }
            try world.makeSnapshot(kind, "s")
            let third = "777788889999"
            #expect(self.share(&world, kind, add: [.string(World.other), .string(third)]) == nil)
            let arn = World.arn(kind, "s")
            try world.copy(kind, arn, to: "own")
            try world.copy(kind, arn, to: "theirs", as: World.other)
            try world.copy(kind, arn, to: "third", as: third)
            #expect(self.share(&world, kind, remove: [.string(World.other)]) == nil)
            let gone = World.element(kind) == "DBSnapshot" ? "DBSnapshotNotFound" : "DBClusterSnapshotNotFoundFault"
            #expect(world.refusal(kind, arn, to: "late", as: World.other)?.code == gone)
            world.pass(.seconds(1000))
            #expect(try world.describe(kind, "own")["Status"] == "available")
            #expect(try world.describe(kind, "third", as: third)["Status"] == "available")
            let theirs = try world.describe(kind, "theirs", as: World.other)["Status"]
            #expect(theirs == (fails ? "failed" : "available"))
        }
    }

    @Test("refuses to share what can't be shared", arguments: RDSKind.allCases)
    func refuses(kind: RDSKind) throws {
        var world = World()
        let key = try world.makeKey()
        try world.makeSnapshot(kind, "s")
        try world.makeSnapshot(kind, "default-key", of: "a", ["StorageEncrypted": true])
        try world.makeSnapshot(kind, "own-key", of: "b", ["StorageEncrypted": true, "KmsKeyId": .string(key)])
        try world.call("LocalCreateAutomatedSnapshot", [World.parameters(kind).database: "orders"])
        world.pass(.seconds(10))
        let other = JSONValue.string(World.other)
        let state = kind == .instance ? "InvalidDBSnapshotState" : "InvalidDBClusterSnapshotStateFault"
        #expect(self.share(&world, kind, "rds:orders-2026-11-21-03-10", add: [other])?.code == state)
        #expect(self.share(&world, kind, "default-key", add: [other])?.code == "InvalidParameterCombination")
        #expect(self.share(&world, kind, "own-key", add: ["all"])?.code == "InvalidParameterCombination")
        #expect(self.share(&world, kind, "own-key", add: [other]) == nil)
        #expect(self.share(&world, kind, add: ["someone"])?.code == "InvalidParameterValue")
        #expect(self.share(&world, kind, add: [other], attribute: "read")?.code == "InvalidParameterValue")
        #expect(self.share(&world, kind, "gone", add: [other])?.status == 404)
        let accounts = (100..<121).map { JSONValue.string("111111111\($0)") }
        #expect(self.share(&world, kind, add: Array(accounts.prefix(20))) == nil)
        #expect(self.share(&world, kind, add: [accounts[20]])?.code == "SharedSnapshotQuotaExceeded")
        #expect(self.share(&world, kind, add: [accounts[20]], remove: [accounts[0]]) == nil)
    }

    @Test(
        "tags come and go on every resource",
        arguments: ["snapshot:s", "cluster-snapshot:s", "db:orders", "cluster:orders"]
    )
    func tags(resource: String) throws {
        var world = World()
        for kind in RDSKind.allCases { try world.makeSnapshot(kind, "s") }
        let name: JSONValue = .string("arn:aws:rds:us-east-1:\(World.account):\(resource)")
        try world.call(
            "AddTagsToResource",
            ["ResourceName": name, "Tags": [["Key": "a", "Value": "1"], ["Key": "b", "Value": "2"]]]
        )
        try world.call("AddTagsToResource", ["ResourceName": name, "Tags": [["Key": "a", "Value": "3"]]])
        try world.call("RemoveTagsFromResource", ["ResourceName": name, "TagKeys": ["b", "c"]])
        let listed = try world.call("ListTagsForResource", ["ResourceName": name])
        #expect(listed["TagList"] == [["Key": "a", "Value": "3"]])
        let many = JSONValue.array((0..<50).map { ["Key": "k\($0)", "Value": ""] })
        #expect(
            world.failure("AddTagsToResource", ["ResourceName": name, "Tags": many])?.code == "InvalidParameterValue"
        )
        #expect(
            world.failure("AddTagsToResource", ["ResourceName": name, "Tags": [["Key": "aws:a", "Value": ""]]])?.message
                == "Tag keys cannot start with the reserved prefix \"aws:\"."
        )
    }

    @Test(
        "tags of what is not there are refused in the words of its kind",
        arguments: [
            ("snapshot:x", "DBSnapshotNotFound", 404), ("cluster-snapshot:x", "DBClusterSnapshotNotFoundFault", 404),
            ("db:x", "DBInstanceNotFound", 404), ("cluster:x", "DBClusterNotFoundFault", 404),
            ("table:x", "InvalidParameterValue", 400),
        ]
    )
    func missing(resource: String, code: String, status: Int) {
        var world = World()
        let name: JSONValue = .string("arn:aws:rds:us-east-1:\(World.account):\(resource)")
        let refused = world.failure("ListTagsForResource", ["ResourceName": name])
        #expect(refused?.code == code)
        #expect(refused?.status == status)
    }
}
