// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A moment in UTC, to the microsecond.
///
/// Decisions take an `Instant` as an argument instead of asking a clock, so that they can be tested and simulated.
package struct Instant: InstantProtocol, Hashable, Codable {
    /// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    package var microseconds: Int64

    /// Makes a moment from microseconds since 1970-01-01T00:00:00Z.
    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Makes a moment from milliseconds since 1970-01-01T00:00:00Z, as SQS gives its timestamps.
    package init(milliseconds: Int64) {
        self.microseconds = milliseconds * 1000
    }

    /// Makes a moment from seconds since 1970-01-01T00:00:00Z, as JSON protocols give theirs.
    ///
    /// A number that no calendar holds is pinned to the representable range.
    package init(seconds: Double) {
        let scaled = (seconds * 1_000_000).rounded()
        self.microseconds = scaled.isNaN ? 0 : Int64(min(max(scaled, -9.2e18), 9.2e18))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down.
    package var milliseconds: Int64 { self.microseconds.flooredQuotient(1000) }
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    package var wholeSeconds: Int64 { self.microseconds.flooredQuotient(1_000_000) }
    /// Seconds since 1970-01-01T00:00:00Z.
    package var seconds: Double { Double(self.microseconds) / 1_000_000 }

    package func advanced(by duration: Duration) -> Instant {
        Instant(microseconds: self.microseconds + duration.microseconds)
    }

    package func duration(to other: Instant) -> Duration {
        .microseconds(other.microseconds - self.microseconds)
    }

    package static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }
    package static func + (instant: Instant, duration: Duration) -> Instant { instant.advanced(by: duration) }
    package static func - (instant: Instant, duration: Duration) -> Instant { instant.advanced(by: .zero - duration) }
    /// The time from `right` to `left`; negative when `right` is later.
    package static func - (left: Instant, right: Instant) -> Duration { right.duration(to: left) }
}

extension Duration {
    /// The whole duration in microseconds, rounded towards zero.
    package var microseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// The whole duration in milliseconds, rounded towards zero.
    package var milliseconds: Int64 { self.microseconds / 1000 }

    /// The duration in seconds.
    package var inSeconds: Double { Double(self.microseconds) / 1_000_000 }
}

extension FixedWidthInteger {
    package func flooredQuotient(_ divisor: Self) -> Self {
        let (quotient, remainder) = self.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
