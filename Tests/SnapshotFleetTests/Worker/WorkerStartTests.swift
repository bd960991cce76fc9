// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Synchronization
import Testing

/// The last moment before RDS is asked to copy: the worker may have been paused for so long that its lease is over.
@Suite struct WorkerStartTests {
    @Test(
        "each attempt to start a copy asks whether the lease and the reservation still hold",
        arguments: [
            (Duration.zero, true), (.seconds(60), true),
            // The visibility timeout is two minutes, and nobody was there to renew it.
            (.seconds(121), false), (.seconds(3600), false),
        ]
    )
    func attemptAfterAPause(pause: Duration, isAllowed: Bool) async throws {
        let clock = HeldClock(CoreHarness.start)
        let (answers, tell) = AsyncStream.makeStream(of: [Bool].self)
        let policy = try PolicyDocument.parse(Array(CoreHarness.policy().utf8), source: "the test")
            .resolved(ownAccount: CoreHarness.account)
        let worker = Worker(
            settings: CoreSettings(ownAccount: CoreHarness.account),
            policy: policy,
            ports: Worker.Ports(
                queue: OneMessage(body: JobMessage.encode(CoreHarness.job())),
                snapshots: PausedStart(clock: clock, pause: pause, tell: tell),
                ledger: InMemorySlotLedger(),
                notifier: NotifierGroup([]),
                time: clock
            )
        )
        let run = Task { try await worker.run() }
        var answer: [Bool]?
        for await first in answers {
            answer = first
            break
        }
        run.cancel()
        _ = await run.result
        #expect(answer == [true, isAllowed])
    }
}

/// A clock that moves when told to; sleepers sleep until they are cancelled.
private final class HeldClock: TimeSource {
    private let time: Mutex<Instant>

    init(_ start: Instant) { self.time = Mutex(start) }

    func now() -> Instant { self.time.withLock { $0 } }

    func pass(_ duration: Duration) { self.time.withLock { $0 = $0 + duration } }

    func sleep(for duration: Duration) async throws {
        let (never, end) = AsyncStream.makeStream(of: Never.self)
        await withTaskCancellationHandler {
            for await _ in never {}
        } onCancel: {
            end.finish()
        }
        throw CancellationError()
    }
}

/// A queue with one message, which then stays silent.
private final class OneMessage: JobQueue {
    private let body: String
    private let isTaken = Mutex(false)

    init(body: String) { self.body = body }

    func receive(count: Int, wait: Duration, visibilityTimeout: Duration) async throws -> [Delivery] {
        let isFirst = self.isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
        if isFirst { return [Delivery(messageID: "m", receiptHandle: "r", body: self.body, receiveCount: 1)] }
        try await HeldClock(CoreHarness.start).sleep(for: wait)
        return []
    }

    func changeVisibility(_ changes: [VisibilityChange]) async throws -> [LeaseOutcome] {
        changes.map { _ in .unknown }
    }
    func delete(_ receiptHandles: [String]) async throws -> [AWSError?] { receiptHandles.map { _ in nil } }
    func send(_ messages: [OutgoingMessage]) async throws {}
    func deadLetter(_ letter: DeadLetter) async throws {}
}

/// An RDS whose first attempt to start a copy is followed by a pause.
private struct PausedStart: SnapshotService {
    let clock: HeldClock
    let pause: Duration
    let tell: AsyncStream<[Bool]>.Continuation

    func describe(_ snapshots: [SnapshotARN], in group: SourceGroup) async throws -> [Snapshot] {
        snapshots.map { CoreHarness.source($0) }
    }

    func copiesInProgress(in pool: SlotPool) async throws -> [Snapshot] { [] }

    func startCopy(
        _ request: CopyRequest,
        whileAllowed isAllowed: @escaping @Sendable () -> Bool
    ) async throws -> Snapshot {
        let first = isAllowed()
        self.clock.pass(self.pause)
        self.tell.yield([first, isAllowed()])
        throw AWSError(.cancelled, message: "the test is over")
    }

    func describeTargets(_ identifiers: [String], in pool: SlotPool) async throws -> [Snapshot] { [] }
    func deleteTarget(_ identifier: String, in pool: SlotPool) async throws {}
    var ownAccount: String { CoreHarness.account }
    func page(of listing: SnapshotListing, after marker: String?) async throws -> SnapshotPage {
        throw CancellationError()
    }

    // Nothing crosses accounts here.

    func inspect(_ question: HandoverQuestion) async throws -> HandoverFacts { throw CancellationError() }
    func share(_ snapshot: SnapshotARN, for job: CopyJob.ID) async throws {}
    func makeHop(
        _ request: HopRequest,
        whileAllowed isAllowed: @escaping @Sendable () -> Bool
    ) async throws -> Snapshot { throw CancellationError() }
    func describeHops(_ identifiers: [String], in group: SourceGroup) async throws -> [Snapshot] { [] }
    func tidy(_ job: CopyJob.ID, hop: String, failedOnly: Bool) async throws {}
}
