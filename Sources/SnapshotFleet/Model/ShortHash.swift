// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A short stable name for a longer text.
enum ShortHash {
    /// How many characters it has: five bits each, 50 in all.
    static let length = 10

    /// The first 50 bits of the text's SHA-256 in the letters of RFC 4648's base32, lower case.
    static func of(_ text: String) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        let bits = Self.bits(of: text)
        let letters = (0..<Self.length).map { alphabet[Int(bits >> UInt64(59 - 5 * $0) & 31)] }
        return String(decoding: letters, as: UTF8.self)
    }

    /// The first 64 bits of the text's SHA-256.
    static func bits(of text: String) -> UInt64 {
        Digest.sha256(Array(text.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
