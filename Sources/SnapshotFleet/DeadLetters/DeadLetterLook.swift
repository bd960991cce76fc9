// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import Synchronization

/// Reads a dead-letter queue from end to end, and gives everything back afterwards.
///
/// SQS has no way to look at messages without receiving them: while a look lasts, nobody else sees them, and each look
/// raises their receive count.
package struct DeadLetterLook: Sendable {
    /// What a look found.
    package struct Found: Sendable {
        /// In the order in which they were sent, each once.
        package var letters: [HeldLetter]
        /// What the queue said before.
        package var standing: DeadLetterStanding
        /// Whether there may be more than the look was allowed to read.
        package var isPartial: Bool

        package var entries: [DeadLetterEntry] { self.letters.map(\.entry) }
    }

    /// How long letters stay hidden: long enough to read many, short enough when a look is killed.
    package static let visibility = Duration.seconds(180)
    /// How long a look that is cancelled waits for letters that are on their way to it: longer than a poll takes.
    package static let patience = Duration.seconds(3)
    /// How many letters one look reads at the most unless told otherwise.
    package static let standardLimit = 10_000

    private let queue: any DeadLetterQueue
    private let limit: Int
    private let isQuick: Bool
    private let lanes: Int
    private let time: any TimeSource

    /// Makes a look; nothing is asked yet.
    ///
    /// - Parameters:
    ///   - queue: Where to look.
    ///   - limit: How many letters to read at the most, about.
    ///   - isQuick: Whether to be content with as many as the queue counts, which may be those of a minute ago; else a
    ///     look ends a second later, when the queue has said that there are no more.
    ///   - lanes: How many calls to make side by side.
    ///   - time: Tells how long a look that is cancelled waits.
    package init(
        _ queue: any DeadLetterQueue,
        limit: Int = Self.standardLimit,
        isQuick: Bool = false,
        lanes: Int = 4,
        time: any TimeSource = SystemTimeSource()
    ) {
        self.queue = queue
        self.limit = limit
        self.isQuick = isQuick
        self.lanes = lanes
        self.time = time
    }

    /// Reads the letters and shows them to others again right away.
    package func entries() async throws -> Found {
        try await self.hold { $0 }
    }

    /// Reads the letters, and keeps them hidden from others for as long as `body` takes.
    ///
    /// Those that `body` did not delete are given back, also when it throws or its task is cancelled, be it while they are
    /// on their way. One whose giving back fails, or which is on its way for longer than ``patience``, comes back by
    /// itself, three minutes after it was last hidden.
    ///
    /// - Parameter body: What to do with them; is given what was found.
    /// - Returns: What `body` returns.
    /// - Throws: What the queue refuses, or `body` throws.
    package func hold<Result: Sendable>(
        _ body: (Found) async throws -> Result
    ) async throws -> Result {
        let standing = try await self.queue.standing()
        let hand = Hand()
        do {
            try await self.read(into: hand, expecting: standing.visible)
            let result = try await body(self.found(hand, standing))
            await self.giveBack(hand.state.withLock { $0.letters.values.map(\.receiptHandle) })
            return result
        } catch {
            await self.giveBack(hand.state.withLock { $0.letters.values.map(\.receiptHandle) })
            throw error
        }
    }

    /// What several lanes have in hand together.
    private final class Hand: Sendable {
        struct State {
            /// By the message's id: a queue may hand a message out twice.
            var letters: [String: HeldLetter] = [:]
            var isFull = false
        }

        let state = Mutex(State())

        /// - Returns: How many of these are new.
        func take(_ letters: [HeldLetter], limit: Int) -> Int {
            self.state.withLock { state in
                let before = state.letters.count
                // The newer handle is the one that counts.
                for letter in letters { state.letters[letter.entry.id] = letter }
                if state.letters.count >= limit { state.isFull = true }
                return state.letters.count - before
            }
        }
    }

    private func found(_ hand: Hand, _ standing: DeadLetterStanding) -> Found {
        hand.state.withLock { state in
            let letters = state.letters.values.sorted { left, right in
                let never = Instant(microseconds: .max)
                return (left.entry.sentAt ?? never, left.entry.id) < (right.entry.sentAt ?? never, right.entry.id)
            }
            return Found(letters: letters, standing: standing, isPartial: state.isFull)
        }
    }

    private func read(into hand: Hand, expecting count: Int) async throws {
        let lanes = min(max(1, self.lanes), max(1, (count + 9) / 10))
        try await withThrowingTaskGroup { group in
            for _ in 0..<lanes { group.addTask { try await self.readLane(into: hand, expecting: count) } }
            try await group.waitForAll()
        }
    }

    /// Receives until there is nothing new.
    private func readLane(into hand: Hand, expecting count: Int) async throws {
        var stale = 0
        while true {
            let (isFull, held) = hand.state.withLock { ($0.isFull, $0.letters.count) }
            if isFull || self.isQuick && held >= count { return }
            try Task.checkCancellation()
            let letters = try await self.receive()
            if letters.isEmpty { return }
            // What comes again was in hand for so long that its time ran out: the look would never end.
            stale = hand.take(letters, limit: self.limit) == 0 ? stale + 1 : 0
            if stale == 3 { return }
        }
    }

    /// Asks for letters, and hears the answer also in a task that is cancelled meanwhile: what it hides would have to be
    /// waited for otherwise, as nobody could give it back.
    private func receive() async throws -> [HeldLetter] {
        // A short poll asks a sample of SQS's machines and may find nothing where there is something.
        let asked = Task { [queue] in try await queue.receive(wait: .seconds(1), visibility: Self.visibility) }
        return try await withTaskCancellationHandler {
            try await asked.value
        } onCancel: {
            Task { [time, patience = Self.patience] in
                try? await time.sleep(for: patience)
                asked.cancel()
            }
        }
    }

    /// Shows letters again; as it has to happen, it does also in a task that is cancelled.
    private func giveBack(_ handles: [String]) async {
        guard !handles.isEmpty else { return }
        await Task { [queue, lanes] in
            await withTaskGroup { group in
                for lane in handles.split(into: lanes) {
                    group.addTask { _ = try? await queue.hide(lane, for: .zero) }
                }
            }
        }.value
    }
}

extension Array {
    /// At most `parts` pieces, each about as long as the others.
    fileprivate func split(into parts: Int) -> [[Element]] {
        self.chunked(by: Swift.max(1, (self.count + parts - 1) / parts))
    }
}
