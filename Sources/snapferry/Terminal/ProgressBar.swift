// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A bar that fills from left to right.
struct ProgressBar: Sendable, Hashable {
    /// 0 to 1; what lies outside is pinned.
    var fraction: Double

    init(fraction: Double) {
        self.fraction = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
    }

    init(percent: Int?) {
        self.init(fraction: Double(percent ?? 0) / 100)
    }

    /// Takes `width` columns; full only when the fraction is 1.
    func text(width: Int) -> String {
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        let eighths = Int(Double(width * 8) * self.fraction)
        let full = eighths / 8
        let bar = String(repeating: "█", count: full) + parts[eighths % 8]
        let taken = full + (eighths % 8 > 0 ? 1 : 0)
        return bar + String(repeating: "░", count: max(0, width - taken))
    }

    /// A row of places, the taken ones full: `■■■□`; beyond `width` places a bar.
    static func slots(taken: Int, limit: Int, width: Int) -> String {
        guard max(taken, limit) <= width else {
            return ProgressBar(fraction: Double(taken) / Double(max(limit, 1))).text(width: width)
        }
        return String(repeating: "■", count: max(0, taken)) + String(repeating: "□", count: max(0, limit - taken))
    }
}
