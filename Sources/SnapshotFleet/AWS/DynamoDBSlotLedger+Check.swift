// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Why a table can't keep slots.
package enum SlotTableProblem: Error, Hashable, CustomStringConvertible {
    /// It does not exist in this account and Region.
    case absent(table: String)
    /// Its key is another one; `key` spells it out.
    case wrongKey(table: String, key: String)
    /// It is being made or deleted, or can't be used for another reason.
    case notReady(table: String, status: String)
    /// The caller may not use it; `detail` is AWS's own.
    case denied(table: String, detail: String)

    package var description: String {
        switch self {
        case .absent(let table):
            "the slot table \(table) does not exist in this account and Region: create it with the string partition "
                + "key pk and no sort key"
        case .wrongKey(let table, let key):
            "the slot table \(table) has the key \(key); it needs the string partition key pk and no sort key, so "
                + "create another one"
        case .notReady(let table, let status): "the slot table \(table) can't be used: its status is \(status)"
        case .denied(let table, let detail):
            "the credentials lack a permission on the slot table \(table); it takes dynamodb:DescribeTable, "
                + "BatchGetItem, PutItem, UpdateItem and DeleteItem (\(detail))"
        }
    }
}

extension DynamoDBSlotLedger {
    /// Finds out whether the table is there, has the right key and may be read.
    ///
    /// - Throws: ``SlotTableProblem`` for what an operator has to change, ``AWSError`` for what else went wrong.
    package func check() async throws {
        do {
            let description = try await self.dynamoDB.describeTable(self.table)
            try self.checkKey(description)
            if let status = description.tableStatus, !["ACTIVE", "UPDATING"].contains(status) {
                throw SlotTableProblem.notReady(table: self.table, status: status)
            }
            _ = try await self.dynamoDB.batchGetItem(
                table: self.table,
                keys: [[Attribute.key: .string("check")]]
            )
        } catch let error as AWSError {
            switch error.serviceCode {
            case "ResourceNotFoundException": throw SlotTableProblem.absent(table: self.table)
            case "AccessDeniedException", "AccessDenied":
                throw SlotTableProblem.denied(table: self.table, detail: error.message)
            default: throw error
            }
        }
    }

    private func checkKey(_ description: DynamoDBClient.TableDescription) throws(SlotTableProblem) {
        let parts = description.keys.map { [$0.attributeName, $0.attributeType, $0.keyType] }
        guard parts != [[Attribute.key, "S", "HASH"]] else { return }
        let names = ["S": "string", "N": "number", "B": "binary"]
        let key = description.keys.map { part in
            let type = names[part.attributeType] ?? part.attributeType
            return "\(part.attributeName) (\(type)\(part.keyType == "RANGE" ? ", sort key" : ""))"
        }
        throw .wrongKey(table: self.table, key: key.joined(separator: " and "))
    }
}
