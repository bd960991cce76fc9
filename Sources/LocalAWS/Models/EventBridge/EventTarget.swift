// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What a rule sends events to.
struct EventTarget: Hashable, Sendable {
    /// The target as the caller wrote it, told back on request.
    let json: JSONValue
    let id: String
    let arn: String
    private let input: Input

    private enum Input: Hashable, Sendable {
        case event
        case constant(String)
        case path(EventPath)
        case template(paths: [String: EventPath], template: String)
    }

    /// Reads a target.
    ///
    /// - Throws: ``ModelFailure`` with `ValidationException`.
    init(_ json: JSONValue) throws(ModelFailure) {
        guard let id = json["Id"]?.string, !id.isEmpty else { throw .eventsValidation("Parameter Id is not valid.") }
        guard let arn = json["Arn"]?.string, arn.hasPrefix("arn:"), arn.split(separator: ":").count >= 6 else {
            throw .eventsValidation(
                "Parameter \(json["Arn"]?.string ?? "") is not valid. Reason: Provided Arn is not in correct format."
            )
        }
        self.json = json
        self.id = id
        self.arn = arn
        let given = ["Input", "InputPath", "InputTransformer"].filter { json[$0] != nil }
        guard given.count <= 1 else {
            throw .eventsValidation(
                "Only one of Input, InputPath, or InputTransformer must be provided for target \(id)."
            )
        }
        if let constant = json["Input"]?.string {
            guard (try? JSONValue(parsing: constant)) != nil, constant.utf8.count <= 8192 else {
                throw .eventsValidation(
                    "Parameter Input is not valid. Reason: JSON syntax error in input for target \(id)."
                )
            }
            self.input = .constant(constant)
        } else if let path = json["InputPath"]?.string {
            self.input = .path(try Self.path(path, target: id))
        } else if let transformer = json["InputTransformer"] {
            self.input = try Self.template(transformer, target: id)
        } else {
            self.input = .event
        }
    }

    private static func path(_ text: String, target: String) throws(ModelFailure) -> EventPath {
        guard let path = EventPath(text) else {
            throw .eventsValidation(
                "Parameter InputPath is not valid. Reason: Invalid JSONPath \(text) for target \(target)."
            )
        }
        return path
    }

    private static func template(_ transformer: JSONValue, target: String) throws(ModelFailure) -> Input {
        guard let template = transformer["InputTemplate"]?.string, !template.isEmpty else {
            throw .eventsValidation("Parameter InputTransformer is not valid. Reason: InputTemplate is required.")
        }
        var paths: [String: EventPath] = [:]
        for (name, text) in transformer["InputPathsMap"]?.object ?? [:] {
            paths[name] = try self.path(text.string ?? "", target: target)
        }
        guard paths.count <= 100 else {
            throw .eventsValidation("Parameter InputPathsMap is not valid. Reason: at most 100 paths are allowed.")
        }
        return .template(paths: paths, template: template)
    }

    // MARK: - What is sent

    /// The body for an event that matched a rule.
    func body(for event: JSONValue, ruleARN: String, ruleName: String, at now: Instant) -> String {
        switch self.input {
        case .event: return EventEnvelope.text(event)
        case .constant(let text): return text
        case .path(let path): return path.value(in: event).map(EventEnvelope.text) ?? "null"
        case .template(let paths, let template):
            var values: [String: JSONValue] = [
                "aws.events.rule-arn": .string(ruleARN),
                "aws.events.rule-name": .string(ruleName),
                "aws.events.event.ingestion-time": .string(now.iso8601),
                "aws.events.event.json": event,
                "aws.events.event": event,
            ]
            for (name, path) in paths { values[name] = path.value(in: event) ?? .string("") }
            return Self.filled(template, values)
        }
    }

    /// Puts values where the template has `<name>`.
    ///
    /// Inside quotation marks a text goes in bare and anything else as JSON with its quotation marks escaped; outside,
    /// everything goes in as JSON.
    private static func filled(_ template: String, _ values: [String: JSONValue]) -> String {
        var output = ""
        var isQuoted = false
        var rest = Substring(template)
        while let character = rest.popFirst() {
            if character == "\\", let next = rest.popFirst() {
                output += "\\\(next)"
            } else if character == "<", let end = rest.firstIndex(of: ">"), let value = values[String(rest[..<end])] {
                rest = rest[rest.index(after: end)...]
                let text = EventEnvelope.text(value)
                output += isQuoted ? self.quoted(value, text) : text
            } else {
                if character == "\"" { isQuoted.toggle() }
                output.append(character)
            }
        }
        return output
    }

    private static func quoted(_ value: JSONValue, _ text: String) -> String {
        let escaped = value.string == nil ? JSONValue.string(text).description : text
        return String(escaped.dropFirst().dropLast())
    }
}

/// A path into an event: `$.detail.SourceIdentifier`, `$.resources[0]`, `$['detail-type']`.
struct EventPath: Hashable, Sendable {
    private enum Step: Hashable, Sendable {
        case member(String)
        case element(Int)
    }

    private var steps: [Step] = []

    /// Reads a path; `nil` when it is none.
    init?(_ text: String) {
        var rest = Substring(text)
        guard rest.popFirst() == "$" else { return nil }
        while let character = rest.popFirst() {
            if character == "." {
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty else { return nil }
                self.steps.append(.member(String(name)))
                rest = rest.dropFirst(name.count)
            } else if character == "[", let end = rest.firstIndex(of: "]") {
                let inner = rest[..<end]
                rest = rest[rest.index(after: end)...]
                if let index = Int(inner), index >= 0 {
                    self.steps.append(.element(index))
                } else if inner.count >= 3, let quote = inner.first, quote == "'" || quote == "\"", inner.last == quote
                {
                    self.steps.append(.member(String(inner.dropFirst().dropLast())))
                } else {
                    return nil
                }
            } else {
                return nil
            }
        }
    }

    /// What the path leads to; `nil` when the event has nothing there.
    func value(in event: JSONValue) -> JSONValue? {
        var value: JSONValue? = event
        for step in self.steps {
            switch step {
            case .member(let name): value = value?[name]
            case .element(let index):
                // Not by `?:`, which would take `nil` for JSON's null.
                guard let elements = value?.array, elements.indices.contains(index) else { return nil }
                value = elements[index]
            }
        }
        return value
    }
}
