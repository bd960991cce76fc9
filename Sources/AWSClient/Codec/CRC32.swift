// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The checksum that DynamoDB puts on its answers.
///
/// Source: ISO 3309, the polynomial 0xEDB88320.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    /// The checksum of some bytes.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { value, byte in self.table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8) }
    }
}
