// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A pattern for names: `*` stands for any text, `?` for one character, and case does not matter.
///
/// RDS stores identifiers in lower case, whatever case people type.
package struct GlobPattern: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The pattern as it was written.
    package let text: String
    private let bytes: [UInt8]

    package init(_ text: String) {
        self.text = text
        self.bytes = Array(text.lowercased().utf8)
    }

    package init(stringLiteral text: String) { self.init(text) }

    package var description: String { self.text }

    /// Whether the pattern takes any name.
    package var isUniversal: Bool { !self.bytes.isEmpty && self.bytes.allSatisfy { $0 == UInt8(ascii: "*") } }

    /// Whether the pattern describes the whole name.
    ///
    /// No pattern takes longer than its length times the name's: only the last `*` is ever tried again.
    package func matches(_ name: String) -> Bool {
        let name = Array(name.lowercased().utf8)
        var position = 0
        var pattern = 0
        var star: Int?
        var resume = 0
        while position < name.count {
            if pattern < self.bytes.count, self.bytes[pattern] == UInt8(ascii: "*") {
                star = pattern
                resume = position
                pattern += 1
            } else if pattern < self.bytes.count,
                self.bytes[pattern] == UInt8(ascii: "?") || self.bytes[pattern] == name[position]
            {
                pattern += 1
                position += 1
            } else if let star {
                pattern = star + 1
                resume += 1
                position = resume
            } else {
                return false
            }
        }
        return self.bytes[pattern...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
