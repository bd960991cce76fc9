// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension StringProtocol {
    /// This text without the whitespace at its ends.
    func trimmingWhitespace() -> String {
        // By far the most texts have none, and to see that takes two bytes; a character takes Unicode's tables.
        let isTrimmed = self.utf8.withContiguousStorageIfAvailable { bytes in
            bytes.first?.isPrintableASCII == true && bytes.last?.isPrintableASCII == true
        }
        if isTrimmed == true { return String(self) }
        guard let start = self.firstIndex(where: { !$0.isWhitespace }),
            let end = self.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[start...end])
    }
}

extension String {
    /// Whether this is the same name of a header: by bytes, but for the case of ASCII's letters.
    func isSameHeader(as other: String) -> Bool {
        guard self.utf8.count == other.utf8.count else { return false }
        return zip(self.utf8, other.utf8).allSatisfy { $0 == $1 || $0.lowercasedASCII == $1.lowercasedASCII }
    }
}

extension UInt8 {
    /// The small letter where this is one of ASCII's capitals, itself otherwise.
    fileprivate var lowercasedASCII: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }

    /// Whether ASCII counts this as blank.
    var isBlankASCII: Bool { self == 0x20 || (0x09...0x0D).contains(self) }

    /// Whether this is a character of ASCII that one sees.
    fileprivate var isPrintableASCII: Bool { (0x21...0x7E).contains(self) }
}
