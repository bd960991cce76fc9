// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

typealias DynamoDBItem = [String: DynamoDBValue]

/// The value of an attribute.
enum DynamoDBValue: Hashable, Sendable {
    case text(String)
    case number(DynamoDBNumber)
    case binary([UInt8])
    case bool(Bool)
    case null
    case map([String: DynamoDBValue])
    case list([DynamoDBValue])
    case texts(Set<String>)
    case numbers(Set<DynamoDBNumber>)
    case binaries(Set<[UInt8]>)

    // MARK: - Wire

    /// Reads `{"S": "…"}` and its like.
    ///
    /// - Throws: ``ModelFailure`` with `ValidationException` for what is no value.
    init(_ json: JSONValue) throws(ModelFailure) {
        guard let members = json.object, members.count == 1, let (type, value) = members.first else {
            throw .dynamoDB(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
            )
        }
        switch (type, value) {
        case ("S", .string(let text)): self = .text(text)
        case ("N", .string(let text)): self = .number(try Self.number(text))
        case ("B", .string(let text)): self = .binary(try Self.binary(text))
        case ("BOOL", .bool(let value)): self = .bool(value)
        case ("NULL", .bool): self = .null
        case ("M", .object(let members)): self = .map(try Self.item(members))
        case ("L", .array(let elements)):
            var list: [DynamoDBValue] = []
            for element in elements { list.append(try DynamoDBValue(element)) }
            self = .list(list)
        case ("SS", .array(let elements)), ("NS", .array(let elements)), ("BS", .array(let elements)):
            self = try Self.set(type, elements)
        default:
            throw .dynamoDB("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
        }
    }

    static func item(_ members: [String: JSONValue]) throws(ModelFailure) -> DynamoDBItem {
        var item: DynamoDBItem = [:]
        for (name, value) in members { item[name] = try DynamoDBValue(value) }
        return item
    }

    private static func number(_ text: String) throws(ModelFailure) -> DynamoDBNumber {
        guard let number = DynamoDBNumber(text) else {
            throw .dynamoDB("The parameter cannot be converted to a numeric value: \(text)")
        }
        return number
    }

    private static func binary(_ text: String) throws(ModelFailure) -> [UInt8] {
        guard let bytes = Base64.decode(text) else {
            throw ModelFailure("SerializationException", "Invalid base64 in a binary value")
        }
        return bytes
    }

    private static func set(_ type: String, _ elements: [JSONValue]) throws(ModelFailure) -> DynamoDBValue {
        let texts = elements.compactMap(\.string)
        guard !elements.isEmpty, texts.count == elements.count else {
            throw .dynamoDB(
                "One or more parameter values were invalid: An \(type == "SS" ? "string" : type) set  may not be empty"
            )
        }
        let set: DynamoDBValue
        let count: Int
        switch type {
        case "SS":
            let values = Set(texts)
            (set, count) = (.texts(values), values.count)
        case "NS":
            var values: Set<DynamoDBNumber> = []
            for text in texts { values.insert(try self.number(text)) }
            (set, count) = (.numbers(values), values.count)
        default:
            var values: Set<[UInt8]> = []
            for text in texts { values.insert(try self.binary(text)) }
            (set, count) = (.binaries(values), values.count)
        }
        guard count == texts.count else {
            throw .dynamoDB("One or more parameter values were invalid: Input collection contains duplicates.")
        }
        return set
    }

    var json: JSONValue {
        switch self {
        case .text(let text): ["S": .string(text)]
        case .number(let number): ["N": .string(number.description)]
        case .binary(let bytes): ["B": .string(Base64.encode(bytes))]
        case .bool(let value): ["BOOL": .bool(value)]
        case .null: ["NULL": true]
        case .map(let members): ["M": .object(members.mapValues(\.json))]
        case .list(let elements): ["L": .array(elements.map(\.json))]
        case .texts(let texts): ["SS": .array(texts.sorted().map { .string($0) })]
        case .numbers(let numbers): ["NS": .array(numbers.sorted().map { .string($0.description) })]
        case .binaries(let values): ["BS": .array(values.map { Base64.encode($0) }.sorted().map { .string($0) })]
        }
    }

    var type: String {
        switch self {
        case .text: "S"
        case .number: "N"
        case .binary: "B"
        case .bool: "BOOL"
        case .null: "NULL"
        case .map: "M"
        case .list: "L"
        case .texts: "SS"
        case .numbers: "NS"
        case .binaries: "BS"
        }
    }

    // MARK: - Sizes

    /// Bytes, as DynamoDB counts them towards the size of an item.
    var size: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .number(let number): number.size
        case .binary(let bytes): bytes.count
        case .bool, .null: 1
        case .map(let members): Self.size(of: members) + members.count + 3
        case .list(let elements): elements.reduce(3) { $0 + $1.size + 1 }
        case .texts(let texts): texts.reduce(0) { $0 + $1.utf8.count }
        case .numbers(let numbers): numbers.reduce(0) { $0 + $1.size }
        case .binaries(let values): values.reduce(0) { $0 + $1.count }
        }
    }

    static func size(of item: DynamoDBItem) -> Int { item.reduce(0) { $0 + $1.key.utf8.count + $1.value.size } }

    /// What `size(…)` gives; `nil` for types that have none.
    var length: Int? {
        switch self {
        case .text(let text): text.unicodeScalars.count
        case .binary(let bytes): bytes.count
        case .map(let members): members.count
        case .list(let elements): elements.count
        case .texts(let texts): texts.count
        case .numbers(let numbers): numbers.count
        case .binaries(let values): values.count
        default: nil
        }
    }

    // MARK: - Comparing

    /// Whether this comes before another; `nil` where the two have no order.
    func precedes(_ other: DynamoDBValue) -> Bool? {
        switch (self, other) {
        case (.text(let left), .text(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.number(let left), .number(let right)): left < right
        case (.binary(let left), .binary(let right)): left.lexicographicallyPrecedes(right)
        default: nil
        }
    }

    func begins(with other: DynamoDBValue) -> Bool {
        switch (self, other) {
        case (.text(let text), .text(let prefix)): text.utf8.starts(with: prefix.utf8)
        case (.binary(let bytes), .binary(let prefix)): bytes.starts(with: prefix)
        default: false
        }
    }

    func contains(_ other: DynamoDBValue) -> Bool {
        switch (self, other) {
        case (.text(let text), .text(let part)): part.isEmpty || text.contains(part)
        case (.texts(let texts), .text(let text)): texts.contains(text)
        case (.numbers(let numbers), .number(let number)): numbers.contains(number)
        case (.binaries(let values), .binary(let bytes)): values.contains(bytes)
        case (.list(let elements), let element): elements.contains(element)
        default: false
        }
    }
}

extension ModelFailure {
    static func dynamoDB(_ message: String) -> ModelFailure { ModelFailure("ValidationException", message) }
}
