// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Synchronization

/// An absolute `http` or `https` URL, taken apart and nothing decoded.
package struct URLParts: Hashable, Sendable {
    /// In lower case.
    package var scheme: String
    /// In lower case; an IPv6 address keeps its brackets.
    package var host: String
    /// `nil` when the URL names none.
    package var port: Int?
    /// At least `/`, percent-encoded.
    package var path: String
    /// Without the question mark; empty when there is none.
    package var query: String

    /// Takes a URL apart.
    ///
    /// - Returns: `nil` for another scheme, an empty host, a user in the URL, a bad port, or characters that can't stand
    ///   in a URL. A fragment is dropped.
    package init?(_ url: String) {
        // By bytes, since every request is asked for its host twice; by characters it took longer than to hash it.
        let bytes = url.utf8
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            bytes[colon...].starts(with: "://".utf8)
        else { return nil }
        let scheme = url[..<colon].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = bytes[bytes.index(colon, offsetBy: 3)...].prefix { $0 != UInt8(ascii: "#") }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard !authority.contains(UInt8(ascii: "@")), let (host, port) = Self.split(authority: authority) else {
            return nil
        }
        let target = rest[authority.endIndex...]
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path.isEmpty ? "/" : String(Substring(path))
        self.query = String(Substring(target[path.endIndex...].dropFirst()))
    }

    /// The `Host` header: the port only where it is not the scheme's own.
    package var hostHeader: String {
        guard let port = self.port, port != (self.scheme == "https" ? 443 : 80) else { return self.host }
        return "\(self.host):\(port)"
    }

    /// The URL up to its host and port, without path and query.
    package var origin: String {
        let port = self.port.map { ":\($0)" } ?? ""
        return "\(self.scheme)://\(self.host)\(port)"
    }

    private static func split(authority: Substring.UTF8View) -> (host: String, port: Int?)? {
        let host: Substring.UTF8View
        if authority.first == UInt8(ascii: "[") {
            guard let bracket = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = authority[...bracket]
        } else {
            host = authority.prefix { $0 != UInt8(ascii: ":") }
        }
        guard !host.isEmpty else { return nil }
        let rest = authority[host.endIndex...]
        if rest.isEmpty { return (Substring(host).lowercased(), nil) }
        guard rest.first == UInt8(ascii: ":"), let port = UInt16(Substring(rest.dropFirst())) else { return nil }
        return (Substring(host).lowercased(), Int(port))
    }
}

/// The URLs of endpoints, which are the same for call after call, taken apart once.
final class KnownURLs: Sendable {
    static let shared = KnownURLs()

    /// More than a worker has endpoints; beyond it all go.
    private static let capacity = 64

    private let known = Mutex<[String: URLParts]>([:])

    /// See ``URLParts/init(_:)``; what has a query is not kept, since that may hold a signature.
    func parts(of url: String) -> URLParts? {
        if let parts = self.known.withLock({ $0[url] }) { return parts }
        guard let parts = URLParts(url) else { return nil }
        guard parts.query.isEmpty else { return parts }
        self.known.withLock { known in
            if known.count >= Self.capacity { known.removeAll() }
            known[url] = parts
        }
        return parts
    }
}
