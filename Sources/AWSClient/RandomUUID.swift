// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Names that nothing else has: UUIDs of version 4, in lower case.
///
/// Foundation's UUID opens, reads and closes a file each time.
///
/// Source: RFC 9562, version 4.
package enum RandomUUID {
    /// Makes one.
    package static func make(using random: inout some RandomNumberGenerator) -> String {
        self.text(high: random.next(), low: random.next())
    }

    /// Writes one of 128 bits, of which six give way to the version and the variant.
    package static func text(high: UInt64, low: UInt64) -> String {
        let high = high & ~0xF000 | 0x4000
        let low = low & ~(0b11 << 62) | 0b10 << 62
        return String(unsafeUninitializedCapacity: 36) { text in
            var count = 0
            for digit in 0..<32 {
                if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                    text[count] = UInt8(ascii: "-")
                    count += 1
                }
                let value = UInt8((digit < 16 ? high : low) >> UInt64(60 - digit % 16 * 4) & 15)
                text[count] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
                count += 1
            }
            return count
        }
    }
}
