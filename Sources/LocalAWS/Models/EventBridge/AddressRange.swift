// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A block of IP addresses, such as `10.0.0.0/24` or `2001:db8::/32`.
struct AddressRange: Hashable, Sendable {
    private let address: [UInt8]
    private let length: Int

    /// Reads a block; `nil` when it is none.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = Self.bytes(String(parts[0])), let length = Int(parts[1]),
            (0...(address.count * 8)).contains(length)
        else { return nil }
        self.address = address
        self.length = length
    }

    /// Whether a text is an address within the block.
    func contains(_ text: String) -> Bool {
        guard let bytes = Self.bytes(text), bytes.count == self.address.count else { return false }
        for (index, pair) in zip(bytes, self.address).enumerated() {
            let bits = min(max(self.length - index * 8, 0), 8)
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
            guard pair.0 & mask == pair.1 & mask else { return false }
        }
        return true
    }

    /// The 4 or 16 bytes of an address.
    private static func bytes(_ text: String) -> [UInt8]? {
        text.contains(":") ? self.version6(text) : self.version4(text)
    }

    private static func version4(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, !parts.contains(nil) else { return nil }
        return parts.compactMap { $0 }
    }

    private static func version6(_ text: String) -> [UInt8]? {
        // At most one `::`, which stands for as many zeros as are missing.
        var halves: [[UInt8]] = []
        var rest = Substring(text)
        while let gap = Self.gap(in: rest) {
            guard halves.isEmpty, let half = self.groups(rest[..<gap]) else { return nil }
            halves.append(half)
            rest = rest[rest.index(gap, offsetBy: 2)...]
        }
        guard let half = self.groups(rest) else { return nil }
        halves.append(half)
        let count = halves.reduce(0) { $0 + $1.count }
        guard halves.count == 2 else { return count == 16 ? halves[0] : nil }
        guard count <= 14 else { return nil }
        return halves[0] + [UInt8](repeating: 0, count: 16 - count) + halves[1]
    }

    private static func gap(in text: Substring) -> Substring.Index? {
        text.indices.first { index in text[index...].hasPrefix("::") }
    }

    private static func groups(_ text: Substring) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if part.contains("."), index == parts.count - 1, let tail = self.version4(String(part)) {
                bytes += tail
                continue
            }
            guard (1...4).contains(part.utf8.count), let group = UInt16(part, radix: 16) else { return nil }
            bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
        }
        return bytes
    }
}
