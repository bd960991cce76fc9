// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// One HTTP request, signed or not.
package struct HTTPRequest: Sendable {
    /// In capitals.
    package var method: String
    /// Absolute, percent-encoded; `http` or `https`.
    package var url: String
    /// In the order they are sent; `Host` and `Content-Length` follow from the rest.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// How long a connection may take to come up.
    package var connectTimeout: Duration
    /// How long the whole exchange may take, the connection included.
    package var timeout: Duration
    /// Whether the proxies that the environment names are passed by, as metadata services demand.
    package var bypassesProxy: Bool

    /// Makes a request.
    package init(
        method: String,
        url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        connectTimeout: Duration = .seconds(5),
        timeout: Duration = .seconds(30),
        bypassesProxy: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.bypassesProxy = bypassesProxy
    }

    /// The first value of a header whatever its case; `nil` when there is none.
    package func header(_ name: String) -> String? { self.headers.firstValue(of: name) }

    /// Replaces every header of this name by one.
    package mutating func setHeader(_ name: String, _ value: String) {
        self.removeHeader(name)
        self.headers.append((name, value))
    }

    /// Takes away every header of this name.
    package mutating func removeHeader(_ name: String) {
        self.headers.removeAll { $0.name.isSameHeader(as: name) }
    }
}

/// One whole HTTP answer.
package struct HTTPResponse: Sendable {
    package var status: Int
    /// In the order they came.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    /// Makes an answer.
    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header whatever its case; `nil` when there is none.
    package func header(_ name: String) -> String? { self.headers.firstValue(of: name) }
}

extension [(name: String, value: String)] {
    fileprivate func firstValue(of name: String) -> String? {
        self.first { $0.name.isSameHeader(as: name) }?.value
    }
}

/// Carries requests to where their URL points.
package protocol HTTPTransport: Sendable {
    /// Sends a request and waits for the whole answer, whatever its status.
    ///
    /// - Throws: ``AWSError`` with code `cancelled` as soon as the calling task is cancelled, `timedOut`,
    ///   `unavailable`, `malformedAnswer` for an answer that is too large or no HTTP, or `configuration` for a request
    ///   that can't be sent.
    func send(_ request: HTTPRequest) async throws(AWSError) -> HTTPResponse
}
