// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// DynamoDB: items under conditions.
///
/// Source: botocore, `dynamodb/2012-08-10`, JSON protocol 1.0.
package struct DynamoDBClient: Sendable {
    private let caller: ServiceCaller

    /// Makes a client that calls through `caller`.
    package init(_ caller: ServiceCaller) { self.caller = caller }

    /// An expression with its names (`#n`) and values (`:v`).
    package struct Expression: Hashable, Sendable {
        package var text: String
        package var names: [String: String]
        package var values: DynamoDBItem

        /// Makes an expression.
        ///
        /// Attributes need names of their own: many common words are reserved.
        package init(_ text: String, names: [String: String] = [:], values: DynamoDBItem = [:]) {
            self.text = text
            self.names = names
            self.values = values
        }
    }

    /// What became of a write under a condition.
    package enum WriteResult: Hashable, Sendable {
        /// It was done; `attributes` are the item's as `returning` asked for them.
        case done(attributes: DynamoDBItem?)
        /// The condition did not hold; `item` is what stood in its way, `nil` when there is no such item.
        case conditionFailed(item: DynamoDBItem?)
    }

    /// Which attributes a write gives back.
    package enum ReturnValues: String, Sendable {
        case none = "NONE", allOld = "ALL_OLD", updatedOld = "UPDATED_OLD", allNew = "ALL_NEW", updatedNew =
            "UPDATED_NEW"
    }

    func call<Output: Sendable>(
        _ operation: String,
        _ document: [String: JSONValue?],
        expecting refusals: Set<String> = [],
        decode: (_ document: JSONValue, _ refusal: AWSError?) throws(AWSError) -> Output
    ) async throws(AWSError) -> Output {
        let body = ServiceCall.Body.json(.compact(document), target: "DynamoDB_20120810.\(operation)", version: "1.0")
        let call = ServiceCall(operation: operation, body: body, timeout: .seconds(10), expectedRefusals: refusals)
        return try await self.caller.send(call) { (answer) throws(AWSError) in
            try decode(try answer.json(), answer.refusal)
        }
    }

    /// The members that conditions and updates share.
    static func members(
        condition: Expression?,
        update: Expression? = nil
    ) -> [String: JSONValue?] {
        let names = [condition, update].compactMap(\.?.names).reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        let values = [condition, update].compactMap(\.?.values)
            .reduce(into: DynamoDBItem()) { $0.merge($1) { first, _ in first } }
        return [
            "ConditionExpression": condition.map { .string($0.text) },
            "UpdateExpression": update.map { .string($0.text) },
            "ExpressionAttributeNames": names.isEmpty ? nil : .object(names.mapValues { .string($0) }),
            "ExpressionAttributeValues": values.jsonUnlessEmpty,
            "ReturnValuesOnConditionCheckFailure": condition.map { _ in "ALL_OLD" },
        ]
    }
}
