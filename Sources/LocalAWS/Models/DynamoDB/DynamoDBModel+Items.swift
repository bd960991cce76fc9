// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension DynamoDBModel {
    enum Write: String, Sendable {
        case put = "Put"
        case update = "Update"
        case delete = "Delete"
        case check = "ConditionCheck"
    }

    /// A write whose expressions were read and whose key is known.
    struct Plan {
        var write: Write
        var table: TableKey
        var key: DynamoDBTable.Key
        /// The item to put, or the attributes of the key.
        var item: DynamoDBItem
        var condition: DynamoDBCondition?
        var update: DynamoDBUpdate?
        var returnsItemOnFailure: Bool
    }

    private static let itemLimit = 409_600

    func existingTable(_ key: TableKey) throws(ModelFailure) -> DynamoDBTable {
        guard let table = self.tables[key] else {
            throw ModelFailure("ResourceNotFoundException", "Requested resource not found")
        }
        return table
    }

    // MARK: - Reading

    func getItem(_ request: ModelRequest, _ parameters: JSONValue) throws(ModelFailure) -> JSONValue {
        let table = try self.existingTable(try self.key(request, table: parameters["TableName"]))
        var expressions = try DynamoDBExpressions(parameters)
        let projection = try expressions.projection(in: parameters)
        try expressions.checkUse()
        let key = try table.key(parameters["Key"]).key
        guard let item = table.items[key] else { return [:] }
        return ["Item": Self.json(item, projection)]
    }

    static func json(_ item: DynamoDBItem, _ projection: [DynamoDBPath]? = nil) -> JSONValue {
        guard let projection else { return .object(item.mapValues(\.json)) }
        var shown: DynamoDBItem = [:]
        for path in projection {
            guard let value = path.value(in: item) else { continue }
            shown[path.root] = Self.wrapped(value, path.steps[...], into: shown[path.root])
        }
        return .object(shown.mapValues(\.json))
    }

    /// Builds the maps and lists around a value that a projection picked.
    private static func wrapped(
        _ value: DynamoDBValue,
        _ steps: ArraySlice<DynamoDBPath.Step>,
        into outer: DynamoDBValue?
    ) -> DynamoDBValue {
        switch steps.first {
        case nil: return value
        case .member(let name)?:
            var members: [String: DynamoDBValue] = [:]
            if case .map(let present)? = outer { members = present }
            members[name] = self.wrapped(value, steps.dropFirst(), into: members[name])
            return .map(members)
        case .element?:
            // A projection closes the gaps: list[3] alone gives a list of one.
            var elements: [DynamoDBValue] = []
            if case .list(let present)? = outer { elements = present }
            return .list(elements + [self.wrapped(value, steps.dropFirst(), into: nil)])
        }
    }

    // MARK: - Writing

    mutating func write(
        _ write: Write,
        _ request: ModelRequest,
        _ parameters: JSONValue
    ) throws(ModelFailure) -> JSONValue {
        let returned = parameters["ReturnValues"]?.string ?? "NONE"
        let allowed =
            write == .update ? ["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"] : ["NONE", "ALL_OLD"]
        guard allowed.contains(returned) else {
            throw .dynamoDB(
                write == .update ? "Unknown ReturnValues: \(returned)" : "ReturnValues can only be ALL_OLD or NONE"
            )
        }
        let plan = try self.plan(write, request, parameters)
        let old = self.tables[plan.table]?.items[plan.key]
        guard plan.condition?.holds(for: old ?? [:]) ?? true else {
            var details: [String: JSONValue] = [:]
            if plan.returnsItemOnFailure, let old { details["Item"] = Self.json(old) }
            throw ModelFailure(
                "ConditionalCheckFailedException",
                "The conditional request failed",
                details: details
            )
        }
        let new = try Self.result(of: plan, old: old)
        self.tables[plan.table]?.items[plan.key] = new
        return Self.attributes(returned, old: old, new: new, update: plan.update)
    }

    private static func attributes(
        _ returned: String,
        old: DynamoDBItem?,
        new: DynamoDBItem?,
        update: DynamoDBUpdate?
    ) -> JSONValue {
        let touched = Set((update?.paths ?? []).map(\.root))
        let item: DynamoDBItem?
        switch returned {
        case "ALL_OLD": item = old
        case "ALL_NEW": item = new
        case "UPDATED_OLD": item = old?.filter { touched.contains($0.key) }
        case "UPDATED_NEW": item = new?.filter { touched.contains($0.key) }
        default: item = nil
        }
        guard let item, !item.isEmpty else { return [:] }
        return ["Attributes": self.json(item)]
    }

    /// Reads a write and checks all that doesn't depend on the item that is there.
    func plan(_ write: Write, _ request: ModelRequest, _ parameters: JSONValue) throws(ModelFailure) -> Plan {
        let tableKey = try self.key(request, table: parameters["TableName"])
        let table = try self.existingTable(tableKey)
        var expressions = try DynamoDBExpressions(parameters)
        let update = write == .update ? try expressions.update(in: parameters) : nil
        let condition = try expressions.condition("ConditionExpression", in: parameters)
        try expressions.checkUse()
        var item: DynamoDBItem
        let key: DynamoDBTable.Key
        if write == .put {
            item = try DynamoDBValue.item(parameters["Item"]?.object ?? [:])
            key = try table.key(of: item)
        } else {
            (key, item) = try table.key(parameters["Key"])
        }
        for path in update?.paths ?? [] where table.keyNames.contains(path.root) {
            throw .dynamoDB(
                "One or more parameter values were invalid: Cannot update attribute \(path.root). This attribute is "
                    + "part of the key"
            )
        }
        return Plan(
            write: write,
            table: tableKey,
            key: key,
            item: item,
            condition: condition,
            update: update,
            returnsItemOnFailure: parameters["ReturnValuesOnConditionCheckFailure"]?.string == "ALL_OLD"
        )
    }

    /// What the item is after a write; `nil` when it is gone.
    static func result(of plan: Plan, old: DynamoDBItem?) throws(ModelFailure) -> DynamoDBItem? {
        var item: DynamoDBItem
        switch plan.write {
        case .check: return old
        case .delete: return nil
        case .put: item = plan.item
        case .update:
            item = old ?? plan.item
            try plan.update?.apply(to: &item)
        }
        guard DynamoDBValue.size(of: item) <= self.itemLimit else {
            throw .dynamoDB(
                plan.write == .put
                    ? "Item size has exceeded the maximum allowed size"
                    : "Item size to update has exceeded the maximum allowed size"
            )
        }
        return item
    }
}
