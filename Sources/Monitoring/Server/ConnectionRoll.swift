// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import NIOCore
import Synchronization

/// The open connections of a server.
final class ConnectionRoll: Sendable {
    private struct Entry {
        var channel: any Channel
        /// Counts up with everything that happens, so that the least is the one that has been idle for longest.
        var lastMove: UInt64
        var isAnswering = false
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var moves: UInt64 = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// Adds a connection, at another's expense where there are too many.
    func enter(_ channel: any Channel) {
        let surplus = self.state.withLock { state -> (any Channel)? in
            var surplus: (any Channel)?
            if state.entries.count >= self.limit {
                let idle = state.entries.filter { !$0.value.isAnswering }.min { $0.value.lastMove < $1.value.lastMove }
                // Where all are being answered, that is over in no time, and the new one may come again.
                guard let idle else { return channel }
                state.entries[idle.key] = nil
                surplus = idle.value.channel
            }
            state.moves += 1
            state.entries[ObjectIdentifier(channel)] = Entry(channel: channel, lastMove: state.moves)
            return surplus
        }
        surplus?.close(promise: nil)
    }

    /// Notes that a request came in whole, or that its answer went out.
    func move(_ channel: any Channel, isAnswering: Bool) {
        self.state.withLock { state in
            state.moves += 1
            state.entries[ObjectIdentifier(channel)]?.lastMove = state.moves
            state.entries[ObjectIdentifier(channel)]?.isAnswering = isAnswering
        }
    }

    func leave(_ channel: any Channel) {
        self.state.withLock { $0.entries[ObjectIdentifier(channel)] = nil }
    }
}
