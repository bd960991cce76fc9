// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A table: its key and its items.
struct DynamoDBTable: Sendable {
    /// An attribute of the primary key.
    struct KeyPart: Hashable, Sendable {
        var name: String
        var type: String
    }

    struct Key: Hashable, Sendable {
        var partition: DynamoDBValue
        var sort: DynamoDBValue?
    }

    let name: String
    let arn: String
    let id: String
    let partition: KeyPart
    let sort: KeyPart?
    let created: Instant
    /// What the caller asked for and is told back.
    let settings: [String: JSONValue]
    var items: [Key: DynamoDBItem] = [:]
    /// The attribute whose time ends an item; `nil` where that is off.
    var expiryAttribute: String?
    var expiryChanged: Instant?

    var keyNames: [String] { [self.partition.name] + (self.sort.map { [$0.name] } ?? []) }

    /// The key of an item that is to be written.
    func key(of item: DynamoDBItem) throws(ModelFailure) -> Key {
        let partition = try self.value(of: self.partition, in: item)
        guard let sort = self.sort else { return Key(partition: partition) }
        return Key(partition: partition, sort: try self.value(of: sort, in: item))
    }

    private func value(of part: KeyPart, in item: DynamoDBItem) throws(ModelFailure) -> DynamoDBValue {
        guard let value = item[part.name] else {
            throw .dynamoDB(
                "One or more parameter values were invalid: Missing the key \(part.name) in the item"
            )
        }
        guard value.type == part.type else {
            throw .dynamoDB(
                "One or more parameter values were invalid: Type mismatch for key \(part.name) expected: \(part.type) "
                    + "actual: \(value.type)"
            )
        }
        guard value != .text(""), value != .binary([]) else {
            throw .dynamoDB(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                    + "empty \(part.type == "S" ? "string" : "binary") value. Key: \(part.name)"
            )
        }
        return value
    }

    /// The key that a request names, which has the key's attributes and no others.
    func key(_ parameter: JSONValue?) throws(ModelFailure) -> (key: Key, item: DynamoDBItem) {
        let item = try DynamoDBValue.item(parameter?.object ?? [:])
        guard item.count == self.keyNames.count, self.keyNames.allSatisfy({ item[$0] != nil }),
            item[self.partition.name]?.type == self.partition.type,
            self.sort.map({ item[$0.name]?.type == $0.type }) ?? true
        else { throw .dynamoDB("The provided key element does not match the schema") }
        return (try self.key(of: item), item)
    }

    func keyItem(_ key: Key) -> DynamoDBItem {
        var item = [self.partition.name: key.partition]
        if let sort = self.sort { item[sort.name] = key.sort }
        return item
    }

    // MARK: - Pages

    /// One page of a query or scan.
    struct Page {
        var items: [DynamoDBItem] = []
        var scanned = 0
        /// Where the next page begins; `nil` on the last.
        var lastKey: Key?
    }

    /// All keys in the order that a scan meets them.
    ///
    /// The real service scatters partitions by a hash; so does this, the same way each time.
    func scanOrder() -> [Key] {
        let hashes = Dictionary(
            self.items.keys.map { ($0.partition, Digest.sha256($0.partition.json.serialized())) }
        ) { first, _ in first }
        return self.items.keys.sorted { left, right in
            guard left.partition == right.partition else {
                return (hashes[left.partition] ?? []).lexicographicallyPrecedes(hashes[right.partition] ?? [])
            }
            return Self.precedes(left, right)
        }
    }

    static func precedes(_ left: Key, _ right: Key) -> Bool {
        guard let first = left.sort, let second = right.sort else { return false }
        return first.precedes(second) ?? false
    }

    /// Reads on from a key until the limit of items or a megabyte is reached.
    func page(
        of keys: [Key],
        after start: Key?,
        limit: Int?,
        filter: DynamoDBCondition?
    ) throws(ModelFailure) -> Page {
        var rest = keys[...]
        if let start {
            guard let index = keys.firstIndex(of: start) else {
                return try self.page(of: keys, afterMissing: start, limit: limit, filter: filter)
            }
            rest = keys[(index + 1)...]
        }
        var page = Page()
        var size = 0
        for key in rest {
            guard let item = self.items[key] else { continue }
            page.scanned += 1
            size += DynamoDBValue.size(of: item)
            if filter?.holds(for: item) ?? true { page.items.append(item) }
            if page.scanned == limit || size >= 1_048_576 {
                // The service says so even when nothing follows.
                page.lastKey = key
                break
            }
        }
        return page
    }

    /// Goes on where a key would stand that has been deleted since.
    private func page(
        of keys: [Key],
        afterMissing start: Key,
        limit: Int?,
        filter: DynamoDBCondition?
    ) throws(ModelFailure) -> Page {
        var copy = self
        copy.items[start] = [:]
        let isAscending = keys.count < 2 || keys[0].partition != keys[1].partition || Self.precedes(keys[0], keys[1])
        let isQuery = Set(keys.map(\.partition)).count <= 1
        let order: [Key]
        if isQuery {
            let sorted = (keys + [start]).sorted { Self.precedes($0, $1) }
            order = isAscending ? sorted : sorted.reversed()
        } else {
            order = copy.scanOrder()
        }
        return try self.page(of: order, after: start, limit: limit, filter: filter)
    }

    // MARK: - Description

    func description(status: String) -> JSONValue {
        let parts = [(self.partition, "HASH")] + (self.sort.map { [($0, "RANGE")] } ?? [])
        let size = self.items.values.reduce(0) { $0 + DynamoDBValue.size(of: $1) }
        let members: [String: JSONValue] = [
            "TableName": .string(self.name),
            "TableArn": .string(self.arn),
            "TableId": .string(self.id),
            "TableStatus": .string(status),
            "CreationDateTime": .double(self.created.seconds),
            "ItemCount": .integer(Int64(self.items.count)),
            "TableSizeBytes": .integer(Int64(size)),
            "KeySchema": .array(parts.map { ["AttributeName": .string($0.name), "KeyType": .string($1)] }),
            "AttributeDefinitions": .array(
                parts.map { ["AttributeName": .string($0.0.name), "AttributeType": .string($0.0.type)] }
            ),
        ]
        return .object(members.merging(self.settings) { $1 })
    }
}
