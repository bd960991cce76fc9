// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Synchronization

/// Wakes those who wait for the world to change.
///
/// Who waits says since when: a change between looking at the world and waiting is not missed.
package final class Wakeups: Sendable {
    private struct State {
        var generation = 0
        var nextWaiter = 0
        var waiters: [Int: AsyncStream<Never>.Continuation] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Counts the changes; to be read before the world is looked at.
    package var generation: Int { self.state.withLock { $0.generation } }

    /// Tells of a change.
    package func signal() {
        let waiters = self.state.withLock { state in
            state.generation += 1
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.finish() }
    }

    /// Returns at the first change since `generation`, after `limit` of the wall clock's time, or on cancellation.
    package func wait(since generation: Int, atMost limit: Duration) async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        let waiter = self.state.withLock { state -> Int? in
            guard state.generation == generation else { return nil }
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = continuation
            return state.nextWaiter
        }
        guard let waiter else { return }
        await withDiscardingTaskGroup { group in
            // Either of the two ends the wait: the clock by ending the stream, the stream by ending the clock.
            group.addTask {
                try? await Task.sleep(for: limit)
                continuation.finish()
            }
            for await _ in stream {}
            group.cancelAll()
        }
        self.state.withLock { _ = $0.waiters.removeValue(forKey: waiter) }
    }
}
