// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A pattern that an event matches or doesn't.
///
/// Every field must match; of the values listed for a field one must. Where the event has a list, one of its elements
/// must match. `$or` holds alternatives.
///
/// Source: "Amazon EventBridge event patterns" and "Comparison operators", Amazon EventBridge User Guide.
struct EventPattern: Hashable, Sendable {
    private indirect enum Node: Hashable, Sendable {
        case object(EventPattern)
        case values([EventMatcher])
    }

    private var fields: [String: Node] = [:]
    private var alternatives: [EventPattern] = []

    /// Reads a pattern.
    ///
    /// - Throws: ``ModelFailure`` with `InvalidEventPatternException`, which says what is wrong.
    init(_ text: String) throws(ModelFailure) {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: text)
        } catch {
            throw Self.invalid("\(error)")
        }
        guard let members = document.object else { throw Self.invalid("Filter is not an object") }
        try self.init(members)
    }

    private init(_ members: [String: JSONValue]) throws(ModelFailure) {
        guard !members.isEmpty else { throw Self.invalid("Empty patterns are not allowed") }
        for (name, value) in members {
            if name == "$or" {
                self.alternatives = try Self.alternatives(value)
            } else if let nested = value.object {
                self.fields[name] = .object(try EventPattern(nested))
            } else if let listed = value.array {
                guard !listed.isEmpty else { throw Self.invalid("Empty arrays are not allowed") }
                var matchers: [EventMatcher] = []
                for value in listed { matchers.append(try EventMatcher(value)) }
                self.fields[name] = .values(matchers)
            } else {
                throw Self.invalid("\"\(name)\" must be an object or an array")
            }
        }
    }

    private static func alternatives(_ value: JSONValue) throws(ModelFailure) -> [EventPattern] {
        guard let listed = value.array, listed.count >= 2 else {
            throw self.invalid("$or must be an array of two or more patterns")
        }
        var patterns: [EventPattern] = []
        for value in listed {
            guard let members = value.object else { throw self.invalid("$or must be an array of patterns") }
            patterns.append(try EventPattern(members))
        }
        return patterns
    }

    static func invalid(_ reason: String) -> ModelFailure {
        ModelFailure("InvalidEventPatternException", "Event pattern is not valid. Reason: \(reason)")
    }

    /// Whether an event matches.
    func matches(_ event: JSONValue) -> Bool {
        let fit = self.fields.allSatisfy { name, node in
            switch node {
            case .values(let matchers):
                let found = Self.leaves(event[name])
                return matchers.contains { $0.matchesAny(of: found) }
            case .object(let pattern):
                // A list of objects matches when one object does, as a whole.
                if case .array(let elements)? = event[name] { return elements.contains { pattern.matches($0) } }
                return pattern.matches(event[name] ?? [:])
            }
        }
        return fit && (self.alternatives.isEmpty || self.alternatives.contains { $0.matches(event) })
    }

    /// The values a field has: those of a list, at any depth; an object is no value.
    private static func leaves(_ value: JSONValue?) -> [JSONValue] {
        switch value {
        case nil, .object?: []
        case .array(let elements)?: elements.flatMap { self.leaves($0) }
        case let value?: [value]
        }
    }
}
