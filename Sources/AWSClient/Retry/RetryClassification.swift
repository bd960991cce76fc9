// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Sorts error codes and statuses into what is worth repeating.
///
/// Source: botocore 1.43, `retries/standard.py`; the same codes stand in aws-sdk-go-v2.
package enum RetryClassification {
    /// Codes that ask for fewer requests, whatever the HTTP status.
    package static let throttleCodes: Set<String> = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
        "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "RequestThrottled", "SlowDown",
        "PriorRequestNotComplete", "EC2ThrottledException",
    ]

    /// Codes of a passing failure, whatever the HTTP status.
    ///
    /// `IDPCommunicationError` is STS's: it could not reach the identity provider.
    package static let transientCodes: Set<String> = [
        "RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete", "IDPCommunicationError",
    ]

    /// Codes that say the credentials were good once; fetch fresh ones and repeat.
    package static let expiredCredentialCodes: Set<String> = [
        "ExpiredToken", "ExpiredTokenException", "RequestExpired",
    ]

    /// Whether an answer asks for fewer requests; 429 does so without a code.
    package static func isThrottle(serviceCode: String?, httpStatus: Int?) -> Bool {
        httpStatus == 429 || serviceCode.map(self.throttleCodes.contains) == true
    }

    /// Whether an answer tells of a passing failure.
    package static func isTransient(serviceCode: String?, httpStatus: Int?) -> Bool {
        httpStatus.map([500, 502, 503, 504].contains) == true || serviceCode.map(self.transientCodes.contains) == true
    }

    /// Whether the same call may succeed when it is made again.
    package static func isRetryable(_ error: AWSError) -> Bool {
        guard error.code == .rejected else { return error.isRetryable }
        return self.isThrottle(serviceCode: error.serviceCode, httpStatus: error.httpStatus)
            || self.isTransient(serviceCode: error.serviceCode, httpStatus: error.httpStatus)
    }
}
