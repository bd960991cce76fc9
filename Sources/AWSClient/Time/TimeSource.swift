// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Tells the time and waits for it.
///
/// What decides takes an ``Instant``; only the shells that run decisions hold a `TimeSource`.
package protocol TimeSource: Sendable {
    /// The present moment.
    func now() -> Instant
    /// Waits for `duration` of this source's time.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// The system's clock, or one that runs faster than it.
///
/// At a speed above 1, time is counted from `epoch`: a second of the system's is `speed` seconds here. Two processes
/// that agree on the speed and the epoch agree on the time, which is how a worker keeps step with an embedded AWS that
/// runs faster than the wall clock.
package struct SystemTimeSource: TimeSource {
    /// How many seconds pass here in one of the system's.
    package let speed: Double
    /// The moment at which this clock and the system's show the same.
    package let epoch: Instant

    /// Makes a clock.
    ///
    /// - Parameters:
    ///   - speed: Seconds of this clock in one of the system's; above 0, 1 by default.
    ///   - epoch: When this clock and the system's show the same. Means nothing at speed 1.
    package init(speed: Double = 1, epoch: Instant = Self.systemNow()) {
        precondition(speed > 0, "a clock has to move forward")
        self.speed = speed
        self.epoch = epoch
    }

    package func now() -> Instant {
        let system = Self.systemNow()
        return self.speed == 1 ? system : self.epoch + (system - self.epoch) * self.speed
    }

    package func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration / self.speed)
    }

    /// What the system's own clock shows.
    package static func systemNow() -> Instant {
        Instant(seconds: Date().timeIntervalSince1970)
    }
}
