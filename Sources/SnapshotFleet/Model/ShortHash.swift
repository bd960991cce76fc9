// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A short stable name for a longer text.
enum ShortHash {
    /// How many characters it has: five bits each, 50 in all.
    static let length = 10

    /// The first 50 bits of the text's SHA-256 in the letters of RFC 4648's base32, lower case.
    static func of(_ text: String) -> String {
        let bits = Self.bits(of: text)
        return String(unsafeUninitializedCapacity: Self.length) { letters in
            for place in 0..<Self.length {
                let value = UInt8(bits >> UInt64(59 - 5 * place) & 31)
                letters[place] = value < 26 ? UInt8(ascii: "a") + value : UInt8(ascii: "2") + value - 26
            }
            return Self.length
        }
    }

    /// The first 64 bits of the text's SHA-256.
    static func bits(of text: String) -> UInt64 {
        Digest.sha256(Array(text.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
