// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import InMemoryLogging
import Logging
import Synchronization
import Testing

@testable import SnapshotFleet

/// A channel that fails as often as it is told to, and says when it was tried.
private final class TriedChannel: NotificationChannel {
    struct State {
        var failures: [AWSError]
        var sent: [FleetNotification] = []
    }

    let state: Mutex<State>
    let tries: AsyncStream<Int>
    private let tried: AsyncStream<Int>.Continuation

    init(failures: [AWSError] = []) {
        self.state = Mutex(State(failures: failures))
        (self.tries, self.tried) = AsyncStream.makeStream(of: Int.self)
    }

    func send(_ notification: FleetNotification) async throws {
        let (failure, count) = self.state.withLock { state in
            let failure = state.failures.isEmpty ? nil : state.failures.removeFirst()
            if failure == nil { state.sent.append(notification) }
            return (failure, state.sent.count)
        }
        self.tried.yield(count)
        if let failure { throw failure }
    }

    var kinds: [String] { self.state.withLock { $0.sent.map(\.kind.rawValue) } }
}

/// Time that has passed as soon as somebody waits for it.
private struct QuickTime: TimeSource {
    func now() -> Instant { Told.start }
    func sleep(for duration: Duration) async throws { try Task.checkCancellation() }
}

@Suite struct NotificationPostTests {
    private static let opened = FleetEvent.circuitOpened(Told.pool, .kmsKey, detail: "disabled")
    private static let closed = FleetEvent.circuitClosed(Told.pool, .kmsKey)

    private static func post(
        _ channel: TriedChannel,
        _ handler: InMemoryLogHandler = InMemoryLogHandler()
    ) -> NotificationPost {
        NotificationPost(
            channel,
            settings: .init(),
            time: QuickTime(),
            logger: Logger(label: "test") { _ in handler }
        )
    }

    @Test func whatIsToldIsSentInOrderWhileTheWorkGoesOn() async {
        let channel = TriedChannel()
        let post = Self.post(channel)
        let run = Task { await post.run() }
        post.notify(Self.opened, at: Told.start)
        post.notify(Self.closed, at: Told.start)
        _ = await channel.tries.first { $0 == 2 }
        run.cancel()
        await run.value
        #expect(channel.kinds == ["Destination Blocked", "Destination Unblocked"])
    }

    @Test func whatMayHelpIsTriedAgainAndWhatCanNotIsGivenUpAndLogged() async {
        let handler = InMemoryLogHandler()
        let unavailable = AWSError(.unavailable, message: "try later")
        let channel = TriedChannel(failures: [unavailable, unavailable, AWSError(.rejected, message: "no such topic")])
        let post = Self.post(channel, handler)
        let run = Task { await post.run() }
        post.notify(Self.opened, at: Told.start)
        post.notify(Self.closed, at: Told.start)
        _ = await channel.tries.first { $0 == 1 }
        run.cancel()
        await run.value
        #expect(channel.kinds == ["Destination Unblocked"])
        #expect(handler.entries.map(\.level) == [.warning])
        #expect(handler.entries.first?.metadata["what"] == "Destination Blocked")
    }

    @Test func whatThereIsNoRoomForIsForgottenTheOldestFirst() async {
        let channel = TriedChannel()
        let post = Self.post(channel)
        for number in 0..<NotificationPost.room {
            let destination = Destination(account: "444455556666", region: "r\(number)")
            let pool = SlotPool(destination: destination, kind: .cluster)
            post.notify(.circuitOpened(pool, .kmsKey, detail: "x"), at: Told.start)
        }
        post.notify(Self.opened, at: Told.start)
        await post.finish(within: .seconds(60))
        let sent = channel.state.withLock { $0.sent }
        #expect(sent.count == NotificationPost.room)
        #expect(sent.first?.detail["destination"] == "444455556666/r1")
        #expect(sent.last?.detail["destination"] == "444455556666/eu-west-1")
    }

    @Test func theEndTellsWhatWasBeingGathered() async {
        let channel = TriedChannel()
        let post = Self.post(channel)
        post.notify(Told.letter(), at: Told.start)
        await post.finish(within: .seconds(60))
        #expect(channel.kinds == ["Jobs Dead-Lettered"])
        // Whoever runs it afterwards has nothing to do.
        await post.run()
    }
}

@Suite struct RunReporterTests {
    @Test func reportsCountWhatHappenedSinceTheLastAndAltogetherAtTheEnd() throws {
        let handler = InMemoryLogHandler()
        let reporter = RunReporter(
            logger: Logger(label: "test") { _ in handler },
            time: QuickTime(),
            interval: .seconds(3600)
        )
        for event in [
            try Told.started(), try Told.confirmed(), Told.letter(), Told.letter(.accessDenied), Told.letter(),
        ] {
            reporter.notify(event, at: Told.start)
        }
        var view = WorkerView()
        view.waiting = 7
        reporter.report(view)
        reporter.notify(try Told.confirmed(), at: Told.start)
        reporter.report(view)
        reporter.finish(WorkerView())
        let entries = handler.entries
        #expect(entries.map(\.level) == [.notice, .notice, .notice])
        #expect(entries.map { "\($0.message)" } == ["Run report", "Run report", "Run report at the end"])
        #expect(entries.map { $0.metadata[LogKey.confirmed] } == ["1", "1", "2"])
        #expect(entries.map { $0.metadata[LogKey.failed] } == ["3", "0", "3"])
        #expect(entries.map { $0.metadata[LogKey.waitingCount] } == ["7", "7", "0"])
        #expect(entries[0].metadata[LogKey.failedByReason] == "access-denied=1, kms-key=2")
        #expect(entries[1].metadata[LogKey.failedByReason] == nil)
    }
}
