// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Whether a worker takes a slot that it has just freed back at once, where all slots are taken and workers share them.
///
/// It alone knows that the slot is free, and would win every time: workers that came first would do all their jobs before
/// others do any, whatever its priority, age or size. So the slot is left to the others for as long as each of them takes
/// to ask again. Where nobody wants it, a slot stood empty, so that is tried ever more seldom.
struct SlotCourtesy: Hashable, Sendable {
    /// How many slots in a row may be taken back at the most.
    private static let most = 31

    /// Whether a slot was left to others, and nobody knows yet what came of it.
    private var isPending = false
    /// How many slots may still be taken back at once.
    private var skips = 0
    /// How many that was the last time.
    private var streak = 0

    /// Decides about a slot that is free now.
    ///
    /// - Returns: Whether to leave it to others.
    mutating func leavesSlot() -> Bool {
        guard self.skips == 0 else {
            self.skips -= 1
            return false
        }
        self.isPending = true
        return true
    }

    /// Notes that the ledger was asked again: where it still had a slot, nobody had wanted it.
    mutating func noteAnswer(isGranted: Bool) {
        guard self.isPending else { return }
        self.isPending = false
        self.streak = isGranted ? min(2 * self.streak + 1, Self.most) : 0
        self.skips = self.streak
    }
}
