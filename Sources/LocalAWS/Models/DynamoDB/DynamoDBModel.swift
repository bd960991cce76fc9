// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// DynamoDB: tables of any number of accounts and Regions, as far as a ledger needs them.
///
/// Expressions, conditional writes and transactions are complete; secondary indexes, streams and the parameters from
/// before expressions are not there and refused by name. Items whose time to live has passed are deleted as time
/// advances, ``expiryDelay`` late, as the real service takes its time; until then reads show them.
///
/// Source: "Amazon DynamoDB API Reference" and "… Developer Guide".
package struct DynamoDBModel: ServiceModel {
    /// Every how many item requests one is throttled; `nil` for none.
    package var throttleEvery: Int?

    /// How long after its time an item is deleted; the real service takes up to two days.
    package var expiryDelay: Duration = .seconds(172_800)

    struct TableKey: Hashable, Sendable {
        var account: String
        var region: String
        var name: String
    }

    /// A transaction that was carried out under a token.
    struct Transaction: Sendable {
        var items: JSONValue
        var at: Instant
    }

    var tables: [TableKey: DynamoDBTable] = [:]
    var transactions: [String: Transaction] = [:]
    private var requests = 0
    private var tableNumber = 0
    private var lastExpiry = Instant(microseconds: 0)

    package init() {}

    /// Nothing waits for expiries, so there is no next change.
    package var nextChange: Instant? { nil }

    /// Deletes what has expired; at most once in an hour, since nobody may rely on it.
    package mutating func advance(to now: Instant) -> [ModelEffect] {
        guard now >= self.lastExpiry + .seconds(3600) else { return [] }
        self.lastExpiry = now
        let due = (now - self.expiryDelay).wholeSeconds
        for (key, table) in self.tables {
            guard let attribute = table.expiryAttribute else { continue }
            self.tables[key]?.items = table.items.filter { _, item in
                guard case .number(let number)? = item[attribute], let time = number.wholeNumber else { return true }
                return time > due
            }
        }
        return []
    }

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: The request; it reaches the tables of its caller's account.
    ///   - now: The moment of the request.
    /// - Returns: The result as the JSON protocol writes it.
    /// - Throws: ``ModelFailure`` with DynamoDB's own code; a failed condition brings its `Item` in the details when that
    ///   was asked for.
    package mutating func handle(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        switch request.operation {
        case "CreateTable": return try self.createTable(request, at: now)
        case "DescribeTable": return ["Table": try self.table(request).description(status: "ACTIVE")]
        case "DeleteTable": return try self.deleteTable(request)
        case "ListTables": return try self.listTables(request)
        case "UpdateTimeToLive": return try self.updateTimeToLive(request, at: now)
        case "DescribeTimeToLive": return try self.describeTimeToLive(request)
        default: break
        }
        try self.throttle(request.operation)
        let parameters = request.parameters
        switch request.operation {
        case "GetItem": return try self.getItem(request, parameters)
        case "PutItem": return try self.write(.put, request, parameters)
        case "UpdateItem": return try self.write(.update, request, parameters)
        case "DeleteItem": return try self.write(.delete, request, parameters)
        case "Query": return try self.query(request)
        case "Scan": return try self.scan(request)
        case "BatchGetItem": return try self.batchGetItem(request)
        case "BatchWriteItem": return try self.batchWriteItem(request)
        case "TransactGetItems": return try self.transactGetItems(request)
        case "TransactWriteItems": return try self.transactWriteItems(request, at: now)
        default:
            throw ModelFailure(
                "UnknownOperationException",
                "\(request.operation) is not an operation of DynamoDB here."
            )
        }
    }

    private mutating func throttle(_ operation: String) throws(ModelFailure) {
        self.requests += 1
        guard let every = self.throttleEvery, every > 0, self.requests.isMultiple(of: every) else { return }
        throw ModelFailure(
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
                + "provisioning level with the UpdateTable API."
        )
    }

    // MARK: - Tables

    func key(_ request: ModelRequest, table given: JSONValue?) throws(ModelFailure) -> TableKey {
        guard let given = given?.string, !given.isEmpty else {
            throw .dynamoDB("The parameter 'TableName' is required but was not present in the request")
        }
        let name = given.hasPrefix("arn:") ? String(given.split(separator: "/").last ?? "") : given
        return TableKey(account: request.caller.account, region: request.region, name: name)
    }

    private func table(_ request: ModelRequest) throws(ModelFailure) -> DynamoDBTable {
        let key = try self.key(request, table: request.parameters["TableName"])
        guard let table = self.tables[key] else {
            throw ModelFailure(
                "ResourceNotFoundException",
                "Requested resource not found: Table: \(key.name) not found"
            )
        }
        return table
    }

    private mutating func createTable(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        let parameters = request.parameters
        let key = try self.key(request, table: parameters["TableName"])
        try Self.checkName(key.name)
        for index in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"]
        where parameters[index]?.array?.isEmpty == false {
            throw .dynamoDB("\(index) are not supported here.")
        }
        guard self.tables[key] == nil else {
            throw ModelFailure("ResourceInUseException", "Table already exists: \(key.name)")
        }
        let parts = try Self.keyParts(parameters)
        let isOnDemand = parameters["BillingMode"]?.string == "PAY_PER_REQUEST"
        let throughput = parameters["ProvisionedThroughput"]
        guard isOnDemand || throughput != nil else {
            throw .dynamoDB(
                "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be "
                    + "specified when BillingMode is PROVISIONED"
            )
        }
        var settings: [String: JSONValue] = [
            "DeletionProtectionEnabled": .bool(parameters["DeletionProtectionEnabled"]?.lenientBool ?? false),
            "ProvisionedThroughput": [
                "NumberOfDecreasesToday": 0,
                "ReadCapacityUnits": throughput?["ReadCapacityUnits"] ?? 0,
                "WriteCapacityUnits": throughput?["WriteCapacityUnits"] ?? 0,
            ],
        ]
        if isOnDemand { settings["BillingModeSummary"] = ["BillingMode": "PAY_PER_REQUEST"] }
        self.tableNumber += 1
        let partition =
            key.region.hasPrefix("cn-") ? "aws-cn" : key.region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
        let table = DynamoDBTable(
            name: key.name,
            arn: "arn:\(partition):dynamodb:\(key.region):\(key.account):table/\(key.name)",
            id: SQSModel.uuid("table \(self.tableNumber)"),
            partition: parts.partition,
            sort: parts.sort,
            created: now,
            settings: settings
        )
        self.tables[key] = table
        return ["TableDescription": table.description(status: "CREATING")]
    }

    private static func checkName(_ name: String) throws(ModelFailure) {
        let isSpelledWell = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isSpelledWell, (3...255).contains(name.utf8.count) else {
            throw .dynamoDB(
                "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain "
                    + "only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
            )
        }
    }

    private static func keyParts(
        _ parameters: JSONValue
    ) throws(ModelFailure) -> (partition: DynamoDBTable.KeyPart, sort: DynamoDBTable.KeyPart?) {
        let definitions = (parameters["AttributeDefinitions"]?.lenientArray ?? []).map {
            ($0["AttributeName"]?.string ?? "", $0["AttributeType"]?.string ?? "")
        }
        let types = Dictionary(definitions) { _, last in last }
        var parts: [String: DynamoDBTable.KeyPart] = [:]
        let schema = parameters["KeySchema"]?.lenientArray ?? []
        for element in schema {
            let name = element["AttributeName"]?.string ?? ""
            guard let type = types[name], ["S", "N", "B"].contains(type) else {
                throw .dynamoDB(
                    "One or more parameter values were invalid: Some index key attributes are not defined in "
                        + "AttributeDefinitions. Keys: [\(name)], AttributeDefinitions: "
                        + "[\(types.keys.sorted().joined(separator: ", "))]"
                )
            }
            parts[element["KeyType"]?.string ?? ""] = DynamoDBTable.KeyPart(name: name, type: type)
        }
        guard let partition = parts["HASH"], parts.count == schema.count,
            parts.count == 1 || parts["RANGE"] != nil
        else { throw .dynamoDB("Invalid KeySchema: it needs one HASH and may have one RANGE element") }
        guard types.count == parts.count else {
            throw .dynamoDB(
                "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match "
                    + "number of attributes defined in AttributeDefinitions"
            )
        }
        return (partition, parts["RANGE"])
    }

    private mutating func deleteTable(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let table = try self.table(request)
        guard table.settings["DeletionProtectionEnabled"] != true else {
            throw .dynamoDB(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
            )
        }
        self.tables[try self.key(request, table: request.parameters["TableName"])] = nil
        return ["TableDescription": table.description(status: "DELETING")]
    }

    private func listTables(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let limit = request.parameters["Limit"]?.lenientInt ?? 100
        guard (1...100).contains(limit) else { throw .dynamoDB("Limit must be between 1 and 100") }
        let start = request.parameters["ExclusiveStartTableName"]?.string ?? ""
        let names = self.tables.keys
            .filter { $0.account == request.caller.account && $0.region == request.region && $0.name > start }
            .map(\.name).sorted()
        let page = names.prefix(limit)
        return .compact([
            "TableNames": .array(page.map { .string($0) }),
            "LastEvaluatedTableName": page.count < names.count ? page.last.map { .string($0) } : nil,
        ])
    }

    // MARK: - Time to live

    private mutating func updateTimeToLive(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        var table = try self.table(request)
        let specification = request.parameters["TimeToLiveSpecification"]
        guard let isEnabled = specification?["Enabled"]?.lenientBool,
            let attribute = specification?["AttributeName"]?.string, !attribute.isEmpty
        else { throw .dynamoDB("TimeToLiveSpecification needs Enabled and AttributeName") }
        if let changed = table.expiryChanged, now < changed + .seconds(3600) {
            throw .dynamoDB("Time to live has been modified multiple times within a fixed interval")
        }
        guard isEnabled != (table.expiryAttribute != nil) else {
            throw .dynamoDB("TimeToLive is already \(isEnabled ? "enabled" : "disabled")")
        }
        table.expiryAttribute = isEnabled ? attribute : nil
        table.expiryChanged = now
        self.tables[try self.key(request, table: request.parameters["TableName"])] = table
        return ["TimeToLiveSpecification": ["Enabled": .bool(isEnabled), "AttributeName": .string(attribute)]]
    }

    private func describeTimeToLive(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let attribute = try self.table(request).expiryAttribute
        return [
            "TimeToLiveDescription": .compact([
                "TimeToLiveStatus": attribute == nil ? "DISABLED" : "ENABLED",
                "AttributeName": attribute.map { .string($0) },
            ])
        ]
    }
}
