// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Synchronization

/// The workers of the demo: hired, killed without a word, and replaced.
///
/// Killing cancels the task that a worker runs in: nothing is given back, its memory is gone, and SQS hands its messages
/// out again once their leases end. Only the slots are kept in common, as a fleet keeps them in DynamoDB.
final class DemoCrew: Sendable {
    private struct State {
        var hired = 0
        /// Ends a worker when finished.
        var lives: [String: AsyncStream<Void>.Continuation] = [:]
    }

    private let scoreboard: DemoScoreboard
    private let time: DemoTime
    private let makeWorker: @Sendable (_ name: String) throws -> Worker
    private let state = Mutex(State())
    private let hires = AsyncStream<String>.makeStream()

    /// Makes a crew of nobody.
    init(
        scoreboard: DemoScoreboard,
        time: DemoTime,
        makeWorker: @escaping @Sendable (_ name: String) throws -> Worker
    ) {
        self.scoreboard = scoreboard
        self.time = time
        self.makeWorker = makeWorker
    }

    /// Starts a worker.
    func hire() {
        let name = self.state.withLock { state in
            state.hired += 1
            return "ferry-\(state.hired)"
        }
        self.hires.continuation.yield(name)
    }

    /// Kills the worker with the most copies in hand, unless it is the last one.
    ///
    /// - Returns: Its name; `nil` when there are fewer than two.
    func killBusiest() -> String? {
        let board = self.scoreboard.board
        let running = board.runningWorkers
        guard running.count > 1, let name = running.max(by: { board.copies(of: $0) < board.copies(of: $1) }) else {
            return nil
        }
        let now = self.time.now()
        self.scoreboard.update { $0.workerKilled(name, at: now) }
        self.state.withLock { $0.lives.removeValue(forKey: name) }?.finish()
        return name
    }

    /// Runs whoever is hired until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await name in self.hires.stream {
                group.addTask { await self.work(as: name) }
            }
            group.cancelAll()
        }
    }

    private func work(as name: String) async {
        let (life, end) = AsyncStream<Void>.makeStream()
        self.state.withLock { $0.lives[name] = end }
        let now = self.time.now()
        do {
            let worker = try self.makeWorker(name)
            self.scoreboard.update { $0.workerStarted(name, at: now) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                group.addTask { for await _ in life {} }
                try await group.next()
                group.cancelAll()
            }
        } catch is CancellationError {
        } catch {
            let now = self.time.now()
            self.scoreboard.update { $0.narrate("\(name) ended: \(error)", .bad, at: now) }
        }
        self.scoreboard.update { $0.workerStopped(name) }
    }
}
