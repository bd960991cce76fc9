// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension DynamoDBModel {
    /// How long a token keeps a transaction from being carried out twice.
    private static let tokenLife: Duration = .seconds(600)

    private static func members(_ request: ModelRequest) throws(ModelFailure) -> [JSONValue] {
        let items = request.parameters["TransactItems"]?.lenientArray ?? []
        guard (1...100).contains(items.count) else {
            throw .dynamoDB(
                "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have "
                    + "length less than or equal to 100 and greater than or equal to 1"
            )
        }
        return items
    }

    func transactGetItems(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        var responses: [JSONValue] = []
        for item in try Self.members(request) {
            responses.append(try self.getItem(request, item["Get"] ?? [:]))
        }
        return ["Responses": .array(responses)]
    }

    /// Carries out all of a transaction's writes, or none.
    mutating func transactWriteItems(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        let items = try Self.members(request)
        let token = request.parameters["ClientRequestToken"]?.string.map {
            "\(request.caller.account)/\(request.region)/\($0)"
        }
        self.transactions = self.transactions.filter { now < $0.value.at + Self.tokenLife }
        if let token, let earlier = self.transactions[token] {
            guard earlier.items == .array(items) else {
                throw ModelFailure(
                    "IdempotentParameterMismatchException",
                    "The request uses the same client token as a previous, but non-identical request."
                )
            }
            return [:]
        }
        var plans: [Plan] = []
        for item in items {
            let plan = try self.plan(item, request)
            guard !plans.contains(where: { $0.table == plan.table && $0.key == plan.key }) else {
                throw .dynamoDB("Transaction request cannot include multiple operations on one item")
            }
            plans.append(plan)
        }
        let results = try self.results(of: plans)
        for (plan, item) in zip(plans, results) { self.tables[plan.table]?.items[plan.key] = item }
        if let token { self.transactions[token] = Transaction(items: .array(items), at: now) }
        return [:]
    }

    private func plan(_ item: JSONValue, _ request: ModelRequest) throws(ModelFailure) -> Plan {
        guard let members = item.object, members.count == 1, let (name, parameters) = members.first,
            let write = Write(rawValue: name)
        else {
            throw .dynamoDB(
                "TransactItems can only contain one of Check, Put, Update or Delete"
            )
        }
        let plan = try self.plan(write, request, parameters)
        guard write != .check || plan.condition != nil else {
            throw .dynamoDB("ConditionExpression is required in a ConditionCheck")
        }
        guard write != .update || plan.update != nil else {
            throw .dynamoDB("UpdateExpression is required in an Update")
        }
        return plan
    }

    private func results(of plans: [Plan]) throws(ModelFailure) -> [DynamoDBItem?] {
        var results: [DynamoDBItem?] = []
        var reasons: [JSONValue] = []
        var codes: [String] = []
        for plan in plans {
            let old = self.tables[plan.table]?.items[plan.key]
            var code = "None"
            var message: String?
            if plan.condition?.holds(for: old ?? [:]) ?? true {
                do {
                    results.append(try Self.result(of: plan, old: old))
                } catch {
                    (code, message) = ("ValidationError", error.message)
                }
            } else {
                (code, message) = ("ConditionalCheckFailed", "The conditional request failed")
            }
            let shown = code == "ConditionalCheckFailed" && plan.returnsItemOnFailure ? old : nil
            codes.append(code)
            reasons.append(
                .compact([
                    "Code": .string(code), "Message": message.map { .string($0) },
                    "Item": shown.map { Self.json($0) },
                ])
            )
        }
        guard codes.allSatisfy({ $0 == "None" }) else {
            throw ModelFailure(
                "TransactionCanceledException",
                "Transaction cancelled, please refer cancellation reasons for specific reasons "
                    + "[\(codes.joined(separator: ", "))]",
                details: ["CancellationReasons": .array(reasons)]
            )
        }
        return results
    }
}
