// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@testable import SnapshotFleet
@testable import snapferry

/// A board at a moment worth drawing.
enum DemoFixture {
    static let story = DemoStory.day()
    static let midnight = Instant(iso8601: "2026-11-21T00:00:00Z") ?? Instant(microseconds: 0)

    static func at(_ hour: Int, _ minute: Int = 0) -> Instant { self.midnight + .seconds((hour * 60 + minute) * 60) }

    static func id(_ identifier: String, _ kind: SnapshotKind = .instance) -> CopyJob.ID {
        let source = SnapshotARN(
            partition: "aws",
            region: self.story.source,
            account: self.story.account,
            kind: kind,
            identifier: identifier
        )
        return CopyJob.ID(source: source, destination: self.story.destinationAddress)
    }

    static func confirmed(_ id: CopyJob.ID, _ database: String, gib: Int, at now: Instant) -> FleetEvent {
        .confirmed(
            ConfirmedCopy(
                job: CopyJob(source: id.source, destination: id.destination, route: "to-ireland", firstSeen: now),
                target: "target",
                database: database,
                sourceCreatedAt: self.at(0, 20),
                duration: nil,
                sizeGiB: gib,
                confirmedAt: now,
                wasAdopted: false
            )
        )
    }

    static let orders = Self.id("rds:orders-2026-11-21-00-20")
    static let customers = Self.id("rds:customers-2026-11-21-00-30")
    static let catalog = Self.id("rds:catalog-2026-11-21-00-40")
    static let storefront = Self.id("rds:storefront-2026-11-21-00-50", .cluster)

    /// One copy is done, two are under way, one of them nobody's; one waits.
    static let board: DemoBoard = {
        var board = DemoBoard()
        board.workerStarted("ferry-1", at: Self.at(0))
        board.workerStarted("ferry-2", at: Self.at(0))
        for id in [Self.orders, Self.customers, Self.catalog, Self.storefront] {
            board.note(.planned(id.source, destinations: [id.destination]), by: "ferry-1", at: Self.at(0, 50))
            board.note(.waiting(id), by: "ferry-1", at: Self.at(0, 50))
        }
        board.note(.started(Self.orders, target: "a"), by: "ferry-1", at: Self.at(0, 51))
        board.note(.started(Self.storefront, target: "b"), by: "ferry-2", at: Self.at(0, 52))
        board.note(.started(Self.customers, target: "c"), by: "ferry-1", at: Self.at(0, 53))
        board.note(.progress(Self.orders, percent: 25), by: "ferry-1", at: Self.at(1, 20))
        board.note(.progress(Self.storefront, percent: 50), by: "ferry-2", at: Self.at(1, 20))
        board.note(
            Self.confirmed(Self.customers, "customers", gib: 250, at: Self.at(1, 30)),
            by: "ferry-1",
            at: Self.at(1, 30)
        )
        board.note(
            .requeued(nil, reason: "throttled", detail: "", after: .seconds(90)),
            by: "ferry-1",
            at: Self.at(1, 40)
        )
        board.workerKilled("ferry-1", at: Self.at(2))
        return board
    }()

    static func scene(at now: Instant) -> DemoScene {
        DemoScene(
            now: now,
            dayStart: Self.midnight,
            length: Self.story.length,
            queue: QueueDepth(visible: 1, inFlight: 3, delayed: 0),
            deadLetters: 0,
            slots: zip(Self.story.pools, [(1, 4), (1, 2)]).map { .init(pool: $0, taken: $1.0, limit: $1.1) },
            takesKeys: true
        )
    }

    static func screen(width: Int, height: Int) -> [String] {
        DemoScreen(board: self.board, scene: self.scene(at: self.at(2, 10)), story: self.story)
            .lines(width: width, height: height).map { $0.rendered(.plain) }
    }
}

@Suite("DemoScreen")
struct DemoScreenTests {
    @Test("fills 80 by 24 and leaves out what has no room") func narrow() {
        let expected = """
            snapferry  us-east-1 → eu-west-1   02:10 ██▏░░░░░░░░░░░░░░░░░░░░░  9% of the day

            Queue    1 visible   3 in flight   0 delayed   dead letters 0
            Slots    instance ■□□□ 1/4   cluster ■□ 1/2
            Workers  ✗ ferry-1 killed 02:00   ● ferry-2 1 copy
            Today    4 snapshots   1 confirmed   0 adopted   1 requeued (1 throttled)

            COPYING            KIND         SIZE                       FOR  WORKER
            orders 00:20       instance  400 GiB  ███░░░░░░░░░   25%  1h19  nobody
            storefront 00:50   cluster   800 GiB  ██████░░░░░░   50%  1h18  ferry-2




            """
        let lines = DemoFixture.screen(width: 80, height: 24)
        let wanted = expected.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        for (line, want) in zip(lines, wanted) { #expect(line == want) }
        #expect(lines.count == 24)
        #expect(lines.contains("Waiting  1: catalog 00:40"))
        #expect(lines.contains("02:00  ferry-1  killed with 1 copy in hand"))
        #expect(lines.last == "k kills a worker   q ends the demo")
    }

    @Test("shows engines where there is room") func wide() {
        let lines = DemoFixture.screen(width: 120, height: 40)
        #expect(
            lines.contains {
                $0.hasPrefix(
                    "storefront 00:50   cluster   aurora-postgresql  800 GiB  ███████████████░░░░░░░░░░░░░░░   50%"
                )
            }
        )
    }

    @Test("never needs more than the terminal has", arguments: [(20, 5), (40, 10), (60, 15), (80, 24), (300, 90)])
    func fits(width: Int, height: Int) {
        let screen = DemoScreen(
            board: DemoFixture.board,
            scene: DemoFixture.scene(at: DemoFixture.at(23)),
            story: DemoFixture.story
        )
        let lines = screen.lines(width: width, height: height)
        #expect(lines.count <= height)
        for line in lines { #expect(line.width <= width) }
    }
}

@Suite("DemoBoard")
struct DemoBoardTests {
    @Test("a killed worker's copies are nobody's until another adopts them") func adoption() {
        var board = DemoFixture.board
        #expect(board.copies[DemoFixture.orders]?.worker == nil)
        board.note(.adopted(DemoFixture.orders, target: "a"), by: "ferry-2", at: DemoFixture.at(2, 25))
        #expect(board.copies[DemoFixture.orders]?.worker == "ferry-2")
        #expect(board.copies[DemoFixture.orders]?.percent == 25)
        #expect(board.adopted == 1)
        #expect(board.notes.last?.text == "adopted   orders 00:20 from ferry-1")
        let event = DemoFixture.confirmed(DemoFixture.orders, "orders", gib: 400, at: DemoFixture.at(3))
        board.note(event, by: "ferry-2", at: DemoFixture.at(3))
        #expect(board.done[DemoFixture.orders]?.workers == ["ferry-1", "ferry-2"])
        #expect(board.done[DemoFixture.orders]?.duration == .seconds(129 * 60))
        #expect(board.adopted == 1)
    }

    @Test("a copy that was done when it was taken over is adopted too") func lateAdoption() {
        var board = DemoFixture.board
        let event = DemoFixture.confirmed(DemoFixture.orders, "orders", gib: 400, at: DemoFixture.at(3))
        board.note(event, by: "ferry-2", at: DemoFixture.at(3))
        #expect(board.adopted == 1)
        #expect(board.notes.last?.text == "confirmed orders 00:20: 400 GiB in 2h 09m, begun by ferry-1")
    }

    @Test("nobody hears the last words of a killed worker") func silence() {
        var board = DemoFixture.board
        let before = board
        board.note(.progress(DemoFixture.orders, percent: 90), by: "ferry-1", at: DemoFixture.at(2, 1))
        #expect(board == before)
    }

    @Test("a snapshot confirmed twice counts once") func duplicates() {
        var board = DemoFixture.board
        let event = DemoFixture.confirmed(DemoFixture.customers, "customers", gib: 250, at: DemoFixture.at(3))
        board.note(event, by: "ferry-2", at: DemoFixture.at(3))
        #expect(board.done.count == 1)
        #expect(board.done[DemoFixture.customers]?.workers == ["ferry-1"])
        #expect(board.notes.last?.text == "duplicate customers 00:30: is there already")
    }

    @Test(
        "automated snapshots are shown by database and time",
        arguments: [
            ("rds:orders-2026-11-21-03-10", "orders 03:10"), ("rds:a-b-2026-11-21-03-10", "a-b 03:10"),
            ("orders-before-release", "orders-before-release"), ("rds:odd", "odd"),
        ]
    )
    func labels(identifier: String, label: String) {
        #expect(DemoBoard.label(identifier) == label)
    }

    @Test("notes are numbered, so that none is printed twice") func notes() {
        let board = DemoFixture.board
        #expect(board.notes(after: 0).count == board.notesMade)
        #expect(board.notes(after: board.notesMade - 1).map(\.text) == ["killed with 1 copy in hand"])
        #expect(board.notes(after: board.notesMade).isEmpty)
    }
}
