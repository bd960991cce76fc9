// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// JSON for people to read.
enum JSONText {
    /// What fits into one line stays in one.
    private static let width = 100

    /// The document with a line for each member of what is long, members sorted by name.
    static func indented(_ value: JSONValue) -> String { self.text(value, indent: "") }

    private static func text(_ value: JSONValue, indent: String) -> String {
        let flat = value.description
        if flat.count + indent.count <= self.width { return flat }
        let inner = indent + "  "
        switch value {
        case .object(let members):
            let lines = members.sorted { $0.key < $1.key }.map { name, member in
                "\(inner)\(JSONValue.string(name)): \(self.text(member, indent: inner))"
            }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
        case .array(let elements):
            let lines = elements.map { inner + self.text($0, indent: inner) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(indent)]"
        default: return flat
        }
    }
}
