// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("RDS: copying what is encrypted, and option groups")
struct RDSCopyKeyTests {
    typealias World = RDSTestWorld

    private static let mustSpecify = "Must specify new KMS key for cross region encrypted snapshot copy."

    @Test("an encrypted snapshot needs a key of the other Region, named in any way", arguments: RDSKind.allCases)
    func acrossRegions(kind: RDSKind) throws {
        var world = World()
        try world.makeSnapshot(kind, "s", of: "orders", ["StorageEncrypted": true])
        let source = World.arn(kind, "s")
        let key = try world.makeKey(in: "eu-west-1")
        let id = String(key.split(separator: "/")[1])
        try world.keys("CreateAlias", ["AliasName": "alias/dr", "TargetKeyId": .string(id)], in: "eu-west-1")
        #expect(
            world.refusal(kind, source, to: "c") == ModelFailure("InvalidParameterValue", Self.mustSpecify)
        )
        let alias = "arn:aws:kms:eu-west-1:\(World.account):alias/dr"
        for (number, name) in [key, id, "alias/dr", alias].enumerated() {
            let copy = try world.copy(kind, source, to: "c-\(number)", ["KmsKeyId": .string(name)])
            #expect(copy["KmsKeyId"]?.string == key)
            #expect(copy[kind == .instance ? "Encrypted" : "StorageEncrypted"] == true)
        }
        let standard = try world.copy(kind, source, to: "c-default", ["KmsKeyId": "alias/aws/rds"])
        #expect(
            standard["KmsKeyId"]?.string == world.kms.defaultRDSKey(account: World.account, region: "eu-west-1").arn
        )
    }

    @Test("within the Region the source's key is used again")
    func sameRegion() throws {
        var world = World()
        let key = try world.makeKey()
        try world.makeSnapshot(.instance, "s", of: "orders", ["StorageEncrypted": true, "KmsKeyId": .string(key)])
        #expect(try world.copy(.instance, "s", to: "c", in: "us-east-1")["KmsKeyId"]?.string == key)
        try world.keys("DisableKey", ["KeyId": .string(key)])
        #expect(
            world.refusal(.instance, "s", to: "d", in: "us-east-1")
                == ModelFailure(
                    "KMSKeyNotAccessibleFault",
                    "The source snapshot KMS key [\(key)] does not exist, is not enabled or you do not have "
                        + "permissions to access it."
                )
        )
    }

    @Test("a key that is unknown, disabled, dying or elsewhere is not accessible", arguments: RDSKind.allCases)
    func badKeys(kind: RDSKind) throws {
        var world = World()
        try world.makeSnapshot(kind, "s", of: "orders", ["StorageEncrypted": true])
        let disabled = try world.makeKey(in: "eu-west-1")
        try world.keys("DisableKey", ["KeyId": .string(disabled)], in: "eu-west-1")
        let dying = try world.makeKey(in: "eu-west-1")
        try world.keys("ScheduleKeyDeletion", ["KeyId": .string(dying)], in: "eu-west-1")
        let elsewhere = try world.makeKey(in: "us-east-1")
        for name in [disabled, dying, elsewhere, "alias/none", "None"] {
            #expect(
                world.refusal(kind, World.arn(kind, "s"), to: "c", ["KmsKeyId": .string(name)])
                    == ModelFailure(
                        "KMSKeyNotAccessibleFault",
                        "The target KMS key [\(name)] does not exist, is not enabled or you do not have permissions to "
                            + "access it."
                    )
            )
        }
    }

    @Test("a key for an unencrypted source encrypts an instance's copy and spoils a cluster's")
    func unencrypted() throws {
        var world = World()
        let key = try world.makeKey(in: "eu-west-1")
        for kind in RDSKind.allCases { try world.makeSnapshot(kind, "s") }
        let copy = try world.copy(.instance, World.arn(.instance, "s"), to: "c", ["KmsKeyId": .string(key)])
        #expect(copy["Encrypted"] == true)
        #expect(copy["KmsKeyId"]?.string == key)
        let refused = world.refusal(.cluster, World.arn(.cluster, "s"), to: "c", ["KmsKeyId": .string(key)])
        #expect(refused?.code == "InvalidParameterCombination")
    }

    @Test("a shared snapshot is copied into another account and Region in one step", arguments: RDSKind.allCases)
    func acrossAccounts(kind: RDSKind) throws {
        var world = World()
        let closed = try world.makeKey()
        let open = try world.makeKey(for: [World.other])
        let share = "ModifyDB\(World.word(kind, ""))SnapshotAttribute"
        for (name, key) in [("closed", closed), ("open", open)] {
            try world.makeSnapshot(kind, name, of: name, ["StorageEncrypted": true, "KmsKeyId": .string(key)])
            #expect(
                world.refusal(kind, World.arn(kind, name), to: "c", ["KmsKeyId": "alias/aws/rds"], as: World.other)?
                    .status
                    == 404
            )
            try world.call(
                share,
                [
                    World.parameters(kind).snapshot: .string(name), "AttributeName": "restore",
                    "ValuesToAdd": [.string(World.other)],
                ]
            )
        }
        let refused = world.refusal(
            kind,
            World.arn(kind, "closed"),
            to: "c",
            ["KmsKeyId": "alias/aws/rds"],
            as: World.other
        )
        #expect(refused?.code == "KMSKeyNotAccessibleFault")
        #expect(refused?.message.hasPrefix("The source snapshot KMS key [\(closed)]") == true)
        let copy = try world.copy(
            kind,
            World.arn(kind, "open"),
            to: "c",
            ["KmsKeyId": "alias/aws/rds"],
            as: World.other
        )
        #expect(
            copy[World.element(kind) + "Arn"]?.string
                == World.arn(kind, "c", in: "eu-west-1", account: World.other)
        )
        // Within the Region it needs a key as well: the source's belongs to the other account.
        let sameRegion = world.refusal(kind, World.arn(kind, "open"), to: "d", in: "us-east-1", as: World.other)
        #expect(sameRegion?.code == "InvalidParameterValue")
    }

    @Test("an option group of one's own does not travel")
    func optionGroups() throws {
        var world = World()
        let group: JSONValue = [
            "OptionGroupName": "tde", "EngineName": "oracle-ee", "MajorEngineVersion": "19",
            "OptionGroupDescription": "x",
        ]
        try world.call("CreateOptionGroup", group)
        try world.call(
            "ModifyOptionGroup",
            ["OptionGroupName": "tde", "OptionsToInclude": [["OptionName": "TDE"], ["OptionName": "NATIVE_NETWORK"]]]
        )
        try world.makeSnapshot(.instance, "s", of: "orders", ["OptionGroupName": "tde"])
        let source = World.arn(.instance, "s")
        #expect(
            world.refusal(.instance, source, to: "c")
                == ModelFailure(
                    "InvalidParameterValue",
                    "The snapshot requires a target option group with the following options: NATIVE_NETWORK, TDE"
                )
        )
        #expect(
            world.refusal(.instance, source, to: "c", ["OptionGroupName": "tde-dr"])?.code == "OptionGroupNotFoundFault"
        )
        #expect(world.refusal(.instance, source, to: "local", in: "us-east-1") == nil)
        var there = group.object ?? [:]
        there["OptionGroupName"] = "tde-dr"
        try world.call("CreateOptionGroup", .object(there), in: "eu-west-1")
        #expect(
            try world.copy(.instance, source, to: "c", ["OptionGroupName": "tde-dr"])["OptionGroupName"] == "tde-dr"
        )
        #expect(
            world.refusal(.instance, source, to: "d", ["CopyOptionGroup": true])?.code == "InvalidParameterCombination"
        )
        try world.call(
            "ModifyDBSnapshotAttribute",
            ["DBSnapshotIdentifier": "s", "AttributeName": "restore", "ValuesToAdd": [.string(World.other)]]
        )
        try world.copy(.instance, source, to: "e", ["CopyOptionGroup": "true"], in: "us-east-1", as: World.other)
        let carried = try world.call("DescribeOptionGroups", as: World.other)["OptionGroupsList"]?.array
        #expect(carried?.first?["OptionGroupName"] == "tde")
    }

    @Test("a signed URL counts in GovCloud alone, and has to say what the request says")
    func presigned() throws {
        var world = World { $0.presignedURLCheck = { url, _ in !url.contains("forged") } }
        let gov = "us-gov-west-1"
        try world.makeSnapshot(.instance, "s", of: "orders", ["StorageEncrypted": true], in: gov)
        let source = World.arn(.instance, "s", in: gov)
        let url: (String) -> JSONValue = { signature in
            .string(
                "https://rds.us-gov-west-1.amazonaws.com/?Action=CopyDBSnapshot&Version=2014-10-31"
                    + "&SourceDBSnapshotIdentifier=arn%3Aaws-us-gov%3Ards%3Aus-gov-west-1%3A111122223333%3Asnapshot%3As"
                    + "&TargetDBSnapshotIdentifier=c&KmsKeyId=alias%2Faws%2Frds&DestinationRegion=us-gov-east-1"
                    + "&X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Fus-gov-west-1%2Frds%2Faws4_request"
                    + "&X-Amz-Signature=\(signature)"
            )
        }
        let problem = ModelFailure("InvalidParameterValue", "PreSignedUrl could not be authenticated.")
        let key: JSONValue = "alias/aws/rds"
        #expect(world.refusal(.instance, source, to: "c", ["KmsKeyId": key], in: "us-gov-east-1") == problem)
        let forged: [String: JSONValue] = ["KmsKeyId": key, "PreSignedUrl": url("forged")]
        #expect(world.refusal(.instance, source, to: "c", forged, in: "us-gov-east-1") == problem)
        let own = try world.makeKey(in: "us-gov-east-1")
        let other: [String: JSONValue] = ["KmsKeyId": .string(own), "PreSignedUrl": url("abc")]
        #expect(world.refusal(.instance, source, to: "c", other, in: "us-gov-east-1") == problem)
        let right: [String: JSONValue] = ["KmsKeyId": key, "PreSignedUrl": url("abc")]
        #expect(world.refusal(.instance, source, to: "c", right, in: "us-gov-east-1") == nil)

        try world.makeSnapshot(.instance, "s", of: "orders", ["StorageEncrypted": true])
        let ignored: [String: JSONValue] = ["KmsKeyId": key, "PreSignedUrl": "https://forged"]
        #expect(world.refusal(.instance, World.arn(.instance, "s"), to: "c", ignored) == nil)
    }
}
