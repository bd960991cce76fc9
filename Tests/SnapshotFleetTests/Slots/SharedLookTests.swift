// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Two processes that share a table, and tell each other what RDS said.
@Suite struct SharedLookTests {
    private static let start = Instant(seconds: 1_800_000_000)

    /// What both know: each holds the slot of a copy that runs.
    private static func pair() -> (mine: SlotTable, theirs: SlotTable) {
        var tables = ["me", "other"].map { SlotTable(settings: SlotTable.Settings(owner: $0)) }
        var items: [SlotItem] = []
        for (index, target) in ["mine", "theirs"].enumerated() {
            guard case .write(let write) = tables[index].acquire(target, limit: 5, isFresh: true, at: self.start) else {
                continue
            }
            tables[index].done(write, at: self.start)
            _ = tables[index].noteRunning(target, at: self.start)
            items.append(write.item)
        }
        // Both chose from an empty table; their slots have to differ for the story.
        items[1] = SlotItem(
            number: items[0].number + 1,
            target: "theirs",
            owner: "other",
            expires: items[1].expires,
            version: items[1].version
        )
        for index in tables.indices { tables[index].take(items, reach: 20, at: self.start) }
        return (tables[0], tables[1])
    }

    private static func target(_ name: String, _ status: String, percent: Int? = nil) -> Snapshot {
        var snapshot = CoreHarness.target(of: CoreHarness.job(), status: status, percent: percent)
        snapshot.arn = SnapshotARN(
            partition: "aws",
            region: "eu-west-1",
            account: "111122223333",
            kind: .instance,
            identifier: name
        )
        return snapshot
    }

    @Test func lookCoversTheCopiesOfOthers() {
        let (mine, theirs) = Self.pair()
        #expect(mine.heard(nil, at: Self.start).others == ["theirs"])
        #expect(theirs.heard(nil, at: Self.start).others == ["mine"])
    }

    @Test(arguments: ["available", "copying", "some-new-name"])
    func whatAnotherSawIsBelieved(status: String) throws {
        var (mine, theirs) = Self.pair()
        theirs.prepareLook()
        let asked = Self.start + .seconds(60)
        let found = [Self.target("mine", status, percent: 40), Self.target("theirs", "copying")]
        let look = try #require(theirs.look(showing: found, askedAt: asked))
        let heard = mine.heard(look, at: asked)
        #expect(heard.found.map(\.status) == [status])
        #expect(heard.found.map(\.arn.identifier) == ["mine"])
        #expect(heard.askedAt == asked)
    }

    @Test("a copy that failed is looked at by whoever follows it", arguments: ["failed", "deleting"])
    func failedCopyIsNotHearsay(status: String) throws {
        var (mine, theirs) = Self.pair()
        theirs.prepareLook()
        let look = try #require(theirs.look(showing: [Self.target("mine", status)], askedAt: Self.start))
        #expect(mine.heard(look, at: Self.start).found.isEmpty)
    }

    @Test("a look of the time before the slot was taken anew tells of an earlier copy")
    func earlierCopyOfTheSameName() throws {
        var (mine, theirs) = Self.pair()
        theirs.prepareLook()
        let look = try #require(theirs.look(showing: [Self.target("mine", "available")], askedAt: Self.start))
        let later = Self.start + .seconds(600)
        let freed = mine.release("mine", because: .attemptOver)
        mine.done(try #require(freed), at: later)
        guard case .write(let write) = mine.acquire("mine", limit: 5, isFresh: true, at: later) else {
            Issue.record("no slot")
            return
        }
        mine.done(write, at: later)
        _ = mine.noteRunning("mine", at: later)
        #expect(mine.heard(look, at: later).found.isEmpty)
    }

    @Test("a renewal changes nothing about the copy")
    func renewedSlot() throws {
        var (mine, theirs) = Self.pair()
        theirs.prepareLook()
        let look = try #require(theirs.look(showing: [Self.target("mine", "available")], askedAt: Self.start))
        let later = Self.start + .seconds(2600)
        for case .replace(let item, _) in mine.renewals(at: later) { mine.renewed(item) }
        #expect(mine.heard(look, at: later).found.count == 1)
    }

    @Test("a slot that is only asked for has no copy to hear of")
    func slotWithoutCopy() throws {
        var table = SlotTable(settings: SlotTable.Settings(owner: "me"))
        guard case .write(let write) = table.acquire("mine", limit: 5, isFresh: true, at: Self.start) else {
            Issue.record("no slot")
            return
        }
        table.done(write, at: Self.start)
        let copy = SharedLook.Copy(
            number: write.item.number,
            version: write.item.version,
            snapshot: Self.target("mine", "available")
        )
        #expect(table.heard(SharedLook(askedAt: Self.start, copies: [copy]), at: Self.start).found.isEmpty)
    }

    @Test func nobodyIsToldWhereNobodyElseHasACopy() {
        var (mine, _) = Self.pair()
        mine.prepareLook()
        #expect(mine.look(showing: [Self.target("mine", "available")], askedAt: Self.start) == nil)
    }

    @Test func documentKeepsWhatAConfirmationNeeds() throws {
        var snapshot = Self.target("orders", "available", percent: 100)
        snapshot.createdAt = Self.start
        snapshot.originalCreatedAt = Self.start + .milliseconds(-1)
        snapshot.sizeGiB = 500
        snapshot.sourceARN = "arn:aws:rds:us-east-1:111122223333:snapshot:rds:orders-2026-11-21-03-00"
        snapshot.tags["team"] = "payments"
        let look = SharedLook(
            askedAt: Self.start,
            copies: [SharedLook.Copy(number: 3, version: 1_795_462_828_618_272, snapshot: snapshot)]
        )
        let pool = CoreHarness.job().pool
        let item = DynamoDBSlotLedger.lookItem(look, in: pool)
        #expect(DynamoDBSlotLedger.number(of: item) == nil)
        var kept = look
        // The engine and people's tags are of no use to whoever waits.
        kept.copies[0].snapshot.tags["team"] = nil
        #expect(DynamoDBSlotLedger.look(of: item) == kept)
    }

    @Test(arguments: ["", "{}", "[]", #"{"asked":"now","copies":[]}"#, #"{"asked":1,"copies":[{"slot":1},7]}"#])
    func documentThatIsNoneTellsNothing(text: String) {
        let look = DynamoDBSlotLedger.look(of: ["look": .string(text)])
        #expect(look?.copies.isEmpty ?? true)
    }
}
