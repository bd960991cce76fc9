// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// A document that is well-formed and yet not what was asked for.
package struct DocumentError: Error, Equatable, CustomStringConvertible {
    /// Where, as `rules[2].fault.type`.
    package let path: String
    package let problem: String

    package init(_ path: String, _ problem: String) {
        self.path = path
        self.problem = problem
    }

    package var description: String { "\(self.path): \(self.problem)" }
}

extension FaultScript {
    /// Reads a script.
    ///
    /// - Throws: ``DocumentError`` with the path of the first member that is wrong, an unknown one included.
    package init(_ document: JSONValue) throws(DocumentError) {
        let reader = try DocumentReader(document, at: "", members: ["seed", "rules"])
        self.init(seed: UInt64(max(0, try reader.int("seed") ?? 0)))
        for (index, rule) in try reader.array("rules").enumerated() {
            self.rules.append(try Rule(rule, at: "rules[\(index)]"))
        }
    }
}

extension FaultScript.Rule {
    fileprivate init(_ document: JSONValue, at path: String) throws(DocumentError) {
        let reader = try DocumentReader(
            document,
            at: path,
            members: ["service", "operation", "region", "account", "after", "count", "probability", "fault"]
        )
        guard let fault = document["fault"] else { throw DocumentError(path, "a fault belongs here") }
        self.init(try FaultScript.Fault(fault, at: "\(path).fault"))
        self.service = try reader.text("service")
        self.operation = try reader.text("operation")
        self.region = try reader.text("region")
        self.account = try reader.text("account")
        self.after = try reader.int("after") ?? 0
        self.count = try reader.int("count")
        self.probability = try reader.number("probability") ?? 1
        guard (0...1).contains(self.probability) else {
            throw DocumentError("\(path).probability", "a number from 0 to 1 belongs here")
        }
    }
}

extension FaultScript.Fault {
    fileprivate init(_ document: JSONValue, at path: String) throws(DocumentError) {
        let reader = try DocumentReader(
            document,
            at: path,
            members: ["type", "seconds", "status", "body", "code", "message", "fraction"]
        )
        switch try reader.text("type") {
        case "latency": self = .latency(.seconds(max(0, try reader.number("seconds") ?? 1)))
        case "http":
            let status = try reader.int("status") ?? 503
            guard (200...599).contains(status) else {
                throw DocumentError("\(path).status", "an HTTP status from 200 to 599 belongs here")
            }
            self = .http(status: status, hasPage: try reader.text("body") != "empty")
        case "throttle": self = .throttle
        case "error":
            guard let code = try reader.text("code") else { throw DocumentError(path, "a code belongs here") }
            self = .error(
                code: code,
                message: try reader.text("message") ?? "by script",
                status: try reader.int("status") ?? 400
            )
        case "expiredCredentials": self = .expiredCredentials
        case "resetBefore": self = .resetBefore
        case "resetAfter": self = .resetAfter
        case "truncate": self = .truncate(min(max(try reader.number("fraction") ?? 0.5, 0), 1))
        case "clockSkew": self = .clockSkew(.seconds(try reader.number("seconds") ?? 600))
        case "duplicate": self = .duplicate
        case let type:
            throw DocumentError("\(path).type", "there is no fault \(type.map { "\"\($0)\"" } ?? "without a type")")
        }
    }
}
