// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension DynamoDBClient {
    /// Reads an item, as it stands after every write so far.
    ///
    /// - Returns: `nil` when there is none.
    package func getItem(table: String, key: DynamoDBItem) async throws(AWSError) -> DynamoDBItem? {
        let document: [String: JSONValue?] = [
            "TableName": .string(table), "Key": key.json, "ConsistentRead": true,
        ]
        return try await self.call("GetItem", document) { json, _ in DynamoDBItem(json: json["Item"]) }
    }

    /// Writes a whole item, replacing what is there.
    package func putItem(
        table: String,
        item: DynamoDBItem,
        condition: Expression? = nil,
        returning: ReturnValues = .none
    ) async throws(AWSError) -> WriteResult {
        try await self.write("PutItem", table, ["Item": item.json], Self.members(condition: condition), returning)
    }

    /// Changes an item, or makes it.
    package func updateItem(
        table: String,
        key: DynamoDBItem,
        update: Expression,
        condition: Expression? = nil,
        returning: ReturnValues = .allNew
    ) async throws(AWSError) -> WriteResult {
        let members = Self.members(condition: condition, update: update)
        return try await self.write("UpdateItem", table, ["Key": key.json], members, returning)
    }

    /// Deletes an item; one that is not there counts as deleted where the condition allows it.
    package func deleteItem(
        table: String,
        key: DynamoDBItem,
        condition: Expression? = nil,
        returning: ReturnValues = .none
    ) async throws(AWSError) -> WriteResult {
        try await self.write("DeleteItem", table, ["Key": key.json], Self.members(condition: condition), returning)
    }

    /// Reads one page of the items under a partition key.
    ///
    /// - Parameters:
    ///   - table: The table.
    ///   - condition: The key condition.
    ///   - limit: How many items are looked at; `nil` for as many as make 1 MiB.
    ///   - startKey: The `lastKey` of the page before; `nil` for the first.
    /// - Returns: The items, and the key to go on from; `nil` at the end.
    /// - Throws: ``AWSError``.
    package func query(
        table: String,
        condition: Expression,
        limit: Int? = nil,
        startKey: DynamoDBItem? = nil
    ) async throws(AWSError) -> (items: [DynamoDBItem], lastKey: DynamoDBItem?) {
        let document: [String: JSONValue?] = [
            "TableName": .string(table), "KeyConditionExpression": .string(condition.text), "ConsistentRead": true,
            "ExpressionAttributeNames": condition.names.isEmpty
                ? nil : .object(condition.names.mapValues { .string($0) }),
            "ExpressionAttributeValues": condition.values.jsonUnlessEmpty,
            "Limit": limit.map { .integer(Int64($0)) }, "ExclusiveStartKey": startKey?.json,
        ]
        return try await self.call("Query", document) { json, _ in
            let items = (json["Items"]?.array ?? []).compactMap { DynamoDBItem(json: $0) }
            return (items, DynamoDBItem(json: json["LastEvaluatedKey"]))
        }
    }

    /// Reads up to 100 items of a table, as they stand after every write so far.
    ///
    /// - Returns: The items that are there, in no order, and the keys that DynamoDB did not get to.
    package func batchGetItem(
        table: String,
        keys: [DynamoDBItem]
    ) async throws(AWSError) -> (items: [DynamoDBItem], unprocessedKeys: [DynamoDBItem]) {
        let request: JSONValue = ["Keys": .array(keys.map(\.json)), "ConsistentRead": true]
        return try await self.call("BatchGetItem", ["RequestItems": .object([table: request])]) { json, _ in
            let items = (json["Responses"]?[table]?.array ?? []).compactMap { DynamoDBItem(json: $0) }
            let left = json["UnprocessedKeys"]?[table]?["Keys"]?.array ?? []
            return (items, left.compactMap { DynamoDBItem(json: $0) })
        }
    }

    private func write(
        _ operation: String,
        _ table: String,
        _ subject: [String: JSONValue],
        _ members: [String: JSONValue?],
        _ returning: ReturnValues
    ) async throws(AWSError) -> WriteResult {
        var document = members
        document["TableName"] = .string(table)
        for (name, value) in subject { document[name] = value }
        document["ReturnValues"] = .string(returning.rawValue)
        let refusals: Set<String> = ["ConditionalCheckFailedException"]
        return try await self.call(operation, document, expecting: refusals) { json, refusal in
            refusal == nil
                ? .done(attributes: DynamoDBItem(json: json["Attributes"]))
                : .conditionFailed(item: DynamoDBItem(json: json["Item"]))
        }
    }
}
