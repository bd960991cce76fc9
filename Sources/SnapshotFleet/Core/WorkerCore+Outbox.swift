// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What is on its way to a queue in place of messages.
struct OutboxEntry: Sendable {
    let action: CoreAction
    /// The messages that are deleted once the queue has it.
    let tokens: [MessageToken]
    var failures = 0
    var isUnderWay = true
}

/// Sending what takes a message's place, and sending it again where the queue did not take it.
///
/// A message whose receives are nearly used up must not simply be given back when that fails: SQS would move it to the
/// dead-letter queue without a reason the next time. It stays hidden by heartbeat instead, and is sent again until the
/// queue takes it or the lease is lost.
extension WorkerCore {
    /// The shortest and the longest pause before sending again.
    private static let pause = Backoff(base: .seconds(5), cap: .seconds(60))

    mutating func post(_ action: CoreAction, for tokens: [MessageToken], _ step: inout CoreStep) {
        guard let first = tokens.first else { return }
        for token in tokens { self.messages[token]?.purpose = .posting }
        self.outbox[first] = OutboxEntry(action: action, tokens: tokens)
        step.actions.append(action)
    }

    mutating func posted(_ tokens: [MessageToken], _ step: inout CoreStep) {
        if let first = tokens.first { self.outbox[first] = nil }
        self.delete(tokens, &step)
    }

    /// The queue did not take it: the messages come back as they were, or are held where they can't afford that.
    mutating func notPosted(
        _ tokens: [MessageToken],
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard let first = tokens.first, var entry = self.outbox[first] else { return }
        guard !self.isDraining, tokens.contains(where: { self.isNearlySpent($0) }) else {
            self.outbox[first] = nil
            self.companions[first] = nil
            for token in tokens { self.returnUnchanged(token, &step, &random) }
            return
        }
        let pause = max(.seconds(1), Self.pause.delay(attempt: entry.failures, using: &random))
        entry.failures += 1
        entry.isUnderWay = false
        self.outbox[first] = entry
        self.resends.push(first, due: step.now + pause)
    }

    mutating func sendAgain(_ step: inout CoreStep) {
        while let first = self.resends.pop(dueAt: step.now) {
            self.sendAgain(first, &step)
        }
    }

    private mutating func sendAgain(_ first: MessageToken, _ step: inout CoreStep) {
        guard let entry = self.outbox[first], !entry.isUnderWay else { return }
        self.outbox[first]?.isUnderWay = true
        step.actions.append(entry.action)
    }

    /// Tries everything once more; where that fails during a drain the messages come back as they were.
    mutating func sendAllAgain(_ step: inout CoreStep) {
        for first in self.outbox.keys.sorted() { self.sendAgain(first, &step) }
    }

    /// Another worker owns one of the messages: it will do what is to be done.
    ///
    /// - Returns: The messages that are still held, which are let go with it.
    mutating func forgetOutbox(of token: MessageToken) -> [MessageToken] {
        guard let entry = self.outbox.first(where: { $0.value.tokens.contains(token) }) else { return [] }
        self.outbox[entry.key] = nil
        self.companions[entry.key] = nil
        return entry.value.tokens.filter { self.messages[$0] != nil }
    }

    /// Whether the next receive but one would make SQS move the message to the dead-letter queue by itself.
    private func isNearlySpent(_ token: MessageToken) -> Bool {
        guard let limit = self.settings.maxReceiveCount, let message = self.messages[token] else { return false }
        return message.receiveCount + 1 >= limit
    }

    private mutating func returnUnchanged(
        _ token: MessageToken,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard let message = self.messages[token] else { return }
        let delay =
            self.isDraining
            ? Duration.zero : self.settings.backoff.delay(attempt: message.receiveCount, using: &random)
        self.messages[token]?.purpose = .leaving
        step.actions.append(.requeue(token, receiptHandle: message.receiptHandle, after: delay))
    }
}
