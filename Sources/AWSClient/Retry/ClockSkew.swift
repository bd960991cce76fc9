// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// How far this machine's clock is from AWS's, as answers tell.
///
/// AWS refuses a signature that is dated more than 5 minutes off. When it does, the answer's own date gives the
/// correction, and the call can be signed and made once more.
package struct ClockSkew: Sendable, Equatable {
    /// Codes that a wrong clock causes, among other things.
    ///
    /// Source: aws-sdk-java-v2, `AwsErrorCode`.
    package static let suspectCodes: Set<String> = [
        "RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",
        "RequestInTheFuture",
    ]
    /// A difference up to this is not what an answer was refused for.
    package static let tolerance = Duration.seconds(4 * 60)
    /// A difference from here on says that the answer's date is wrong, not the clock.
    package static let absurd = Duration.seconds(7 * 86_400)

    /// What to add to the machine's time to get AWS's.
    package private(set) var offset = Duration.zero

    /// Makes a clock that is taken to be right.
    package init() {}

    /// Whether a wrong clock may be why a call failed.
    package static func isSuspect(_ error: AWSError) -> Bool {
        error.serviceCode.map(self.suspectCodes.contains) == true
    }

    /// AWS's time, as far as it is known.
    package func corrected(_ now: Instant) -> Instant { now + self.offset }

    /// Learns from the date of an answer that refused a call.
    ///
    /// - Parameters:
    ///   - serverDate: The answer's `Date` header.
    ///   - localTime: What the machine's clock, uncorrected, showed when the answer arrived.
    /// - Returns: Whether the correction changed, so that signing again may help. A date that is missing, unreadable,
    ///   absurd, or agrees with ``corrected(_:)`` changes nothing.
    package mutating func correct(serverDate: String?, localTime: Instant) -> Bool {
        guard let serverDate, let server = Instant(httpDate: serverDate) else { return false }
        let offset = server - localTime
        let change = offset - self.offset
        guard change.magnitude > Self.tolerance, offset.magnitude < Self.absurd else { return false }
        self.offset = offset
        return true
    }
}

extension Duration {
    fileprivate var magnitude: Duration { self < .zero ? .zero - self : self }
}
