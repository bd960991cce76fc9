// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@testable import snapferry

@Suite("DemoVerdict")
struct DemoVerdictTests {
    private static let story = DemoStory.day()
    private static let source = Snapshot(
        arn: DemoFixture.orders.source,
        database: "orders",
        status: "available",
        isEncrypted: true,
        createdAt: DemoFixture.at(0, 20)
    )

    /// Everything is as it should be.
    private static var good: DemoVerdict {
        let identifier = TargetIdentifier.make(for: Self.source.arn, destination: Self.story.destinationAddress)
        let target = SnapshotARN(
            partition: "aws",
            region: Self.story.destination,
            account: Self.story.account,
            kind: .instance,
            identifier: identifier
        )
        return DemoVerdict(
            expected: [Self.source],
            copies: [Snapshot(arn: target, database: "orders", status: "available", isEncrypted: true)],
            queue: QueueDepth(visible: 0, inFlight: 0, delayed: 0),
            deadLetters: [Self.story.poison]
        )
    }

    @Test("all is well only if every copy is whole, the queue empty and the poison alone among the dead") func good() {
        #expect(Self.good.problems(story: Self.story) == [])
        #expect(Self.good.confirmed(story: Self.story) == 1)
    }

    struct Flaw: Sendable, CustomTestStringConvertible {
        let problem: String
        let spoil: @Sendable (inout DemoVerdict) -> Void
        var testDescription: String { self.problem }
    }

    @Test(
        "names what is missing or too much",
        arguments: [
            Flaw(problem: "no copy of rds:orders-2026-11-21-00-20 in eu-west-1") { $0.copies = [] },
            Flaw(problem: "the copy of rds:orders-2026-11-21-00-20 in eu-west-1 is copying") {
                $0.copies[0].status = "copying"
            },
            Flaw(problem: "the copy of rds:orders-2026-11-21-00-20 in eu-west-1 is not encrypted") {
                $0.copies[0].isEncrypted = false
            },
            Flaw(problem: "the queue is not empty: 0 visible, 1 in flight, 0 delayed") { $0.queue?.inFlight = 1 },
            Flaw(problem: "the queue could not be looked at") { $0.queue = nil },
            Flaw(problem: "the dead-letter queue holds 0 messages, not the poisoned one alone") { $0.deadLetters = [] },
            Flaw(problem: "the dead-letter queue holds 1 messages, not the poisoned one alone") {
                $0.deadLetters = ["{}"]
            },
            Flaw(problem: "it took too long") { $0.interruption = "it took too long" },
        ]
    )
    func flaws(_ flaw: Flaw) {
        var verdict = Self.good
        flaw.spoil(&verdict)
        #expect(verdict.problems(story: Self.story) == [flaw.problem])
    }

    @Test("a copy of what nobody asked for is a problem") func strangers() {
        var verdict = Self.good
        verdict.copies.append(Snapshot(arn: DemoFixture.catalog.source, database: "catalog", status: "available"))
        #expect(verdict.problems(story: Self.story) == ["nobody asked for \(DemoFixture.catalog.source)"])
    }

    @Test("the report tells of every database and says what is missing", arguments: [60, 80, 120])
    func report(width: Int) {
        var verdict = Self.good
        verdict.copies = []
        let report = DemoReport(
            board: DemoFixture.board,
            story: Self.story,
            verdict: verdict,
            now: DemoFixture.at(22),
            wallTime: .seconds(65)
        )
        let lines = report.lines(width: width).map { $0.rendered(.plain) }
        for database in Self.story.databases { #expect(lines.contains { $0.hasPrefix(database.name) }) }
        #expect(lines.contains("Not everything arrived:"))
        #expect(lines.contains("requeued: 1 (throttled 1)"))
        let customers = lines.first { $0.hasPrefix("customers") } ?? ""
        #expect(customers.contains("250 GiB"))
        #expect(customers.contains("21h 40m old"))
        #expect(lines.last == "  no copy of rds:orders-2026-11-21-00-20 in eu-west-1")
    }
}

@Suite("DemoStory")
struct DemoStoryTests {
    @Test("a dozen databases, Aurora and encrypted ones among them") func cast() {
        let story = DemoStory.day()
        #expect(story.databases.count == 12)
        #expect(Set(story.databases.map(\.name)).count == 12)
        #expect(story.databases.contains { $0.engine.hasPrefix("aurora") && $0.isEncrypted })
        #expect(story.databases.contains { !$0.isEncrypted })
        #expect(story.database(ofSnapshot: "rds:orders-2026-11-21-03-10")?.name == "orders")
        #expect(story.database(ofSnapshot: "orders-before-release")?.name == "orders")
        #expect(story.database(ofSnapshot: "ordersmore")?.name == nil)
    }

    @Test("everything happens within the day, however long it is", arguments: [6, 12, 24])
    func fits(hours: Int) throws {
        let story = DemoStory.day(hours: hours)
        #expect(story.lastMoment < story.length)
        #expect(story.moments.contains { $0.scene == .killWorker })
        #expect(story.moments.contains { $0.scene == .poison })
        _ = try story.policy()
    }

    @Test("backup windows are spelled as RDS wants them") func windows() {
        let windows = DemoStory.day().databases.map(\.backupWindow)
        #expect(windows.first == "00:20-00:50")
        #expect(windows.last == "14:30-15:00")
    }

    @Test("the clock shows what it is told, and runs on from where it was put") func clock() {
        let wall = SystemTimeSource.systemNow()
        let time = DemoTime(speed: 1200, wall: wall)
        let beginning = time.dayStart - .seconds(20 * 1200)
        #expect(abs((time.source.epoch + (wall - time.source.epoch) * 1200 - beginning).inSeconds) < 1)
        let ahead = time.advanced(by: .seconds(3600))
        let shown = ahead.source.epoch + (wall - ahead.source.epoch) * 1200
        #expect(abs((shown - beginning - .seconds(3600)).inSeconds) < 1)
        #expect(time.dayStart.wholeSeconds % 86_400 == 0)
    }

    @Test("no wait is too short to be real or shorter than SQS can count", arguments: [60.0, 1200, 3000])
    func settings(speed: Double) {
        let settings = DemoTime(speed: speed).settings(account: "111122223333", maxReceiveCount: 8)
        #expect(settings.visibilityTimeout >= .seconds(30))
        #expect(settings.visibilityTimeout / speed >= .milliseconds(500))
        #expect(settings.confirm.shortest / speed >= .milliseconds(199))
        #expect(settings.confirm.shortest < settings.confirm.longest)
        #expect(settings.confirm.longest * 2 < settings.visibilityTimeout)
    }
}
