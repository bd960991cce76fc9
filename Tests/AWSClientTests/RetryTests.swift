// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// Random numbers that are all the same: `Double.random` gives this share of its range, by the lower 53 bits.
struct FixedGenerator: RandomNumberGenerator {
    let share: Double

    mutating func next() -> UInt64 { UInt64(self.share * 0x1p53) }
}

@Suite("Retry policy")
struct RetryPolicyTests {
    private var high = FixedGenerator(share: 0.999_999)

    @Test(
        "waits up to a second and doubles the ceiling to 20",
        arguments: [(1, 1), (2, 2), (3, 4), (5, 16), (6, 20), (40, 20)]
    )
    func ceilings(attempt: Int, seconds: Int) throws {
        var policy = RetryPolicy(RetryConfiguration(maxAttempts: 100))
        var high = self.high
        let longest = try #require(policy.retryDelay(after: .unavailable, attempt: attempt, using: &high))
        #expect(abs(longest.inSeconds - Double(seconds)) < 0.001)
        var low = FixedGenerator(share: 0)
        #expect(policy.retryDelay(after: .unavailable, attempt: attempt, using: &low) == .zero)
    }

    @Test("gives up after the third attempt")
    func attempts() {
        var policy = RetryPolicy()
        var random = self.high
        #expect(policy.retryDelay(after: .unavailable, attempt: 2, using: &random) != nil)
        #expect(policy.retryDelay(after: .unavailable, attempt: 3, using: &random) == nil)
        #expect(policy.tokens == 495)
    }

    @Test(
        "repeats only what may pass",
        arguments: [
            (AWSError(.throttled, message: ""), true),
            (AWSError(.unavailable, message: ""), true),
            (AWSError(.timedOut, message: ""), true),
            (AWSError(.malformedAnswer, message: ""), true),
            (AWSError(.rejected, serviceCode: "SnapshotQuotaExceeded", message: "", httpStatus: 400), false),
            (AWSError(.rejected, message: "", httpStatus: 501), false),
            (AWSError(.expiredCredentials, serviceCode: "ExpiredToken", message: "", httpStatus: 403), false),
            (AWSError(.cancelled, message: ""), false),
            (AWSError(.configuration, message: ""), false),
            (AWSError(.noCredentials, message: ""), false),
        ]
    )
    func retryable(error: AWSError, isRetried: Bool) {
        var policy = RetryPolicy()
        var random = self.high
        #expect((policy.retryDelay(after: error, attempt: 1, using: &random) != nil) == isRetried)
        #expect((policy.tokens < RetryPolicy.fullBucket) == isRetried)
    }

    @Test("an empty bucket ends retries, and successes fill it again")
    func bucket() {
        var policy = RetryPolicy()
        var random = self.high
        for _ in 0..<50 { #expect(policy.retryDelay(after: .timedOut, attempt: 1, using: &random) != nil) }
        #expect(policy.tokens == 0)
        #expect(policy.retryDelay(after: .unavailable, attempt: 1, using: &random) == nil)
        for _ in 0..<4 { policy.succeeded() }
        #expect(policy.retryDelay(after: .unavailable, attempt: 1, using: &random) == nil)
        policy.succeeded()
        #expect(policy.retryDelay(after: .timedOut, attempt: 1, using: &random) == nil)
        #expect(policy.retryDelay(after: .unavailable, attempt: 1, using: &random) != nil)
        #expect(policy.tokens == 0)
    }

    @Test("a success gives back what its last retry cost, and the bucket never overflows")
    func refunds() {
        var policy = RetryPolicy()
        var random = self.high
        policy.succeeded()
        #expect(policy.tokens == 500)
        _ = policy.retryDelay(after: .unavailable, attempt: 1, using: &random)
        _ = policy.retryDelay(after: .timedOut, attempt: 2, using: &random)
        #expect(policy.tokens == 485)
        policy.succeeded(after: .timedOut)
        #expect(policy.tokens == 495)
        policy.succeeded(after: .timedOut)
        #expect(policy.tokens == 500)
    }

    @Test(
        "a server's wish lengthens the wait by 5 seconds at most and never shortens it",
        arguments: [(0.0, 1.0), (0.5, 1.0), (3, 3), (6, 6), (600, 6)]
    )
    func serverDelay(wish: Double, expected: Double) throws {
        var policy = RetryPolicy()
        var random = self.high
        let delay = try #require(
            policy.retryDelay(after: .unavailable, attempt: 1, serverDelay: .seconds(wish), using: &random)
        )
        #expect(abs(delay.inSeconds - expected) < 0.001)
    }

    @Test("reads its settings from the environment, then from the profile")
    func configuration() throws {
        let profile = Profile(
            name: "p",
            settings: [
                "retry_mode": .init(text: "adaptive", place: "config:2"),
                "max_attempts": .init(text: "7", place: "config:3"),
            ]
        )
        #expect(try RetryConfiguration(environment: [:]) == RetryConfiguration(mode: .standard, maxAttempts: 3))
        #expect(
            try RetryConfiguration(environment: [:], profile: profile)
                == RetryConfiguration(mode: .adaptive, maxAttempts: 7)
        )
        let environment = ["AWS_RETRY_MODE": "legacy", "AWS_MAX_ATTEMPTS": "2"]
        #expect(
            try RetryConfiguration(environment: environment, profile: profile)
                == RetryConfiguration(mode: .standard, maxAttempts: 2)
        )
    }

    @Test(
        "refuses settings that mean nothing",
        arguments: [
            (["AWS_RETRY_MODE": "eager"], "AWS_RETRY_MODE"), (["AWS_MAX_ATTEMPTS": "0"], "AWS_MAX_ATTEMPTS"),
            (["AWS_MAX_ATTEMPTS": "many"], "AWS_MAX_ATTEMPTS"),
        ]
    )
    func badConfiguration(environment: [String: String], named: String) throws {
        let error = try #require(throws: AWSError.self) { try RetryConfiguration(environment: environment) }
        #expect(error.code == .configuration)
        #expect(error.message.contains(named))
    }
}

extension AWSError {
    fileprivate static let unavailable = AWSError(.unavailable, message: "")
    fileprivate static let timedOut = AWSError(.timedOut, message: "")
}

@Suite("Adaptive rate")
struct AdaptiveRateTests {
    private let start = Instant(seconds: 1_000_000)

    /// A pace that has seen `perSecond` answers a second for `seconds`, and the time it is then.
    private func steady(_ perSecond: Int, seconds: Int) -> (AdaptiveRate, Instant) {
        var rate = AdaptiveRate(startingAt: self.start)
        var now = self.start
        for _ in 0..<(perSecond * seconds) {
            now = now + .seconds(1) / perSecond
            rate.answered(throttled: false, at: now)
        }
        return (rate, now)
    }

    @Test("holds nothing back before the first throttle")
    func disabled() {
        var (rate, now) = self.steady(50, seconds: 4)
        #expect(!rate.isEnabled)
        for _ in 0..<1000 { #expect(rate.delayBeforeSending(at: now) == .zero) }
        now = now + .seconds(1)
        rate.answered(throttled: true, at: now)
        #expect(rate.isEnabled)
    }

    @Test("measures answers over half a second and smooths them")
    func measuring() {
        let (rate, _) = self.steady(20, seconds: 10)
        #expect(abs(rate.measuredRate - 20) < 0.5)
    }

    @Test("a throttle drops the rate to 0.7 of what was measured, and a second one drops it again")
    func drop() {
        var (rate, now) = self.steady(20, seconds: 10)
        rate.answered(throttled: true, at: now)
        let first = rate.rate
        #expect(abs(first - rate.measuredRate * 0.7) < 0.000_1)
        rate.answered(throttled: true, at: now)
        #expect(abs(rate.rate - first * 0.7) < 0.000_1)
    }

    @Test("the rate comes back to where it was throttled, rests there, and then grows past it")
    func recovery() {
        var (rate, now) = self.steady(20, seconds: 10)
        rate.answered(throttled: true, at: now)
        let plateau = rate.measuredRate
        var rates: [Double] = [rate.rate]
        for _ in 0..<(20 * 6) {
            now = now + .milliseconds(50)
            rate.answered(throttled: false, at: now)
            rates.append(rate.rate)
        }
        #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 <= $1 + 0.5 })
        // The cube root of 20 · 0.3 / 0.4 is about 2.5 seconds.
        #expect(abs(rates[50] - plateau) < 1)
        #expect(rates[120] > plateau + 5)
        #expect(rates.allSatisfy { $0 <= 2 * 21 })
    }

    @Test("never drops below one send in two seconds, nor grows past twice what is measured")
    func bounds() {
        var rate = AdaptiveRate(startingAt: self.start)
        var now = self.start
        for _ in 0..<20 {
            now = now + .seconds(10)
            rate.answered(throttled: true, at: now)
        }
        #expect(rate.rate == AdaptiveRate.slowest)
        for _ in 0..<20 {
            now = now + .seconds(60)
            rate.answered(throttled: false, at: now)
        }
        #expect(rate.rate == AdaptiveRate.slowest)
    }

    @Test("sends are spaced out at the rate, each with a token of its own")
    func spacing() {
        var rate = AdaptiveRate(startingAt: self.start)
        let now = self.start + .milliseconds(1)
        rate.answered(throttled: true, at: now)
        #expect(rate.rate == 0.5)
        let delays = (0..<4).map { _ in rate.delayBeforeSending(at: now).inSeconds }
        #expect(zip(delays, delays.dropFirst()).allSatisfy { abs($1 - $0 - 2) < 0.001 })
        #expect(delays[0] > 1.9)
        // Eight seconds later all four have had their turn, and the next token is a wait away.
        #expect(rate.delayBeforeSending(at: now + .seconds(8)).inSeconds > 1.9)
        #expect(rate.delayBeforeSending(at: now + .seconds(60)) == .zero)
    }

    @Test("a clock that steps back takes no tokens away")
    func backwards() {
        var rate = AdaptiveRate(startingAt: self.start)
        rate.answered(throttled: true, at: self.start + .seconds(10))
        #expect(rate.delayBeforeSending(at: self.start - .seconds(3600)) == .zero)
    }
}

@Suite("Clock skew")
struct ClockSkewTests {
    private let local = Instant(iso8601: "2026-11-21T20:00:00Z") ?? Instant(seconds: 0)

    @Test(
        "takes over differences that a signature was refused for",
        arguments: [
            ("Sat, 21 Nov 2026 20:00:00 GMT", nil), ("Sat, 21 Nov 2026 20:04:00 GMT", nil),
            ("Sat, 21 Nov 2026 20:04:01 GMT", 241), ("Sat, 21 Nov 2026 19:00:00 GMT", -3600),
            ("Sun, 22 Nov 2026 20:00:00 GMT", 86_400), ("Sat, 28 Nov 2026 20:00:00 GMT", nil),
            ("Thu, 01 Jan 1970 00:00:00 GMT", nil), ("tomorrow", nil), ("", nil), (nil, nil),
        ] as [(String?, Int?)]
    )
    func corrects(date: String?, seconds: Int?) {
        var skew = ClockSkew()
        #expect(skew.correct(serverDate: date, localTime: self.local) == (seconds != nil))
        #expect(skew.corrected(self.local) == self.local + .seconds(seconds ?? 0))
    }

    @Test("a clock that was set right loses its correction, and the same answer corrects once")
    func settles() {
        var skew = ClockSkew()
        let dates = ["Sat, 21 Nov 2026 21:00:00 GMT", "Sat, 21 Nov 2026 21:00:09 GMT", "Sat, 21 Nov 2026 20:00:00 GMT"]
        var changes: [Bool] = []
        var offsets: [Duration] = []
        for date in dates {
            changes.append(skew.correct(serverDate: date, localTime: self.local))
            offsets.append(skew.offset)
        }
        #expect(changes == [true, false, true])
        #expect(offsets == [.seconds(3600), .seconds(3600), .zero])
    }

    @Test("suspects the clock for the codes it can cause")
    func suspects() {
        #expect(ClockSkew.isSuspect(AWSError(.rejected, serviceCode: "SignatureDoesNotMatch", message: "")))
        #expect(ClockSkew.isSuspect(AWSError(.rejected, serviceCode: "RequestTimeTooSkewed", message: "")))
        #expect(!ClockSkew.isSuspect(AWSError(.rejected, serviceCode: "AccessDenied", message: "")))
        #expect(!ClockSkew.isSuspect(AWSError(.unavailable, message: "")))
    }

    @Test("reads HTTP dates", arguments: ["Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 UTC"])
    func readsDates(text: String) {
        #expect(Instant(httpDate: text)?.iso8601 == "1994-11-06T08:49:37Z")
    }

    @Test(
        "refuses dates that are none",
        arguments: [
            "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 2026 00:00:00 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 +8:00:00 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z",
        ]
    )
    func refusesDates(text: String) {
        #expect(Instant(httpDate: text) == nil)
    }
}
