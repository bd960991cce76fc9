// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Where a server listens: an address of this machine and a port.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// Where workers listen unless told otherwise.
    package static let standard = ListenAddress(host: "127.0.0.1", port: 9400)

    /// An IP address as it is written, an IPv6 one without brackets, or `localhost`.
    package let host: String
    /// 0 for any free one.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:9400`, `[::1]:9400` or `localhost:9400`; `nil` for anything else.
    ///
    /// Names are none: what listens must not depend on what a name server says.
    package init?(_ text: String) {
        guard let parts = HostAndPort(text), let port = parts.port else { return nil }
        guard parts.host == "localhost" || IPAddress(parts.host) != nil else { return nil }
        self.init(host: parts.host, port: port)
    }

    /// Where a program on this machine finds what listens here.
    package var url: String {
        let host =
            switch self.host {
            case "0.0.0.0": "127.0.0.1"
            case "::": "::1"
            default: self.host
            }
        return "http://\(Self.written(host)):\(self.port)"
    }

    package var description: String { "\(Self.written(self.host)):\(self.port)" }

    private static func written(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}

/// Whether a server listens, and how it was told where.
package enum ListenSetting: Sendable, Hashable {
    case off
    /// There, or on a free port where that is taken.
    case preferred(ListenAddress)
    /// There and nowhere else.
    case given(ListenAddress)

    /// What holds for workers when nobody said anything.
    package static let standard = ListenSetting.preferred(.standard)

    /// Reads a setting: `off` or an address; `nil` for anything else.
    package init?(_ text: String) {
        if text == "off" {
            self = .off
        } else if let address = ListenAddress(text) {
            self = .given(address)
        } else {
            return nil
        }
    }

    /// Where to listen; `nil` for nowhere.
    package var address: ListenAddress? {
        switch self {
        case .off: nil
        case .preferred(let address), .given(let address): address
        }
    }
}
