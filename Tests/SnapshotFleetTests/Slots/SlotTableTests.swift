// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// What a process decides about the slots that it shares.
@Suite struct SlotTableTests {
    private static let start = Instant(seconds: 1_800_000_000)
    private static let lease = Duration.seconds(1800)

    private static func table() -> SlotTable {
        SlotTable(settings: SlotTable.Settings(owner: "me", lease: Self.lease))
    }

    private static func item(
        _ number: Int,
        _ target: String,
        owner: String = "other",
        expiresIn seconds: Int = 1800,
        version: Int64 = 7,
        isRunning: Bool = false
    ) -> SlotItem {
        SlotItem(
            number: number,
            target: target,
            owner: owner,
            expires: Self.start + .seconds(seconds),
            version: version,
            isRunning: isRunning
        )
    }

    /// Takes a slot in a table that was read just now.
    private static func hold(_ target: String, in table: inout SlotTable, isRunning: Bool = true) {
        guard case .write(let write) = table.acquire(target, limit: 5, isFresh: true, at: Self.start) else { return }
        table.done(write, at: Self.start)
        if isRunning { _ = table.noteRunning(target, at: Self.start) }
    }

    @Test func nothingIsDecidedBeforeTheTableWasRead() {
        var table = Self.table()
        #expect(table.acquire("a", limit: 5, isFresh: false, at: Self.start) == .read)
        #expect(table.occupy("a", isFresh: false, at: Self.start) == .read)
    }

    @Test func oldReadingNeverRefuses() {
        var table = Self.table()
        table.take([Self.item(0, "x")], reach: 20, at: Self.start)
        #expect(table.acquire("a", limit: 1, isFresh: false, at: Self.start) == .read)
        #expect(table.acquire("a", limit: 1, isFresh: true, at: Self.start) == .refused)
    }

    @Test(arguments: [(1, SlotTable.Step.refused), (2, nil)])
    func slotBeyondTheLimitIsNotTakenOver(limit: Int, expected: SlotTable.Step?) {
        var table = Self.table()
        table.take([Self.item(0, "x"), Self.item(1, "a", isRunning: true)], reach: 20, at: Self.start)
        let step = table.acquire("a", limit: limit, isFresh: true, at: Self.start)
        if let expected {
            #expect(step == expected)
            #expect(table.acquire("a", limit: limit, isFresh: false, at: Self.start) == .read)
        } else if case .write(.replace(let item, from: 7)) = step {
            #expect(item.number == 1 && item.owner == "me")
        } else {
            Issue.record("\(step)")
        }
    }

    @Test func highestLimitSeenSaysHowFarToRead() {
        var table = Self.table()
        #expect(table.reach(limit: 5) == 20)
        #expect(table.reach(limit: 150) == 150)
        table.take([], reach: 150, at: Self.start)
        #expect(table.reach(limit: 5) == 150)
    }

    @Test(
        "the slot to take",
        arguments: [
            // Taken slots, limit, copies of others, the slot to take.
            ([], 5, 0, 0), ([0, 1], 5, 0, 2), ([1], 5, 0, 0), ([0, 1, 2, 3, 4], 5, 0, nil),
            ([], 5, 5, nil), ([0, 1], 5, 2, 2), ([0, 1, 2], 5, 2, nil), ([], 0, 0, nil),
            // A slot further up, from when the limit was higher, takes one of those below.
            ([7], 2, 0, 0), ([0, 7], 2, 0, nil), ([7, 8], 2, 0, nil), ([6, 7, 8], 2, 0, nil),
            // Two that race here may take slot 1 only: slot 2 would make it one too many.
            ([0, 4], 4, 1, 1), ([0, 1, 4], 4, 1, nil),
        ] as [([Int], Int, Int, Int?)]
    )
    func choice(_ taken: [Int], _ limit: Int, _ others: Int, _ expected: Int?) {
        var table = Self.table()
        table.take(taken.map { Self.item($0, "t\($0)") }, reach: 20, at: Self.start)
        let running = taken.map { "t\($0)" } + (0..<others).map { "others-\($0)" }
        #expect(table.observe(Set(running), at: Self.start).isEmpty)
        let step = table.acquire("a", limit: limit, isFresh: true, at: Self.start)
        guard let expected else {
            #expect(step == .refused)
            return
        }
        guard case .write(.put(let item)) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(item.number == expected)
        #expect(item.target == "a" && item.owner == "me" && !item.isRunning)
        #expect(item.expires == Self.start + Self.lease)
    }

    @Test func slotOnItsWayIsNotChosenTwice() {
        var table = Self.table()
        table.take([], reach: 20, at: Self.start)
        var numbers: [Int] = []
        for target in ["a", "b"] {
            if case .write(let write) = table.acquire(target, limit: 2, isFresh: true, at: Self.start) {
                numbers.append(write.item.number)
            }
        }
        #expect(numbers == [0, 1])
        #expect(table.acquire("c", limit: 2, isFresh: true, at: Self.start) == .refused)
    }

    @Test func missedSlotLeadsToTheNext() {
        var table = Self.table()
        table.take([], reach: 20, at: Self.start)
        guard case .write(let write) = table.acquire("a", limit: 2, isFresh: true, at: Self.start) else {
            Issue.record("no write")
            return
        }
        #expect(table.missed(write, found: Self.item(0, "b"), at: Self.start) == false)
        guard case .write(.put(let next)) = table.acquire("a", limit: 2, isFresh: true, at: Self.start) else {
            Issue.record("no second write")
            return
        }
        #expect(next.number == 1)
    }

    @Test func slotOfTheSameTargetIsTakenOverByVersion() {
        var table = Self.table()
        table.take([Self.item(3, "a", isRunning: true)], reach: 20, at: Self.start)
        let expected = Self.item(3, "a", owner: "me", version: 8, isRunning: true)
        let write = SlotWrite.replace(expected, from: 7)
        #expect(table.acquire("a", limit: 1, isFresh: true, at: Self.start) == .write(write))
        // Its copy is another's: giving the slot up frees nothing, unless the copy is known to be whole.
        table.done(write, at: Self.start)
        #expect(table.release("a", because: .attemptOver) == nil)
        // Nor does a second attempt make it this process's own.
        guard case .write(let again) = table.acquire("a", limit: 1, isFresh: true, at: Self.start) else {
            Issue.record("no second write")
            return
        }
        table.done(again, at: Self.start)
        #expect(table.release("a", because: .attemptOver) == nil)
    }

    @Test func ownWriteIsRecognised() {
        var table = Self.table()
        table.take([], reach: 20, at: Self.start)
        guard case .write(let write) = table.acquire("a", limit: 1, isFresh: true, at: Self.start) else {
            Issue.record("no write")
            return
        }
        #expect(table.missed(write, found: write.item, at: Self.start) == true)
        #expect(table.release("a", because: .attemptOver) == .delete(write.item))
    }

    @Test func freshSlotNeverHasAVersionItHadBefore() {
        var table = Self.table()
        var versions: Set<Int64> = []
        for second in 0..<10 {
            let now = Self.start + .seconds(second)
            table.take([], reach: 20, at: now)
            if case .write(let write) = table.acquire("a", limit: 1, isFresh: true, at: now) {
                table.done(write, at: now)
                versions.insert(write.item.version)
            }
            _ = table.release("a", because: .attemptOver)
        }
        #expect(versions.count == 10)
    }

    // MARK: - Evidence

    @Test(
        "what Describe says decides, not the clock",
        arguments: [
            // Lease left in seconds, whether the item says running, whether RDS reports the copy; what happens.
            (60, false, true, "nothing"), (60, true, true, "nothing"), (60, false, false, "nothing"),
            (60, true, false, "nothing"), (0, false, true, "renewed"), (-7200, true, true, "renewed"),
            (0, false, false, "freed"), (-7200, true, false, "freed"),
        ]
    )
    func evidence(_ left: Int, _ isRunning: Bool, _ isReported: Bool, _ outcome: String) {
        var table = Self.table()
        let item = Self.item(0, "a", expiresIn: left, isRunning: isRunning)
        table.take([item], reach: 20, at: Self.start)
        switch table.observe(isReported ? ["a"] : [], at: Self.start) {
        case []: #expect(outcome == "nothing")
        case [.delete(item)]: #expect(outcome == "freed")
        case [.replace(Self.item(0, "a", version: 8, isRunning: true), from: 7)]: #expect(outcome == "renewed")
        case let writes: Issue.record("\(writes)")
        }
    }

    @Test func copyKnownToRunThatIsGoneIsFreedOnTheSecondLook() {
        var table = Self.table()
        let item = Self.item(0, "a", isRunning: true)
        table.take([item], reach: 20, at: Self.start)
        #expect(table.observe([], at: Self.start).isEmpty)
        let later = Self.start + .seconds(60)
        table.take([item], reach: 20, at: later)
        #expect(table.observe([], at: later) == [.delete(item)])
        // Somebody wrote to it between: what was seen before proves nothing.
        let newer = Self.item(0, "a", version: 8, isRunning: true)
        table.take([newer], reach: 20, at: later)
        #expect(table.observe([], at: later).isEmpty)
    }

    @Test func ownCopyIsFreedOnlyOnceItMustHaveBeenVisible() {
        var table = Self.table()
        table.take([], reach: 20, at: Self.start)
        Self.hold("a", in: &table)
        #expect(table.observe([], at: Self.start + .seconds(59)).isEmpty)
        #expect(table.observe([], at: Self.start + .seconds(60)).count == 1)
        #expect(table.renewals(at: Self.start + .seconds(1500)).isEmpty)
    }

    @Test func copyAboutToStartIsNotFreedWhileItsLeaseLasts() {
        var table = Self.table()
        table.take([], reach: 20, at: Self.start)
        Self.hold("a", in: &table, isRunning: false)
        #expect(table.observe([], at: Self.start + .seconds(1799)).isEmpty)
        #expect(table.observe([], at: Self.start + Self.lease).count == 1)
    }

    @Test(
        "a slot whose lease has ended goes only when RDS, asked about its copy, does not report it in progress",
        arguments: [
            // Lease left in seconds, asked about, in progress; what happens.
            (0, true, false, "freed"), (-7200, true, false, "freed"), (0, true, true, "renewed"),
            (1, true, false, "nothing"), (0, false, false, "nothing"),
        ]
    )
    func settling(_ left: Int, _ isAsked: Bool, _ isRunning: Bool, _ outcome: String) {
        var table = Self.table()
        let item = Self.item(0, "a", expiresIn: left)
        table.take([item, Self.item(1, "b")], reach: 20, at: Self.start)
        #expect(table.overdue(at: Self.start) == (left <= 0 ? ["a"] : []))
        switch table.settle(isAsked ? ["a"] : [], inProgress: isRunning ? ["a"] : [], at: Self.start) {
        case []: #expect(outcome == "nothing")
        case [.delete(item)]: #expect(outcome == "freed")
        case [.replace(Self.item(0, "a", version: 8, isRunning: true), from: 7)]: #expect(outcome == "renewed")
        case let writes: Issue.record("\(writes)")
        }
    }

    @Test func availableCopyNeedsNoSlotWhoeverHoldsIt() {
        var table = Self.table()
        let item = Self.item(0, "a", isRunning: true)
        table.take([item], reach: 20, at: Self.start)
        #expect(table.release("a", because: .attemptOver) == nil)
        #expect(table.release("a", because: .available) == .delete(item))
        // Somebody takes it over just then, to copy what is there already.
        let newer = Self.item(0, "a", owner: "third", version: 8)
        #expect(table.releaseAgain("a", because: .available, found: newer) == .delete(newer))
        #expect(table.releaseAgain("a", because: .attemptOver, found: newer) == nil)
        #expect(table.releaseAgain("a", because: .available, found: Self.item(0, "b", version: 9)) == nil)
        #expect(table.releaseAgain("a", because: .available, found: nil) == nil)
    }

    @Test func disownedSlotStaysUntilItsLeaseEnds() {
        var table = Self.table()
        table.take([], reach: 20, at: Self.start)
        Self.hold("a", in: &table)
        table.disown("a")
        #expect(table.items.count == 1)
        #expect(table.renewals(at: Self.start + .seconds(1500)).isEmpty)
        #expect(table.overdue(at: Self.start + Self.lease) == ["a"])
    }

    // MARK: - Renewing

    @Test func leaseIsRenewedOnceAQuarterIsLeft() {
        var table = Self.table()
        table.take([], reach: 20, at: Self.start)
        Self.hold("a", in: &table)
        Self.hold("about-to-start", in: &table, isRunning: false)
        #expect(table.renewals(at: Self.start + .seconds(1349)).isEmpty)
        let due = table.renewals(at: Self.start + .seconds(1350))
        #expect(due.map(\.item.target) == ["a"])
        #expect(due.first?.item.isRunning == true)
        #expect(due.first?.item.expires == Self.start + .seconds(3150))
    }

    @Test func renewalOnOurBehalfIsCaughtUpWithAndATakeoverLetGo() {
        var table = Self.table()
        table.take([], reach: 20, at: Self.start)
        Self.hold("a", in: &table)
        let now = Self.start + .seconds(1350)
        guard let write = table.renewals(at: now).first else {
            Issue.record("nothing due")
            return
        }
        let version = write.item.version + 5
        let renewed = Self.item(0, "a", owner: "me", version: version, isRunning: true)
        let again = table.renewalMissed(write, found: renewed, at: now)
        #expect(again?.item.version == version + 1)
        #expect(table.renewalMissed(write, found: Self.item(0, "a", version: version), at: now) == nil)
        #expect(table.renewals(at: now).isEmpty)
        #expect(table.release("a", because: .attemptOver) == nil)
    }

    @Test func renewalThatIsAnsweredAfterTheReleaseBringsNothingBack() {
        var table = Self.table()
        table.take([], reach: 20, at: Self.start)
        Self.hold("a", in: &table)
        let now = Self.start + .seconds(1350)
        let write = table.renewals(at: now).first
        guard let write, let deletion = table.release("a", because: .attemptOver) else {
            Issue.record("nothing to do")
            return
        }
        table.renewed(write.item)
        #expect(table.releaseAgain("a", because: .attemptOver, found: write.item) == .delete(write.item))
        #expect(table.missed(deletion, found: write.item, at: now) == false)
        #expect(table.renewals(at: now + Self.lease).isEmpty)
    }
}
