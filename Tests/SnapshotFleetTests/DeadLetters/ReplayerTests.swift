// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Synchronization
import Testing

@testable import SnapshotFleet

/// Time that passes when somebody waits.
private final class LeapingTime: TimeSource {
    private let state = Mutex<(now: Instant, slept: [Duration])>((Instant(seconds: 0), []))

    func now() -> Instant { self.state.withLock { $0.now } }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        self.state.withLock { state in
            state.now = state.now + duration
            state.slept.append(duration)
        }
    }

    var slept: [Duration] { self.state.withLock { $0.slept } }
}

@Suite struct ReplayerTests {
    /// Letters in hand, and a plan that sends all of them.
    private static func hold(_ count: Int) async throws -> (PlainDeadLetterQueue, [HeldLetter], ReplayPlan) {
        let queue = PlainDeadLetterQueue(
            (0..<count).map {
                SQSMessage(
                    messageID: "m\($0)",
                    receiptHandle: "",
                    body: #"{"snapferry":"sweep","route":"r\#($0)"}"#,
                    attributes: ["SentTimestamp": "\(1000 + $0)"]
                )
            }
        )
        var letters: [HeldLetter] = []
        while letters.count < count {
            letters += try await queue.receive(wait: .zero, visibility: DeadLetterLook.visibility)
        }
        let plan = ReplayPlan(letters.map(\.entry), selection: .init(), isForced: false, judge: try Letters.judge())
        return (queue, letters, plan)
    }

    private static func replay(
        _ queue: PlainDeadLetterQueue,
        _ letters: [HeldLetter],
        _ plan: ReplayPlan,
        rate: Int = 10,
        time: LeapingTime = LeapingTime()
    ) async throws -> [String: Replayer.Outcome] {
        let outcomes = Mutex<[String: Replayer.Outcome]>([:])
        try await Replayer(queue: queue, time: time, rate: rate)
            .replay(plan, letters, heldSince: time.now()) { entry, outcome in
                outcomes.withLock { $0[entry.id] = outcome }
            }
        return outcomes.withLock { $0 }
    }

    @Test(arguments: [(25, 10, [1.0, 1.0]), (5, 2, [1, 1]), (25, 100, [0.1, 0.1]), (10, 10, [])])
    func lettersAreSentThenDeletedAtTheRateAskedFor(count: Int, rate: Int, pauses: [Double]) async throws {
        let (queue, letters, plan) = try await Self.hold(count)
        let time = LeapingTime()
        let outcomes = try await Self.replay(queue, letters, plan, rate: rate, time: time)
        #expect(outcomes.count == count)
        #expect(outcomes.values.allSatisfy { $0 == .replayed })
        #expect(time.slept.map(\.inSeconds) == pauses)
        let state = queue.state.withLock { $0 }
        #expect(state.sent == (0..<count).map { #"{"snapferry":"sweep","route":"r\#($0)"}"# })
        #expect(Set(state.deleted).count == count)
        #expect(state.hidden.isEmpty)
    }

    @Test func aLetterIsNeverDeletedBeforeItIsSent() async throws {
        let (queue, letters, plan) = try await Self.hold(25)
        queue.state.withLock { $0.refusals = ["r3", "r12"] }
        let outcomes = try await Self.replay(queue, letters, plan)
        #expect(outcomes.filter { $0.value != .replayed }.keys.sorted() == ["m12", "m3"])
        let state = queue.state.withLock { $0 }
        #expect(state.sent.count == 23)
        #expect(!state.deleted.contains("m3") && !state.deleted.contains("m12"))
        #expect(state.hidden.count == 2)
    }

    @Test func whatIsSentButCanNotBeDeletedIsTold() async throws {
        let (queue, letters, plan) = try await Self.hold(3)
        queue.state.withLock { $0.deletesFail = true }
        let outcomes = try await Self.replay(queue, letters, plan)
        #expect(outcomes.count == 3)
        #expect(outcomes.values.allSatisfy { if case .notDeleted = $0 { true } else { false } })
    }

    @Test func lettersStayHiddenHoweverLongTheReplayTakes() async throws {
        let (queue, letters, plan) = try await Self.hold(200)
        // 200 at one a second, and hidden for three minutes each time.
        _ = try await Self.replay(queue, letters, plan, rate: 1)
        let hides = queue.state.withLock { $0.hides }
        #expect(hides == [140, 80, 20])
    }

    @Test func aCancelledReplayStopsBetweenTwoCalls() async throws {
        let (queue, letters, plan) = try await Self.hold(25)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await Self.replay(queue, letters, plan)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(queue.state.withLock { $0.sent.isEmpty && $0.deleted.isEmpty })
    }

    @Test func droppedLettersAreDeletedAndNothingIsSent() async throws {
        let (queue, letters, _) = try await Self.hold(25)
        let dropped = Mutex(0)
        try await Replayer(queue: queue, time: LeapingTime(), rate: 1)
            .drop(letters, heldSince: Instant(seconds: 0)) { _, outcome in
                if outcome == .dropped { dropped.withLock { $0 += 1 } }
            }
        #expect(dropped.withLock { $0 } == 25)
        #expect(queue.state.withLock { $0.deleted.count == 25 && $0.sent.isEmpty })
    }
}
