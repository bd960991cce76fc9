// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension DynamoDBClient {
    /// One write of a transaction.
    package struct TransactItem: Hashable, Sendable {
        /// What is done.
        package enum Action: Hashable, Sendable {
            case put(item: DynamoDBItem)
            case update(key: DynamoDBItem, Expression)
            case delete(key: DynamoDBItem)
            /// Nothing but the condition.
            case check(key: DynamoDBItem)
        }

        package var table: String
        package var action: Action
        package var condition: Expression?

        /// Makes a write; `check` needs a condition.
        package init(table: String, _ action: Action, condition: Expression? = nil) {
            self.table = table
            self.action = action
            self.condition = condition
        }

        /// As it travels.
        package var json: JSONValue {
            let (name, subject, update): (String, [String: JSONValue], Expression?) =
                switch self.action {
                case .put(let item): ("Put", ["Item": item.json], nil)
                case .update(let key, let update): ("Update", ["Key": key.json], update)
                case .delete(let key): ("Delete", ["Key": key.json], nil)
                case .check(let key): ("ConditionCheck", ["Key": key.json], nil)
                }
            var members = DynamoDBClient.members(condition: self.condition, update: update)
            members["TableName"] = .string(self.table)
            for (member, value) in subject { members[member] = value }
            return [name: .compact(members)]
        }
    }

    /// What became of a transaction.
    package enum TransactResult: Hashable, Sendable {
        case done
        /// Nothing was written. One reason for each write, in their order; `None` for those that are not to blame.
        case cancelled([CancellationReason])
    }

    /// Why a write kept its transaction from being done.
    package struct CancellationReason: Hashable, Sendable {
        /// `None`, `ConditionalCheckFailed`, `TransactionConflict`, and so on.
        package let code: String
        package let message: String?
        /// What stood in the way of a condition.
        package let item: DynamoDBItem?
    }

    /// Does up to 100 writes, all or none.
    ///
    /// - Parameters:
    ///   - items: The writes.
    ///   - token: Makes the call safe to repeat for ten minutes; 1 to 36 characters.
    /// - Returns: Whether all was done; that it was not is no error.
    /// - Throws: ``AWSError``.
    package func transactWriteItems(
        _ items: [TransactItem],
        token: String? = nil
    ) async throws(AWSError) -> TransactResult {
        let document: [String: JSONValue?] = [
            "TransactItems": .array(items.map(\.json)), "ClientRequestToken": token.map { .string($0) },
        ]
        let refusals: Set<String> = ["TransactionCanceledException"]
        return try await self.call("TransactWriteItems", document, expecting: refusals) { json, refusal in
            guard refusal != nil else { return .done }
            return .cancelled(
                (json["CancellationReasons"]?.array ?? []).map { reason in
                    CancellationReason(
                        code: reason["Code"]?.string ?? "None",
                        message: reason["Message"]?.string,
                        item: DynamoDBItem(json: reason["Item"])
                    )
                }
            )
        }
    }

    // MARK: - Tables

    /// What DynamoDB says of a table.
    package struct TableDescription: Hashable, Sendable {
        package let tableName: String?
        /// `CREATING`, `ACTIVE`, `UPDATING`, `DELETING`, and so on.
        package let tableStatus: String?
        package let tableARN: String?
        package let itemCount: Int?
        /// The partition key first, then the sort key where there is one.
        package let keys: [KeyPart]

        /// An attribute of a table's key.
        package struct KeyPart: Hashable, Sendable {
            package let attributeName: String
            /// `S`, `N` or `B`.
            package let attributeType: String
            /// `HASH` or `RANGE`.
            package let keyType: String
        }

        init(_ json: JSONValue?) {
            let types = Dictionary(
                (json?["AttributeDefinitions"]?.array ?? []).map {
                    ($0["AttributeName"]?.string ?? "", $0["AttributeType"]?.string ?? "")
                }
            ) { first, _ in first }
            self.keys = (json?["KeySchema"]?.array ?? []).map { part in
                let name = part["AttributeName"]?.string ?? ""
                let type = part["KeyType"]?.string ?? ""
                return KeyPart(attributeName: name, attributeType: types[name] ?? "", keyType: type)
            }
            self.tableName = json?["TableName"]?.string
            self.tableStatus = json?["TableStatus"]?.string
            self.tableARN = json?["TableArn"]?.string
            self.itemCount = json?["ItemCount"]?.int
        }
    }

    /// Makes a table with text keys, billed by the request.
    package func createTable(
        _ name: String,
        partitionKey: String,
        sortKey: String? = nil
    ) async throws(AWSError) -> TableDescription {
        let keys = [(partitionKey, "HASH")] + (sortKey.map { [($0, "RANGE")] } ?? [])
        let document: [String: JSONValue?] = [
            "TableName": .string(name), "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": .array(keys.map { ["AttributeName": .string($0.0), "AttributeType": "S"] }),
            "KeySchema": .array(keys.map { ["AttributeName": .string($0.0), "KeyType": .string($0.1)] }),
        ]
        return try await self.call("CreateTable", document) { json, _ in TableDescription(json["TableDescription"]) }
    }

    /// Describes a table.
    package func describeTable(_ name: String) async throws(AWSError) -> TableDescription {
        try await self.call("DescribeTable", ["TableName": .string(name)]) { json, _ in TableDescription(json["Table"])
        }
    }
}
