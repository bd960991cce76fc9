// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import Logging

/// What all callers of one session share.
package struct ClientContext: Sendable {
    package var transport: any HTTPTransport
    package var credentials: any CredentialsProvider
    package var endpoints: EndpointResolver
    package var retry: RetryConfiguration
    package var time: any TimeSource
    /// Gets a line at debug level for each attempt, and nothing above.
    package var logger: Logger
    /// Must not contain `region/`: some emulators take the Region from there.
    package var userAgent: String

    /// Puts a context together; AWS's own endpoints and the SDKs' retries unless told otherwise.
    package init(
        transport: any HTTPTransport,
        credentials: any CredentialsProvider,
        endpoints: EndpointResolver = EndpointResolver(),
        retry: RetryConfiguration = RetryConfiguration(),
        time: any TimeSource = SystemTimeSource(),
        logger: Logger = Logger(label: "snapferry.aws"),
        userAgent: String = "snapferry/0.1"
    ) {
        self.transport = transport
        self.credentials = credentials
        self.endpoints = endpoints
        self.retry = retry
        self.time = time
        self.logger = logger
        self.userAgent = userAgent
    }
}
