// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A failed call to AWS.
///
/// Compare ``code`` to decide what to do; ``message`` and ``requestID`` are for people. No credential, token or signed
/// URL ever gets in here.
package struct AWSError: Error, Sendable, Equatable {
    /// What went wrong, as a closed set the caller can act on.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Backing: String {
            case cancelled, rejected, throttled, timedOut, unavailable, malformedAnswer, expiredCredentials
            case noCredentials, configuration
        }

        private let backing: Backing

        /// The calling task was cancelled; AWS may or may not have acted on the request.
        package static let cancelled = Code(backing: .cancelled)
        /// AWS understood the request and refused it (HTTP 4xx other than throttling).
        package static let rejected = Code(backing: .rejected)
        /// AWS asked for fewer requests.
        package static let throttled = Code(backing: .throttled)
        /// No answer arrived before the request's deadline; AWS may have acted on it.
        package static let timedOut = Code(backing: .timedOut)
        /// AWS or the network failed (HTTP 5xx, or no connection).
        package static let unavailable = Code(backing: .unavailable)
        /// An answer arrived that is not what the service speaks: HTML from a proxy, a truncated or an empty body.
        package static let malformedAnswer = Code(backing: .malformedAnswer)
        /// The credentials had expired when the request arrived; the client has already tried fresh ones once.
        package static let expiredCredentials = Code(backing: .expiredCredentials)
        /// No provider of credentials is configured, or the configured one failed.
        package static let noCredentials = Code(backing: .noCredentials)
        /// The request can't be made as configured: no Region, a plaintext endpoint that is not allowed, a bad profile.
        package static let configuration = Code(backing: .configuration)

        /// A bounded name, safe as a metric dimension.
        package var description: String { self.backing.rawValue }
    }

    package let code: Code
    /// The service's own error code as the shape spells it, such as `SnapshotQuotaExceeded`; `nil` when no answer
    /// arrived.
    package let serviceCode: String?
    package let message: String
    /// The `x-amzn-RequestId` of the answer, for a support case; `nil` when no answer arrived.
    package let requestID: String?
    /// The HTTP status of the answer; `nil` when none arrived.
    package let httpStatus: Int?
    /// Whether it was credentials that could not be had: the call was never sent.
    package var isForWantOfCredentials = false

    /// Describes a failure.
    package init(
        _ code: Code,
        serviceCode: String? = nil,
        message: String,
        requestID: String? = nil,
        httpStatus: Int? = nil
    ) {
        self.code = code
        self.serviceCode = serviceCode
        self.message = message
        self.requestID = requestID
        self.httpStatus = httpStatus
    }

    /// Whether the same request may succeed later.
    package var isRetryable: Bool {
        [.throttled, .timedOut, .unavailable, .malformedAnswer].contains(self.code)
    }

    /// Whether AWS may have acted on the request all the same: an answer was lost, or says nothing about it.
    package var leavesOutcomeOpen: Bool {
        !self.isForWantOfCredentials
            && [.timedOut, .unavailable, .malformedAnswer, .cancelled].contains(self.code)
    }
}

extension AWSError: CustomStringConvertible {
    package var description: String {
        let service = self.serviceCode.map { " (\($0))" } ?? ""
        let request = self.requestID.map { " [request \($0)]" } ?? ""
        return "\(self.code)\(service): \(self.message)\(request)"
    }
}
