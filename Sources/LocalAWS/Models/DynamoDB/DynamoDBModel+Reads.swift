// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension DynamoDBModel {
    // MARK: - Query

    func query(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let parameters = request.parameters
        let table = try self.existingTable(try self.key(request, table: parameters["TableName"]))
        var expressions = try DynamoDBExpressions(parameters)
        guard let condition = try expressions.condition("KeyConditionExpression", in: parameters) else {
            throw .dynamoDB(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            )
        }
        let partition = try Self.partition(of: condition, in: table)
        let keys = table.items.keys
            .filter { $0.partition == partition && condition.holds(for: table.keyItem($0)) }
            .sorted { DynamoDBTable.precedes($0, $1) }
        let isAscending = parameters["ScanIndexForward"]?.lenientBool ?? true
        return try Self.answer(parameters, table, isAscending ? keys : keys.reversed(), &expressions)
    }

    /// The partition that a key condition names.
    ///
    /// - Throws: ``ModelFailure`` for a condition that is none on the key: one equality on the partition, and at most one
    ///   comparison of the sort key beside it.
    private static func partition(
        of condition: DynamoDBCondition,
        in table: DynamoDBTable
    ) throws(ModelFailure) -> DynamoDBValue {
        var partition: DynamoDBValue?
        var sorts = 0
        for part in self.conjuncts(condition) {
            if case .compare(.path(let path), "=", .value(let value)) = part, path.steps.isEmpty,
                path.root == table.partition.name, partition == nil
            {
                partition = value
            } else {
                guard let path = self.sortPath(part), path.steps.isEmpty, path.root == table.sort?.name else {
                    throw .dynamoDB("Query key condition not supported")
                }
                sorts += 1
            }
        }
        guard let partition else {
            throw .dynamoDB("Query condition missed key schema element: \(table.partition.name)")
        }
        guard sorts <= 1 else {
            throw .dynamoDB("KeyConditionExpressions must only contain one condition per key")
        }
        guard partition.type == table.partition.type else {
            throw .dynamoDB(
                "One or more parameter values were invalid: Condition parameter type does not match schema type"
            )
        }
        return partition
    }

    private static func conjuncts(_ condition: DynamoDBCondition) -> [DynamoDBCondition] {
        guard case .and(let left, let right) = condition else { return [condition] }
        return self.conjuncts(left) + self.conjuncts(right)
    }

    private static func sortPath(_ condition: DynamoDBCondition) -> DynamoDBPath? {
        switch condition {
        case .compare(.path(let path), let comparator, .value) where comparator != "<>": path
        case .between(.path(let path), .value, .value): path
        case .beginsWith(let path, .value): path
        default: nil
        }
    }

    // MARK: - Scan

    func scan(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let parameters = request.parameters
        let table = try self.existingTable(try self.key(request, table: parameters["TableName"]))
        var expressions = try DynamoDBExpressions(parameters)
        var keys = table.scanOrder()
        if let segments = parameters["TotalSegments"]?.lenientInt {
            guard let segment = parameters["Segment"]?.lenientInt, (0..<segments).contains(segment) else {
                throw .dynamoDB("The Segment parameter must be at least 0 and less than TotalSegments")
            }
            keys = keys.filter { Int(Digest.sha256($0.partition.json.serialized())[0]) % segments == segment }
        }
        return try Self.answer(parameters, table, keys, &expressions)
    }

    private static func answer(
        _ parameters: JSONValue,
        _ table: DynamoDBTable,
        _ keys: [DynamoDBTable.Key],
        _ expressions: inout DynamoDBExpressions
    ) throws(ModelFailure) -> JSONValue {
        if let index = parameters["IndexName"]?.string {
            throw .dynamoDB("The table does not have the specified index: \(index)")
        }
        let filter = try expressions.condition("FilterExpression", in: parameters)
        let projection = try expressions.projection(in: parameters)
        try expressions.checkUse()
        let limit = parameters["Limit"]?.lenientInt
        guard limit ?? 1 >= 1 else { throw .dynamoDB("Limit must be greater than or equal to 1") }
        var start: DynamoDBTable.Key?
        if let given = parameters["ExclusiveStartKey"] {
            do {
                start = try table.key(given).key
            } catch {
                throw .dynamoDB("The provided starting key is invalid: \(error.message)")
            }
        }
        let page = try table.page(of: keys, after: start, limit: limit, filter: filter)
        let isCount = parameters["Select"]?.string == "COUNT"
        return .compact([
            "Items": isCount ? nil : .array(page.items.map { self.json($0, projection) }),
            "Count": .integer(Int64(page.items.count)),
            "ScannedCount": .integer(Int64(page.scanned)),
            "LastEvaluatedKey": page.lastKey.map { self.json(table.keyItem($0)) },
        ])
    }

    // MARK: - Batches

    func batchGetItem(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let requests = request.parameters["RequestItems"]?.object ?? [:]
        let count = requests.values.reduce(0) { $0 + ($1["Keys"]?.lenientArray.count ?? 0) }
        guard count >= 1 else { throw .dynamoDB("The batch get request list for a table cannot be null or empty") }
        guard count <= 100 else { throw .dynamoDB("Too many items requested for the BatchGetItem call") }
        var responses: [String: JSONValue] = [:]
        for (name, parameters) in requests {
            let table = try self.existingTable(try self.key(request, table: .string(name)))
            var expressions = try DynamoDBExpressions(parameters)
            let projection = try expressions.projection(in: parameters)
            try expressions.checkUse()
            var seen: Set<DynamoDBTable.Key> = []
            var items: [JSONValue] = []
            for given in parameters["Keys"]?.lenientArray ?? [] {
                let key = try table.key(given).key
                guard seen.insert(key).inserted else {
                    throw .dynamoDB("Provided list of item keys contains duplicates")
                }
                if let item = table.items[key] { items.append(Self.json(item, projection)) }
            }
            responses[name] = .array(items)
        }
        return ["Responses": .object(responses), "UnprocessedKeys": [:]]
    }

    mutating func batchWriteItem(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let requests = request.parameters["RequestItems"]?.object ?? [:]
        let count = requests.values.reduce(0) { $0 + $1.lenientArray.count }
        guard count >= 1 else { throw .dynamoDB("The batch write request list for a table cannot be null or empty") }
        guard count <= 25 else { throw .dynamoDB("Too many items requested for the BatchWriteItem call") }
        var plans: [Plan] = []
        for (name, writes) in requests {
            for given in writes.lenientArray {
                let write: Write = given["PutRequest"] != nil ? .put : .delete
                var parameters = (given["PutRequest"] ?? given["DeleteRequest"])?.object ?? [:]
                parameters["TableName"] = .string(name)
                let plan = try self.plan(write, request, .object(parameters))
                guard !plans.contains(where: { $0.table == plan.table && $0.key == plan.key }) else {
                    throw .dynamoDB("Provided list of item keys contains duplicates")
                }
                plans.append(plan)
            }
        }
        var results: [DynamoDBItem?] = []
        for plan in plans { results.append(try Self.result(of: plan, old: nil)) }
        for (plan, item) in zip(plans, results) { self.tables[plan.table]?.items[plan.key] = item }
        return ["UnprocessedItems": [:]]
    }
}
