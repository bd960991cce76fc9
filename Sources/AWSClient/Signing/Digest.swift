// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import CTransport

/// Digests and HMAC, from OpenSSL.
package enum Digest {
    /// SHA-256: 32 bytes.
    package static func sha256(_ message: [UInt8]) -> [UInt8] {
        self.filled(32) { ctransport_sha256(message, message.count, $0) }
    }

    /// HMAC-SHA-256: 32 bytes.
    package static func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        self.filled(32) { ctransport_hmac_sha256(key, key.count, message, message.count, $0) }
    }

    /// MD5: 16 bytes; `nil` where OpenSSL is a FIPS build that forbids it.
    ///
    /// SQS checks bodies with it; nothing here relies on it for security.
    package static func md5(_ message: [UInt8]) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 16)
        return ctransport_md5(message, message.count, &digest) == 1 ? digest : nil
    }

    /// Two lower-case hexadecimal digits for each byte.
    package static func hex(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            for place in bytes.indices {
                text[2 * place] = Self.digit(bytes[place] >> 4)
                text[2 * place + 1] = Self.digit(bytes[place] & 15)
            }
            return 2 * bytes.count
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func filled(_ size: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int32) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: size)
        // SHA-256 can't be switched off in OpenSSL; a refusal means a broken library, and unsigned requests help nobody.
        precondition(body(&digest) == 1, "OpenSSL refused SHA-256")
        return digest
    }
}
