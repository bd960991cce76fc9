// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Synchronization

/// Has tasks wait for their turns at slots, as ``SlotTurns`` says.
final class SlotTurnKeeper: Sendable {
    private struct State {
        var turns = SlotTurns()
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Lines up; to be called in the order in which the turns are to come.
    func enter(_ slots: Set<SlotTurns.Slot>) -> UInt64 { self.state.withLock { $0.turns.enter(slots) } }

    /// Waits until all that came before is done with these slots; cancellation changes nothing, as it ends those, too.
    func wait(_ number: UInt64) async {
        await withCheckedContinuation { continuation in
            let isNext = self.state.withLock { state in
                guard !state.turns.isNext(number) else { return true }
                state.waiting[number] = continuation
                return false
            }
            if isNext { continuation.resume() }
        }
    }

    /// Lets those after this one come.
    func leave(_ number: UInt64) {
        let ready = self.state.withLock { state in
            state.turns.leave(number).compactMap { state.waiting.removeValue(forKey: $0) }
        }
        for continuation in ready { continuation.resume() }
    }
}
