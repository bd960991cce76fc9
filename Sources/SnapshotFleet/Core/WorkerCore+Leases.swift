// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

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
                renewed[token] = message.receiptHandle
            }
        }
        guard !renewed.isEmpty else { return }
        step.actions.append(.extend(renewed, visibilityTimeout: self.settings.visibilityTimeout))
    }

    /// SQS hides no message for more than 12 hours; whoever receives it next adopts the copy.
    private mutating func handBack(_ message: HeldMessage, _ step: inout CoreStep) {
        // Nothing more can be done for what no queue took in all that time: the lease ends by itself.
        guard message.purpose != .posting else { return }
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
        if message.purpose == .posting {
            let others = self.forgetOutbox(of: message.token)
            for token in others { self.requeue(token, after: .zero, &step) }
        }
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
        case .describing, .waiting, .checking, .copying, .handingOver, .tidying:
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
        self.drainEnds = step.now + self.settings.drainPatience
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
            case .job, .posting, .leaving: continue
            }
        }
        self.sendAllAgain(&step)
    }

    /// Gives back what still waits for an answer once a drain has waited long enough.
    ///
    /// A call that hangs would otherwise keep the message hidden after this worker is gone. Its copy may have been
    /// started, so the slot stays taken: it is named after the target, and whoever receives the message finds both.
    mutating func endWaitingOfDrain(_ step: inout CoreStep) {
        guard let end = self.drainEnds, end <= step.now else { return }
        self.drainEnds = nil
        for id in self.jobs.keys.sorted() {
            self.requeue(id, after: .zero, reason: "drain", keepingSlot: true, &step)
        }
    }

    /// Whether RDS may be asked now to start the copy of this job.
    ///
    /// A process that was stopped for a while between two attempts of a call must not go on as if nothing had been: by
    /// then another worker may have the message, and the ledger may have given the slot away.
    package func mayStart(_ id: CopyJob.ID, at now: Instant) -> Bool {
        guard let state = self.jobs[id], case .starting = state.phase, let asked = state.slotAskedAt else {
            return false
        }
        return now - asked < self.settings.startWithin && self.ownsLease(of: state, now)
    }

    /// Whether something may be done now in the source's account for a copy by another one.
    package func mayHandOver(_ id: CopyJob.ID, at now: Instant) -> Bool {
        guard let state = self.jobs[id] else { return false }
        switch state.phase {
        case .handingOver, .tidying, .cleaning: return self.ownsLease(of: state, now)
        default: return false
        }
    }

    /// Whether an answer is still to come that decides about a slot.
    var isOwedAnAnswer: Bool { !self.jobs.isEmpty }
}
