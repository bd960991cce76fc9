// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The host and the query of a signed URL, decoded.
struct RDSPresignedURL {
    let host: String
    let parameters: [String: String]

    /// Takes a URL apart; `nil` when it has no query, or escapes that are none.
    ///
    /// A `+` stays one: AWS signs spaces as `%20`, so it would spoil the signature.
    init?(_ url: String) {
        guard let scheme = ["https://", "http://"].first(where: { url.hasPrefix($0) }) else { return nil }
        let rest = url.dropFirst(scheme.count)
        guard let question = rest.firstIndex(of: "?") else { return nil }
        self.host = String(rest[..<question].prefix { $0 != "/" })
        var parameters: [String: String] = [:]
        for pair in rest[rest.index(after: question)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = Self.decoded(parts.count > 1 ? parts[1] : "") else {
                return nil
            }
            parameters[name] = value
        }
        self.parameters = parameters
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
