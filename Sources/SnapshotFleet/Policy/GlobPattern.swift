// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A pattern for names: `*` stands for any text, `?` for one character, and case does not matter.
///
/// RDS stores identifiers in lower case, whatever case people type.
package struct GlobPattern: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The pattern as it was written.
    package let text: String
    /// Whether the pattern takes any name.
    package let isUniversal: Bool
    private let bytes: [UInt8]

    package init(_ text: String) {
        self.text = text
        self.bytes = Array(text.lowercased().utf8)
        self.isUniversal = !self.bytes.isEmpty && self.bytes.allSatisfy { $0 == UInt8(ascii: "*") }
    }

    package init(stringLiteral text: String) { self.init(text) }

    package var description: String { self.text }

    /// Whether the pattern describes the whole name.
    ///
    /// No pattern takes longer than its length times the name's: only the last `*` is ever tried again.
    package func matches(_ name: String) -> Bool {
        // The names of snapshots and databases are ASCII, and need no copy in lower case.
        if name.utf8.allSatisfy({ $0 < 0x80 }) { return self.matches(name.utf8.span) }
        return self.matches(name.lowercased().utf8.span)
    }

    private func matches(_ name: Span<UInt8>) -> Bool {
        let bytes = self.bytes.span
        var position = 0
        var pattern = 0
        var star: Int?
        var resume = 0
        while position < name.count {
            if pattern < bytes.count, bytes[pattern] == UInt8(ascii: "*") {
                star = pattern
                resume = position
                pattern += 1
            } else if pattern < bytes.count,
                bytes[pattern] == UInt8(ascii: "?") || bytes[pattern] == name[position].asciiLowercased
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
