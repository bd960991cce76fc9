// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What the header `Host` holds: a name or an address, and maybe a port.
struct HostAndPort: Equatable {
    /// In lower case, an IPv6 address without its brackets.
    let host: String
    let port: Int?

    /// Reads `name`, `name:port`, `[address]` or `[address]:port`; `nil` for anything that can't be one of these.
    init?(_ text: String) {
        let text = text.lowercased()
        guard (1...261).contains(text.utf8.count) else { return nil }
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let address = String(text[text.index(after: text.startIndex)..<end])
            guard address.contains(":"), IPAddress(address) != nil else { return nil }
            self.host = address
            rest = text[text.index(after: end)...]
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            self.host = String(text[..<end])
            guard Self.isName(self.host) else { return nil }
            rest = text[end...]
        }
        guard !rest.isEmpty else {
            self.port = nil
            return
        }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = Int(digits), port <= 65_535
        else { return nil }
        self.port = port
    }

    private static func isName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy {
                    (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-")
                        || $0 == UInt8(ascii: "_")
                }
        }
    }
}

/// An address in numbers.
struct IPAddress: Equatable {
    /// 4 or 16 of them; an IPv4 address that is written as an IPv6 one is the IPv4 one.
    let bytes: [UInt8]

    /// Reads four decimal numbers with dots between them, or an IPv6 address without brackets; `nil` for anything else.
    ///
    /// Browsers take `127.1`, `0x7f000001` and others for addresses too, and send them written out.
    init?(_ text: String) {
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: text.contains(":") ? 16 : 4)
        guard inet_pton(bytes.count == 16 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        self.bytes = bytes.starts(with: mapped) ? Array(bytes.dropFirst(mapped.count)) : bytes
    }

    var isLoopback: Bool {
        self.bytes.count == 4 ? self.bytes[0] == 127 : self.bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    }
}
