// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Which timer a worker has set to wake its core.
///
/// A timer can't be taken back, so one that was set for later than the nearest still fires. If each of them set its
/// successor, their number would only ever grow; none is set unless it comes before the nearest that is still to fire.
package struct WakeUp: Sendable {
    /// No timer is shorter, whatever the deadline: never a tight loop.
    private static let shortest = Duration.milliseconds(5)

    private var armedFor: Instant?

    package init() {}

    /// Decides whether another timer is needed.
    ///
    /// - Parameters:
    ///   - deadline: When the core has to be asked; `nil` when nothing but an answer brings it on.
    ///   - now: The present moment.
    /// - Returns: What to set a timer for; `nil` when the one that is set comes in time.
    package mutating func arm(for deadline: Instant?, at now: Instant) -> Instant? {
        if let armed = self.armedFor, armed <= now { self.armedFor = nil }
        guard let deadline else { return nil }
        let due = max(deadline, now + Self.shortest)
        if let armed = self.armedFor, armed <= due { return nil }
        self.armedFor = due
        return due
    }
}
