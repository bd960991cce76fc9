// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A value in a DynamoDB item.
package enum AttributeValue: Hashable, Sendable {
    case string(String)
    /// A number, in the text DynamoDB keeps it in.
    case number(String)
    case bool(Bool)
    case null
    /// Base64, as it travels.
    case binary(String)
    case list([AttributeValue])
    case map([String: AttributeValue])
    case stringSet(Set<String>)
    case numberSet(Set<String>)

    /// A whole number.
    package static func integer(_ value: some BinaryInteger) -> AttributeValue { .number(String(value)) }

    /// The text of a string; `nil` for anything else.
    package var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The value of a whole number; `nil` for anything else.
    package var int: Int64? {
        guard case .number(let text) = self else { return nil }
        return Int64(text)
    }

    /// The members of a map; `nil` for anything else.
    package var map: [String: AttributeValue]? {
        guard case .map(let members) = self else { return nil }
        return members
    }

    /// The texts of a set of strings; `nil` for anything else.
    package var stringSet: Set<String>? {
        guard case .stringSet(let values) = self else { return nil }
        return values
    }

    /// As it travels: an object with one member that names the type.
    package var json: JSONValue {
        switch self {
        case .string(let value): ["S": .string(value)]
        case .number(let text): ["N": .string(text)]
        case .bool(let value): ["BOOL": .bool(value)]
        case .null: ["NULL": true]
        case .binary(let text): ["B": .string(text)]
        case .list(let values): ["L": .array(values.map(\.json))]
        case .map(let members): ["M": .object(members.mapValues(\.json))]
        case .stringSet(let values): ["SS": .array(values.sorted().map { .string($0) })]
        case .numberSet(let values): ["NS": .array(values.sorted().map { .string($0) })]
        }
    }

    /// Reads a value as it travels; `nil` for a type that is not known here.
    package init?(_ json: JSONValue) {
        guard let members = json.object, members.count == 1, let (type, value) = members.first else { return nil }
        switch type {
        case "S": self.init(value.string, Self.string)
        case "N": self.init(value.string, Self.number)
        case "B": self.init(value.string, Self.binary)
        case "BOOL": self.init(value.bool, Self.bool)
        case "NULL": self = .null
        case "L": self.init(value.array?.compactMap { AttributeValue($0) }, Self.list)
        case "M": self.init(value.object?.compactMapValues { AttributeValue($0) }, Self.map)
        case "SS": self.init(value.array.map { Set($0.compactMap(\.string)) }, Self.stringSet)
        case "NS": self.init(value.array.map { Set($0.compactMap(\.string)) }, Self.numberSet)
        default: return nil
        }
    }

    private init?<Value>(_ value: Value?, _ make: (Value) -> AttributeValue) {
        guard let value else { return nil }
        self = make(value)
    }
}

/// The attributes of an item, by name.
package typealias DynamoDBItem = [String: AttributeValue]

extension DynamoDBItem {
    /// Reads an item as it travels; `nil` for what is none.
    package init?(json: JSONValue?) {
        guard let members = json?.object else { return nil }
        self = members.compactMapValues { AttributeValue($0) }
    }

    /// As it travels.
    package var json: JSONValue { .object(self.mapValues(\.json)) }

    /// Spelled out, since beside a `JSONValue` a bare `nil` means JSON's `null`, and DynamoDB refuses that.
    var jsonUnlessEmpty: JSONValue? { self.isEmpty ? JSONValue?.none : .some(self.json) }
}
