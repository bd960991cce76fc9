// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Keeping messages hidden while they are worked on.
extension WorkerCore {
    /// A lease is extended once a third of it is over.
    func extensionDue(hiddenUntil: Instant) -> Instant {
        hiddenUntil - self.settings.visibilityTimeout * (2.0 / 3)
    }

    /// Extends what is due, together with what will be soon: ten leases cost one call.
    mutating func renewLeases(_ step: inout CoreStep, _ random: inout some RandomNumberGenerator) {
        var due: [MessageToken] = []
        while let token = self.leases.pop(dueAt: step.now) {
            guard let message = self.messages[token], message.purpose != .leaving, !message.isExtending,
                self.extensionDue(hiddenUntil: message.hiddenUntil) <= step.now
            else { continue }
            due.append(token)
        }
        guard !due.isEmpty else { return }
        var renewed: [MessageToken: String] = [:]
        for token in due {
            guard let message = self.messages[token] else { continue }
            if step.now - message.receivedAt >= self.settings.effectiveHold {
                self.handBack(message, &step)
            } else {
                self.messages[token]?.isExtending = true
                renewed[token] = message.delivery.receiptHandle
            }
        }
        guard !renewed.isEmpty else { return }
        step.actions.append(.extend(renewed, visibilityTimeout: self.settings.visibilityTimeout))
    }

    /// SQS hides no message for more than 12 hours; whoever receives it next adopts the copy.
    private mutating func handBack(_ message: HeldMessage, _ step: inout CoreStep) {
        guard case .job(let id) = message.purpose, let state = self.jobs[id] else {
            return self.requeue(message.token, after: .zero, &step)
        }
        switch state.phase {
        case .acquiring, .starting, .cleaning: self.leases.push(message.token, due: step.now + .seconds(5))
        default: self.requeue(id, after: .zero, reason: "twelve-hours", keepingSlot: true, &step)
        }
    }

    mutating func leasesExtended(_ outcomes: [MessageToken: LeaseOutcome], _ step: inout CoreStep) {
        for (token, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
            guard let message = self.messages[token], message.purpose != .leaving else { continue }
            self.messages[token]?.isExtending = false
            switch outcome {
            case .kept:
                let hiddenUntil = step.now + self.settings.visibilityTimeout
                self.messages[token]?.hiddenUntil = hiddenUntil
                self.leases.push(token, due: self.extensionDue(hiddenUntil: hiddenUntil))
            case .unknown:
                self.leases.push(token, due: step.now + max(.seconds(1), self.settings.visibilityTimeout / 24))
            case .lost:
                self.forget(message, &step)
            }
        }
    }

    /// Another worker owns the message: whatever it carried is that worker's now, and nothing here may touch it.
    private mutating func forget(_ message: HeldMessage, _ step: inout CoreStep) {
        self.messages[message.token] = nil
        guard case .job(let id) = message.purpose, var state = self.jobs[id] else {
            return step.report(.leaseLost(nil))
        }
        step.report(.leaseLost(id))
        state.messages.removeAll { $0 == message.token }
        self.jobs[id] = state
        guard state.messages.isEmpty else { return }
        switch state.phase {
        case .acquiring, .starting, .cleaning:
            // An answer is still to come; what it says decides about the slot.
            break
        case .describing, .waiting, .checking, .copying:
            // A copy in progress keeps its slot: only evidence that it has ended frees it.
            self.leavePool(id, because: nil, &step)
            self.jobs[id] = nil
        }
    }

    /// Whether a message of this job is certainly still hidden from other workers.
    func ownsLease(of state: JobState, _ now: Instant) -> Bool {
        state.messages.contains { self.messages[$0].map { $0.hiddenUntil > now } ?? false }
    }

    /// Forgets a job whose leases have ended; its messages come back by themselves, to this worker or another.
    mutating func abandon(_ id: CopyJob.ID, _ step: inout CoreStep) {
        guard let state = self.jobs[id] else { return }
        step.report(.leaseLost(id))
        self.leavePool(id, because: nil, &step)
        self.jobs[id] = nil
        for token in state.messages { self.messages[token] = nil }
    }

    /// Stops taking messages and gives back what is held.
    ///
    /// Copies in progress go on in RDS; another worker adopts them. A call that is under way is waited for, because only
    /// its answer tells whether a copy was started.
    mutating func drain(_ step: inout CoreStep) {
        guard !self.isDraining else { return }
        self.isDraining = true
        self.receivesAgainAt = nil
        step.report(.draining(held: self.messages.count))
        for id in self.jobs.keys.sorted() {
            switch self.jobs[id]?.phase {
            case .acquiring, .starting, .cleaning, nil: continue
            default: self.requeue(id, after: .zero, reason: "drain", keepingSlot: true, &step)
            }
        }
        for message in self.messages.values.sorted(by: { $0.token < $1.token }) {
            switch message.purpose {
            case .event, .sweep: self.requeue(message.token, after: .zero, &step)
            case .job, .leaving: continue
            }
        }
    }

    /// Whether an answer is still to come that decides about a slot.
    var isOwedAnAnswer: Bool { !self.jobs.isEmpty }
}
