// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet
import Synchronization
import Testing

/// The fleet's ledger against the embedded DynamoDB.
@Suite struct DynamoDBSlotLedgerTests {
    private static let pool = SlotPool(
        destination: Destination(account: "444455556666", region: "eu-west-1"),
        kind: .cluster
    )

    /// The items of the pool's first slots, as any process reads them.
    private static func items(_ transport: ModelTransport) async throws -> [String: DynamoDBItem] {
        let keys: [DynamoDBItem] = (0..<20).map { ["pk": .string("\(Self.pool)#\($0)")] }
        let items = try await transport.client().batchGetItem(table: "slots", keys: keys).items
        return Dictionary(items.map { ($0["target"]?.string ?? "", $0) }) { first, _ in first }
    }

    @Test func slotIsAnItemWithAKeyThatNamesThePool() async throws {
        let transport = try await ModelTransport.withTable()
        let ledger = try transport.ledger("ferry-1")
        #expect(try await ledger.acquire(Self.pool, target: "a", limit: 2, at: transport.now))
        let item = try #require(try await Self.items(transport)["a"])
        #expect(item["pk"] == .string("444455556666/eu-west-1/cluster#0"))
        #expect(item["owner"] == .string("ferry-1"))
        #expect(item["exp"] == .integer(transport.now.wholeSeconds + 1800))
        #expect(item["running"] == .bool(false))
        #expect(try #require(item["ttl"]?.int) > transport.now.wholeSeconds + 86_400)
    }

    @Test func noMoreSlotsThanTheLimitAreGranted() async throws {
        let transport = try await ModelTransport.withTable()
        let ledgers = [try transport.ledger("ferry-1"), try transport.ledger("ferry-2")]
        for index in 0..<5 {
            #expect(try await ledgers[index % 2].acquire(Self.pool, target: "t\(index)", limit: 5, at: transport.now))
        }
        for ledger in ledgers {
            #expect(try await !ledger.acquire(Self.pool, target: "one-more", limit: 5, at: transport.now))
        }
        try await ledgers[0].release(Self.pool, target: "t0", because: .attemptOver)
        #expect(try await ledgers[1].acquire(Self.pool, target: "one-more", limit: 5, at: transport.now))
    }

    @Test func sameTargetAskedForTwiceIsOneSlot() async throws {
        let transport = try await ModelTransport.withTable()
        let (first, second) = (try transport.ledger("ferry-1"), try transport.ledger("ferry-2"))
        #expect(try await first.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        #expect(try await first.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        #expect(try await second.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        #expect(try await Self.items(transport).count == 1)
        // The slot is the second's now; the first's release comes too late to matter.
        try await first.release(Self.pool, target: "a", because: .attemptOver)
        #expect(try await Self.items(transport)["a"]?["owner"] == .string("ferry-2"))
        try await second.release(Self.pool, target: "a", because: .available)
        #expect(try await Self.items(transport).isEmpty)
    }

    @Test func slotTakenOverWhileItsCopyWasConfirmedIsFreedAllTheSame() async throws {
        let transport = try await ModelTransport.withTable()
        let (first, second) = (try transport.ledger("ferry-1"), try transport.ledger("ferry-2"))
        #expect(try await first.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        try await first.occupy(Self.pool, target: "a", at: transport.now)
        // The message was handed out twice; the second asks, and loses the message before it learns anything.
        #expect(try await second.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        try await first.release(Self.pool, target: "a", because: .available)
        try await second.disown(Self.pool, target: "a")
        #expect(try await Self.items(transport).isEmpty)
        #expect(try await first.acquire(Self.pool, target: "b", limit: 1, at: transport.now))
    }

    @Test func slotOfAWorkerThatDiedBeforeTheReleaseIsFreedByWhoeverConfirmsAgain() async throws {
        let transport = try await ModelTransport.withTable()
        #expect(try await transport.ledger("dead").acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        let ledger = try transport.ledger("ferry-2")
        // A copy that was adopted when it was whole already: this process never had its slot.
        try await ledger.release(Self.pool, target: "a", because: .attemptOver)
        #expect(try await Self.items(transport).count == 1)
        try await ledger.release(Self.pool, target: "a", because: .available)
        #expect(try await Self.items(transport).isEmpty)
    }

    @Test func slotThatNobodyLooksAfterIsFreedOnceItsLeaseEndsAndItsCopyIsOver() async throws {
        let transport = try await ModelTransport.withTable()
        let ledger = try transport.ledger("ferry-1")
        for target in ["over", "running"] {
            #expect(try await ledger.acquire(Self.pool, target: target, limit: 5, at: transport.now))
            try await ledger.occupy(Self.pool, target: target, at: transport.now)
            // The lease of the message was lost: from here on nobody renews the lease of the slot.
            try await ledger.disown(Self.pool, target: target)
        }
        let other = try transport.ledger("ferry-2")
        transport.now = transport.now + .seconds(1799)
        await ledger.renew(at: transport.now)
        #expect(try await other.overdue(Self.pool, at: transport.now).isEmpty)
        transport.now = transport.now + .seconds(1)
        await ledger.renew(at: transport.now)
        let overdue = try await other.overdue(Self.pool, at: transport.now)
        #expect(overdue == ["over", "running"])
        try await other.settle(Self.pool, overdue, inProgress: ["running"], at: transport.now)
        #expect(try await Self.items(transport).keys.sorted() == ["running"])
        #expect(try await other.overdue(Self.pool, at: transport.now).isEmpty)
    }

    @Test func slotRenewedWhileRDSWasAskedStays() async throws {
        let transport = try await ModelTransport.withTable()
        let (first, second) = (try transport.ledger("ferry-1"), try transport.ledger("ferry-2"))
        #expect(try await first.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        transport.now = transport.now + .seconds(1800)
        let overdue = try await second.overdue(Self.pool, at: transport.now)
        #expect(overdue == ["a"])
        // The first comes back to life, and starts the copy after RDS was asked.
        #expect(try await first.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        try await second.settle(Self.pool, overdue, inProgress: [], at: transport.now)
        #expect(try await Self.items(transport).count == 1)
    }

    @Test func twoLedgersThatRaceForOneSlotNeverBothGetIt() async throws {
        let transport = try await ModelTransport.withTable()
        let first = try transport.ledger("ferry-1", leastReach: 1)
        let second = try transport.ledger("ferry-2", leastReach: 1)
        var wins = [0, 0]
        for round in 0..<10_000 {
            let now = transport.now
            async let one = first.acquire(Self.pool, target: "one-\(round)", limit: 1, at: now)
            async let two = second.acquire(Self.pool, target: "two-\(round)", limit: 1, at: now)
            let granted = (try await one, try await two)
            guard granted.0 != granted.1 else {
                Issue.record("round \(round): granted to \(granted.0 ? "both" : "neither")")
                return
            }
            wins[granted.0 ? 0 : 1] += 1
            if granted.0 {
                try await first.release(Self.pool, target: "one-\(round)", because: .available)
            } else {
                try await second.release(Self.pool, target: "two-\(round)", because: .available)
            }
            // What either remembers is too old by then: both read, then both write.
            transport.now = now + .seconds(31)
        }
        #expect(try await Self.items(transport).isEmpty)
        // A race that one side always wins is none.
        #expect(wins[0] > 0 && wins[1] > 0, "\(wins)")
    }

    @Test func thirtyMinutesCopyCostsThreeWrites() async throws {
        let transport = try await ModelTransport.withTable()
        let ledger = try transport.ledger("ferry-1")
        let start = transport.now
        #expect(try await ledger.acquire(Self.pool, target: "a", limit: 5, at: start))
        try await ledger.occupy(Self.pool, target: "a", at: start + .seconds(2))
        for minute in 1..<30 {
            transport.now = start + .seconds(60 * minute)
            await ledger.renew(at: transport.now)
        }
        #expect(try await Self.items(transport)["a"]?["running"] == .bool(true))
        try await ledger.release(Self.pool, target: "a", because: .attemptOver)
        #expect(transport.writes == 3)
    }

    @Test func leasesOfManyCopiesAreRenewedInOneTransaction() async throws {
        let transport = try await ModelTransport.withTable()
        let ledger = try transport.ledger("ferry-1")
        for index in 0..<5 {
            #expect(try await ledger.acquire(Self.pool, target: "t\(index)", limit: 5, at: transport.now))
            try await ledger.occupy(Self.pool, target: "t\(index)", at: transport.now)
        }
        // One of them is another's by now, which must not keep the others from being renewed.
        transport.now = transport.now + .seconds(600)
        try await transport.ledger("ferry-2").occupy(Self.pool, target: "t3", at: transport.now)
        transport.now = transport.now + .seconds(770)
        await ledger.renew(at: transport.now)
        let items = try await Self.items(transport)
        for target in ["t0", "t1", "t2", "t4"] {
            #expect(items[target]?["exp"] == .integer(transport.now.wholeSeconds + 1800))
        }
        #expect(items["t3"]?["owner"] == .string("ferry-2"))
        // The lost one is not tried again: this time one transaction does it.
        transport.now = transport.now + .seconds(1370)
        let before = transport.writes
        await ledger.renew(at: transport.now)
        #expect(transport.writes == before + 1)
    }

    @Test func expiredLeaseOfACopyThatStillRunsIsNeverGranted() async throws {
        let transport = try await ModelTransport.withTable()
        #expect(try await transport.ledger("dead").acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        let ledger = try transport.ledger("ferry-2")
        for _ in 0..<10 {
            transport.now = transport.now + .seconds(3600)
            #expect(try await !ledger.acquire(Self.pool, target: "b", limit: 1, at: transport.now))
            try await ledger.observe(Self.pool, inProgress: ["a"], at: transport.now)
            #expect(try await !ledger.acquire(Self.pool, target: "b", limit: 1, at: transport.now))
        }
        #expect(try await Self.items(transport)["a"]?["exp"] == .integer(transport.now.wholeSeconds + 1800))
        transport.now = transport.now + .seconds(3600)
        try await ledger.observe(Self.pool, inProgress: [], at: transport.now)
        #expect(try await ledger.acquire(Self.pool, target: "b", limit: 1, at: transport.now))
    }

    @Test func leaseThatHasNotEndedIsNotFreedThoughItsCopyIsNotSeen() async throws {
        let transport = try await ModelTransport.withTable()
        #expect(try await transport.ledger("ferry-1").acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        let ledger = try transport.ledger("ferry-2")
        for seconds in [0, 60, 300, 1700] {
            let now = transport.now + .seconds(seconds)
            try await ledger.observe(Self.pool, inProgress: [], at: now)
            #expect(try await !ledger.acquire(Self.pool, target: "b", limit: 1, at: now))
        }
    }

    @Test(arguments: [-900, -300, 300, 900])
    func clockThatIsOffByMinutesFreesNothing(skew: Int) async throws {
        let transport = try await ModelTransport.withTable()
        let off = Duration.seconds(skew)
        let (ledger, other) = (try transport.ledger("ferry-1", skew: off), try transport.ledger("ferry-2"))
        #expect(try await ledger.acquire(Self.pool, target: "a", limit: 1, at: transport.now + off))
        try await other.observe(Self.pool, inProgress: [], at: transport.now)
        #expect(try await !other.acquire(Self.pool, target: "b", limit: 1, at: transport.now))
        // Once it runs, no clock frees it.
        try await ledger.occupy(Self.pool, target: "a", at: transport.now + off)
        transport.now = transport.now + .seconds(7200)
        try await other.observe(Self.pool, inProgress: ["a"], at: transport.now)
        #expect(try await !other.acquire(Self.pool, target: "b", limit: 1, at: transport.now))
    }

    @Test func copiesThatOthersStartedTakeSlotsToo() async throws {
        let transport = try await ModelTransport.withTable()
        let ledger = try transport.ledger("ferry-1")
        try await ledger.observe(Self.pool, inProgress: ["theirs-1", "theirs-2"], at: transport.now)
        #expect(try await ledger.acquire(Self.pool, target: "a", limit: 3, at: transport.now))
        #expect(try await !ledger.acquire(Self.pool, target: "b", limit: 3, at: transport.now))
        try await ledger.observe(Self.pool, inProgress: ["a", "theirs-1"], at: transport.now)
        #expect(try await ledger.acquire(Self.pool, target: "b", limit: 3, at: transport.now))
    }

    @Test func limitThatRDSTaughtFadesInAnHour() async throws {
        let transport = try await ModelTransport.withTable()
        let ledger = try transport.ledger("ferry-1")
        try await ledger.learn(Self.pool, limit: 1, at: transport.now)
        #expect(try await ledger.acquire(Self.pool, target: "a", limit: 3, at: transport.now))
        #expect(try await !ledger.acquire(Self.pool, target: "b", limit: 3, at: transport.now))
        #expect(try await ledger.acquire(Self.pool, target: "b", limit: 3, at: transport.now + .seconds(3600)))
    }

    @Test func adoptedCopyOfADeadWorkerIsTakenOver() async throws {
        let transport = try await ModelTransport.withTable()
        #expect(try await transport.ledger("dead").acquire(Self.pool, target: "a", limit: 5, at: transport.now))
        let ledger = try transport.ledger("ferry-2")
        try await ledger.occupy(Self.pool, target: "a", at: transport.now)
        #expect(try await Self.items(transport)["a"]?["owner"] == .string("ferry-2"))
        try await ledger.release(Self.pool, target: "a", because: .attemptOver)
        #expect(try await Self.items(transport).isEmpty)
    }

    @Test func runningCopyThatAnotherWorkerGaveUpToStartKeepsItsSlot() async throws {
        let transport = try await ModelTransport.withTable()
        let (first, second) = (try transport.ledger("ferry-1"), try transport.ledger("ferry-2"))
        try await first.occupy(Self.pool, target: "a", at: transport.now)
        // A duplicate message made the second ask too; RDS throttled it, so it knows nothing of the copy.
        #expect(try await second.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        try await second.release(Self.pool, target: "a", because: .attemptOver)
        #expect(try await !second.acquire(Self.pool, target: "b", limit: 1, at: transport.now))
    }

    @Test func runningCopyOfWhichTheTableDoesNotKnowYetKeepsItsSlotToo() async throws {
        let transport = try await ModelTransport.withTable()
        let (first, second) = (try transport.ledger("ferry-1"), try transport.ledger("ferry-2"))
        #expect(try await first.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        try await first.occupy(Self.pool, target: "a", at: transport.now)
        #expect(try await Self.items(transport)["a"]?["running"] == .bool(false))
        #expect(try await second.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        try await second.release(Self.pool, target: "a", because: .attemptOver)
        #expect(try await !second.acquire(Self.pool, target: "b", limit: 1, at: transport.now))
        // The same for a copy that this process followed before, lost, and may not start anew now.
        try await first.disown(Self.pool, target: "a")
        #expect(try await first.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        try await first.release(Self.pool, target: "a", because: .attemptOver)
        #expect(try await !second.acquire(Self.pool, target: "b", limit: 1, at: transport.now))
    }

    @Test func writeWhoseAnswerWasLostIsRecognisedWhenRepeated() async throws {
        let transport = try await ModelTransport.withTable()
        let ledger = try transport.ledger("ferry-1", attempts: 3)
        for seed in 0..<200 {
            transport.setLosses(requests: 0, answers: 40, seed: UInt64(seed))
            let target = "t\(seed)"
            let isGranted = try? await ledger.acquire(Self.pool, target: target, limit: 1, at: transport.now)
            transport.setLosses(requests: 0, answers: 0)
            #expect(isGranted != false, "refused the slot that it holds itself")
            #expect(try await ledger.acquire(Self.pool, target: target, limit: 1, at: transport.now))
            try await ledger.release(Self.pool, target: target, because: .attemptOver)
            #expect(try await Self.items(transport).isEmpty)
            transport.now = transport.now + .seconds(60)
        }
    }

    @Test func releaseThatFailedIsDoneWithTheNextRenewal() async throws {
        let transport = try await ModelTransport.withTable()
        let ledger = try transport.ledger("ferry-1")
        #expect(try await ledger.acquire(Self.pool, target: "a", limit: 1, at: transport.now))
        transport.setLosses(requests: 100, answers: 0)
        await #expect(throws: AWSError.self) { try await ledger.release(Self.pool, target: "a", because: .attemptOver) }
        transport.setLosses(requests: 0, answers: 0)
        await ledger.renew(at: transport.now)
        #expect(try await Self.items(transport).isEmpty)
    }

    // MARK: - Start-up

    @Test func tableThatIsAsItShouldBePasses() async throws {
        try await ModelTransport.withTable().ledger("ferry-1").check()
    }

    @Test func absentTableIsNamed() async throws {
        let ledger = try ModelTransport().ledger("ferry-1")
        await #expect(throws: SlotTableProblem.absent(table: "slots")) { try await ledger.check() }
    }

    @Test func wrongKeyIsSpelledOut() async throws {
        let transport = ModelTransport()
        _ = try await transport.client().createTable("slots", partitionKey: "pk", sortKey: "sk")
        let ledger = try transport.ledger("ferry-1")
        await #expect(throws: SlotTableProblem.wrongKey(table: "slots", key: "pk (string) and sk (string, sort key)")) {
            try await ledger.check()
        }
    }

    @Test(arguments: ["DescribeTable", "BatchGetItem"])
    func missingPermissionIsNamed(operation: String) async throws {
        let transport = try await ModelTransport.withTable()
        transport.state.withLock { $0.denied = [operation] }
        let ledger = try transport.ledger("ferry-1")
        await #expect(
            throws: SlotTableProblem.denied(table: "slots", detail: "not authorized to perform \(operation)")
        ) {
            try await ledger.check()
        }
    }
}
