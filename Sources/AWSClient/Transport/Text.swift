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

extension UInt8 {
    /// Whether this is a character of ASCII that one sees.
    fileprivate var isPrintableASCII: Bool { (0x21...0x7E).contains(self) }
}
