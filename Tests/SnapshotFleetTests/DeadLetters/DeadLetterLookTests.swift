// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Synchronization
import Testing

@testable import SnapshotFleet

/// A dead-letter queue in memory: what is received is hidden until it is shown again; no time passes in it.
final class PlainDeadLetterQueue: DeadLetterQueue {
    struct State {
        /// What is visible, in order.
        var visible: [SQSMessage] = []
        /// By receipt handle.
        var hidden: [String: SQSMessage] = [:]
        var deleted: [String] = []
        var receives = 0
        /// After so many receives each one fails; `nil` for never.
        var failsAfter: Int?
        /// How many letters a receive hands out without hiding them.
        var repeats = 0
        /// What went to the job queue.
        var sent: [String] = []
        /// Messages that hold one of these the job queue refuses.
        var refusals: [String] = []
        var deletesFail = false
        /// How many letters were hidden anew, each time.
        var hides: [Int] = []
        /// Is awaited when letters are hidden already and their receiver has yet to hear of them.
        var onTheWay: (@Sendable () async -> Void)?
    }

    let state: Mutex<State>

    init(_ messages: [SQSMessage]) { self.state = Mutex(State(visible: messages)) }

    static func numbered(_ count: Int) -> PlainDeadLetterQueue {
        PlainDeadLetterQueue(
            (0..<count).map {
                SQSMessage(
                    messageID: "m\($0)",
                    receiptHandle: "",
                    body: "{}",
                    attributes: ["SentTimestamp": "\(1000 + $0)"]
                )
            }
        )
    }

    func standing() async throws -> DeadLetterStanding {
        self.state.withLock { DeadLetterStanding(visible: $0.visible.count, hidden: $0.hidden.count) }
    }

    func receive(wait: Duration, visibility: Duration) async throws -> [HeldLetter] {
        let letters = try self.take()
        if let onTheWay = self.state.withLock({ $0.onTheWay }) { await onTheWay() }
        try Task.checkCancellation()
        return letters
    }

    private func take() throws -> [HeldLetter] {
        try self.state.withLock { state in
            state.receives += 1
            if let limit = state.failsAfter, state.receives > limit {
                throw AWSError(.unavailable, message: "out of order")
            }
            let taken = state.visible.prefix(10)
            if state.repeats == 0 { state.visible.removeFirst(taken.count) }
            return taken.map { message in
                let handle = "\(message.messageID)#\(state.receives)"
                state.hidden[handle] = message
                return HeldLetter(
                    entry: DeadLetterEntry(message, account: "111122223333"),
                    receiptHandle: handle
                )
            }
        }
    }

    func hide(_ receiptHandles: [String], for timeout: Duration) async throws -> [AWSError?] {
        self.state.withLock { state in
            if timeout > .zero { state.hides.append(receiptHandles.count) }
            return receiptHandles.map { handle in
                guard let message = state.hidden[handle] else { return AWSError(.rejected, message: "not in flight") }
                if timeout == .zero {
                    state.hidden[handle] = nil
                    state.visible.append(message)
                }
                return nil
            }
        }
    }

    func delete(_ receiptHandles: [String]) async throws -> [AWSError?] {
        self.state.withLock { state in
            if state.deletesFail { return receiptHandles.map { _ in AWSError(.unavailable, message: "no") } }
            for handle in receiptHandles {
                if let message = state.hidden.removeValue(forKey: handle) { state.deleted.append(message.messageID) }
            }
            return receiptHandles.map { _ in nil }
        }
    }

    func replay(_ bodies: [String]) async throws -> [AWSError?] {
        self.state.withLock { state in
            bodies.map { body in
                if state.refusals.contains(where: { body.contains("\"\($0)\"") }) {
                    return AWSError(.rejected, message: "refused")
                }
                state.sent.append(body)
                return nil
            }
        }
    }

    var visibleIDs: Set<String> { self.state.withLock { Set($0.visible.map(\.messageID)) } }
}

@Suite struct DeadLetterLookTests {
    @Test(arguments: [0, 1, 10, 37], [1, 4])
    func allLettersAreReadInOrderAndGivenBack(count: Int, lanes: Int) async throws {
        let queue = PlainDeadLetterQueue.numbered(count)
        let found = try await DeadLetterLook(queue, lanes: lanes).entries()
        #expect(found.entries.map(\.id) == (0..<count).map { "m\($0)" })
        #expect(found.standing.visible == count)
        #expect(!found.isPartial)
        #expect(queue.visibleIDs.count == count)
        #expect(queue.state.withLock { $0.hidden.isEmpty })
    }

    @Test func aQuickLookAsksNoMoreOnceItHasWhatTheQueueCounts() async throws {
        let queue = PlainDeadLetterQueue.numbered(20)
        let found = try await DeadLetterLook(queue, isQuick: true, lanes: 1).entries()
        #expect(found.entries.count == 20)
        #expect(queue.state.withLock { $0.receives } == 2)
        let empty = PlainDeadLetterQueue.numbered(0)
        _ = try await DeadLetterLook(empty, isQuick: true).entries()
        #expect(empty.state.withLock { $0.receives } == 0)
    }

    @Test func aLookThatMayReadNoMoreSaysSo() async throws {
        let queue = PlainDeadLetterQueue.numbered(50)
        let found = try await DeadLetterLook(queue, limit: 20, lanes: 1).entries()
        #expect(found.entries.count == 20)
        #expect(found.isPartial)
        #expect(queue.visibleIDs.count == 50)
    }

    @Test func lettersThatComeAgainAndAgainEndTheLook() async throws {
        let queue = PlainDeadLetterQueue.numbered(5)
        queue.state.withLock { $0.repeats = 1 }
        let found = try await DeadLetterLook(queue, lanes: 1).entries()
        #expect(found.entries.count == 5)
    }

    @Test func aLookThatFailsGivesBackWhatItHas() async throws {
        let queue = PlainDeadLetterQueue.numbered(25)
        queue.state.withLock { $0.failsAfter = 2 }
        let error = await #expect(throws: AWSError.self) { try await DeadLetterLook(queue, lanes: 1).entries() }
        #expect(error?.message == "out of order")
        #expect(queue.visibleIDs.count == 25)
    }

    @Test func whatIsDoneWithTheLettersMayFailOrBeCancelled() async throws {
        let queue = PlainDeadLetterQueue.numbered(25)
        struct Broken: Error {}
        await #expect(throws: Broken.self) {
            try await DeadLetterLook(queue).hold { found in
                _ = try await queue.delete([found.letters[0].receiptHandle])
                throw Broken()
            }
        }
        #expect(queue.visibleIDs.count == 24)
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await DeadLetterLook(queue).hold { _ in
                begin.yield()
                try await Task.sleep(for: .seconds(3600))
            }
        }
        _ = await began.first { _ in true }
        #expect(queue.visibleIDs.isEmpty)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(queue.visibleIDs.count == 24)
    }

    @Test func lettersOnTheirWayToALookThatIsCancelledAreGivenBack() async throws {
        let queue = PlainDeadLetterQueue.numbered(5)
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        queue.state.withLock {
            $0.onTheWay = {
                begin.yield()
                // A stream would end by itself in a task that is cancelled.
                await Task { _ = await gate.first { _ in true } }.value
            }
        }
        let look = Task { try await DeadLetterLook(queue, time: NoTimePasses()).entries() }
        _ = await began.first { _ in true }
        #expect(queue.visibleIDs.isEmpty)
        look.cancel()
        open.yield()
        await #expect(throws: CancellationError.self) { try await look.value }
        #expect(queue.visibleIDs.count == 5)
    }

    @Test func aLookThatIsCancelledWaitsNotForeverForLetters() async throws {
        let queue = PlainDeadLetterQueue.numbered(5)
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        queue.state.withLock {
            $0.onTheWay = {
                begin.yield()
                try? await Task.sleep(for: .seconds(3600))
            }
        }
        let look = Task { try await DeadLetterLook(queue, time: SleeplessClock()).entries() }
        _ = await began.first { _ in true }
        look.cancel()
        await #expect(throws: CancellationError.self) { try await look.value }
        #expect(queue.visibleIDs.isEmpty)
    }
}

/// Whoever waits by it waits until cancelled.
private struct NoTimePasses: TimeSource {
    func now() -> Instant { Instant(microseconds: 0) }
    func sleep(for duration: Duration) async throws { try await Task.sleep(for: .seconds(3600)) }
}

/// Nobody waits by it at all.
private struct SleeplessClock: TimeSource {
    func now() -> Instant { Instant(microseconds: 0) }
    func sleep(for duration: Duration) async throws {}
}
