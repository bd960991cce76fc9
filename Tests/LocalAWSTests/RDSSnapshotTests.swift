// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("RDS: databases and snapshots")
struct RDSSnapshotTests {
    typealias World = RDSTestWorld

    @Test("a database is described as it was created", arguments: RDSKind.allCases)
    func database(kind: RDSKind) throws {
        var world = World()
        let id = World.parameters(kind).database
        let word = World.word(kind, "Instance")
        let made = try world.call(
            "CreateDB\(word)",
            [
                id: "Orders", "Engine": "aurora-mysql", "AllocatedStorage": "150", "StorageEncrypted": "true",
                "Tags": [["Key": "env", "Value": "prod"]],
            ]
        )
        let found = try world.call("DescribeDB\(word)s", [id: "ORDERS"])["DB\(word)s"]?.array?.first
        #expect(found == made["DB\(word)"])
        #expect(found?[id] == "orders")
        #expect(found?["AllocatedStorage"] == 150)
        #expect(found?["StorageEncrypted"] == true)
        let key = world.kms.defaultRDSKey(account: World.account, region: "us-east-1")
        #expect(found?["KmsKeyId"]?.string == key.arn)
        #expect(found?["TagList"] == [["Key": "env", "Value": "prod"]])
        #expect(found?[kind == .instance ? "DBInstanceStatus" : "Status"] == "available")

        let code = kind == .instance ? "DBInstanceAlreadyExists" : "DBClusterAlreadyExistsFault"
        #expect(world.failure("CreateDB\(word)", [id: "orders", "Engine": "aurora-mysql"])?.code == code)
        try world.call("DeleteDB\(word)", [id: "orders", "SkipFinalSnapshot": "true"])
        let missing = world.failure("DescribeDB\(word)s", [id: "orders"])
        #expect(missing?.code == (kind == .instance ? "DBInstanceNotFound" : "DBClusterNotFoundFault"))
        #expect(missing?.status == 404)
    }

    @Test("a database takes its time to be created where the settings say so")
    func creating() throws {
        var world = World { $0.databaseCreation = .seconds(300) }
        try world.call("CreateDBInstance", ["DBInstanceIdentifier": "orders", "Engine": "mysql"])
        #expect(world.rds.nextChange == World.start + .seconds(300))
        let parameters: JSONValue = ["DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "early"]
        #expect(world.failure("CreateDBSnapshot", parameters)?.code == "InvalidDBInstanceState")
        world.pass(.seconds(300))
        #expect(world.failure("CreateDBSnapshot", parameters) == nil)
    }

    @Test("a snapshot is creating, makes progress, and is available", arguments: RDSKind.allCases)
    func taking(kind: RDSKind) throws {
        var world = World { $0.snapshotPace = .init(overhead: .seconds(20), secondsPerGiB: 2) }
        let (database, snapshot) = World.parameters(kind)
        let word = World.word(kind, "Instance")
        try world.call("CreateDB\(word)", [database: "orders", "Engine": "mysql", "AllocatedStorage": 40])
        let made = try world.call("Create\(World.element(kind))", [database: "orders", snapshot: "Nightly"])
        #expect(made[World.element(kind)]?["Status"] == "creating")
        world.pass(.seconds(25))
        var seen = try world.describe(kind, "nightly", in: "us-east-1")
        #expect(seen["Status"] == "creating")
        #expect(seen["PercentProgress"] == 25)
        #expect(world.rds.nextChange == World.start + .seconds(100))
        world.pass(.seconds(75))
        seen = try world.describe(kind, "NIGHTLY", in: "us-east-1")
        #expect(seen["Status"] == "available")
        #expect(seen["PercentProgress"] == 100)
        #expect(seen["SnapshotType"] == "manual")
        #expect(seen["SnapshotCreateTime"]?.string == World.start.iso8601)
        #expect(seen[World.element(kind) + "Arn"]?.string == World.arn(kind, "nightly"))
    }

    @Test(
        "refuses identifiers that RDS refuses",
        arguments: [
            (RDSKind.instance, "1st", "InvalidParameterValue"), (.instance, "a--b", "InvalidParameterValue"),
            (.instance, "a-", "InvalidParameterValue"), (.instance, "rds:a", "InvalidParameterValue"),
            (.instance, "a_b", "InvalidParameterValue"), (.instance, "", "MissingParameter"),
            (.instance, String(repeating: "a", count: 256), "InvalidParameterValue"),
            (.cluster, String(repeating: "a", count: 64), "InvalidParameterValue"),
            (.instance, String(repeating: "a", count: 255), nil), (.cluster, String(repeating: "a", count: 63), nil),
            (.instance, "taken", "DBSnapshotAlreadyExists"), (.cluster, "TAKEN", "DBClusterSnapshotAlreadyExistsFault"),
        ] as [(RDSKind, String, String?)]
    )
    func identifiers(kind: RDSKind, identifier: String, code: String?) throws {
        var world = World()
        try world.makeSnapshot(kind, "taken")
        let (database, snapshot) = World.parameters(kind)
        let created = world.failure(
            "Create\(World.element(kind))",
            [database: "orders", snapshot: .string(identifier)]
        )
        #expect(created?.code == code)
        if code?.contains("Already") != true {
            let copied = world.refusal(kind, World.arn(kind, "taken"), to: identifier)
            #expect(copied?.code == code)
        }
    }

    @Test("an automated snapshot is named by its minute and can't be deleted", arguments: RDSKind.allCases)
    func automated(kind: RDSKind) throws {
        var world = World()
        let id = World.parameters(kind).database
        try world.call("CreateDB\(World.word(kind, "Instance"))", [id: "orders", "Engine": "mysql"])
        try world.call("LocalCreateAutomatedSnapshot", [id: "orders"])
        try world.call("LocalCreateAutomatedSnapshot", [id: "orders"])
        world.pass(.seconds(10))
        let found = try world.identifiers(kind, ["SnapshotType": "automated"])
        #expect(found == ["rds:orders-2026-11-21-03-10", "rds:orders-2026-11-21-03-11"])
        let refused = world.failure(
            "Delete\(World.element(kind))",
            [World.parameters(kind).snapshot: "rds:orders-2026-11-21-03-10"]
        )
        #expect(refused?.code == (kind == .instance ? "InvalidDBSnapshotState" : "InvalidDBClusterSnapshotStateFault"))
    }

    @Test("daily backups are taken in their window and age out")
    func dailyBackups() throws {
        var world = World { $0.automatedBackups = true }
        try world.call(
            "CreateDBInstance",
            [
                "DBInstanceIdentifier": "orders", "Engine": "mysql", "BackupRetentionPeriod": "2",
                "PreferredBackupWindow": "05:00-05:30",
            ]
        )
        try world.call(
            "CreateDBInstance",
            ["DBInstanceIdentifier": "scratch", "Engine": "mysql", "BackupRetentionPeriod": 0]
        )
        #expect(world.rds.nextChange == Instant(iso8601: "2026-11-21T05:00:00Z"))
        world.pass(.seconds(86_400))
        #expect(try world.identifiers(.instance) == ["rds:orders-2026-11-21-05-00"])
        world.pass(.seconds(3 * 86_400))
        #expect(
            try world.identifiers(.instance) == ["rds:orders-2026-11-23-05-00", "rds:orders-2026-11-24-05-00"]
        )
    }

    @Test("daily backups that are switched off and on again are taken once a day")
    func switchedBackups() throws {
        var world = World()
        try world.call("CreateDBCluster", ["DBClusterIdentifier": "shop", "Engine": "aurora-mysql"])
        #expect(world.rds.nextChange == nil)
        world.rds.settings.automatedBackups = true
        world.rds.settings.automatedBackups = false
        world.rds.settings.automatedBackups = true
        world.pass(.seconds(86_400))
        #expect(try world.identifiers(.cluster) == ["rds:shop-2026-11-22-03-00"])
    }

    @Test("the quota of manual snapshots counts copies, and neither automated snapshots nor AWS Backup's")
    func manualQuota() throws {
        var world = World { $0.manualSnapshotLimit = 3 }
        try world.makeSnapshot(.instance, "one")
        try world.makeSnapshot(.instance, "two")
        try world.call("LocalCreateAutomatedSnapshot", ["DBInstanceIdentifier": "orders"])
        try world.call(
            "LocalCreateAutomatedSnapshot",
            ["DBInstanceIdentifier": "orders", "SnapshotType": "awsbackup"]
        )
        try world.copy(.instance, "one", to: "three", in: "us-east-1")
        let refused = world.refusal(.instance, "two", to: "four", in: "us-east-1")
        #expect(refused == ModelFailure("SnapshotQuotaExceeded", "Cannot create more than 3 manual snapshots"))
        #expect(
            world.failure("CreateDBSnapshot", ["DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "five"])
                == refused
        )
        let quotas = try world.call("DescribeAccountAttributes")["AccountQuotas"]?.array ?? []
        #expect(quotas.contains(["AccountQuotaName": "ManualSnapshots", "Used": 3, "Max": 3]))
        #expect(quotas.contains(["AccountQuotaName": "ManualClusterSnapshots", "Used": 0, "Max": 3]))
        try world.call("DeleteDBSnapshot", ["DBSnapshotIdentifier": "one"])
        #expect(world.refusal(.instance, "two", to: "four", in: "us-east-1") == nil)
    }

    @Test("members of a cluster have no snapshots of their own, and keep the cluster from being deleted")
    func members() throws {
        var world = World()
        try world.call("CreateDBCluster", ["DBClusterIdentifier": "shop", "Engine": "aurora-mysql"])
        try world.call(
            "CreateDBInstance",
            ["DBInstanceIdentifier": "shop-1", "DBClusterIdentifier": "shop", "Engine": "aurora-mysql"]
        )
        let refused = world.failure(
            "CreateDBSnapshot",
            ["DBInstanceIdentifier": "shop-1", "DBSnapshotIdentifier": "s"]
        )
        #expect(refused?.code == "InvalidParameterValue")
        #expect(refused?.message.contains("member of a cluster") == true)
        let deletion: JSONValue = ["DBClusterIdentifier": "shop", "SkipFinalSnapshot": true]
        #expect(world.failure("DeleteDBCluster", deletion)?.code == "InvalidDBClusterStateFault")
        try world.call("DeleteDBInstance", ["DBInstanceIdentifier": "shop-1", "SkipFinalSnapshot": true])
        #expect(world.failure("DeleteDBCluster", deletion) == nil)
    }

    @Test("deleting a database takes a final snapshot, and the automated ones with it")
    func finalSnapshot() throws {
        var world = World()
        try world.makeSnapshot(.instance, "kept")
        try world.call("LocalCreateAutomatedSnapshot", ["DBInstanceIdentifier": "orders"])
        #expect(
            world.failure("DeleteDBInstance", ["DBInstanceIdentifier": "orders"])?.code == "InvalidParameterCombination"
        )
        try world.call(
            "DeleteDBInstance",
            ["DBInstanceIdentifier": "orders", "FinalDBSnapshotIdentifier": "final"]
        )
        world.pass(.seconds(10))
        #expect(try world.identifiers(.instance) == ["final", "kept"])
    }

    @Test("too many requests are told so, for each account and Region, until time has passed")
    func throttling() throws {
        var world = World { $0.requestsPerSecond = 2 }
        #expect(world.failure("DescribeDBSnapshots") == nil)
        #expect(world.failure("DescribeDBSnapshots") == nil)
        #expect(world.failure("DescribeDBSnapshots") == ModelFailure("Throttling", "Rate exceeded"))
        #expect(world.failure("DescribeDBSnapshots", in: "eu-west-1") == nil)
        #expect(world.failure("DescribeDBSnapshots", as: World.other) == nil)
        world.pass(.milliseconds(500))
        #expect(world.failure("DescribeDBSnapshots") == nil)
        #expect(world.failure("DescribeDBSnapshots")?.code == "Throttling")
    }

    @Test("an operation that RDS does not have is refused")
    func unknown() {
        var world = World()
        #expect(
            world.failure("Nonsense")
                == ModelFailure(
                    "InvalidAction",
                    "Could not find operation Nonsense for version 2014-10-31",
                    status: 400
                )
        )
    }
}
