// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A text in which `*` stands for any run of characters.
struct RDSPattern: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    /// Whether the whole of `candidate` fits; case counts.
    func matches(_ candidate: String) -> Bool {
        let pattern = Array(self.text.utf8)
        let bytes = Array(candidate.utf8)
        let star = UInt8(ascii: "*")
        var (patternIndex, index) = (0, 0)
        var retry: (pattern: Int, index: Int)?
        while index < bytes.count {
            if patternIndex < pattern.count, pattern[patternIndex] == star {
                retry = (patternIndex, index)
                patternIndex += 1
            } else if patternIndex < pattern.count, pattern[patternIndex] == bytes[index] {
                patternIndex += 1
                index += 1
            } else if let last = retry {
                retry = (last.pattern, last.index + 1)
                patternIndex = last.pattern + 1
                index = last.index + 1
            } else {
                return false
            }
        }
        return pattern[patternIndex...].allSatisfy { $0 == star }
    }
}
