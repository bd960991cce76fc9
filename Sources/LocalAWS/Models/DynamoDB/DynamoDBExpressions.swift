// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Reads the expressions of one request and keeps track of which placeholders they use.
///
/// Source: "Using expressions in DynamoDB", Amazon DynamoDB Developer Guide.
struct DynamoDBExpressions: Sendable {
    /// A piece of an expression.
    private enum Token: Hashable {
        case word(String)
        case name(String)
        case value(String)
        case number(Int)
        case symbol(String)

        var text: String {
            switch self {
            case .word(let text), .name(let text), .value(let text), .symbol(let text): text
            case .number(let number): String(number)
            }
        }
    }

    private let names: [String: String]
    private let values: [String: DynamoDBValue]
    private var usedNames: Set<String> = []
    private var usedValues: Set<String> = []
    /// The parameter that is being read, for messages.
    private var kind = ""
    private var tokens: ArraySlice<Token> = []

    /// Takes `ExpressionAttributeNames` and `ExpressionAttributeValues` of a request.
    init(_ parameters: JSONValue) throws(ModelFailure) {
        self.names = SQSModel.texts(parameters["ExpressionAttributeNames"])
        self.values = try DynamoDBValue.item(parameters["ExpressionAttributeValues"]?.object ?? [:])
        for legacy in ["Expected", "AttributeUpdates", "KeyConditions", "QueryFilter", "ScanFilter", "AttributesToGet"]
        where parameters[legacy] != nil {
            throw .dynamoDB("\(legacy) is not supported here; use an expression.")
        }
    }

    /// Refuses placeholders that no expression used.
    func checkUse() throws(ModelFailure) {
        let names = self.names.keys.filter { !self.usedNames.contains($0) }.sorted()
        guard names.isEmpty else {
            throw .dynamoDB(
                "Value provided in ExpressionAttributeNames unused in expressions: keys: "
                    + "{\(names.joined(separator: ", "))}"
            )
        }
        let values = self.values.keys.filter { !self.usedValues.contains($0) }.sorted()
        guard values.isEmpty else {
            throw .dynamoDB(
                "Value provided in ExpressionAttributeValues unused in expressions: keys: "
                    + "{\(values.joined(separator: ", "))}"
            )
        }
    }

    // MARK: - Expressions

    /// A condition; `nil` when the request has none of this name.
    mutating func condition(_ kind: String, in parameters: JSONValue) throws(ModelFailure) -> DynamoDBCondition? {
        guard try self.begin(kind, in: parameters) else { return nil }
        let condition = try self.disjunction()
        try self.end()
        return condition
    }

    /// The places that a projection keeps; `nil` when the request has none.
    mutating func projection(in parameters: JSONValue) throws(ModelFailure) -> [DynamoDBPath]? {
        guard try self.begin("ProjectionExpression", in: parameters) else { return nil }
        var paths = [try self.path()]
        while self.skip(",") { paths.append(try self.path()) }
        try self.end()
        try self.checkOverlap(paths)
        return paths
    }

    /// An update; `nil` when the request has none.
    mutating func update(in parameters: JSONValue) throws(ModelFailure) -> DynamoDBUpdate? {
        guard try self.begin("UpdateExpression", in: parameters) else { return nil }
        var update = DynamoDBUpdate()
        var seen: Set<String> = []
        while let token = self.tokens.first {
            guard case .word(let word) = token, ["SET", "REMOVE", "ADD", "DELETE"].contains(word.uppercased()) else {
                throw self.syntaxError()
            }
            self.tokens = self.tokens.dropFirst()
            let section = word.uppercased()
            guard seen.insert(section).inserted else {
                throw self.invalid("The \"\(section)\" section can only be used once in an update expression;")
            }
            repeat { try self.clause(section, of: &update) } while self.skip(",")
        }
        guard !seen.isEmpty else { throw self.invalid("The expression can not be empty;") }
        try self.checkOverlap(update.paths)
        return update
    }

    private mutating func clause(_ section: String, of update: inout DynamoDBUpdate) throws(ModelFailure) {
        let path = try self.path()
        switch section {
        case "SET":
            try self.expect("=")
            update.assign(path, try self.sum())
        case "REMOVE": update.removals.append(path)
        case "ADD": update.add(try self.boundValue(), to: path)
        default: update.delete(try self.boundValue(), from: path)
        }
    }

    private mutating func sum() throws(ModelFailure) -> DynamoDBUpdate.Expression {
        let left = try self.term()
        if self.skip("+") { return .sum(left, try self.term()) }
        if self.skip("-") { return .difference(left, try self.term()) }
        return left
    }

    private mutating func term() throws(ModelFailure) -> DynamoDBUpdate.Expression {
        if self.skip("(") {
            let inner = try self.sum()
            try self.expect(")")
            return inner
        }
        if case .value? = self.tokens.first { return .value(try self.boundValue()) }
        if let function = self.function(["if_not_exists", "list_append"]) {
            let result: DynamoDBUpdate.Expression
            if function == "if_not_exists" {
                let path = try self.path()
                try self.expect(",")
                result = .ifNotExists(path, try self.term())
            } else {
                let first = try self.term()
                try self.expect(",")
                result = .listAppend(first, try self.term())
            }
            try self.expect(")")
            return result
        }
        return .path(try self.path())
    }

    // MARK: - Conditions

    private mutating func disjunction() throws(ModelFailure) -> DynamoDBCondition {
        var condition = try self.conjunction()
        while self.skipWord("OR") { condition = .or(condition, try self.conjunction()) }
        return condition
    }

    private mutating func conjunction() throws(ModelFailure) -> DynamoDBCondition {
        var condition = try self.negation()
        while self.skipWord("AND") { condition = .and(condition, try self.negation()) }
        return condition
    }

    private mutating func negation() throws(ModelFailure) -> DynamoDBCondition {
        if self.skipWord("NOT") { return .not(try self.negation()) }
        if self.skip("(") {
            let condition = try self.disjunction()
            try self.expect(")")
            return condition
        }
        let functions = ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"]
        if let function = self.function(functions) { return try self.call(function) }
        return try self.comparison()
    }

    private mutating func call(_ function: String) throws(ModelFailure) -> DynamoDBCondition {
        let path = try self.path()
        let condition: DynamoDBCondition
        switch function {
        case "attribute_exists": condition = .exists(path)
        case "attribute_not_exists": condition = .missing(path)
        default:
            try self.expect(",")
            let operand = try self.operand()
            switch function {
            case "attribute_type": condition = .hasType(path, operand)
            case "begins_with": condition = .beginsWith(path, operand)
            default: condition = .contains(path, operand)
            }
        }
        try self.expect(")")
        return condition
    }

    private mutating func comparison() throws(ModelFailure) -> DynamoDBCondition {
        let left = try self.operand()
        if self.skipWord("BETWEEN") {
            let low = try self.operand()
            guard self.skipWord("AND") else { throw self.syntaxError() }
            return .between(left, low, try self.operand())
        }
        if self.skipWord("IN") {
            try self.expect("(")
            var list = [try self.operand()]
            while self.skip(",") { list.append(try self.operand()) }
            try self.expect(")")
            return .isIn(left, list)
        }
        guard case .symbol(let comparator)? = self.tokens.first,
            ["=", "<>", "<", "<=", ">", ">="].contains(comparator)
        else { throw self.syntaxError() }
        self.tokens = self.tokens.dropFirst()
        return .compare(left, comparator, try self.operand())
    }

    private mutating func operand() throws(ModelFailure) -> DynamoDBCondition.Operand {
        if case .value? = self.tokens.first { return .value(try self.boundValue()) }
        if self.function(["size"]) != nil {
            let path = try self.path()
            try self.expect(")")
            return .size(path)
        }
        return .path(try self.path())
    }

    // MARK: - Pieces

    /// The name of a function that is called here; its opening bracket is skipped.
    private mutating func function(_ names: [String]) -> String? {
        guard case .word(let word)? = self.tokens.first, names.contains(word),
            self.tokens.dropFirst().first == .symbol("(")
        else { return nil }
        self.tokens = self.tokens.dropFirst(2)
        return word
    }

    private mutating func path() throws(ModelFailure) -> DynamoDBPath {
        var path = DynamoDBPath(root: try self.attributeName())
        while true {
            if self.skip(".") {
                path.steps.append(.member(try self.attributeName()))
            } else if self.skip("[") {
                guard case .number(let index)? = self.tokens.popFirst() else { throw self.syntaxError() }
                try self.expect("]")
                path.steps.append(.element(index))
            } else {
                return path
            }
        }
    }

    private mutating func attributeName() throws(ModelFailure) -> String {
        switch self.tokens.first {
        case .word(let word)?:
            guard !DynamoDBReservedWords.contains(word) else {
                throw self.invalid("Attribute name is a reserved keyword; reserved keyword: \(word)")
            }
            self.tokens = self.tokens.dropFirst()
            return word
        case .name(let placeholder)?:
            guard let name = self.names[placeholder] else {
                throw self.invalid(
                    "An expression attribute name used in the document path is not defined; attribute name: "
                        + placeholder
                )
            }
            self.usedNames.insert(placeholder)
            self.tokens = self.tokens.dropFirst()
            return name
        default: throw self.syntaxError()
        }
    }

    private mutating func boundValue() throws(ModelFailure) -> DynamoDBValue {
        guard case .value(let placeholder)? = self.tokens.first else { throw self.syntaxError() }
        guard let value = self.values[placeholder] else {
            throw self.invalid(
                "An expression attribute value used in expression is not defined; attribute value: \(placeholder)"
            )
        }
        self.usedValues.insert(placeholder)
        self.tokens = self.tokens.dropFirst()
        return value
    }

    private mutating func skip(_ symbol: String) -> Bool {
        guard self.tokens.first == .symbol(symbol) else { return false }
        self.tokens = self.tokens.dropFirst()
        return true
    }

    private mutating func skipWord(_ keyword: String) -> Bool {
        guard case .word(let word)? = self.tokens.first, word.uppercased() == keyword else { return false }
        self.tokens = self.tokens.dropFirst()
        return true
    }

    private mutating func expect(_ symbol: String) throws(ModelFailure) {
        guard self.skip(symbol) else { throw self.syntaxError() }
    }

    private func invalid(_ reason: String) -> ModelFailure { .dynamoDB("Invalid \(self.kind): \(reason)") }

    private func syntaxError() -> ModelFailure {
        let near = self.tokens.prefix(3).map(\.text).joined(separator: " ")
        return self.invalid("Syntax error; token: \"\(self.tokens.first?.text ?? "<EOF>")\", near: \"\(near)\"")
    }

    private func checkOverlap(_ paths: [DynamoDBPath]) throws(ModelFailure) {
        for (index, path) in paths.enumerated() {
            guard let other = paths[..<index].first(where: { $0.overlaps(path) }) else { continue }
            throw self.invalid(
                "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                    + "path one: \(other), path two: \(path)"
            )
        }
    }

    // MARK: - Tokens

    private mutating func begin(_ kind: String, in parameters: JSONValue) throws(ModelFailure) -> Bool {
        guard let text = parameters[kind]?.string else { return false }
        self.kind = kind
        guard text.utf8.count <= 4096 else {
            throw self.invalid("Expression size has exceeded the maximum allowed size;")
        }
        guard let tokens = Self.tokens(of: text) else { throw self.invalid("Syntax error; near: \"\(text)\"") }
        guard !tokens.isEmpty else { throw self.invalid("The expression can not be empty;") }
        self.tokens = tokens[...]
        return true
    }

    private func end() throws(ModelFailure) {
        guard self.tokens.isEmpty else { throw self.syntaxError() }
    }

    private static func tokens(of text: String) -> [Token]? {
        let bytes = Array(text.utf8)
        var tokens: [Token] = []
        var place = 0
        while place < bytes.count {
            let byte = bytes[place]
            if " \n\t\r".utf8.contains(byte) {
                place += 1
            } else if let length = Self.symbolLength(in: bytes, at: place) {
                tokens.append(.symbol(String(decoding: bytes[place..<place + length], as: UTF8.self)))
                place += length
            } else {
                let isPlaceholder = byte == UInt8(ascii: "#") || byte == UInt8(ascii: ":")
                let begin = isPlaceholder ? place + 1 : place
                let end = bytes[begin...].firstIndex { !Self.isWord($0) } ?? bytes.count
                guard end > begin else { return nil }
                tokens.append(Self.token(String(decoding: bytes[place..<end], as: UTF8.self), byte))
                place = end
            }
        }
        return tokens
    }

    /// How many bytes a symbol takes; `nil` where there is none.
    private static func symbolLength(in bytes: [UInt8], at place: Int) -> Int? {
        guard "()[],.=<>+-".utf8.contains(bytes[place]) else { return nil }
        guard place + 1 < bytes.count else { return 1 }
        switch (bytes[place], bytes[place + 1]) {
        case (UInt8(ascii: "<"), UInt8(ascii: ">")), (UInt8(ascii: "<"), UInt8(ascii: "=")),
            (UInt8(ascii: ">"), UInt8(ascii: "=")):
            return 2
        default: return 1
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func token(_ text: String, _ first: UInt8) -> Token {
        switch first {
        case UInt8(ascii: "#"): .name(text)
        case UInt8(ascii: ":"): .value(text)
        default: Int(text).map { .number($0) } ?? .word(text)
        }
    }
}
