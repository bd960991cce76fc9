// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

/// What autoscaling follows.
@Suite struct StartableBacklogTests {
    typealias Pool = StartableBacklog.Pool

    @Test(arguments: [
        // Nothing to do.
        ([Pool(waiting: 0, free: 20)], 0, 0),
        // From nothing: what nobody has received may go anywhere.
        ([Pool(waiting: 0, free: 20), Pool(waiting: 0, free: 5)], 3, 3),
        ([Pool(waiting: 0, free: 20), Pool(waiting: 0, free: 5)], 1000, 25),
        // In hand, and a slot for each.
        ([Pool(waiting: 4, free: 20)], 0, 4),
        // All slots are taken, however much waits.
        ([Pool(waiting: 150, free: 0)], 1000, 0),
        // One destination is full: its jobs do not count, others' do.
        ([Pool(waiting: 150, free: 0), Pool(waiting: 2, free: 5)], 0, 2),
        // Messages take what the jobs in hand leave.
        ([Pool(waiting: 18, free: 20), Pool(waiting: 0, free: 0)], 10, 20),
        // Nonsense counts as nothing.
        ([Pool(waiting: -1, free: 20), Pool(waiting: 3, free: -5)], -7, 0),
        ([], 12, 0),
    ])
    func countIsWhatCouldStartNow(pools: [Pool], unread: Int, expected: Int) {
        #expect(StartableBacklog.count(pools, unread: unread) == expected)
    }

    @Test func itGrowsWithTheQueueAndNeverBeyondTheFreeSlots() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let pools = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                Pool(waiting: .random(in: 0...30, using: &random), free: .random(in: 0...20, using: &random))
            }
            let unread = Int.random(in: 0...60, using: &random)
            let count = StartableBacklog.count(pools, unread: unread)
            #expect(count <= pools.reduce(0) { $0 + $1.free })
            #expect(count <= unread + pools.reduce(0) { $0 + $1.waiting })
            #expect(count <= StartableBacklog.count(pools, unread: unread + 1))
        }
    }
}
