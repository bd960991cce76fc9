// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Turns the dotted names of the query protocol into a document.
///
/// `Tags.Tag.1.Key=a` and `Tags.member.1.Key=a` both become `{"Tags": [{"Key": "a"}]}`; every leaf is a text, because the
/// protocol says no more.
package enum FormCodec {
    /// How deep a name may go; deeper ones are cut off, so that a hostile form can't exhaust the stack.
    private static let depthLimit = 16

    /// Makes the document of a form's pairs; where a name stands twice the last one counts.
    package static func parameters(of pairs: [(name: String, value: String)]) -> JSONValue {
        var root = Node()
        for (name, value) in pairs {
            let path = name.split(separator: ".", omittingEmptySubsequences: true).prefix(self.depthLimit)
            root.insert(value, at: path[...])
        }
        return .object(root.children.mapValues(\.document))
    }

    private struct Node {
        var value: String?
        var children: [String: Node] = [:]

        mutating func insert(_ value: String, at path: ArraySlice<Substring>) {
            guard let first = path.first else {
                self.value = value
                return
            }
            self.children[String(first), default: Node()].insert(value, at: path.dropFirst())
        }

        /// The elements of a list, in the order of their numbers; `nil` where this is none.
        var elements: [Node]? {
            guard !self.children.isEmpty else { return nil }
            var numbered: [(Int, Node)] = []
            for (name, child) in self.children {
                guard let number = Int(name), number >= 0 else { return nil }
                numbered.append((number, child))
            }
            return numbered.sorted { $0.0 < $1.0 }.map(\.1)
        }

        var document: JSONValue {
            if self.children.isEmpty { return .string(self.value ?? "") }
            if let elements = self.elements { return .array(elements.map(\.document)) }
            // A list stands in a wrapper that is named after its elements: `Tags.Tag.1`.
            if self.children.count == 1, let elements = self.children.values.first?.elements {
                return .array(elements.map(\.document))
            }
            return .object(self.children.mapValues(\.document))
        }
    }
}
