// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// As much of JSON Schema as the policy's schema uses.
///
/// A keyword that is not known here is an error: a rule that nobody checks would pass for one that holds.
struct SchemaValidator {
    private static let annotations: Set<String> = [
        "$schema", "$id", "$defs", "title", "description", "examples", "default",
    ]

    let root: JSONValue

    /// What is wrong with a document, a line for each problem.
    func problems(_ document: JSONValue) -> [String] { self.problems(document, self.root, "") }

    /// The schema that a reference stands for.
    func resolved(_ schema: JSONValue) -> JSONValue {
        guard let reference = schema["$ref"]?.string else { return schema }
        return reference.split(separator: "/").dropFirst().reduce(self.root) { $0[String($1)] ?? .null }
    }

    private func problems(_ value: JSONValue, _ given: JSONValue, _ path: String) -> [String] {
        let schema = self.resolved(given)
        guard let rules = schema.object else { return ["\(path): no schema: \(given)"] }
        var problems: [String] = []
        if let type = rules["type"]?.string, !Self.isType(type, value) {
            return ["\(path): \(value.kind) is no \(type)"]
        }
        for (keyword, rule) in rules where !Self.annotations.contains(keyword) && keyword != "type" {
            problems += self.problems(keyword, rule, rules, value, path)
        }
        return problems
    }

    private static func isType(_ type: String, _ value: JSONValue) -> Bool {
        switch type {
        case "object": value.object != nil
        case "array": value.array != nil
        case "string": value.string != nil
        case "boolean": value.bool != nil
        case "integer": value.int != nil
        default: false
        }
    }

    private func problems(
        _ keyword: String,
        _ rule: JSONValue,
        _ rules: [String: JSONValue],
        _ value: JSONValue,
        _ path: String
    ) -> [String] {
        switch keyword {
        case "required":
            let missing = (rule.array ?? []).compactMap(\.string).filter { value[$0] == nil }
            return missing.map { "\(path).\($0): missing" }
        case "properties":
            return (rule.object ?? [:]).sorted { $0.key < $1.key }.flatMap { name, schema in
                value[name].map { self.problems($0, schema, "\(path).\(name)") } ?? []
            }
        case "additionalProperties":
            let others = (value.object ?? [:]).filter { rules["properties"]?[$0.key] == nil }
            if rule == false { return others.keys.sorted().map { "\(path).\($0): not known" } }
            return others.flatMap { self.problems($0.value, rule, "\(path).\($0.key)") }
        case "items":
            return (value.array ?? []).enumerated().flatMap { self.problems($1, rule, "\(path)[\($0)]") }
        case "minItems": return (value.array?.count ?? 0) < (rule.int ?? 0) ? ["\(path): too few"] : []
        case "minLength": return (value.string?.count ?? 0) < (rule.int ?? 0) ? ["\(path): too short"] : []
        case "maxLength": return (value.string?.count ?? 0) > (rule.int ?? 0) ? ["\(path): too long"] : []
        case "minimum": return (value.int ?? 0) < (rule.int ?? 0) ? ["\(path): too small"] : []
        case "maximum": return (value.int ?? 0) > (rule.int ?? 0) ? ["\(path): too large"] : []
        case "enum": return rule.array?.contains(value) == true ? [] : ["\(path): not one of \(rule)"]
        case "pattern":
            guard let text = value.string, let pattern = rule.string, let regex = try? Regex(pattern) else {
                return ["\(path): no pattern: \(rule)"]
            }
            return text.contains(regex) ? [] : ["\(path): \(text) is not like \(pattern)"]
        default: return ["\(path): the keyword \(keyword) is not known"]
        }
    }
}
