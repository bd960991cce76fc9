// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// When to look at copies in progress: seldom at first, and so that one look finds several that have finished.
package struct ConfirmSchedule: Sendable, Equatable {
    /// The shortest pause between two looks at one destination.
    package var shortest: Duration = .seconds(15)
    /// The longest pause.
    package var longest: Duration = .seconds(300)

    package init(shortest: Duration = .seconds(15), longest: Duration = .seconds(300)) {
        self.shortest = shortest
        self.longest = longest
    }

    /// How long a finished copy may wait so that others finish before the look that finds it.
    package var patience: Duration { min(self.shortest * 3.6, max(self.longest, self.shortest)) }

    /// How far apart workers that share their looks may be: far longer than a look takes.
    package var longestStagger: Duration { self.shortest * 0.3 }

    /// When to look at a destination next.
    ///
    /// Some copy has to be looked at soonest, because it may have finished for as long as ``patience``. Of the copies
    /// that should have finished by that moment the last one decides: it is found right away, and those before it are
    /// found by the same look.
    ///
    /// - Parameters:
    ///   - watches: The copies in progress there.
    ///   - lookedAt: When they were last looked at; `nil` for never.
    /// - Returns: The moment; `nil` where there is nothing to look at.
    package func nextLook(_ watches: some Sequence<CopyWatch>, lookedAt: Instant?) -> Instant? {
        let deadlines = watches.map { (watch: $0, deadline: self.deadline($0)) }
        guard let deadline = deadlines.lazy.map(\.deadline).min() else { return nil }
        let earliest = lookedAt.map { $0 + self.shortest } ?? Instant(microseconds: .min)
        let together = deadlines.lazy.compactMap { $0.watch.finish.latest }.filter { $0 <= deadline && $0 > earliest }
        return max(together.max() ?? deadline, earliest)
    }

    /// By when a copy has to be looked at, whatever the others do.
    func deadline(_ watch: CopyWatch) -> Instant {
        let limit = watch.seenAt + self.longest
        guard let finish = watch.finish.earliest else {
            // RDS shows nothing yet. A copy that is as quick as the quickest must be found in time, too.
            let isFirst = watch.seenAt == watch.startedAt
            let pause = isFirst ? watch.leastDuration ?? .zero : (watch.seenAt - watch.startedAt) / 4
            return min(watch.seenAt + max(self.patience, pause), limit)
        }
        // Close to its end, or beyond it, and standing still: there may be long to wait.
        let overdue = watch.seenAt + (watch.seenAt - watch.movedAt) / 4
        return min(max(finish + self.patience, overdue), limit)
    }
}

/// How long the latest copies into a destination took.
package struct CopyPace: Hashable, Sendable {
    /// How many copies are remembered.
    private static let memory = 16

    private var durations: [Duration] = []
    private var next = 0

    package init() {}

    package mutating func note(_ duration: Duration) {
        if self.durations.count < Self.memory {
            self.durations.append(duration)
        } else {
            self.durations[self.next] = duration
            self.next = (self.next + 1) % Self.memory
        }
    }

    /// Half of what the quickest of them took; `nil` before there is one.
    ///
    /// Sizes tell little: a copy of what changed since yesterday is done in minutes, whatever the database holds.
    package var least: Duration? { self.durations.min().map { $0 / 2 } }
}
