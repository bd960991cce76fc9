// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Paces sends after AWS asked for fewer of them.
///
/// Until the first throttle nothing waits. From then on a token bucket fills at a rate that drops to 0.7 of what was
/// measured with every throttle and grows back along a cubic curve with every other answer, to twice the measured rate
/// at most. One value paces all calls to one service in one Region; the caller keeps it behind a lock.
///
/// Source: the "adaptive" mode of the AWS SDKs, as botocore 1.43's `retries/{adaptive,throttling,bucket}.py` have it.
package struct AdaptiveRate: Sendable {
    /// Sends per second below which the rate never drops.
    package static let slowest = 0.5

    /// Whether a throttle has been seen, so that sends wait.
    package private(set) var isEnabled = false
    /// Tokens per second.
    package private(set) var rate = 1.0
    /// Answers per second, smoothed.
    package private(set) var measuredRate = 0.0

    /// The tokens there are; below 0 while sends that were already let go wait for theirs.
    private var tokens = 0.0
    private var capacity = 1.0
    private var filledAt: Instant
    /// The rate at the last throttle, which the curve comes back to, and how many seconds it takes to.
    private var plateau = 0.0
    private var secondsToPlateau = 0.0
    private var throttledAt: Instant
    private var answersInWindow = 0
    private var windowStart: Double

    /// Makes a pace that lets everything through.
    package init(startingAt now: Instant) {
        self.filledAt = now
        self.throttledAt = now
        self.windowStart = now.seconds.rounded(.down)
    }

    /// Takes a token and says how long to wait before the send it is for.
    ///
    /// Every send asks, retries too. A send that is given up in the wait has used its token all the same.
    package mutating func delayBeforeSending(at now: Instant) -> Duration {
        guard self.isEnabled else { return .zero }
        self.fill(until: now)
        self.tokens -= 1
        return self.tokens >= 0 ? .zero : .seconds(-self.tokens / self.rate)
    }

    /// Learns from an answer, or from an attempt that got none.
    package mutating func answered(throttled: Bool, at now: Instant) {
        self.measure(at: now)
        let wanted: Double
        if throttled {
            let current = self.isEnabled ? min(self.measuredRate, self.rate) : self.measuredRate
            self.plateau = current
            self.secondsToPlateau = cbrt(current * (1 - Self.dropFactor) / Self.growthFactor)
            self.throttledAt = now
            self.isEnabled = true
            wanted = current * Self.dropFactor
        } else {
            let sinceThrottle = (now - self.throttledAt).inSeconds - self.secondsToPlateau
            wanted = Self.growthFactor * sinceThrottle * sinceThrottle * sinceThrottle + self.plateau
        }
        self.setRate(min(wanted, 2 * self.measuredRate), at: now)
    }

    private static let dropFactor = 0.7
    private static let growthFactor = 0.4
    private static let smoothing = 0.8

    /// Counts an answer; half a second is the shortest time a rate is taken over.
    private mutating func measure(at now: Instant) {
        let window = (now.seconds * 2).rounded(.down) / 2
        self.answersInWindow += 1
        guard window > self.windowStart else { return }
        let rate = Double(self.answersInWindow) / (window - self.windowStart)
        self.measuredRate = rate * Self.smoothing + self.measuredRate * (1 - Self.smoothing)
        self.answersInWindow = 0
        self.windowStart = window
    }

    private mutating func setRate(_ wanted: Double, at now: Instant) {
        // What has been earned so far was earned at the old rate.
        self.fill(until: now)
        self.rate = max(wanted, Self.slowest)
        self.capacity = max(wanted, 1)
        self.tokens = min(self.tokens, self.capacity)
    }

    private mutating func fill(until now: Instant) {
        guard now > self.filledAt else { return }
        self.tokens = min(self.capacity, self.tokens + (now - self.filledAt).inSeconds * self.rate)
        self.filledAt = now
    }
}
