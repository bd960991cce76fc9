// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Decides whether a failed call is made again, and after how long.
///
/// Holds the token bucket that keeps a client from answering an outage with a storm of retries, so one policy is shared
/// by all calls to one service; the caller keeps it behind a lock and does the waiting.
///
/// Source: the "standard" mode of the AWS SDKs, as botocore 1.43's `retries/standard.py` and `quota.py` have it.
package struct RetryPolicy: Sendable {
    /// The tokens of a full bucket.
    package static let fullBucket = 500
    /// No wait is longer than this, whatever the number of the attempt.
    package static let longestDelay = Duration.seconds(20)

    /// How many attempts a call gets, and whether sends are paced after throttles.
    package let configuration: RetryConfiguration
    /// The tokens left.
    package private(set) var tokens = RetryPolicy.fullBucket

    /// Makes a policy with a full bucket.
    package init(_ configuration: RetryConfiguration = RetryConfiguration()) {
        self.configuration = configuration
    }

    /// Takes the tokens of one more attempt and says how long to wait before it.
    ///
    /// - Parameters:
    ///   - error: What the attempt just made failed with.
    ///   - attempt: The number of that attempt; the first is 1.
    ///   - serverDelay: What the answer's `x-amz-retry-after` asked for; it lengthens the wait by 5 seconds at most and
    ///     never shortens it.
    ///   - random: The source of the jitter.
    /// - Returns: `nil` to give up: the error is final, the attempts are used up, or the bucket is empty.
    package mutating func retryDelay(
        after error: AWSError,
        attempt: Int,
        serverDelay: Duration? = nil,
        using random: inout some RandomNumberGenerator
    ) -> Duration? {
        let cost = Self.cost(of: error)
        guard attempt < self.configuration.maxAttempts, error.isRetryable, self.tokens >= cost
        else { return nil }
        self.tokens -= cost
        let exponent = min(max(attempt - 1, 0), 10)
        let ceiling = min(Duration.seconds(1 << exponent), Self.longestDelay)
        let delay = ceiling * Double.random(in: 0..<1, using: &random)
        guard let serverDelay else { return delay }
        return max(delay, min(serverDelay, delay + .seconds(5)))
    }

    /// Gives tokens back after a call that succeeded.
    ///
    /// - Parameter lastError: What the attempt before the successful one failed with; `nil` when the first succeeded.
    package mutating func succeeded(after lastError: AWSError? = nil) {
        let refund = lastError.map(Self.cost(of:)) ?? 1
        self.tokens = min(self.tokens + refund, Self.fullBucket)
    }

    /// A timeout costs double: it has already held a connection and a caller for long.
    private static func cost(of error: AWSError) -> Int { error.code == .timedOut ? 10 : 5 }
}
