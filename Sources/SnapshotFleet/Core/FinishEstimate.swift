// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// When a copy will be whole, between two bounds, by what RDS has said of its progress.
///
/// `PercentProgress` is a whole number, so each look leaves a range; every further look narrows it. RDS promises no
/// steady pace: where a look contradicts what was expected, the pace since the look before counts from then on.
package struct FinishEstimate: Hashable, Sendable {
    /// A moment and how far the copy was, in percent, between two bounds.
    private struct Mark: Hashable, Sendable {
        var at: Instant
        var low: Double
        var high: Double
    }

    private var anchor: Mark
    private var latestMark: Mark
    /// Before this the copy can't be whole; `nil` while RDS shows no progress.
    package private(set) var earliest: Instant?
    /// By then the copy should be whole; `nil` where nothing tells.
    package private(set) var latest: Instant?

    /// Begins with a copy that was at nothing at `start`.
    package init(start: Instant) {
        self.anchor = Mark(at: start, low: 0, high: 0)
        self.latestMark = self.anchor
    }

    /// Takes in what RDS says; `nil` or 0 tells nothing, since a copy may wait its turn.
    package mutating func observe(percent: Int?, at now: Instant) {
        guard let percent, now > self.anchor.at else { return }
        guard percent > 0 else {
            // It waits its turn, and begins no earlier than now.
            self.anchor = Mark(at: now, low: 0, high: 1)
            self.latestMark = self.anchor
            return
        }
        let mark = Mark(at: now, low: Double(min(percent, 99)), high: Double(min(percent, 99) + 1))
        let (earliest, latest) = Self.bounds(from: self.anchor, to: mark)
        let low = max(earliest, self.earliest ?? earliest)
        let high = [latest, self.latest].compactMap(\.self).min()
        if let high, high < low, self.latestMark.at > self.anchor.at {
            self.anchor = self.latestMark
            (self.earliest, self.latest) = Self.bounds(from: self.anchor, to: mark)
        } else {
            self.earliest = low
            self.latest = high.map { max($0, low) }
        }
        self.latestMark = mark
    }

    /// When a copy that went on at the pace between two looks would end.
    private static func bounds(from anchor: Mark, to mark: Mark) -> (earliest: Instant, latest: Instant?) {
        let elapsed = mark.at - anchor.at
        let mostDone = max(mark.high - anchor.low, 1)
        let leastDone = mark.low - anchor.high
        let earliest = mark.at + elapsed * (max(0, 100 - mark.high) / mostDone)
        return (earliest, leastDone > 0 ? mark.at + elapsed * ((100 - mark.low) / leastDone) : nil)
    }
}
