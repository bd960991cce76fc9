// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// An HTTP request as the embedded AWS sees it, free of any HTTP library.
package struct IncomingRequest: Sendable {
    /// In capitals.
    package var method: String
    /// Percent-encoded, without the query.
    package var path: String
    /// Percent-encoded, without the question mark; empty when there is none.
    package var query: String
    /// Names in lower case, in the order they came; `host` is among them.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        method: String = "POST",
        path: String = "/",
        query: String = "",
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// The value of the first header of this name, which is in lower case; `nil` when there is none.
    package func header(_ name: String) -> String? {
        self.headers.first { $0.name == name }?.value
    }
}

/// An HTTP answer, free of any HTTP library.
package struct OutgoingAnswer: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The value of the first header of this name, whatever its case; `nil` when there is none.
    package func header(_ name: String) -> String? {
        self.headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
