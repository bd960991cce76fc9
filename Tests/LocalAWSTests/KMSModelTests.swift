// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("KMS")
struct KMSModelTests {
    static let account = "111122223333"
    static let other = "444455556666"
    static let start = Instant(milliseconds: 1_795_000_000_000)

    @discardableResult
    private func call(
        _ kms: inout KMSModel,
        _ operation: String,
        _ parameters: JSONValue = [:],
        in region: String = "eu-west-1",
        as account: String = Self.account,
        at now: Instant = Self.start
    ) throws(ModelFailure) -> JSONValue {
        let caller = ModelCaller(account: account, arn: "arn:aws:iam::\(account):user/test")
        return try kms.handle(
            ModelRequest(service: .kms, operation: operation, parameters: parameters, caller: caller, region: region),
            at: now
        )
    }

    private func code(
        _ kms: inout KMSModel,
        _ operation: String,
        _ parameters: JSONValue = [:],
        in region: String = "eu-west-1",
        as account: String = Self.account
    ) -> String? {
        do {
            try self.call(&kms, operation, parameters, in: region, as: account)
            return nil
        } catch {
            return error.code
        }
    }

    private func makeKey(_ kms: inout KMSModel, _ parameters: JSONValue = [:]) throws -> (id: JSONValue, arn: JSONValue)
    {
        let made = try self.call(&kms, "CreateKey", parameters)["KeyMetadata"]
        return (try #require(made?["KeyId"]), try #require(made?["Arn"]))
    }

    @Test("a key is described by its identifier, its ARN and its alias in either form")
    func names() throws {
        var kms = KMSModel()
        let key = try self.makeKey(&kms, ["Description": "disaster recovery"])
        try self.call(&kms, "CreateAlias", ["AliasName": "alias/dr", "TargetKeyId": key.arn])
        let alias: JSONValue = "arn:aws:kms:eu-west-1:111122223333:alias/dr"
        for name in [key.id, key.arn, "alias/dr", alias] {
            let found = try self.call(&kms, "DescribeKey", ["KeyId": name])["KeyMetadata"]
            #expect(found?["Arn"] == key.arn)
            #expect(found?["KeyState"] == "Enabled")
            #expect(found?["KeyManager"] == "CUSTOMER")
            #expect(found?["CreationDate"] == .double(1_795_000_000))
        }
        let listed = try self.call(&kms, "ListAliases")["Aliases"]?.array ?? []
        #expect(listed.map { $0["AliasName"] } == ["alias/aws/rds", "alias/dr"])
        #expect(listed.last?["AliasArn"] == alias)
        #expect(try self.call(&kms, "ListKeys")["Keys"]?.array?.count == 2)
    }

    @Test(
        "names that name nothing",
        arguments: [
            ("nothing", "NotFoundException"), ("alias/nothing", "NotFoundException"),
            ("arn:aws:kms:us-east-1:111122223333:key/x", "NotFoundException"),
            ("arn:aws:rds:eu-west-1", "InvalidArnException"), ("", "ValidationException"),
        ]
    )
    func unknown(name: String, code: String) {
        var kms = KMSModel()
        #expect(self.code(&kms, "DescribeKey", ["KeyId": .string(name)]) == code)
    }

    @Test("RDS's own key is there in every account and Region, and can't be changed")
    func standardKey() throws {
        var kms = KMSModel()
        let here = try self.call(&kms, "DescribeKey", ["KeyId": "alias/aws/rds"])["KeyMetadata"]
        let there = try self.call(&kms, "DescribeKey", ["KeyId": "alias/aws/rds"], in: "us-east-1")["KeyMetadata"]
        #expect(here?["KeyManager"] == "AWS")
        #expect(here?["Arn"] != there?["Arn"])
        #expect(kms.key("alias/aws/rds", account: Self.account, region: "eu-west-1")?.arn == here?["Arn"]?.string)
        #expect(self.code(&kms, "DisableKey", ["KeyId": "alias/aws/rds"]) == "AccessDeniedException")
        #expect(
            self.code(&kms, "DescribeKey", ["KeyId": here?["Arn"] ?? ""], as: Self.other) == "AccessDeniedException"
        )
    }

    @Test("a key can be disabled, scheduled to go, rescued, and is gone when its time has come")
    func states() throws {
        var kms = KMSModel()
        let key = try self.makeKey(&kms)
        let named: JSONValue = ["KeyId": key.id]
        let grant: JSONValue = ["KeyId": key.id, "GranteePrincipal": "rds.amazonaws.com", "Operations": ["Decrypt"]]
        #expect(self.code(&kms, "CreateGrant", grant) == nil)
        #expect(try self.call(&kms, "ListGrants", named)["Grants"]?.array?.count == 1)
        try self.call(&kms, "DisableKey", named)
        #expect(self.code(&kms, "CreateGrant", grant) == "DisabledException")
        try self.call(&kms, "EnableKey", named)
        let scheduled = try self.call(&kms, "ScheduleKeyDeletion", ["KeyId": key.id, "PendingWindowInDays": 7])
        #expect(scheduled["DeletionDate"] == .double(1_795_000_000 + 7 * 86_400))
        #expect(self.code(&kms, "EnableKey", named) == "KMSInvalidStateException")
        try self.call(&kms, "CancelKeyDeletion", named)
        #expect(try self.call(&kms, "DescribeKey", named)["KeyMetadata"]?["KeyState"] == "Disabled")
        try self.call(&kms, "ScheduleKeyDeletion", ["KeyId": key.id, "PendingWindowInDays": 7])
        let later = Self.start + .seconds(7 * 86_400)
        _ = try self.call(&kms, "ListKeys", at: later)
        #expect(self.code(&kms, "DescribeKey", named) == "NotFoundException")
    }

    @Test(
        "another account needs a policy that lets it make grants and look",
        arguments: [
            ("kms:*", true), ("kms:CreateGrant", false), ("kms:DescribeKey", false),
        ]
    )
    func policies(action: String, isAllowed: Bool) throws {
        var kms = KMSModel()
        let key = try self.makeKey(&kms)
        let arn = try #require(key.arn.string)
        #expect(kms.key(arn, account: Self.other, region: "eu-west-1")?.allowsUse(by: Self.other) == false)
        let policy: JSONValue = [
            "Statement": [
                ["Effect": "Allow", "Principal": ["AWS": [.string(Self.other)]], "Action": [.string(action)]]
            ]
        ]
        try self.call(&kms, "PutKeyPolicy", ["KeyId": key.id, "Policy": .string(policy.description)])
        #expect(kms.key(arn, account: Self.other, region: "eu-west-1")?.allowsUse(by: Self.other) == isAllowed)
        #expect(try self.call(&kms, "GetKeyPolicy", ["KeyId": key.id])["Policy"]?.string == policy.description)
        #expect(
            self.code(&kms, "PutKeyPolicy", ["KeyId": key.id, "Policy": "no"]) == "MalformedPolicyDocumentException"
        )
    }

    @Test("a multi-Region key keeps its identifier in its replica")
    func multiRegion() throws {
        var kms = KMSModel()
        let key = try self.makeKey(&kms, ["MultiRegion": true])
        #expect(key.id.string?.hasPrefix("mrk-") == true)
        let replica = try self.call(&kms, "ReplicateKey", ["KeyId": key.id, "ReplicaRegion": "us-east-1"])
        #expect(replica["ReplicaKeyMetadata"]?["KeyId"] == key.id)
        #expect(kms.key(key.id.string ?? "", account: Self.account, region: "us-east-1")?.region == "us-east-1")
        #expect(
            self.code(&kms, "ReplicateKey", ["KeyId": key.id, "ReplicaRegion": "us-east-1"]) == "AlreadyExistsException"
        )
    }

    @Test("aliases are taken once and never AWS's")
    func aliases() throws {
        var kms = KMSModel()
        let key = try self.makeKey(&kms)
        #expect(self.code(&kms, "CreateAlias", ["AliasName": "alias/a", "TargetKeyId": key.id]) == nil)
        #expect(
            self.code(&kms, "CreateAlias", ["AliasName": "alias/a", "TargetKeyId": key.id]) == "AlreadyExistsException"
        )
        #expect(
            self.code(&kms, "CreateAlias", ["AliasName": "alias/aws/x", "TargetKeyId": key.id])
                == "NotAuthorizedException"
        )
        #expect(
            self.code(&kms, "CreateAlias", ["AliasName": "a", "TargetKeyId": key.id]) == "ValidationException"
        )
        #expect(self.code(&kms, "Encrypt") == "UnknownOperationException")
    }
}
