// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Which hosts a request may name.
///
/// A page in somebody's browser can have its own name resolve to this machine, and would then be let in as if it were
/// ours (DNS rebinding); its requests still carry its name. Loopback names and addresses in numbers can't be had that
/// way, so they are let in: an address only where the connection came in by it, so that Prometheus finds a pod by its
/// IP. Any other name has to be on the list.
package struct AllowedHosts: Sendable, Equatable {
    private let names: Set<String>

    /// Makes a list.
    ///
    /// - Parameter names: Names or addresses, without ports; `nil` of it where one of them can't be a host.
    package init?(_ names: [String]) {
        var known: Set<String> = []
        for name in names {
            let text = name.contains(":") && !name.hasPrefix("[") ? "[\(name)]" : name
            guard let parts = HostAndPort(text), parts.port == nil else { return nil }
            known.insert(parts.host)
        }
        self.names = known
    }

    /// No names beside those that are always let in.
    package init() { self.names = [] }

    /// Whether a request is let in.
    ///
    /// - Parameters:
    ///   - host: Its header `Host`; `nil` where it has none.
    ///   - localAddress: This machine's address on its connection, in numbers.
    /// - Returns: Whether it names a host that is known.
    package func allows(_ host: String?, localAddress: String?) -> Bool {
        guard let host, let parts = HostAndPort(host) else { return false }
        if parts.host == "localhost" || self.names.contains(parts.host) { return true }
        guard let address = IPAddress(parts.host) else { return false }
        return address.isLoopback || address == localAddress.flatMap { IPAddress($0) }
    }
}
