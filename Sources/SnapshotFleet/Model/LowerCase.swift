// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension UInt8 {
    /// The byte, as a small letter where it is a capital one of ASCII.
    var asciiLowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}

extension String {
    /// Whether the text holds a word of small letters, digits and punctuation in any case; no copy of it is made.
    func contains(inAnyCase word: StaticString, onlyAtStart: Bool = false) -> Bool {
        let text = self.utf8.span
        return word.withUTF8Buffer { word in
            guard word.count <= text.count else { return false }
            let last = onlyAtStart ? 0 : text.count - word.count
            return (0...last).contains { start in
                word.indices.allSatisfy { text[start + $0].asciiLowercased == word[$0] }
            }
        }
    }
}
