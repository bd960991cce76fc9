// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Keeps one bad key or role from filling the dead-letter queue.
///
/// Failures that only an operator can put right are counted for each destination and reason. After some in a row the
/// circuit is open: jobs that would meet the same trouble are parked, and one of them is let through an interval as a
/// probe. A copy that RDS accepts closes it.
package struct CircuitBreaker: Sendable, Equatable {
    /// One circuit that is open.
    package struct Opening: Sendable, Equatable {
        package var since: Instant
        /// When the next probe may go.
        package var nextProbe: Instant
        /// What RDS said last.
        package var detail: String
    }

    /// What a failure did.
    package enum Effect: Sendable, Equatable {
        /// The job goes its way: to the dead-letter queue.
        case counted
        /// The job goes its way, and the circuit is open from now on.
        case opened
        /// It was a probe: the trouble persists, and the job is parked with the others.
        case stillOpen
    }

    private var failures: [DeadLetterReason: Int] = [:]
    /// The circuits that are open, by reason.
    package private(set) var openings: [DeadLetterReason: Opening] = [:]

    package init() {}

    /// Whether trouble for this reason is the destination's rather than the job's.
    package static func counts(_ reason: DeadLetterReason) -> Bool {
        switch reason {
        case .kmsKey, .accessDenied, .reservedTag, .invalidParameter, .presignedURL: true
        case .malformed, .foreignAccount, .noRoute, .sourceGone, .sourceFailed, .optionGroup, .nameTaken, .unsupported,
            .copyFailed, .hopKey, .notShareable:
            false
        }
    }

    /// Whether a job with such a source would meet the trouble: a bad key matters to encrypted snapshots alone.
    private static func affects(_ reason: DeadLetterReason, isEncrypted: Bool) -> Bool {
        reason != .kmsKey || isEncrypted
    }

    /// The reason and the moment of the next probe, for a job that must not go before it; `nil` lets it go.
    package func parks(isEncrypted: Bool, at now: Instant) -> (reason: DeadLetterReason, until: Instant)? {
        self.openings.filter { Self.affects($0.key, isEncrypted: isEncrypted) && $0.value.nextProbe > now }
            .max { ($0.value.nextProbe, $0.key.rawValue) < ($1.value.nextProbe, $1.key.rawValue) }
            .map { ($0.key, $0.value.nextProbe) }
    }

    /// Notes that a job is on its way to RDS; where a circuit is open, it is the one probe of this interval.
    package mutating func letThrough(isEncrypted: Bool, at now: Instant, interval: Duration) {
        for reason in self.openings.keys where Self.affects(reason, isEncrypted: isEncrypted) {
            self.openings[reason]?.nextProbe = now + interval
        }
    }

    /// Notes that RDS refused a copy.
    package mutating func failed(
        _ reason: DeadLetterReason,
        detail: String,
        at now: Instant,
        threshold: Int,
        interval: Duration
    ) -> Effect {
        guard Self.counts(reason) else { return .counted }
        if self.openings[reason] != nil {
            self.openings[reason]?.detail = detail
            self.openings[reason]?.nextProbe = now + interval
            return .stillOpen
        }
        self.failures[reason, default: 0] += 1
        guard self.failures[reason, default: 0] >= threshold else { return .counted }
        self.openings[reason] = Opening(since: now, nextProbe: now + interval, detail: detail)
        return .opened
    }

    /// Notes that RDS accepted a copy.
    ///
    /// - Returns: The reasons whose circuits that closed, sorted.
    package mutating func succeeded(isEncrypted: Bool) -> [DeadLetterReason] {
        self.failures = self.failures.filter { !Self.affects($0.key, isEncrypted: isEncrypted) }
        let closed = self.openings.keys.filter { Self.affects($0, isEncrypted: isEncrypted) }
        for reason in closed { self.openings[reason] = nil }
        return closed.sorted { $0.rawValue < $1.rawValue }
    }
}
