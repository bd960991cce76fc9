// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The doors by which a message leaves.
extension WorkerCore {
    /// Ends a job whose copy is confirmed, or which is overtaken: its messages are deleted.
    mutating func finish(_ id: CopyJob.ID, because evidence: SlotEvidence = .available, _ step: inout CoreStep) {
        guard let state = self.jobs[id] else { return }
        // Confirmed; what is overtaken waited, and had no slot.
        self.leavePool(id, because: evidence, &step)
        if self.tidy(id, &step) { return }
        self.jobs[id] = nil
        self.delete(state.messages, &step)
    }

    /// Ends a job here for now: its messages become visible after the delay.
    ///
    /// A slot goes back with it, unless a copy runs, or may run because an answer was lost (`keepingSlot`).
    mutating func requeue(
        _ id: CopyJob.ID,
        after delay: Duration,
        reason: String,
        keepingSlot: Bool = false,
        _ step: inout CoreStep
    ) {
        guard let state = self.jobs[id] else { return }
        let isCopying = if case .copying = state.phase { true } else { false }
        self.leavePool(id, because: isCopying || keepingSlot ? nil : .attemptOver, &step)
        self.jobs[id] = nil
        for token in state.messages {
            self.requeue(token, after: delay, renewingAs: reason == "drain" ? nil : state.job, &step)
        }
    }

    /// Gives one message back.
    ///
    /// Every receive spends one of the queue's `maxReceiveCount`. When only one is left and the job is a good one, a
    /// fresh message takes its place, so that waiting alone never leads to the dead-letter queue.
    mutating func requeue(
        _ token: MessageToken,
        after delay: Duration,
        renewingAs job: CopyJob? = nil,
        _ step: inout CoreStep
    ) {
        guard let message = self.messages[token] else { return }
        // A drain has little time, so there only the very last receive counts.
        let spent = message.receiveCount + (self.isDraining ? 0 : 1)
        if let limit = self.settings.maxReceiveCount, spent >= limit {
            let body = job.map { JobMessage.encode($0) } ?? message.body
            return self.replace([token], with: [OutgoingMessage(body: body, delay: min(delay, .seconds(900)))], &step)
        }
        self.messages[token]?.purpose = .leaving
        step.actions.append(.requeue(token, receiptHandle: message.receiptHandle, after: delay))
    }

    mutating func replace(_ tokens: [MessageToken], with messages: [OutgoingMessage], _ step: inout CoreStep) {
        guard !tokens.isEmpty else { return }
        self.post(.replace(tokens, with: messages), for: tokens, &step)
    }

    mutating func delete(_ tokens: [MessageToken], _ step: inout CoreStep) {
        for token in tokens {
            guard let message = self.messages[token] else { continue }
            self.messages[token]?.purpose = .leaving
            step.actions.append(.delete(token, receiptHandle: message.receiptHandle))
        }
    }

    /// Sends a job to the dead-letter queue.
    mutating func deadLetter(_ id: CopyJob.ID, _ failure: Trouble, _ step: inout CoreStep) {
        guard let state = self.jobs[id] else { return }
        self.leavePool(id, because: .attemptOver, &step)
        self.jobs[id] = nil
        self.deadLetter(
            state.messages,
            failure.reason ?? .invalidParameter,
            detail: failure.detail,
            job: state.job,
            database: state.source?.database,
            &step
        )
    }

    /// Sends the first of these messages to the dead-letter queue; all of them are deleted once it is there.
    mutating func deadLetter(
        _ tokens: [MessageToken],
        _ reason: DeadLetterReason,
        detail: String,
        source: String? = nil,
        job: CopyJob? = nil,
        database: String? = nil,
        _ step: inout CoreStep
    ) {
        guard let first = tokens.first, let message = self.messages[first] else { return }
        self.companions[first] = Array(tokens.dropFirst())
        let letter = DeadLetter(
            body: message.body,
            reason: reason,
            detail: detail,
            source: job.map { "\($0.source)" } ?? source,
            destination: job.map { "\($0.destination)" },
            route: job.map(\.route),
            database: database,
            attempts: message.receiveCount,
            firstSeen: job?.firstSeen ?? message.sentAt ?? message.receivedAt
        )
        self.post(.deadLetter(first, letter), for: tokens, &step)
    }

    /// Decides what a failure does to a job, by its class.
    mutating func fail(
        _ id: CopyJob.ID,
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard let state = self.jobs[id] else { return }
        guard !state.messages.isEmpty else {
            self.leavePool(id, because: .attemptOver, &step)
            self.jobs[id] = nil
            return
        }
        let received = state.messages.first.flatMap { self.messages[$0]?.receiveCount } ?? 1
        switch self.verdict(failure, received: received, &random) {
        case .deadLetter: self.deadLetter(id, failure, &step)
        case .again(let delay):
            step.report(.requeued(id, reason: failure.label, detail: failure.detail, after: delay))
            self.requeue(id, after: delay, reason: failure.label, &step)
        }
    }

    /// Decides what a failure does to an event or a sweep.
    mutating func fail(
        message token: MessageToken,
        source: SnapshotARN?,
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard let message = self.messages[token] else { return }
        switch self.verdict(failure, received: message.receiveCount, &random) {
        case .deadLetter:
            let reason = failure.reason ?? .invalidParameter
            self.deadLetter([token], reason, detail: failure.detail, source: source.map { "\($0)" }, &step)
        case .again(let delay):
            step.report(.requeued(nil, reason: failure.label, detail: failure.detail, after: delay))
            self.requeue(token, after: delay, &step)
        }
    }

    private enum Verdict { case deadLetter, again(Duration) }

    private func verdict(
        _ failure: Trouble,
        received: Int,
        _ random: inout some RandomNumberGenerator
    ) -> Verdict {
        switch failure.failureClass {
        case .sourceGone, .configuration, .malformed, .copyFailed: .deadLetter
        case .notReady: .again(.seconds(Double.random(in: 60...300, using: &random)))
        case .quotaSnapshots: .again(.seconds(Double.random(in: 900...1800, using: &random)))
        case .quotaUnknown: .again(.seconds(Double.random(in: 300...900, using: &random)))
        default: .again(self.settings.backoff.delay(attempt: received - 1, using: &random))
        }
    }

    /// Takes a job out of its pool's books.
    ///
    /// Its slot is freed as far as there is evidence, not by leaving; without evidence it stays taken, and is disowned.
    mutating func leavePool(_ id: CopyJob.ID, because evidence: SlotEvidence?, _ step: inout CoreStep) {
        guard let state = self.jobs[id] else { return }
        let pool = state.job.pool
        self.pools[pool]?.ceaseToWait(id)
        self.pools[pool]?.watched.remove(id)
        if state.isCounted {
            if let lane = state.lane { self.pools[pool]?.busyLanes.remove(lane) }
            self.pools[pool]?.underWay -= 1
            self.jobs[id]?.isCounted = false
        }
        guard state.holdsSlot else { return }
        self.jobs[id]?.holdsSlot = false
        // A slot is named after its target: without a message it may be in use by the worker that has it now.
        guard let evidence, evidence == .available || !state.messages.isEmpty else {
            return step.actions.append(.disownSlot(pool, target: state.target))
        }
        self.reopen(pool, at: step.now)
        step.actions.append(.releaseSlot(pool, target: state.target, because: evidence))
    }
}

extension WorkerCore {
    /// Lets a full pool be asked for slots again, now that this worker frees one of them.
    private mutating func reopen(_ pool: SlotPool, at now: Instant) {
        guard self.pools[pool]?.reopensWithSlot == true else { return }
        self.pools[pool]?.reopensWithSlot = false
        // Only where slots are shared can anybody else be waiting for one.
        let isLeft = self.settings.lookStagger != nil && self.pools[pool]?.courtesy.leavesSlot() == true
        self.pools[pool]?.closedUntil = isLeft ? now + self.settings.slotRetry * 1.25 : nil
    }
}

/// The answers to what messages left by.
extension WorkerCore {
    mutating func settle(_ input: CoreInput, _ step: inout CoreStep, _ random: inout some RandomNumberGenerator) {
        switch input {
        case .leasesExtended(let outcomes): self.leasesExtended(outcomes, &step)
        case .requeued(let token, _):
            // Where the call failed the message comes back by itself once its lease ends.
            self.messages[token] = nil
        case .replaced(let tokens): self.posted(tokens, &step)
        case .notReplaced(let tokens, let failure):
            step.report(.trouble(operation: "SendMessage", failure))
            self.notPosted(tokens, &step, &random)
        case .deadLettered(let token):
            self.posted([token] + (self.companions.removeValue(forKey: token) ?? []), &step)
        case .notDeadLettered(let token, let failure):
            step.report(.trouble(operation: "dead-letter", failure))
            self.notPosted([token] + (self.companions[token] ?? []), &step, &random)
        case .deleted(let token): self.messages[token] = nil
        case .notDeleted(let token, let failure):
            step.report(.trouble(operation: "DeleteMessage", failure))
            self.messages[token] = nil
        default: break
        }
    }
}
