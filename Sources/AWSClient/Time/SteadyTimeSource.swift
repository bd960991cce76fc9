// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Synchronization

/// A clock that is read once and then only moves forward, whatever is done to the system's.
///
/// Leases are counted by it: were the system's clock set back by ten minutes, they would not be renewed in all that time.
/// It goes on while the process or the machine is stopped.
package final class SteadyTimeSource: TimeSource {
    private let base: SystemTimeSource
    private let began: ContinuousClock.Instant
    private let start: Mutex<Instant>

    /// Starts from what `base` shows now, at its speed.
    package init(startingAt base: SystemTimeSource) {
        self.base = base
        self.start = Mutex(base.now())
        self.began = .now
    }

    package func now() -> Instant {
        self.start.withLock { $0 } + (ContinuousClock.now - self.began) * self.base.speed
    }

    package func sleep(for duration: Duration) async throws { try await self.base.sleep(for: duration) }

    /// Sets it right, where it is known to be wrong; only before anything is counted by it.
    package func correct(by offset: Duration) { self.start.withLock { $0 = $0 + offset } }
}
