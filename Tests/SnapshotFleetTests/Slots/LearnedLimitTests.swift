// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Both ledgers learn alike from "cannot copy more than N".
@Suite struct LearnedLimitTests {
    private static let start = Instant(seconds: 1_800_000_000)
    private static let pool = SlotPool(
        destination: Destination(account: "111122223333", region: "eu-west-1"),
        kind: .instance
    )

    /// The policy's limit, what RDS said, after how many seconds it is asked for, and the limit then.
    static let cases: [(policy: Int, learned: Int, after: Int, limit: Int)] = [
        (20, 3, 0, 3), (20, 3, 3599, 3), (20, 3, 3600, 20), (20, 25, 0, 20), (20, 0, 0, 0), (5, 5, 60, 5),
    ]

    @Test(arguments: Self.cases)
    func bookLearnsDownwardAndRecovers(_ policy: Int, _ learned: Int, _ after: Int, _ limit: Int) {
        var book = SlotBook()
        book.learn(Self.pool, limit: learned, at: Self.start)
        let now = Self.start + .seconds(after)
        #expect(book.limit(of: Self.pool, policy: policy, at: now) == limit)
        let granted = (0..<30).count { book.acquire(Self.pool, target: "t\($0)", limit: policy, at: now) }
        #expect(granted == limit)
    }

    @Test(arguments: Self.cases)
    func tableLearnsDownwardAndRecovers(_ policy: Int, _ learned: Int, _ after: Int, _ limit: Int) {
        var table = SlotTable(settings: SlotTable.Settings(owner: "me"))
        table.learn(limit: learned, at: Self.start)
        let now = Self.start + .seconds(after)
        #expect(table.limit(policy: policy, at: now) == limit)
        table.take([], reach: 20, at: now)
        var granted = 0
        for number in 0..<30 {
            let step = table.acquire("t\(number)", limit: policy, isFresh: true, at: now)
            guard case .write(let write) = step else { continue }
            table.done(write, at: now)
            granted += 1
        }
        #expect(granted == limit)
    }

    @Test func laterRefusalReplacesTheEarlierAndLastsAsLong() {
        var book = SlotBook()
        book.learn(Self.pool, limit: 3, at: Self.start)
        book.learn(Self.pool, limit: 7, at: Self.start + .seconds(1800))
        #expect(book.limit(of: Self.pool, policy: 20, at: Self.start + .seconds(3600)) == 7)
        #expect(book.limit(of: Self.pool, policy: 20, at: Self.start + .seconds(5400)) == 20)
    }

    @Test func copiesOfOthersComeOffALearnedLimitToo() {
        var book = SlotBook()
        book.learn(Self.pool, limit: 3, at: Self.start)
        book.observe(Self.pool, inProgress: ["theirs"], at: Self.start)
        var table = SlotTable(settings: SlotTable.Settings(owner: "me"))
        table.learn(limit: 3, at: Self.start)
        table.take([], reach: 20, at: Self.start)
        #expect(table.observe(["theirs"], at: Self.start).isEmpty)
        let byBook = (0..<30).count { book.acquire(Self.pool, target: "t\($0)", limit: 20, at: Self.start) }
        var byTable = 0
        for number in 0..<30 {
            guard case .write(let write) = table.acquire("t\(number)", limit: 20, isFresh: true, at: Self.start)
            else { continue }
            table.done(write, at: Self.start)
            byTable += 1
        }
        #expect(byBook == 2)
        #expect(byTable == 2)
    }
}
