// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

extension KMSModel {
    /// Answers one request.
    ///
    /// - Throws: What KMS would answer: `NotFoundException`, `InvalidArnException`, `DisabledException` and so on.
    package mutating func handle(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        let place = Place(account: request.caller.account, region: request.region)
        self.removeDeleted(by: now)
        let parameters = request.parameters
        switch request.operation {
        case "CreateKey": return try self.createKey(parameters, in: place, at: now)
        case "ReplicateKey": return try self.replicateKey(parameters, in: place, at: now)
        case "DescribeKey": return ["KeyMetadata": Self.metadata(try self.find(parameters, in: place))]
        case "ListKeys": return self.listKeys(in: place)
        case "CreateAlias": return try self.createAlias(parameters, in: place)
        case "DeleteAlias": return try self.deleteAlias(parameters, in: place)
        case "ListAliases": return try self.listAliases(parameters, in: place)
        case "DisableKey": return try self.setState(.disabled, parameters, in: place)
        case "EnableKey": return try self.setState(.enabled, parameters, in: place)
        case "ScheduleKeyDeletion": return try self.scheduleDeletion(parameters, in: place, at: now)
        case "CancelKeyDeletion": return try self.cancelDeletion(parameters, in: place)
        case "CreateGrant": return try self.createGrant(parameters, in: place, at: now)
        case "ListGrants": return try self.listGrants(parameters, in: place)
        case "GetKeyPolicy":
            let key = try self.find(parameters, in: place)
            return ["Policy": .string(key.policy), "PolicyName": "default"]
        case "PutKeyPolicy": return try self.putPolicy(parameters, in: place)
        default:
            throw ModelFailure("UnknownOperationException", "\(request.operation) is not supported.")
        }
    }

    // MARK: - Keys

    private mutating func createKey(
        _ parameters: JSONValue,
        in place: Place,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        let isMultiRegion = parameters["MultiRegion"]?.lenientBool ?? false
        let digest = self.nextDigest("key \(place.account) \(place.region)")
        let key = Key(
            id: isMultiRegion ? "mrk-" + digest.prefix(32) : Self.uuid(digest),
            account: place.account,
            region: place.region,
            isManagedByAWS: false,
            primaryRegion: isMultiRegion ? place.region : nil,
            state: .enabled,
            summary: parameters["Description"]?.string ?? "",
            policy: try Self.policy(parameters) ?? KMSPolicy.ownerOnly(account: place.account, region: place.region),
            created: now
        )
        self.keys[place, default: [:]][key.id] = key
        return ["KeyMetadata": Self.metadata(key)]
    }

    private mutating func replicateKey(
        _ parameters: JSONValue,
        in place: Place,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        let primary = try self.findOwn(parameters, in: place)
        guard primary.primaryRegion == place.region, let region = parameters["ReplicaRegion"]?.string else {
            throw ModelFailure("UnsupportedOperationException", "\(primary.arn) is not a multi-Region primary key.")
        }
        guard primary.isEnabled else { throw Self.disabled(primary) }
        let target = Place(account: place.account, region: region)
        guard self.keys[target]?[primary.id] == nil else {
            throw ModelFailure("AlreadyExistsException", "A replica of \(primary.id) already exists in \(region).")
        }
        let replica = Key(
            id: primary.id,
            account: place.account,
            region: region,
            isManagedByAWS: false,
            primaryRegion: place.region,
            state: .enabled,
            summary: parameters["Description"]?.string ?? "",
            policy: try Self.policy(parameters) ?? KMSPolicy.ownerOnly(account: place.account, region: region),
            created: now
        )
        self.keys[target, default: [:]][replica.id] = replica
        return ["ReplicaKeyMetadata": Self.metadata(replica), "ReplicaPolicy": .string(replica.policy)]
    }

    private func listKeys(in place: Place) -> JSONValue {
        let keys = self.allKeys(in: place).map { key -> JSONValue in
            ["KeyId": .string(key.id), "KeyArn": .string(key.arn)]
        }
        return ["Keys": .array(keys), "Truncated": false]
    }

    private mutating func setState(
        _ state: Key.State,
        _ parameters: JSONValue,
        in place: Place
    ) throws(ModelFailure) -> JSONValue {
        var key = try self.findOwn(parameters, in: place)
        guard key.state != .pendingDeletion else { throw Self.pendingDeletion(key) }
        key.state = state
        self.keys[place]?[key.id] = key
        return [:]
    }

    private mutating func scheduleDeletion(
        _ parameters: JSONValue,
        in place: Place,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        var key = try self.findOwn(parameters, in: place)
        guard key.state != .pendingDeletion else { throw Self.pendingDeletion(key) }
        let days = parameters["PendingWindowInDays"]?.lenientInt ?? 30
        guard (7...30).contains(days) else {
            throw ModelFailure("ValidationException", "PendingWindowInDays must be between 7 and 30.")
        }
        let deletion = now + .seconds(days * 86_400)
        key.state = .pendingDeletion
        key.deletion = deletion
        self.keys[place]?[key.id] = key
        return [
            "KeyId": .string(key.arn), "KeyState": .string(key.state.rawValue),
            "DeletionDate": .double(deletion.seconds), "PendingWindowInDays": .integer(Int64(days)),
        ]
    }

    private mutating func cancelDeletion(_ parameters: JSONValue, in place: Place) throws(ModelFailure) -> JSONValue {
        var key = try self.findOwn(parameters, in: place)
        guard key.state == .pendingDeletion else {
            throw ModelFailure("KMSInvalidStateException", "\(key.arn) is not pending deletion.")
        }
        // KMS leaves a rescued key disabled.
        key.state = .disabled
        key.deletion = nil
        self.keys[place]?[key.id] = key
        return ["KeyId": .string(key.arn)]
    }

    private mutating func removeDeleted(by now: Instant) {
        for (place, keys) in self.keys {
            for key in keys.values {
                guard let deletion = key.deletion, deletion <= now else { continue }
                self.keys[place]?[key.id] = nil
                self.aliases[place] = self.aliases[place]?.filter { $0.value != key.id }
                self.grants[key.arn] = nil
            }
        }
    }

    // MARK: - Aliases

    private mutating func createAlias(_ parameters: JSONValue, in place: Place) throws(ModelFailure) -> JSONValue {
        let alias = parameters["AliasName"]?.string ?? ""
        guard alias.hasPrefix("alias/"), alias.utf8.count > 6 else {
            throw ModelFailure("ValidationException", "Alias must start with the prefix \"alias/\".")
        }
        guard !alias.hasPrefix("alias/aws/") else {
            throw ModelFailure("NotAuthorizedException", "Aliases that begin with alias/aws/ are reserved.")
        }
        let key = try self.findOwn(["KeyId": parameters["TargetKeyId"] ?? ""], in: place)
        guard self.aliases[place]?[alias] == nil else {
            let arn = "arn:\(RDSARN.partition(of: place.region)):kms:\(place.region):\(place.account):\(alias)"
            throw ModelFailure("AlreadyExistsException", "An alias with the name \(arn) already exists")
        }
        guard key.state != .pendingDeletion else { throw Self.pendingDeletion(key) }
        self.aliases[place, default: [:]][alias] = key.id
        return [:]
    }

    private mutating func deleteAlias(_ parameters: JSONValue, in place: Place) throws(ModelFailure) -> JSONValue {
        let alias = parameters["AliasName"]?.string ?? ""
        guard self.aliases[place]?.removeValue(forKey: alias) != nil else {
            throw ModelFailure("NotFoundException", "Alias \(alias) is not found.")
        }
        return [:]
    }

    private func listAliases(_ parameters: JSONValue, in place: Place) throws(ModelFailure) -> JSONValue {
        let only = parameters["KeyId"]?.string == nil ? nil : try self.find(parameters, in: place).id
        var aliases = self.aliases[place] ?? [:]
        aliases[Self.rdsAlias] = self.defaultRDSKey(account: place.account, region: place.region).id
        let prefix = "arn:\(RDSARN.partition(of: place.region)):kms:\(place.region):\(place.account):"
        let entries = aliases.sorted { $0.key < $1.key }.filter { only == nil || $0.value == only }
        let list = entries.map { alias, id -> JSONValue in
            ["AliasName": .string(alias), "AliasArn": .string(prefix + alias), "TargetKeyId": .string(id)]
        }
        return ["Aliases": .array(list), "Truncated": false]
    }

    // MARK: - Grants and policies

    private mutating func createGrant(
        _ parameters: JSONValue,
        in place: Place,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        let key = try self.find(parameters, in: place)
        switch key.state {
        case .enabled: break
        case .disabled: throw Self.disabled(key)
        case .pendingDeletion: throw Self.pendingDeletion(key)
        }
        let id = self.nextDigest("grant")
        self.grants[key.arn, default: []].append(Grant(id: id, request: parameters, created: now))
        return ["GrantId": .string(id), "GrantToken": .string(self.nextDigest("token"))]
    }

    private func listGrants(_ parameters: JSONValue, in place: Place) throws(ModelFailure) -> JSONValue {
        let key = try self.find(parameters, in: place)
        let grants = (self.grants[key.arn] ?? []).map { grant -> JSONValue in
            .compact([
                "KeyId": .string(key.arn), "GrantId": .string(grant.id),
                "GranteePrincipal": grant.request["GranteePrincipal"], "Operations": grant.request["Operations"],
                "Name": grant.request["Name"], "CreationDate": .double(grant.created.seconds),
                "IssuingAccount": .string("arn:aws:iam::\(key.account):root"),
            ])
        }
        return ["Grants": .array(grants), "Truncated": false]
    }

    private mutating func putPolicy(_ parameters: JSONValue, in place: Place) throws(ModelFailure) -> JSONValue {
        var key = try self.findOwn(parameters, in: place)
        guard let policy = try Self.policy(parameters) else {
            throw ModelFailure("ValidationException", "Policy is required.")
        }
        key.policy = policy
        self.keys[place]?[key.id] = key
        return [:]
    }

    private static func policy(_ parameters: JSONValue) throws(ModelFailure) -> String? {
        guard let policy = parameters["Policy"]?.string else { return nil }
        guard KMSPolicy(policy) != nil else {
            throw ModelFailure("MalformedPolicyDocumentException", "The new key policy is not a policy document.")
        }
        return policy
    }

    // MARK: - Finding

    /// Finds the key that a request names, of whichever account, if its policy lets the caller see it.
    private func find(_ parameters: JSONValue, in place: Place) throws(ModelFailure) -> Key {
        guard let name = parameters["KeyId"]?.string, !name.isEmpty else {
            throw ModelFailure("ValidationException", "KeyId is required.")
        }
        if name.hasPrefix("arn:"), Self.parse(name) == nil {
            throw ModelFailure("InvalidArnException", "Invalid arn \(name)")
        }
        guard let key = self.key(name, account: place.account, region: place.region) else {
            throw Self.notFound(name, in: place)
        }
        guard key.allowsUse(by: place.account) else {
            throw ModelFailure(
                "AccessDeniedException",
                "The account \(place.account) is not authorized to use the key \(key.arn)."
            )
        }
        return key
    }

    /// Finds a customer's key of the caller's own account.
    private func findOwn(_ parameters: JSONValue, in place: Place) throws(ModelFailure) -> Key {
        let key = try self.find(parameters, in: place)
        guard key.account == place.account, !key.isManagedByAWS else {
            throw ModelFailure("AccessDeniedException", "The key \(key.arn) can't be changed by this account.")
        }
        return key
    }

    private static func notFound(_ name: String, in place: Place) -> ModelFailure {
        if name.hasPrefix("arn:"), let named = self.parse(name), named.place.region != place.region {
            return ModelFailure("NotFoundException", "Invalid arn \(named.place.region)")
        }
        let isAlias = name.hasPrefix("alias/") || name.contains(":alias/")
        let arn = "arn:\(RDSARN.partition(of: place.region)):kms:\(place.region):\(place.account):"
        let full = name.hasPrefix("arn:") ? name : isAlias ? arn + name : arn + "key/" + name
        return ModelFailure(
            "NotFoundException",
            isAlias ? "Alias \(full) is not found." : "Key '\(full)' does not exist"
        )
    }

    private static func disabled(_ key: Key) -> ModelFailure {
        ModelFailure("DisabledException", "\(key.arn) is disabled.")
    }

    private static func pendingDeletion(_ key: Key) -> ModelFailure {
        ModelFailure("KMSInvalidStateException", "\(key.arn) is pending deletion.")
    }

    static func metadata(_ key: Key) -> JSONValue {
        var members: [String: JSONValue] = [
            "AWSAccountId": .string(key.account), "KeyId": .string(key.id), "Arn": .string(key.arn),
            "CreationDate": .double(key.created.seconds), "Enabled": .bool(key.isEnabled),
            "Description": .string(key.summary), "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": .string(key.state.rawValue), "Origin": "AWS_KMS",
            "KeyManager": key.isManagedByAWS ? "AWS" : "CUSTOMER", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "KeySpec": "SYMMETRIC_DEFAULT", "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "MultiRegion": .bool(key.primaryRegion != nil),
        ]
        if let deletion = key.deletion { members["DeletionDate"] = .double(deletion.seconds) }
        if let primary = key.primaryRegion {
            let arn = "arn:\(RDSARN.partition(of: primary)):kms:\(primary):\(key.account):key/\(key.id)"
            members["MultiRegionConfiguration"] = [
                "MultiRegionKeyType": key.region == primary ? "PRIMARY" : "REPLICA",
                "PrimaryKey": ["Arn": .string(arn), "Region": .string(primary)], "ReplicaKeys": [],
            ]
        }
        return .object(members)
    }
}
