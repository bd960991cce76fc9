// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What is answered to a request for one path.
package struct MonitorAnswer: Sendable, Equatable {
    package var status: Int
    package var contentType: String
    package var body: [UInt8]
    /// What a browser may do with it; nothing unless told otherwise.
    package var contentSecurityPolicy: String

    package init(
        status: Int = 200,
        contentType: String,
        body: [UInt8],
        contentSecurityPolicy: String = "default-src 'none'; frame-ancestors 'none'"
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.contentSecurityPolicy = contentSecurityPolicy
    }

    /// A line of text.
    package static func text(_ text: String, status: Int = 200) -> MonitorAnswer {
        MonitorAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
    }
}

/// Answers requests for one path.
package typealias MonitorRoute = @Sendable () async -> MonitorAnswer
