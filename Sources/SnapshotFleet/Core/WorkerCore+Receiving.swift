// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Taking messages off the queue and finding out what they are.
extension WorkerCore {
    /// Messages that do not yet have a copy; they fill the waiting room.
    var unstartedCount: Int { self.messages.count - self.jobs.counts.messagesOfCopies }

    /// Whether the latest receive found nothing.
    package var knowsQueueIsEmpty: Bool { self.sawEmptyQueue }

    /// Polls when there is room, one poll at a time.
    mutating func receiveMore(_ step: inout CoreStep) {
        guard !self.isDraining, !self.isReceiving else { return }
        if let again = self.receivesAgainAt {
            guard again <= step.now else { return }
            self.receivesAgainAt = nil
        }
        // A full waiting room takes the next ones together: one Describe tells about the sources of all of them.
        let room = self.settings.waitingRoom - self.unstartedCount
        guard room >= max(1, min(10, self.settings.waitingRoom / 20)) else { return }
        self.isReceiving = true
        step.actions.append(
            .receive(
                count: min(10, room),
                wait: self.settings.receiveWait,
                visibilityTimeout: self.settings.visibilityTimeout
            )
        )
    }

    mutating func received(_ deliveries: [Delivery], _ step: inout CoreStep) {
        self.isReceiving = false
        self.receiveFailures = 0
        self.sawEmptyQueue = deliveries.isEmpty
        self.arrivals.note(deliveries.count, at: step.now)
        if !deliveries.isEmpty { step.report(.received(count: deliveries.count)) }
        for delivery in deliveries { self.take(delivery, &step) }
    }

    mutating func receiveFailed(
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        self.isReceiving = false
        guard failure.failureClass != .cancelled, !self.isDraining else { return }
        let delay = self.settings.backoff.delay(attempt: self.receiveFailures, using: &random)
        self.receiveFailures += 1
        // At least a second: an endpoint that refuses at once must not be asked in a tight loop.
        self.receivesAgainAt = step.now + max(.seconds(1), min(delay, .seconds(60)))
        step.report(.trouble(operation: "ReceiveMessage", failure))
    }

    private mutating func take(_ delivery: Delivery, _ step: inout CoreStep) {
        let token = MessageToken(number: self.nextToken)
        self.nextToken += 1
        let hiddenUntil = step.now + self.settings.visibilityTimeout
        self.messages[token] = HeldMessage(
            token: token,
            delivery: delivery,
            receivedAt: step.now,
            hiddenUntil: hiddenUntil,
            purpose: .leaving
        )
        guard !self.isDraining else { return self.requeue(token, after: .zero, &step) }
        self.leases.push(token, due: self.extensionDue(hiddenUntil: hiddenUntil))
        let decoder = SQSMessageDecoder(account: self.settings.ownAccount)
        switch decoder.decode(delivery.body, sentAt: delivery.sentAt ?? step.now) {
        case .malformed(let reason):
            self.deadLetter([token], .malformed, detail: reason, &step)
        case .ignored(let reason, let detail):
            self.ignore(token, source: detail, reason: reason.rawValue, &step)
        case .sweep(let request):
            self.messages[token]?.purpose = .sweep
            step.actions.append(.sweep(token, request))
        case .job(let job):
            self.take(job, token, &step)
        case .snapshot(let event):
            self.take(event, token, &step)
        }
    }

    private mutating func take(_ job: CopyJob, _ token: MessageToken, _ step: inout CoreStep) {
        if self.attach(token, to: job.id) { return }
        guard let planned = self.policy.plannedCopy(for: job) else {
            let detail =
                "no route of the policy leads from \(job.source.account)/\(job.source.region) to \(job.destination)"
            return self.deadLetter([token], .noRoute, detail: detail, job: job, &step)
        }
        if let delay = self.crowding(job.pool) {
            self.turnAway(for: delay, &step)
            // Nobody is asked about a source whose turn is far off.
            step.report(.requeued(job.id, reason: "waiting-room", detail: "others wait here already", after: delay))
            return self.requeue(token, after: delay, renewingAs: job, &step)
        }
        // A job may name no route, or one that has left the policy; tags and log name the one whose rules hold.
        var job = job
        job.route = planned.route
        self.admit(job, planned, [token], source: nil, &step)
    }

    private mutating func take(_ event: SnapshotEvent, _ token: MessageToken, _ step: inout CoreStep) {
        switch self.policy.verdict(on: event) {
        case .foreign(let detail):
            self.deadLetter([token], .foreignAccount, detail: detail, source: "\(event.arn)", &step)
        case .ignored(let reason):
            self.ignore(token, source: "\(event.arn)", reason: reason, &step)
        case .describe:
            self.messages[token]?.purpose = .event(event.arn)
            self.askers[event.arn, default: SourceAskers()].events.append(token)
            self.sources[SourceGroup(event.arn), default: SourceQueue()].waiting.insert(event.arn)
        }
    }

    /// Lets a duplicate end together with the job that is in hand already.
    ///
    /// - Returns: Whether there is such a job.
    mutating func attach(_ token: MessageToken, to id: CopyJob.ID) -> Bool {
        guard self.jobs[id] != nil else { return false }
        self.jobs[id]?.messages.append(token)
        self.messages[token]?.purpose = .job(id)
        return true
    }

    /// Takes a job in hand.
    mutating func admit(
        _ job: CopyJob,
        _ planned: PlannedCopy,
        _ tokens: [MessageToken],
        source: Snapshot?,
        _ step: inout CoreStep
    ) {
        let id = job.id
        for token in tokens { self.messages[token]?.purpose = .job(id) }
        let state = JobState(
            job: job,
            terms: self.terms.terms(of: planned),
            messages: tokens,
            phase: .describing,
            source: source,
            target: TargetIdentifier.make(for: job.source, destination: job.destination),
            since: job.firstSeen
        )
        self.jobs[id] = state
        guard let source else {
            self.askers[job.source, default: SourceAskers()].jobs.append(id)
            self.sources[SourceGroup(job.source), default: SourceQueue()].waiting.insert(job.source)
            return
        }
        self.enqueue(id, source, &step)
    }

    /// Puts a job whose source is known to be whole among those that wait for a slot.
    mutating func enqueue(_ id: CopyJob.ID, _ source: Snapshot, _ step: inout CoreStep) {
        guard var state = self.jobs[id] else { return }
        var named = source
        // The same name, held once.
        if source.arn == id.source { named.arn = id.source }
        state.source = named
        state.phase = .waiting
        self.jobs[id] = state
        let pool = state.job.pool
        self.pools[pool, default: PoolState()].wait(id)
        if let delay = self.crowding(pool) {
            self.turnAway(for: delay, &step)
            step.report(.requeued(id, reason: "waiting-room", detail: "others wait here already", after: delay))
            // As a job, it says where it is bound for, and costs no Describe when it comes again too early.
            self.leavePool(id, because: nil, &step)
            self.jobs[id] = nil
            let message = OutgoingMessage(body: JobMessage.encode(state.job), delay: delay)
            return self.replace(state.messages, with: [message], &step)
        }
        if let (reason, delay) = self.parking(pool, source, &step) {
            step.report(.requeued(id, reason: reason, detail: "the destination takes no copies now", after: delay))
            return self.requeue(id, after: delay, reason: reason, &step)
        }
        step.report(.waiting(id))
    }

    /// Whether a job is better off on the queue than in the waiting room, why, and for how long.
    ///
    /// Delays are spread, lest everything comes back at once.
    private func parking(
        _ pool: SlotPool,
        _ source: Snapshot,
        _ step: inout CoreStep
    ) -> (reason: String, delay: Duration)? {
        guard let state = self.pools[pool] else { return nil }
        let spread = Duration.seconds(Int(self.nextToken % 120))
        if let (reason, until) = state.circuit.parks(isEncrypted: source.isEncrypted, at: step.now) {
            return ("circuit-\(reason)", until - step.now + spread)
        }
        if let closed = state.closedUntil, !state.reopensWithSlot, closed - step.now > .seconds(300) {
            return ("destination-blocked", closed - step.now + spread)
        }
        return nil
    }

    /// How long a job is to wait on the queue because too many for its destination wait here; `nil` when there is room.
    ///
    /// Once the waiting room fills, it is shared out among the destinations, so that one that is blocked holds nobody
    /// else back: what is over its share goes back to the queue, where waiting is free.
    private func crowding(_ pool: SlotPool) -> Duration? {
        guard let state = self.pools[pool] else { return nil }
        let share = max(self.usableSlots(in: pool), self.settings.waitingRoom / self.shares)
        guard self.shares > 1, state.waiting.count > share, self.unstartedCount * 4 > self.settings.waitingRoom * 3
        else {
            return nil
        }
        return .seconds(300 + Int(self.nextToken % 600))
    }

    /// Notes that a job goes back to the queue, and is seen again only after a while.
    private mutating func turnAway(for delay: Duration, _ step: inout CoreStep) {
        let comesBack = step.now + delay + self.settings.receiveWait
        self.turnedAwayUntil = max(comesBack, self.turnedAwayUntil ?? comesBack)
    }

    /// Deletes a message that the policy says is none of ours.
    mutating func ignore(_ token: MessageToken, source: String, reason: String, _ step: inout CoreStep) {
        step.report(.ignored(source: source, reason: reason))
        self.delete([token], &step)
    }
}
