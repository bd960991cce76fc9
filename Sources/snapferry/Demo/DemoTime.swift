// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// The demo's time: fast, and beginning shortly before a midnight.
///
/// What the fleet waits for is chosen by the clock on the wall, so that at any speed a poll is a matter of tenths of a
/// second and not of microseconds.
struct DemoTime: Sendable {
    let source: SystemTimeSource
    /// The midnight that begins the simulated day.
    let dayStart: Instant
    var speed: Double { self.source.speed }

    /// How long it may take to set the stage, by the wall; what is left of it is skipped.
    static let settingTime = Duration.seconds(20)

    /// Starts the clock so long before midnight that there is time to set the stage.
    ///
    /// - Parameters:
    ///   - speed: Seconds of the demo in one of the wall's; above 1.
    ///   - wall: What the clock on the wall shows.
    init(speed: Double, wall: Instant = SystemTimeSource.systemNow()) {
        let day: Int64 = 86_400
        self.dayStart = Instant(seconds: Double(wall.wholeSeconds / day * day))
        let beginning = self.dayStart - Self.settingTime * speed
        // A clock that runs `speed` times as fast as the wall's shows `beginning` now if both agree at this moment.
        self.source = SystemTimeSource(speed: speed, epoch: wall + (wall - beginning) / (speed - 1))
    }

    private init(source: SystemTimeSource, dayStart: Instant) {
        self.source = source
        self.dayStart = dayStart
    }

    /// The same clock, put ahead.
    func advanced(by duration: Duration) -> DemoTime {
        let epoch = self.source.epoch - duration / (self.speed - 1)
        return DemoTime(source: SystemTimeSource(speed: self.speed, epoch: epoch), dayStart: self.dayStart)
    }

    func now() -> Instant { self.source.now() }

    /// How much demo time passes in a stretch of the wall's, in whole seconds as SQS counts them.
    func simulated(wall duration: Duration) -> Duration {
        .seconds(max(1, Int((duration * self.speed).inSeconds.rounded())))
    }

    /// Waits for a moment of the demo; returns at once when it has passed.
    func sleep(until moment: Instant) async throws {
        let rest = moment - self.now()
        if rest > .zero { try await self.source.sleep(for: rest) }
    }

    /// How the fleet decides, so that all it waits for is long enough to be seen and short enough to be borne.
    func settings(account: String, maxReceiveCount: Int) -> CoreSettings {
        var settings = CoreSettings(ownAccount: account)
        settings.visibilityTimeout = max(.seconds(30), self.simulated(wall: .milliseconds(1500)))
        settings.maxReceiveCount = maxReceiveCount
        settings.backoff = Backoff(
            base: max(.seconds(5), self.simulated(wall: .milliseconds(400))),
            cap: max(.seconds(60), self.simulated(wall: .seconds(2)))
        )
        settings.confirm = ConfirmSchedule(
            shortest: max(.seconds(15), self.simulated(wall: .milliseconds(200))),
            longest: max(.seconds(30), self.simulated(wall: .milliseconds(400)))
        )
        settings.slotRetry = max(.seconds(15), self.simulated(wall: .milliseconds(300)))
        settings.settling = max(.seconds(60), self.simulated(wall: .milliseconds(500)))
        settings.stallAfter = .seconds(12 * 3600)
        return settings
    }
}
