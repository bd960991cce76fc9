// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Reads an object member by member, and says where it is not what it should be.
package struct DocumentReader {
    private let members: [String: JSONValue]
    private let path: String

    /// Opens an object.
    ///
    /// - Throws: ``DocumentError`` where the document is none, or has a member beside `members`: a misspelt name would
    ///   otherwise be a rule that silently does nothing.
    package init(_ document: JSONValue, at path: String, members names: Set<String>) throws(DocumentError) {
        guard case .object(let members) = document else {
            throw DocumentError(path.isEmpty ? "the document" : path, "an object belongs here, not \(document.kind)")
        }
        self.members = members
        self.path = path
        if let unknown = members.keys.sorted().first(where: { !names.contains($0) }) {
            let known = names.sorted().joined(separator: ", ")
            throw DocumentError(self.place(of: unknown), "unknown; what belongs here is \(known)")
        }
    }

    func text(_ name: String) throws(DocumentError) -> String? {
        try self.read(name, "a string", \.string)
    }

    func required(_ name: String) throws(DocumentError) -> String {
        guard let text = try self.text(name), !text.isEmpty else {
            throw DocumentError(self.place(of: name), "missing")
        }
        return text
    }

    func int(_ name: String) throws(DocumentError) -> Int? {
        try self.read(name, "a whole number", \.int)
    }

    package func number(_ name: String) throws(DocumentError) -> Double? {
        try self.read(name, "a number", \.double)
    }

    func bool(_ name: String) throws(DocumentError) -> Bool? {
        try self.read(name, "a boolean", \.bool)
    }

    /// The elements of a list; none where the member is missing.
    func array(_ name: String) throws(DocumentError) -> [JSONValue] {
        try self.read(name, "an array", \.array) ?? []
    }

    func object(_ name: String) throws(DocumentError) -> [String: JSONValue]? {
        try self.read(name, "an object", \.object)
    }

    /// Whether there is such a member.
    func has(_ name: String) -> Bool { self.members[name] != nil }

    /// The path of a member.
    func place(of name: String) -> String { self.path.isEmpty ? name : "\(self.path).\(name)" }

    private func read<Value>(
        _ name: String,
        _ wanted: String,
        _ convert: (JSONValue) -> Value?
    ) throws(DocumentError) -> Value? {
        guard let member = self.members[name], member != .null else { return nil }
        guard let value = convert(member) else {
            throw DocumentError(self.place(of: name), "\(wanted) belongs here, not \(member.kind)")
        }
        return value
    }
}
