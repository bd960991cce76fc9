// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Why a text is not a JSON document.
package struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// What was found, and what would have fitted.
    package let problem: String
    /// Where, counting from 1.
    package let line: Int
    /// Where in the line, in bytes, counting from 1.
    package let column: Int

    package var description: String { "line \(self.line), column \(self.column): \(self.problem)" }
}

extension JSONValue {
    /// How strictly to read.
    package enum Dialect: Sendable {
        /// What RFC 8259 allows.
        case strict
        /// Also `//` and `/* */` comments, and a comma after the last element: for files that people write.
        case relaxed
    }

    /// Reads a document.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8, with or without a byte-order mark.
    ///   - dialect: How strictly to read.
    /// - Throws: ``JSONSyntaxError``; also for more than 128 levels of nesting, so that a hostile document can't exhaust
    ///   the stack.
    package init(parsing bytes: some Sequence<UInt8>, dialect: Dialect = .strict) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: Array(bytes), dialect: dialect)
        self = try parser.document()
    }

    /// Reads a document out of a text.
    package init(parsing text: String, dialect: Dialect = .strict) throws(JSONSyntaxError) {
        try self.init(parsing: text.utf8, dialect: dialect)
    }
}

/// A recursive-descent reader.
private struct JSONParser {
    private static let depthLimit = 128

    private let bytes: [UInt8]
    private let dialect: JSONValue.Dialect
    private var position = 0

    init(bytes: [UInt8], dialect: JSONValue.Dialect) {
        self.bytes = bytes
        self.dialect = dialect
    }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        if self.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { self.position = 3 }
        try self.skipBlanks()
        let value = try self.value(depth: 0)
        try self.skipBlanks()
        guard self.position == self.bytes.count else { throw self.failure("more text after the end of the document") }
        return value
    }

    private var next: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard self.next == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth < Self.depthLimit else { throw self.failure("nested deeper than \(Self.depthLimit) levels") }
        switch self.next {
        case UInt8(ascii: "{"): return try self.object(depth: depth)
        case UInt8(ascii: "["): return try self.array(depth: depth)
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.word("true", .bool(true))
        case UInt8(ascii: "f"): return try self.word("false", .bool(false))
        case UInt8(ascii: "n"): return try self.word("null", .null)
        case .some(UInt8(ascii: "0")...UInt8(ascii: "9")), UInt8(ascii: "-"): return try self.number()
        case nil: throw self.failure("the document ends where a value should be")
        default: throw self.failure("no JSON value begins like this")
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        var members: [String: JSONValue] = [:]
        try self.elements(closing: UInt8(ascii: "}")) { (parser) throws(JSONSyntaxError) in
            guard parser.next == UInt8(ascii: "\"") else {
                throw parser.failure("a member's name in double quotes belongs here")
            }
            let name = try parser.string()
            try parser.skipBlanks()
            guard parser.next == UInt8(ascii: ":") else {
                throw parser.failure("a colon belongs after the name \"\(name)\"")
            }
            parser.position += 1
            try parser.skipBlanks()
            // Room for what most objects have, in place of one, three and six.
            if members.isEmpty { members.reserveCapacity(8) }
            members[name] = try parser.value(depth: depth + 1)
        }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        var values: [JSONValue] = []
        try self.elements(closing: UInt8(ascii: "]")) { (parser) throws(JSONSyntaxError) in
            values.append(try parser.value(depth: depth + 1))
        }
        return .array(values)
    }

    /// Reads what stands between brackets, separated by commas, calling `element` at the start of each.
    private mutating func elements(
        closing: UInt8,
        _ element: (inout JSONParser) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        self.position += 1
        try self.skipBlanks()
        if self.skip(closing) { return }
        while true {
            try element(&self)
            try self.skipBlanks()
            if self.skip(closing) { return }
            guard self.next != nil else { throw self.failure("the document ends before a closing bracket") }
            guard self.skip(UInt8(ascii: ",")) else { throw self.failure("a comma or a closing bracket belongs here") }
            try self.skipBlanks()
            if self.dialect == .relaxed, self.skip(closing) { return }
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        guard self.bytes[self.position...].starts(with: word.utf8) else {
            throw self.failure("no JSON value begins like this")
        }
        self.position += word.utf8.count
        return value
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = self.position
        var isWhole = true
        if self.next == UInt8(ascii: "-") { self.position += 1 }
        let leading = self.next
        let integerDigits = self.skipDigits()
        guard integerDigits > 0, leading != UInt8(ascii: "0") || integerDigits == 1 else {
            throw self.failure("not a number as JSON writes it")
        }
        if self.next == UInt8(ascii: ".") {
            isWhole = false
            self.position += 1
            guard self.skipDigits() > 0 else { throw self.failure("digits belong after the decimal point") }
        }
        if self.next == UInt8(ascii: "e") || self.next == UInt8(ascii: "E") {
            isWhole = false
            self.position += 1
            if self.next == UInt8(ascii: "+") || self.next == UInt8(ascii: "-") { self.position += 1 }
            guard self.skipDigits() > 0 else { throw self.failure("digits belong after the exponent's mark") }
        }
        let text = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw self.failure("the number is out of range") }
        return .double(value)
    }

    private mutating func skipDigits() -> Int {
        let start = self.position
        while let byte = self.next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { self.position += 1 }
        return self.position - start
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        self.position += 1
        let start = self.position
        let isASCII = self.skipPlainText()
        guard self.next == UInt8(ascii: "\"") else { return try self.string(from: start) }
        // Most texts have no escapes and are made straight of the document's bytes.
        return try self.ended(self.bytes[start..<self.position], isASCII: isASCII)
    }

    /// Reads a string that is more than plain text, from its beginning to its end.
    private mutating func string(from start: Int) throws(JSONSyntaxError) -> String {
        let document = self.bytes
        var collected: [UInt8] = []
        // An event in a message is nearly as long as the rest of the document.
        collected.reserveCapacity(min(1024, document.count - start))
        collected += document[start..<self.position]
        while self.position < document.count {
            let byte = document[self.position]
            switch byte {
            case UInt8(ascii: "\""):
                return try self.ended(collected[...], isASCII: collected.allSatisfy { $0 < 0x80 })
            case UInt8(ascii: "\\"):
                self.position += 1
                try self.escaped(&collected)
            case 0..<0x20: throw self.failure("a control character has to be written as an escape")
            default:
                collected.append(byte)
                self.position += 1
            }
        }
        throw self.failure("the document ends inside a string")
    }

    /// Makes a text of its bytes, and goes on behind the quotation mark that ends it.
    private mutating func ended(_ bytes: ArraySlice<UInt8>, isASCII: Bool) throws(JSONSyntaxError) -> String {
        // What is ASCII needs no check, and nearly everything is.
        let text: String? =
            isASCII
            ? bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            : String(validating: bytes, as: UTF8.self)
        guard let text else { throw self.failure("the text is not valid UTF-8") }
        self.position += 1
        return text
    }

    /// Moves on to the next byte of a string that is more than text: its end, an escape, or a control character.
    ///
    /// - Returns: Whether everything up to there is ASCII.
    private mutating func skipPlainText() -> Bool {
        let document = self.bytes
        let start = self.position
        let (end, all) = document.withUnsafeBufferPointer { bytes in
            var (position, all) = (start, UInt8(0))
            while position < bytes.count {
                let byte = bytes[position]
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
                all |= byte
                position += 1
            }
            return (position, all)
        }
        self.position = end
        return all < 0x80
    }

    /// Reads what follows a backslash, and appends what it stands for.
    private mutating func escaped(_ collected: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = self.next else { throw self.failure("the document ends inside a string") }
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): collected.append(byte)
        case UInt8(ascii: "b"): collected.append(0x08)
        case UInt8(ascii: "f"): collected.append(0x0C)
        case UInt8(ascii: "n"): collected.append(0x0A)
        case UInt8(ascii: "r"): collected.append(0x0D)
        case UInt8(ascii: "t"): collected.append(0x09)
        case UInt8(ascii: "u"): collected += String(try self.unicodeEscape()).utf8
        default: throw self.failure("JSON knows no such escape")
        }
    }

    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try self.hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        // Half of a surrogate pair; the other half must follow.
        guard (0xD800..<0xDC00).contains(first), self.bytes[self.position...].starts(with: Array(#"\u"#.utf8)) else {
            throw self.failure("half of a surrogate pair")
        }
        self.position += 2
        let second = try self.hexadecimal()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw self.failure("half of a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
        let digits = self.bytes[self.position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw self.failure("four hexadecimal digits belong here") }
        self.position += 4
        return value
    }

    private mutating func skipBlanks() throws(JSONSyntaxError) {
        while let byte = self.next {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: self.position += 1
            case UInt8(ascii: "/") where self.dialect == .relaxed: try self.skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(JSONSyntaxError) {
        let rest = self.bytes[self.position...]
        if rest.starts(with: Array("//".utf8)) {
            self.position = rest.firstIndex(of: 0x0A) ?? self.bytes.count
        } else if rest.starts(with: Array("/*".utf8)) {
            var index = self.position + 2
            while index + 1 < self.bytes.count,
                !(self.bytes[index] == UInt8(ascii: "*") && self.bytes[index + 1] == UInt8(ascii: "/"))
            {
                index += 1
            }
            guard index + 1 < self.bytes.count else { throw self.failure("the comment is never closed") }
            self.position = index + 2
        } else {
            throw self.failure("a lone slash")
        }
    }

    private func failure(_ problem: String) -> JSONSyntaxError {
        let before = self.bytes[..<min(self.position, self.bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONSyntaxError(problem: problem, line: line, column: before.count - lineStart + 1)
    }
}
