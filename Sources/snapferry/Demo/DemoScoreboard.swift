// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Synchronization

/// Keeps the board for all workers of the demo.
final class DemoScoreboard: Sendable {
    private let state = Mutex(DemoBoard())

    /// The board as it is now.
    var board: DemoBoard { self.state.withLock { $0 } }

    /// Changes the board.
    func update<Value>(_ body: (inout DemoBoard) -> Value) -> Value where Value: Sendable {
        self.state.withLock { body(&$0) }
    }

    /// The ear that a worker reports to.
    func notifier(for worker: String) -> any Notifier { Ear(worker: worker, scoreboard: self) }

    private struct Ear: Notifier {
        let worker: String
        let scoreboard: DemoScoreboard

        func notify(_ event: FleetEvent, at now: Instant) {
            self.scoreboard.update { $0.note(event, by: self.worker, at: now) }
        }
    }
}
