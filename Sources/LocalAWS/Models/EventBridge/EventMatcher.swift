// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// One of the values or comparisons that a pattern lists for a field.
enum EventMatcher: Hashable, Sendable {
    /// A comparison of texts.
    enum Text: Hashable, Sendable {
        case equal(String)
        case equalIgnoringCase(String)
        case prefix(String)
        case prefixIgnoringCase(String)
        case suffix(String)
        case suffixIgnoringCase(String)
        /// The pieces between the stars.
        case wildcard([[UInt8]])

        func matches(_ text: String) -> Bool {
            switch self {
            case .equal(let other): text == other
            case .equalIgnoringCase(let other): text.lowercased() == other.lowercased()
            case .prefix(let prefix): text.hasPrefix(prefix)
            case .prefixIgnoringCase(let prefix): text.lowercased().hasPrefix(prefix.lowercased())
            case .suffix(let suffix): text.hasSuffix(suffix)
            case .suffixIgnoringCase(let suffix): text.lowercased().hasSuffix(suffix.lowercased())
            case .wildcard(let pieces): Self.matches(Array(text.utf8), pieces)
            }
        }

        /// Between the first and the last piece, the earliest place that fits is always good enough.
        private static func matches(_ text: [UInt8], _ pieces: [[UInt8]]) -> Bool {
            guard let first = pieces.first, let last = pieces.last, text.starts(with: first) else { return false }
            guard pieces.count > 1 else { return text == first }
            guard text.count >= first.count + last.count, text.suffix(last.count).elementsEqual(last) else {
                return false
            }
            var rest = text[first.count..<(text.count - last.count)]
            for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
                while !rest.starts(with: piece) {
                    guard !rest.isEmpty else { return false }
                    rest = rest.dropFirst()
                }
                rest = rest.dropFirst(piece.count)
            }
            return true
        }
    }

    /// `<`, `<=`, `=`, `>=`, `>` and the number to compare with.
    struct Bound: Hashable, Sendable {
        var comparison: String
        var number: Double

        func holds(for value: Double) -> Bool {
            switch self.comparison {
            case "<": value < self.number
            case "<=": value <= self.number
            case ">": value > self.number
            case ">=": value >= self.number
            default: value == self.number
            }
        }
    }

    /// A number, a boolean or null.
    case exact(JSONValue)
    case text(Text)
    case anythingBut([EventMatcher])
    case numeric([Bound])
    case exists(Bool)
    case cidr(AddressRange)

    // MARK: - Matching

    func matchesAny(of values: [JSONValue]) -> Bool {
        if case .exists(let isWanted) = self { return values.isEmpty != isWanted }
        return values.contains { self.matches($0) }
    }

    private func matches(_ value: JSONValue) -> Bool {
        switch self {
        case .exact(let other): value == other || (value.double != nil && value.double == other.double)
        case .text(let text): value.string.map { text.matches($0) } ?? false
        case .anythingBut(let matchers): !matchers.contains { $0.matches(value) }
        case .numeric(let bounds): value.double.map { number in bounds.allSatisfy { $0.holds(for: number) } } ?? false
        case .cidr(let range): value.string.map { range.contains($0) } ?? false
        case .exists(let isWanted): isWanted
        }
    }

    // MARK: - Reading

    init(_ value: JSONValue) throws(ModelFailure) {
        switch value {
        case .string(let text): self = .text(.equal(text))
        case .object(let members): self = try Self.comparison(members)
        case .array: throw EventPattern.invalid("Match value must be String, number, true, false, or null")
        default: self = .exact(value)
        }
    }

    private static func comparison(_ members: [String: JSONValue]) throws(ModelFailure) -> EventMatcher {
        guard members.count == 1, let (name, value) = members.first else {
            throw EventPattern.invalid("Only one key allowed in match expression")
        }
        switch name {
        case "exists":
            guard let isWanted = value.bool else {
                throw EventPattern.invalid("exists match pattern must be either true or false.")
            }
            return .exists(isWanted)
        case "numeric": return .numeric(try self.bounds(value))
        case "cidr":
            guard let range = value.string.flatMap({ AddressRange($0) }) else {
                throw EventPattern.invalid("Malformed CIDR, one '/' required")
            }
            return .cidr(range)
        case "anything-but": return .anythingBut(try self.excluded(value))
        default: return .text(try self.text(name, value))
        }
    }

    private static func text(_ name: String, _ value: JSONValue) throws(ModelFailure) -> Text {
        let folded = value["equals-ignore-case"]?.string
        switch (name, value.string, folded) {
        case ("prefix", let text?, _): return .prefix(text)
        case ("prefix", _, let text?): return .prefixIgnoringCase(text)
        case ("suffix", let text?, _): return .suffix(text)
        case ("suffix", _, let text?): return .suffixIgnoringCase(text)
        case ("equals-ignore-case", let text?, _): return .equalIgnoringCase(text)
        case ("wildcard", let text?, _): return .wildcard(try self.pieces(text))
        case ("prefix", _, _), ("suffix", _, _), ("equals-ignore-case", _, _), ("wildcard", _, _):
            throw EventPattern.invalid("\(name) match pattern must be a string")
        default: throw EventPattern.invalid("Unrecognized match type \(name)")
        }
    }

    private static func excluded(_ value: JSONValue) throws(ModelFailure) -> [EventMatcher] {
        var matchers: [EventMatcher] = []
        if let members = value.object {
            guard members.count == 1, let (name, inner) = members.first else {
                throw EventPattern.invalid("Only one key allowed in match expression")
            }
            for item in inner.array ?? [inner] { matchers.append(.text(try self.text(name, item))) }
        } else {
            for item in value.array ?? [value] {
                guard item.string != nil || item.double != nil else {
                    throw EventPattern.invalid("Inside anything but list, start|null|boolean is not supported.")
                }
                matchers.append(try EventMatcher(item))
            }
        }
        guard !matchers.isEmpty else { throw EventPattern.invalid("Empty arrays are not allowed") }
        return matchers
    }

    private static func bounds(_ value: JSONValue) throws(ModelFailure) -> [Bound] {
        let parts = value.array ?? []
        guard parts.count == 2 || parts.count == 4 else {
            throw EventPattern.invalid("Value of numeric must be an array of one or two comparisons")
        }
        var bounds: [Bound] = []
        for index in stride(from: 0, to: parts.count, by: 2) {
            guard let comparison = parts[index].string, ["<", "<=", "=", ">=", ">"].contains(comparison) else {
                throw EventPattern.invalid("Unrecognized numeric range operator: \(parts[index])")
            }
            guard let number = parts[index + 1].double, abs(number) <= 5e9 else {
                throw EventPattern.invalid("Value of \(comparison) must be numeric, between -5.0E9 and 5.0E9")
            }
            bounds.append(Bound(comparison: comparison, number: number))
        }
        if bounds.count == 2 {
            guard bounds[0].comparison.hasPrefix(">"), bounds[1].comparison.hasPrefix("<"),
                bounds[0].number < bounds[1].number
            else { throw EventPattern.invalid("Bad numeric range") }
        }
        return bounds
    }

    private static func pieces(_ text: String) throws(ModelFailure) -> [[UInt8]] {
        var pieces: [[UInt8]] = [[]]
        var bytes = Array(text.utf8)[...]
        var lastWasStar = false
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "*") {
                guard !lastWasStar else {
                    throw EventPattern.invalid("Consecutive wildcard characters at pos \(pieces.count)")
                }
                pieces.append([])
                lastWasStar = true
                continue
            }
            lastWasStar = false
            if byte == UInt8(ascii: "\\") {
                guard let escaped = bytes.popFirst(), [UInt8(ascii: "*"), UInt8(ascii: "\\")].contains(escaped) else {
                    throw EventPattern.invalid("Invalid escape character at pos \(text.utf8.count - bytes.count)")
                }
                pieces[pieces.count - 1].append(escaped)
            } else {
                pieces[pieces.count - 1].append(byte)
            }
        }
        return pieces
    }
}
