// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// An address given by hand for a service: a scheme, a host, perhaps a port, and nothing else.
package struct EndpointURL: Sendable, Hashable {
    /// Why a text is no address this client sends signed requests to.
    package struct Refusal: Error, Equatable {
        /// Half a sentence to put after the name of the setting.
        package let reason: String
    }

    package let isPlaintext: Bool
    /// In lower case; an IPv6 address without its brackets.
    package let host: String
    /// `nil` when it is the scheme's own.
    package let port: UInt16?

    /// `host[:port]`, with brackets around an IPv6 address.
    package var authority: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return self.port.map { "\(host):\($0)" } ?? host
    }

    /// The whole address, without a slash at the end.
    package var text: String { (self.isPlaintext ? "http://" : "https://") + self.authority }

    /// An address that is known to be right: HTTPS on the usual port.
    init(secureHost host: String) {
        self.isPlaintext = false
        self.host = host
        self.port = nil
    }

    /// Reads and checks an address.
    ///
    /// - Parameters:
    ///   - text: `scheme://host[:port]`, with or without a slash at the end.
    ///   - allowsPlaintext: Whether `http` may be used with any host; otherwise with ``isLocal`` ones only.
    /// - Throws: ``Refusal``.
    package init(parsing text: String, allowsPlaintext: Bool) throws(Refusal) {
        guard let (scheme, rest) = Self.cut(text, "://") else { throw Refusal(reason: "has no scheme") }
        switch scheme.lowercased() {
        case "http": self.isPlaintext = true
        case "https": self.isPlaintext = false
        default: throw Refusal(reason: "is neither http nor https")
        }
        let authority = rest.hasSuffix("/") ? rest.dropLast() : rest
        guard !authority.contains("@") else { throw Refusal(reason: "holds a user name") }
        guard !authority.contains(where: { "/?#\\".contains($0) }) else {
            throw Refusal(reason: "has more than a host and a port")
        }
        let (host, port) = try Self.hostAndPort(authority)
        self.host = host
        self.port = port == (self.isPlaintext ? 80 : 443) ? nil : port
        guard !self.isPlaintext || allowsPlaintext || self.isLocal else {
            throw Refusal(reason: "is plain http to a host that is neither loopback nor container metadata")
        }
    }

    /// Whether requests never leave the machine, or go to the link-local metadata services of ECS, EKS and EC2.
    package var isLocal: Bool { self.servesContainers || Self.instanceHosts.contains(self.host) }

    /// Whether container credentials may be asked for here in plain text: loopback, or where ECS and EKS serve them.
    var servesContainers: Bool { self.isLoopback || Self.containerHosts.contains(self.host) }

    /// Whether the host is an address literal of the loopback interface.
    package var isLoopback: Bool {
        if self.host == "::1" { return true }
        let parts = self.host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static let containerHosts: Set<String> = ["localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"]
    private static let instanceHosts: Set<String> = ["169.254.169.254", "fd00:ec2::254"]

    private static func hostAndPort(_ authority: Substring) throws(Refusal) -> (host: String, port: UInt16?) {
        let host: Substring
        let rest: Substring
        if authority.hasPrefix("[") {
            guard let (address, after) = self.cut(authority.dropFirst(), "]"), address.contains(":"),
                address.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." })
            else { throw Refusal(reason: "has a broken IPv6 address") }
            (host, rest) = (address, after)
        } else {
            let end = authority.firstIndex(of: ":") ?? authority.endIndex
            (host, rest) = (authority[..<end], authority[end...])
            let isName = host.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
            guard !host.isEmpty, isName else { throw Refusal(reason: "has no valid host") }
        }
        guard !rest.isEmpty else { return (host.lowercased(), nil) }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()), port > 0 else {
            throw Refusal(reason: "has no valid port")
        }
        return (host.lowercased(), port)
    }

    private static func cut(_ text: some StringProtocol, _ separator: String) -> (Substring, Substring)? {
        let text = Substring(text)
        guard let range = text.firstRange(of: separator) else { return nil }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }
}
