// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Carries a replay, or a drop, out on letters that are in hand.
///
/// A letter is deleted only once the job queue has accepted what stands for it. Whatever interrupts a replay, a job is in
/// one of the two queues, or for a moment in both, which does no harm: its second message finds the first one's copy.
package struct Replayer: Sendable {
    /// What became of one letter.
    package enum Outcome: Sendable, Equatable {
        /// What stands for it is on the job queue, and the letter is deleted.
        case replayed
        case dropped
        /// The job queue refused what stands for it; the letter stays.
        case notSent(AWSError)
        /// What stands for it may be on the job queue, and the letter may come again.
        case notDeleted(AWSError)
    }

    /// How long letters may go without being hidden anew.
    private static let renewal = DeadLetterLook.visibility / 3

    private let queue: any DeadLetterQueue
    private let time: any TimeSource
    /// Messages in a second.
    private let rate: Int

    /// Makes a replayer.
    ///
    /// - Parameters:
    ///   - queue: Where the letters are.
    ///   - time: Tells when to go on.
    ///   - rate: How many messages to send in a second, 1 or more.
    package init(queue: any DeadLetterQueue, time: any TimeSource, rate: Int) {
        self.queue = queue
        self.time = time
        self.rate = max(1, rate)
    }

    /// Sends what the plan sends, ten at a time, and deletes the letters.
    ///
    /// Cancellation ends it between two calls for ten; what was sent is deleted first.
    ///
    /// - Parameters:
    ///   - plan: What to do.
    ///   - letters: The letters in hand.
    ///   - heldSince: When the first of them was received, or earlier.
    ///   - report: Is told of each letter as soon as its outcome is known.
    /// - Throws: `CancellationError` when it did not come to its end.
    package func replay(
        _ plan: ReplayPlan,
        _ letters: [HeldLetter],
        heldSince: Instant,
        report: (DeadLetterEntry, Outcome) -> Void
    ) async throws {
        let handles = Dictionary(letters.map { ($0.entry.id, $0.receiptHandle) }) { first, _ in first }
        let companions = plan.items.reduce(into: [String: [DeadLetterEntry]]()) { found, item in
            if case .goesWith(let id) = item.action { found[id, default: []].append(item.entry) }
        }
        let sends = plan.items.filter { if case .send = $0.action { true } else { false } }
        var hiddenAt = heldSince
        var rest = plan.items.filter { $0.action != .keep }.map(\.entry)
        for (number, chunk) in sends.chunked(by: min(10, self.rate)).enumerated() {
            if number > 0 { try await self.time.sleep(for: .seconds(1) * min(10, self.rate) / self.rate) }
            try Task.checkCancellation()
            hiddenAt = await self.hide(rest, handles, since: hiddenAt)
            let outcomes = await Task { await self.send(chunk, companions, handles) }.value
            for (entry, outcome) in outcomes { report(entry, outcome) }
            let done = Set(outcomes.map(\.0.id))
            rest.removeAll { done.contains($0.id) }
        }
    }

    /// Deletes letters, ten at a time.
    ///
    /// - Throws: `CancellationError` when it did not come to its end.
    package func drop(
        _ letters: [HeldLetter],
        heldSince: Instant,
        report: (DeadLetterEntry, Outcome) -> Void
    ) async throws {
        let handles = Dictionary(letters.map { ($0.entry.id, $0.receiptHandle) }) { first, _ in first }
        var hiddenAt = heldSince
        var rest = letters.map(\.entry)
        for chunk in letters.map(\.entry).chunked(by: 10) {
            try Task.checkCancellation()
            hiddenAt = await self.hide(rest, handles, since: hiddenAt)
            let outcomes = await Task { await self.delete(chunk, handles, as: .dropped) }.value
            for (entry, outcome) in outcomes { report(entry, outcome) }
            rest.removeFirst(chunk.count)
        }
    }

    /// Hides letters anew when it is time to; one that comes out early is at worst replayed by somebody else as well.
    ///
    /// - Returns: When they were hidden last.
    private func hide(_ rest: [DeadLetterEntry], _ handles: [String: String], since: Instant) async -> Instant {
        let now = self.time.now()
        guard now - since >= Self.renewal else { return since }
        _ = try? await self.queue.hide(rest.compactMap { handles[$0.id] }, for: DeadLetterLook.visibility)
        return now
    }

    private func send(
        _ items: [ReplayPlan.Item],
        _ companions: [String: [DeadLetterEntry]],
        _ handles: [String: String]
    ) async -> [(DeadLetterEntry, Outcome)] {
        let bodies = items.map { item in if case .send(let body) = item.action { body } else { item.entry.body } }
        var outcomes: [(DeadLetterEntry, Outcome)] = []
        var sent: [DeadLetterEntry] = []
        let refusals: [AWSError?]
        do {
            refusals = try await self.queue.replay(bodies)
        } catch {
            refusals = items.map { _ in Self.awsError(error) }
        }
        for (item, refusal) in zip(items, refusals) {
            let all = [item.entry] + (companions[item.entry.id] ?? [])
            if let refusal {
                outcomes += all.map { ($0, .notSent(refusal)) }
            } else {
                sent += all
            }
        }
        return outcomes + (await self.delete(sent, handles, as: .replayed))
    }

    private func delete(
        _ entries: [DeadLetterEntry],
        _ handles: [String: String],
        as outcome: Outcome
    ) async -> [(DeadLetterEntry, Outcome)] {
        guard !entries.isEmpty else { return [] }
        let refusals: [AWSError?]
        do {
            refusals = try await self.queue.delete(entries.map { handles[$0.id] ?? "" })
        } catch {
            refusals = entries.map { _ in Self.awsError(error) }
        }
        return zip(entries, refusals).map { entry, refusal in (entry, refusal.map { .notDeleted($0) } ?? outcome) }
    }

    private static func awsError(_ error: any Error) -> AWSError {
        error as? AWSError ?? AWSError(.cancelled, message: "\(error)")
    }
}
