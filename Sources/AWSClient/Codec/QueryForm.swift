// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The parameters of a call in AWS's query protocol, in the order they were added.
package struct QueryForm: Sendable {
    /// The operation.
    package let action: String
    package private(set) var pairs: [(name: String, value: String)]

    /// Begins a call.
    package init(action: String, version: String) {
        self.action = action
        self.pairs = [("Action", action), ("Version", version)]
    }

    /// Adds a text; `nil` adds nothing.
    package mutating func add(_ name: String, _ value: String?) {
        if let value { self.pairs.append((name, value)) }
    }

    /// Adds a number; `nil` adds nothing.
    package mutating func add(_ name: String, _ value: Int?) {
        self.add(name, value.map { String($0) })
    }

    /// Adds a truth value; `nil` adds nothing.
    package mutating func add(_ name: String, _ value: Bool?) {
        self.add(name, value.map { $0 ? "true" : "false" })
    }

    /// Adds `name.member.1`, `name.member.2` and so on; an empty list adds nothing, since an empty value means another
    /// thing to AWS.
    package mutating func addList(_ name: String, member: String, _ values: [String]) {
        for (index, value) in values.enumerated() { self.add("\(name).\(member).\(index + 1)", value) }
    }

    /// Adds a list of structures; `write` gets each element and the prefix of its members, such as `Tags.Tag.1.`.
    package mutating func addList<Element>(
        _ name: String,
        member: String,
        _ elements: [Element],
        _ write: (inout QueryForm, Element, String) -> Void
    ) {
        for (index, element) in elements.enumerated() { write(&self, element, "\(name).\(member).\(index + 1).") }
    }

    /// The pairs joined, with `%20` for a space: good for a body and for a URL.
    package var encoded: String { String(decoding: self.bytes, as: UTF8.self) }

    /// The same as bytes.
    package var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(self.pairs.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 })
        for (index, pair) in self.pairs.enumerated() {
            if index > 0 { output.append(UInt8(ascii: "&")) }
            PercentEncoding.append(pair.name, to: &output)
            output.append(UInt8(ascii: "="))
            PercentEncoding.append(pair.value, to: &output)
        }
        return output
    }
}
