// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS

/// A DynamoDB model and the moment it is at.
struct DynamoDBBench {
    var model = DynamoDBModel()
    var now = Instant(seconds: 1_800_000_000)

    /// A model with a table `slots` (key `pk`) and a table `copies` (keys `db` and `at`, a number).
    init() throws {
        try self.call(
            "CreateTable",
            [
                "TableName": "slots", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [["AttributeName": "pk", "AttributeType": "S"]],
                "KeySchema": [["AttributeName": "pk", "KeyType": "HASH"]],
            ]
        )
        try self.call(
            "CreateTable",
            [
                "TableName": "copies", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    ["AttributeName": "db", "AttributeType": "S"], ["AttributeName": "at", "AttributeType": "N"],
                ],
                "KeySchema": [
                    ["AttributeName": "db", "KeyType": "HASH"], ["AttributeName": "at", "KeyType": "RANGE"],
                ],
            ]
        )
    }

    @discardableResult
    mutating func call(
        _ operation: String,
        _ parameters: JSONValue,
        region: String = "us-east-1"
    ) throws(ModelFailure) -> JSONValue {
        let request = ModelRequest(
            service: .dynamodb,
            operation: operation,
            parameters: parameters,
            caller: ModelCaller(account: "111122223333", arn: "arn:aws:iam::111122223333:user/tester"),
            region: region
        )
        return try self.model.handle(request, at: self.now)
    }

    mutating func refusal(_ operation: String, _ parameters: JSONValue) -> ModelFailure? {
        do throws(ModelFailure) {
            try self.call(operation, parameters)
            return nil
        } catch {
            return error
        }
    }

    /// Puts the item `a` of `slots` with some more attributes.
    mutating func put(_ attributes: JSONValue) throws {
        let item = ["pk": ["S": "a"]].merging(attributes.object ?? [:]) { $1 }
        try self.call("PutItem", ["TableName": "slots", "Item": .object(item)])
    }

    /// The item `a` of `slots` without its key.
    mutating func item() throws -> JSONValue? {
        let item = try self.call("GetItem", ["TableName": "slots", "Key": ["pk": ["S": "a"]]])["Item"]
        return item?.object.map { .object($0.filter { $0.key != "pk" }) }
    }

    /// An update of the item `a` of `slots`.
    static func update(
        _ expression: String,
        _ values: JSONValue = [:],
        _ more: JSONValue = [:],
        names: JSONValue = [:]
    ) -> JSONValue {
        var members: [String: JSONValue] = [
            "TableName": "slots", "Key": ["pk": ["S": "a"]], "UpdateExpression": .string(expression),
        ]
        if values != [:] { members["ExpressionAttributeValues"] = values }
        if names != [:] { members["ExpressionAttributeNames"] = names }
        return .object(members.merging(more.object ?? [:]) { $1 })
    }
}
