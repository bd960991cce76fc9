// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// How many jobs could be copied right now if only somebody started them: what autoscaling follows.
///
/// Jobs in a worker's hands count where their destination has a free slot for them, at most one for each slot. Messages
/// that nobody has received yet say not where they go; they count as far as slots are free anywhere beside those. So it is
///
///     sum over pools of min(waiting, free)  +  min(unread, sum over pools of free beyond the waiting)
///
/// where a pool is a destination and a kind, and what takes no copies right now (an open circuit, no room for manual
/// snapshots, a slot that was just refused) has no free slot.
///
/// With that a fleet grows from nothing as soon as messages are there, as a pool that nobody has looked at counts as
/// free; it does not grow while all slots are taken, however long the queue is, since more workers could start nothing; and it is
/// never more than there are slots. Each worker tells it for the fleet as far as it sees, so it is the maximum over the
/// workers that counts, not the sum.
package enum StartableBacklog {
    /// One destination and kind.
    package struct Pool: Sendable, Equatable {
        /// Jobs in hand that wait for a slot there.
        package var waiting: Int
        /// Slots that nobody is known to have, 0 while it takes no copies.
        package var free: Int

        package init(waiting: Int, free: Int) {
            self.waiting = waiting
            self.free = free
        }
    }

    /// Counts it.
    ///
    /// - Parameters:
    ///   - pools: Every destination and kind of the policy.
    ///   - unread: Messages that are visible on the queue.
    /// - Returns: 0 or more, never more than slots are free.
    package static func count(_ pools: [Pool], unread: Int) -> Int {
        var inHand = 0
        var spare = 0
        for pool in pools {
            let free = max(0, pool.free)
            let startable = min(max(0, pool.waiting), free)
            inHand += startable
            spare += free - startable
        }
        return inHand + min(max(0, unread), spare)
    }
}
