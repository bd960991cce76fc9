// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// How slots look in the table, and the calls that read and write them.
extension DynamoDBSlotLedger {
    /// The attributes of an item; expressions always name them by alias, since some are reserved words.
    enum Attribute {
        static let key = "pk"
        static let target = "target"
        static let owner = "owner"
        /// When the lease ends, in seconds since 1970.
        static let expires = "exp"
        static let version = "ver"
        static let isRunning = "running"
        /// When DynamoDB may collect the item as garbage, where the table's time to live is set to this; never a lease.
        static let garbage = "ttl"
    }

    /// How long after its lease an item may be collected: by then no copy runs any more.
    private static let garbageDelay: Duration = .seconds(7 * 86_400)
    /// How often keys that DynamoDB did not get to are asked for again.
    private static let rounds = 6

    /// Reads the first `reach` slots and what else is asked for, as they stand after every write so far.
    func items(of pool: SlotPool, reach: Int, with others: [DynamoDBItem]) async throws(AWSError) -> [DynamoDBItem] {
        var left = others + (0..<reach).map { Self.key(pool, $0) }
        var items: [DynamoDBItem] = []
        var rounds = 0
        while !left.isEmpty {
            let answer = try await self.dynamoDB.batchGetItem(table: self.table, keys: Array(left.prefix(100)))
            items += answer.items
            left = Array(left.dropFirst(100)) + answer.unprocessedKeys
            guard !answer.unprocessedKeys.isEmpty else { continue }
            rounds += 1
            guard rounds < Self.rounds else {
                throw AWSError(.throttled, message: "the table \(self.table) did not get to all slots of \(pool)")
            }
        }
        return items
    }

    func send(_ write: SlotWrite, to pool: SlotPool) async throws(AWSError) -> DynamoDBClient.WriteResult {
        let key = Self.key(pool, write.item.number)
        let condition = Self.condition(write)
        switch write {
        case .put(let item):
            let all = key.merging(Self.attributes(item)) { first, _ in first }
            return try await self.dynamoDB.putItem(table: self.table, item: all, condition: condition)
        case .replace(let item, _):
            return try await self.dynamoDB.updateItem(
                table: self.table,
                key: key,
                update: Self.update(item),
                condition: condition,
                returning: .none
            )
        case .delete:
            return try await self.dynamoDB.deleteItem(table: self.table, key: key, condition: condition)
        }
    }

    func transactItem(_ write: SlotWrite, in pool: SlotPool) -> DynamoDBClient.TransactItem {
        Self.transactItem(write, in: pool, table: self.table)
    }

    /// A write as a part of a transaction, with its condition.
    package static func transactItem(
        _ write: SlotWrite,
        in pool: SlotPool,
        table: String
    ) -> DynamoDBClient.TransactItem {
        let key = Self.key(pool, write.item.number)
        let action: DynamoDBClient.TransactItem.Action =
            switch write {
            case .put(let item): .put(item: key.merging(Self.attributes(item)) { first, _ in first })
            case .replace(let item, _): .update(key: key, Self.update(item))
            case .delete: .delete(key: key)
            }
        return DynamoDBClient.TransactItem(table: table, action, condition: Self.condition(write))
    }

    // MARK: - Expressions

    private static func condition(_ write: SlotWrite) -> DynamoDBClient.Expression {
        let version: Int64
        switch write {
        case .put: return DynamoDBClient.Expression("attribute_not_exists(#pk)", names: ["#pk": Attribute.key])
        case .replace(_, let from): version = from
        case .delete(let item): version = item.version
        }
        return DynamoDBClient.Expression(
            "#ver = :from AND #target = :target",
            names: ["#ver": Attribute.version, "#target": Attribute.target],
            values: [":from": .integer(version), ":target": .string(write.item.target)]
        )
    }

    private static func update(_ item: SlotItem) -> DynamoDBClient.Expression {
        DynamoDBClient.Expression(
            "SET #owner = :owner, #exp = :exp, #ver = :ver, #running = :running, #ttl = :ttl",
            names: [
                "#owner": Attribute.owner, "#exp": Attribute.expires, "#ver": Attribute.version,
                "#running": Attribute.isRunning, "#ttl": Attribute.garbage,
            ],
            values: [
                ":owner": .string(item.owner), ":exp": .integer(item.expires.wholeSeconds),
                ":ver": .integer(item.version), ":running": .bool(item.isRunning),
                ":ttl": .integer((item.expires + Self.garbageDelay).wholeSeconds),
            ]
        )
    }

    private static func attributes(_ item: SlotItem) -> DynamoDBItem {
        [
            Attribute.target: .string(item.target), Attribute.owner: .string(item.owner),
            Attribute.expires: .integer(item.expires.wholeSeconds), Attribute.version: .integer(item.version),
            Attribute.isRunning: .bool(item.isRunning),
            Attribute.garbage: .integer((item.expires + Self.garbageDelay).wholeSeconds),
        ]
    }

    // MARK: - Keys

    /// `444455556666/eu-west-1/instance#0`.
    package static func key(_ pool: SlotPool, _ number: Int) -> DynamoDBItem {
        [Attribute.key: .string("\(pool)#\(number)")]
    }

    /// The number of an item's slot; `nil` for an item that is none.
    package static func number(of item: DynamoDBItem) -> Int? {
        item[Attribute.key]?.string?.split(separator: "#").last.flatMap { Int($0) }
    }
}

extension SlotItem {
    /// Reads an item; what is missing from one that somebody wrote by hand counts as nothing, and the slot as taken.
    package init(_ item: DynamoDBItem, number: Int) {
        typealias Attribute = DynamoDBSlotLedger.Attribute
        let isRunning = item[Attribute.isRunning] == .bool(true)
        self.init(
            number: number,
            target: item[Attribute.target]?.string ?? "",
            owner: item[Attribute.owner]?.string ?? "",
            expires: Instant(seconds: Double(item[Attribute.expires]?.int ?? 0)),
            version: item[Attribute.version]?.int ?? 0,
            isRunning: isRunning
        )
    }
}
