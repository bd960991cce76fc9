// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Where the requests for one service in one Region go.
package struct Endpoint: Sendable, Hashable {
    /// `scheme://host[:port]`, without a slash at the end.
    package let url: String
    /// The `Host` header: the name, and the port where it is not the scheme's own.
    package let host: String
    /// The Region of the credential scope.
    package let signingRegion: String

    init(_ url: EndpointURL, signingRegion: String) {
        self.url = url.text
        self.host = url.authority
        self.signingRegion = signingRegion
    }
}
