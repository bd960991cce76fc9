// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("RDS: copying snapshots")
struct RDSCopyTests {
    typealias World = RDSTestWorld

    @Test("a copy into another Region takes time, shows progress and keeps what it comes from")
    func instance() throws {
        var world = World {
            $0.copyPace = .init(overhead: .seconds(100), secondsPerGiB: 3)
            $0.copyLatency = [.init(source: "us-east-1", destination: "eu-west-1"): .seconds(40)]
        }
        try world.makeSnapshot(.instance, "nightly", of: "orders", ["AllocatedStorage": 20])
        let source = World.arn(.instance, "nightly")
        world.pass(.seconds(50))
        let begun = world.now
        let made = try world.copy(.instance, source, to: "Nightly-Copy")
        #expect(made["Status"] == "copying")
        #expect(made["DBSnapshotIdentifier"] == "nightly-copy")
        world.pass(.seconds(50))
        var copy = try world.describe(.instance, "nightly-copy")
        #expect(copy["PercentProgress"] == 25)
        #expect(copy["Status"] == "copying")
        world.pass(.seconds(149))
        #expect(try world.describe(.instance, "nightly-copy")["PercentProgress"] == 99)
        world.pass(.seconds(1))
        copy = try world.describe(.instance, "nightly-copy")
        #expect(copy["Status"] == "available")
        #expect(copy["PercentProgress"] == 100)
        #expect(copy["SnapshotType"] == "manual")
        #expect(copy["SourceRegion"] == "us-east-1")
        #expect(copy["SourceDBSnapshotIdentifier"]?.string == source)
        #expect(copy["SnapshotCreateTime"]?.string == begun.iso8601)
        #expect(copy["OriginalSnapshotCreateTime"]?.string == World.start.iso8601)
        #expect(copy["DBInstanceIdentifier"] == "orders")
        #expect(copy["DBSnapshotArn"]?.string == World.arn(.instance, "nightly-copy", in: "eu-west-1"))
    }

    @Test("a cluster's copy names its source the cluster's way")
    func cluster() throws {
        var world = World()
        try world.makeSnapshot(.cluster, "nightly")
        try world.copy(.cluster, World.arn(.cluster, "nightly"), to: "copy")
        world.pass(.seconds(100))
        let copy = try world.describe(.cluster, "copy")
        #expect(copy["Status"] == "available")
        #expect(copy["SourceDBClusterSnapshotArn"]?.string == World.arn(.cluster, "nightly"))
        #expect(copy["SourceRegion"] == nil)
        #expect(copy["OriginalSnapshotCreateTime"] == nil)
        #expect(copy["StorageEncrypted"] == false)
        #expect(copy["Encrypted"] == nil)
    }

    @Test(
        "an automated snapshot is copied by its ARN, colon and all, and by its identifier at home",
        arguments: RDSKind.allCases
    )
    func automated(kind: RDSKind) throws {
        var world = World()
        let id = World.parameters(kind).database
        try world.call("CreateDB\(World.word(kind, "Instance"))", [id: "orders", "Engine": "mysql"])
        try world.call("LocalCreateAutomatedSnapshot", [id: "orders"])
        world.pass(.seconds(10))
        let automated = "rds:orders-2026-11-21-03-10"
        try world.copy(kind, World.arn(kind, automated), to: "away")
        try world.copy(kind, automated, to: "home", in: "us-east-1")
        #expect(try world.describe(kind, "away")["SnapshotType"] == "manual")
        let home = try world.describe(kind, "home", in: "us-east-1")
        #expect(home["SourceDBSnapshotIdentifier"] == nil)
        #expect(home["SourceDBClusterSnapshotArn"]?.string == (kind == .instance ? nil : World.arn(kind, automated)))
    }

    @Test("copies of one database wait for each other, those of another don't")
    func lanes() throws {
        var world = World()
        try world.makeSnapshot(.instance, "o1", of: "orders")
        try world.makeSnapshot(.instance, "o2", of: "orders")
        try world.makeSnapshot(.instance, "b1", of: "billing")
        for name in ["o1", "o2", "b1"] { try world.copy(.instance, World.arn(.instance, name), to: name) }
        world.pass(.seconds(50))
        #expect(try world.describe(.instance, "o1")["PercentProgress"] == 50)
        #expect(try world.describe(.instance, "b1")["PercentProgress"] == 50)
        var queued = try world.describe(.instance, "o2")
        #expect(queued["PercentProgress"] == 0)
        #expect(queued["Status"] == "pending")
        world.pass(.seconds(100))
        #expect(try world.describe(.instance, "o1")["Status"] == "available")
        queued = try world.describe(.instance, "o2")
        #expect(queued["PercentProgress"] == 50)
        #expect(queued["Status"] == "copying")
        world.pass(.seconds(50))
        #expect(try world.describe(.instance, "o2")["Status"] == "available")
    }

    @Test("deleting the copy that is being made lets the next one begin")
    func cancel() throws {
        var world = World()
        try world.makeSnapshot(.instance, "o1")
        try world.makeSnapshot(.instance, "o2")
        for name in ["o1", "o2"] { try world.copy(.instance, World.arn(.instance, name), to: name) }
        world.pass(.seconds(50))
        let deleted = try world.call("DeleteDBSnapshot", ["DBSnapshotIdentifier": "o1"], in: "eu-west-1")
        #expect(deleted["DBSnapshot"]?["Status"] == "deleted")
        world.pass(.seconds(99))
        #expect(try world.describe(.instance, "o2")["Status"] == "copying")
        world.pass(.seconds(1))
        #expect(try world.identifiers(.instance, in: "eu-west-1") == ["o2"])
        #expect(try world.describe(.instance, "o2")["Status"] == "available")
    }

    @Test("deleting the source fails its copies, also those that wait", arguments: RDSKind.allCases)
    func sourceDeleted(kind: RDSKind) throws {
        var world = World()
        try world.makeSnapshot(kind, "s")
        try world.copy(kind, World.arn(kind, "s"), to: "first")
        try world.copy(kind, World.arn(kind, "s"), to: "second")
        world.pass(.seconds(40))
        try world.call("Delete\(World.element(kind))", [World.parameters(kind).snapshot: "s"])
        let first = try world.describe(kind, "first")
        #expect(first["Status"] == "failed")
        #expect(first["PercentProgress"] == 40)
        let second = try world.describe(kind, "second")
        #expect(second["Status"] == "failed")
        #expect(second["PercentProgress"] == 0)
        #expect(world.rds.nextChange.map { $0 <= world.now + .seconds(100) } ?? true)
        world.pass(.seconds(1000))
        #expect(try world.describe(kind, "first")["Status"] == "failed")
    }

    @Test("the quota of copies in progress holds for each Region and kind, and its text names it")
    func concurrency() throws {
        var world = World()
        for kind in RDSKind.allCases {
            let limit = kind == .instance ? 20 : 5
            for number in 0...limit { try world.makeSnapshot(kind, "s-\(number)", of: "db-\(number)") }
            for number in 0..<limit { try world.copy(kind, World.arn(kind, "s-\(number)"), to: "c-\(number)") }
            let last = World.arn(kind, "s-\(limit)")
            #expect(
                world.refusal(kind, last, to: "c-x")
                    == ModelFailure("SnapshotQuotaExceeded", "Cannot copy more than \(limit) snapshots across regions")
            )
            #expect(world.refusal(kind, last, to: "c-x", in: "eu-west-2") == nil)
            #expect(world.refusal(kind, "s-0", to: "local", in: "us-east-1") == nil)
        }
        world.pass(.seconds(100))
        for kind in RDSKind.allCases {
            #expect(world.refusal(kind, World.arn(kind, "s-5"), to: "c-x") == nil)
        }
    }

    @Test("copies fail and stall as the settings say")
    func faults() throws {
        var world = World {
            $0.failCopies = [.init(pattern: "bad-*", times: 1)]
            $0.stallCopies = ["*:snapshot:slow"]
        }
        for name in ["bad", "slow", "good"] { try world.makeSnapshot(.instance, name, of: name) }
        try world.copy(.instance, World.arn(.instance, "bad"), to: "bad-1")
        try world.copy(.instance, World.arn(.instance, "bad"), to: "bad-2")
        try world.copy(.instance, World.arn(.instance, "slow"), to: "slow-1")
        try world.copy(.instance, World.arn(.instance, "good"), to: "good-1")
        world.pass(.seconds(200))
        #expect(try world.describe(.instance, "bad-1")["Status"] == "failed")
        #expect(try world.describe(.instance, "bad-2")["Status"] == "available")
        #expect(try world.describe(.instance, "good-1")["Status"] == "available")
        world.pass(.seconds(1_000_000))
        let stalled = try world.describe(.instance, "slow-1")
        #expect(stalled["Status"] == "copying")
        #expect(stalled["PercentProgress"] == 42)

        world.rds.settings.failEveryNthCopy = 2
        try world.copy(.instance, World.arn(.instance, "good"), to: "good-2")
        try world.copy(.instance, World.arn(.instance, "good"), to: "good-3")
        world.pass(.seconds(200))
        let statuses = try ["good-2", "good-3"].map { try world.describe(.instance, $0)["Status"]?.string ?? "" }
        #expect(statuses.sorted() == ["available", "failed"])
    }

    /// A source that can't be copied, and what RDS says.
    @Test(
        "refuses sources that it can't see",
        arguments: [
            (RDSKind.instance, "gone", "DBSnapshotNotFound", 404), (.instance, "s", "DBSnapshotNotFound", 404),
            (.cluster, "gone", "DBClusterSnapshotNotFoundFault", 404),
            (.instance, "arn:aws:rds:us-west-2:111122223333:snapshot:s", "DBSnapshotNotFound", 404),
            (.instance, "arn:aws:rds:us-east-1:444455556666:snapshot:private", "DBSnapshotNotFound", 404),
            (.instance, "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:s", "InvalidParameterValue", 400),
            (.cluster, "arn:aws:rds:us-east-1:111122223333:snapshot:s", "InvalidParameterValue", 400),
            (.instance, "arn:aws:rds:us-east-1", "InvalidParameterValue", 400),
            (.instance, "arn:aws-us-gov:rds:us-gov-west-1:111122223333:snapshot:s", "InvalidParameterValue", 400),
            (.instance, "arn:aws:rds:us-east-1:111122223333:snapshot:creating", "InvalidDBSnapshotState", 400),
            (
                .cluster, "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:creating",
                "InvalidDBClusterSnapshotStateFault", 400
            ),
        ] as [(RDSKind, String, String, Int)]
    )
    func sources(kind: RDSKind, source: String, code: String, status: Int) throws {
        var world = World()
        try world.makeSnapshot(kind, "s")
        let (database, snapshot) = World.parameters(kind)
        try world.call("Create\(World.element(kind))", [database: "orders", snapshot: "creating"])
        try world.call("CreateDBInstance", ["DBInstanceIdentifier": "x", "Engine": "mysql"], as: World.other)
        try world.call(
            "CreateDBSnapshot",
            ["DBInstanceIdentifier": "x", "DBSnapshotIdentifier": "private"],
            as: World.other
        )
        let refused = world.refusal(kind, source, to: "copy")
        #expect(refused?.code == code)
        #expect(refused?.status == status)
        #expect(try world.identifiers(kind, in: "eu-west-1").isEmpty)
    }

    @Test("a name that is taken is refused, also by a copy that is still being made", arguments: RDSKind.allCases)
    func taken(kind: RDSKind) throws {
        var world = World()
        try world.makeSnapshot(kind, "s")
        try world.copy(kind, World.arn(kind, "s"), to: "copy")
        let code = kind == .instance ? "DBSnapshotAlreadyExists" : "DBClusterSnapshotAlreadyExistsFault"
        #expect(world.refusal(kind, World.arn(kind, "s"), to: "COPY")?.code == code)
        #expect(world.refusal(kind, "s", to: "s", in: "us-east-1")?.code == code)
    }

    @Test("a tag asked for wins over those of the source, and reserved ones are refused", arguments: RDSKind.allCases)
    func tags(kind: RDSKind) throws {
        var world = World()
        let id = World.parameters(kind).database
        try world.call("CreateDB\(World.word(kind, "Instance"))", [id: "orders", "Engine": "mysql"])
        try world.call(
            "LocalCreateAutomatedSnapshot",
            [id: "orders", "Tags": [["Key": "aws:made-by", "Value": "x"], ["Key": "env", "Value": "prod"]]]
        )
        world.pass(.seconds(10))
        let source = World.arn(kind, "rds:orders-2026-11-21-03-10")
        let own: JSONValue = [["Key": "own", "Value": "1"]]
        let inherited: JSONValue = [["Key": "env", "Value": "prod"]]
        #expect(try world.copy(kind, source, to: "none")["TagList"] == [])
        #expect(try world.copy(kind, source, to: "copied", ["CopyTags": "true"])["TagList"] == inherited)
        #expect(try world.copy(kind, source, to: "empty", ["CopyTags": true, "Tags": []])["TagList"] == inherited)
        #expect(try world.copy(kind, source, to: "both", ["CopyTags": true, "Tags": own])["TagList"] == own)
        #expect(
            world.refusal(kind, source, to: "bad", ["Tags": [["Key": "aws:x", "Value": "1"]]])
                == ModelFailure("InvalidParameterValue", "Tag keys cannot start with the reserved prefix \"aws:\".")
        )
        #expect(
            world.refusal(kind, source, to: "bad", ["Tags": [["Key": "rds:x", "Value": "1"]]])?.message
                == "Tag keys cannot start with the reserved prefix \"rds:\"."
        )
        let many = JSONValue.array((0...50).map { ["Key": "k\($0)", "Value": ""] })
        #expect(world.refusal(kind, source, to: "bad", ["Tags": many])?.code == "InvalidParameterValue")
    }
}
