// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Takes typed values out of JSON objects and collects what does not fit.
///
/// `null` is the same as leaving a member out.
struct FieldReader {
    /// An object, and where in the document it stands.
    struct Object {
        let members: [String: JSONValue]
        fileprivate let path: String

        func path(_ key: String) -> String { self.path.isEmpty ? key : "\(self.path).\(key)" }
    }

    private(set) var problems: [PolicyProblem] = []

    private mutating func report(_ path: String, _ problem: String, _ remedy: String) {
        self.problems.append(
            PolicyProblem(path: path.isEmpty ? "document" : path.excerpt(), problem: problem, remedy: remedy)
        )
    }

    /// The value as an object; names that are not known are reported, with the nearest one that is.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - path: Where it stands.
    ///   - known: The names that may be in it.
    /// - Returns: `nil` when it is no object.
    mutating func object(_ value: JSONValue, at path: String, known: [String]) -> Object? {
        guard let members = value.object else {
            self.report(path, "\(value.kind) where an object should be", "write { … }")
            return nil
        }
        let object = Object(members: members, path: path)
        for key in members.keys.sorted() where !known.contains(key) {
            let names = known.filter { !$0.hasPrefix("$") }.joined(separator: ", ")
            let nearest = Self.nearest(to: key, among: known).map { "write \"\($0)\", or remove it" }
            let problem = "\"\(key.excerpt(60))\" is not known here"
            self.report(object.path(key), problem, nearest ?? "remove it; known here: \(names)")
        }
        return object
    }

    /// A member; `nil` when it is missing, which is reported only where a remedy for that is given.
    mutating func member(_ object: Object, _ key: String, remedy: String? = nil) -> JSONValue? {
        let value = object.members[key] ?? .null
        if value != .null { return value }
        if let remedy { self.report(object.path(key), "missing", remedy) }
        return nil
    }

    /// A text that is not empty.
    mutating func text(_ object: Object, _ key: String, remedy: String? = nil) -> String? {
        self.member(object, key, remedy: remedy).flatMap { self.text($0, at: object.path(key)) }
    }

    private mutating func text(_ value: JSONValue, at path: String) -> String? {
        guard let text = value.string else {
            self.report(path, "\(value.kind) where a text should be", "write it in double quotes")
            return nil
        }
        if text.isEmpty { self.report(path, "an empty text", "write a value, or remove it") }
        return text.isEmpty ? nil : text
    }

    /// An array of texts.
    ///
    /// - Parameters:
    ///   - object: The object.
    ///   - key: The array's name in it.
    ///   - remedy: What to do when it is missing; `nil` where it may be missing.
    ///   - mayBeEmpty: Whether an empty array means something.
    /// - Returns: The texts that are fit; `nil` when the array is missing or none.
    mutating func texts(
        _ object: Object,
        _ key: String,
        remedy: String? = nil,
        mayBeEmpty: Bool = false
    ) -> [String]? {
        guard let value = self.member(object, key, remedy: remedy) else { return nil }
        guard let elements = value.array else {
            self.report(object.path(key), "\(value.kind) where an array should be", #"write ["…"]"#)
            return nil
        }
        if elements.isEmpty, !mayBeEmpty {
            self.report(object.path(key), "an empty array", remedy ?? "name at least one, or remove it")
        }
        return elements.enumerated().compactMap { self.text($0.element, at: "\(object.path(key))[\($0.offset)]") }
    }

    /// The elements of an array of objects, which has at least one, and where each stands.
    mutating func objects(_ object: Object, _ key: String, remedy: String) -> [(value: JSONValue, path: String)] {
        guard let value = self.member(object, key, remedy: remedy) else { return [] }
        guard let elements = value.array else {
            self.report(object.path(key), "\(value.kind) where an array should be", remedy)
            return []
        }
        if elements.isEmpty { self.report(object.path(key), "an empty array", remedy) }
        return elements.enumerated().map { ($0.element, "\(object.path(key))[\($0.offset)]") }
    }

    /// An array of words out of a fixed set; `nil` when it is missing or no word of it is known.
    mutating func choices<Choice: RawRepresentable<String> & CaseIterable & Hashable>(
        _ object: Object,
        _ key: String,
        of type: Choice.Type
    ) -> Set<Choice>? {
        guard let words = self.texts(object, key) else { return nil }
        var found: Set<Choice> = []
        let known = type.allCases.map(\.rawValue)
        for (index, word) in words.enumerated() {
            if let choice = type.init(rawValue: word) {
                found.insert(choice)
            } else {
                let nearest = Self.nearest(to: word, among: known).map { "write \"\($0)\"" }
                self.report(
                    "\(object.path(key))[\(index)]",
                    "\"\(word.excerpt(60))\" is not known here",
                    nearest ?? "choose from \(known.joined(separator: ", "))"
                )
            }
        }
        return found.isEmpty ? nil : found
    }

    /// A map of texts to texts.
    mutating func map(_ object: Object, _ key: String) -> [String: String]? {
        guard let value = self.member(object, key) else { return nil }
        guard let members = value.object else {
            self.report(object.path(key), "\(value.kind) where an object should be", #"write { "…": "…" }"#)
            return nil
        }
        var result: [String: String] = [:]
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let text = value.string {
                result[name] = text
            } else {
                let path = object.path(key) + "." + name
                self.report(path, "\(value.kind) where a text should be", "write it in double quotes")
            }
        }
        return result
    }

    /// A whole number within bounds.
    mutating func integer(_ object: Object, _ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = self.member(object, key) else { return nil }
        let remedy = "write a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let number = value.int else {
            let isNumber = value.double != nil
            let what = isNumber ? "\(value) is not whole" : "\(value.kind) where a number should be"
            self.report(object.path(key), what, remedy)
            return nil
        }
        guard range.contains(number) else {
            self.report(object.path(key), "\(number) is out of bounds", remedy)
            return nil
        }
        return number
    }

    /// A duration: a whole number and a unit, as in `26h`.
    mutating func duration(_ object: Object, _ key: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let text = self.text(object, key) else { return nil }
        guard let duration = Duration(policyText: text) else {
            let problem = "\(text.excerpt(40)) is no duration"
            self.report(object.path(key), problem, "write a whole number and m, h, d or w, such as 26h or 35d")
            return nil
        }
        guard range.contains(duration) else {
            let isShort = duration < range.lowerBound
            let bound = isShort ? range.lowerBound : range.upperBound
            self.report(
                object.path(key),
                "\(text.excerpt(40)) is out of bounds",
                "write \(isShort ? "at least" : "at most") \(bound.policyText)"
            )
            return nil
        }
        return duration
    }

    /// A boolean.
    mutating func flag(_ object: Object, _ key: String) -> Bool? {
        guard let value = self.member(object, key) else { return nil }
        if value.bool == nil {
            self.report(object.path(key), "\(value.kind) where true or false should be", "write true or false")
        }
        return value.bool
    }

    /// The name that was most likely meant; `nil` when none is near.
    static func nearest(to word: String, among known: [String]) -> String? {
        let best = known.map { ($0, self.distance(word.prefix(64).lowercased(), $0.lowercased())) }
            .min { $0.1 < $1.1 }
        guard let best, best.1 <= max(1, word.count / 3) else { return nil }
        return best.0
    }

    /// How many letters have to be added, removed, replaced or swapped with their neighbour to make one word of another.
    private static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        var before: [Int] = []
        var above = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let replaced = above[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(replaced, above[column + 1] + 1, current[column] + 1)
                let isSwapped =
                    row > 0 && column > 0 && left[row] == right[column - 1] && left[row - 1] == right[column]
                if isSwapped { best = min(best, before[column - 1] + 1) }
                current.append(best)
            }
            before = above
            above = current
        }
        return above[right.count]
    }
}
