// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Looking at targets: confirming copies, adopting them, cleaning up after failed ones.
extension WorkerCore {
    /// Asks about all targets of a destination in one call as soon as one of them is due.
    mutating func lookAtTargets(_ step: inout CoreStep) {
        while let pool = self.looks.pop(dueAt: step.now) {
            self.pools[pool]?.plannedLook = nil
            self.lookIfDue(pool, &step)
        }
        guard !self.urgentLooks.isEmpty else { return }
        for pool in self.urgentLooks.sorted() { self.lookIfDue(pool, &step) }
    }

    private mutating func lookIfDue(_ pool: SlotPool, _ step: inout CoreStep) {
        guard let state = self.pools[pool], !state.isLooking else { return }
        if !state.looksNow {
            guard let due = self.nextTurn(state) else { return }
            guard due <= step.now else { return self.planLook(pool) }
        }
        // Another worker may have looked already; only of what is urgent here it can't know.
        guard state.looksNow || self.settings.lookStagger == nil else {
            self.pools[pool]?.isLooking = true
            return step.actions.append(.hearOthers(pool))
        }
        self.look(pool, state, &step)
    }

    /// Asks RDS about the targets of a pool, and about others' that a look may as well cover.
    private mutating func look(_ pool: SlotPool, _ state: PoolState, with others: [String] = [], _ step: inout CoreStep)
    {
        self.pools[pool]?.looksNow = false
        self.urgentLooks.remove(pool)
        let own = state.watched.compactMap { self.jobs[$0]?.target }
        guard !own.isEmpty else { return }
        let targets = Set(own + others).sorted()
        self.pools[pool]?.isLooking = true
        self.pools[pool]?.lookedAt = step.now
        self.pools[pool]?.looksAgainAt = nil
        step.actions.append(.describeTargets(pool, targets))
    }

    /// When the targets of a pool are to be looked at.
    private func nextLook(_ state: PoolState) -> Instant? {
        let watches = state.watched.compactMap { id -> CopyWatch? in
            if case .copying(let watch) = self.jobs[id]?.phase { watch } else { nil }
        }
        let planned = self.settings.confirm.nextLook(watches, lookedAt: state.lookedAt)
        return [planned, state.looksAgainAt].compactMap(\.self).min()
    }

    /// When it is this worker's turn to look, if nobody else has by then.
    private func nextTurn(_ state: PoolState) -> Instant? {
        self.nextLook(state).map { $0 + (self.settings.lookStagger ?? .zero) }
    }

    /// Sees to it that a pool is looked at in time, now that something about its copies is new.
    private mutating func planLook(_ pool: SlotPool) {
        guard let state = self.pools[pool], !state.isLooking, let due = self.nextTurn(state) else { return }
        if let planned = state.plannedLook, planned <= due { return }
        self.pools[pool]?.plannedLook = due
        self.looks.push(pool, due: due)
    }

    mutating func targetsDescribed(
        _ pool: SlotPool,
        asked: [String],
        found: [Snapshot],
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        // What was asked for long ago, as before the process stood still, says nothing of what began since.
        let askedAt = self.pools[pool].flatMap { $0.isLooking ? $0.lookedAt : nil } ?? step.now
        self.pools[pool]?.isLooking = false
        self.pools[pool]?.failedLooks = 0
        let byIdentifier = Dictionary(found.map { ($0.arn.identifier, $0) }) { first, _ in first }
        let asked = Set(asked)
        for id in (self.pools[pool]?.watched ?? []).sorted() {
            guard let state = self.jobs[id], asked.contains(state.target) else { continue }
            switch state.phase {
            case .checking(let failure, let since) where since <= askedAt:
                self.checked(id, byIdentifier[state.target], failure, after: askedAt - since, &step, &random)
            case .copying(let watch) where watch.startedAt <= askedAt:
                self.looked(id, watch, byIdentifier[state.target], at: askedAt, &step)
            default: continue
            }
        }
        // A job that began to wait for a look while this one was under way gets its own.
        let isAnyoneNew = (self.pools[pool]?.watched ?? []).contains { id in
            guard let state = self.jobs[id], case .checking(_, let since) = state.phase else { return false }
            return since > askedAt || !asked.contains(state.target)
        }
        if isAnyoneNew { self.lookAtOnce(pool) }
        self.planLook(pool)
    }

    /// Takes in what others tell; what is due all the same is looked at.
    mutating func heard(_ pool: SlotPool, _ look: HeardLook?, _ step: inout CoreStep) {
        self.pools[pool]?.isLooking = false
        let asked = min(look?.askedAt ?? step.now, step.now)
        let byIdentifier = Dictionary((look?.found ?? []).map { ($0.arn.identifier, $0) }) { first, _ in first }
        for id in (self.pools[pool]?.watched ?? []).sorted() {
            guard let state = self.jobs[id], case .copying(let watch) = state.phase,
                let target = byIdentifier[state.target]
            else { continue }
            // Clocks differ, and what has ended has ended; a copy that goes on is only of interest if it is news.
            guard target.phase == .available || asked > watch.seenAt else { continue }
            self.looked(id, watch, target, at: asked, &step)
        }
        guard let state = self.pools[pool] else { return }
        guard state.looksNow || self.nextLook(state).map({ $0 <= step.now }) ?? false else {
            return self.planLook(pool)
        }
        self.look(pool, state, with: look?.others ?? [], &step)
    }

    mutating func targetsNotDescribed(_ pool: SlotPool, _ failure: Trouble, _ step: inout CoreStep) {
        self.pools[pool]?.isLooking = false
        step.report(.trouble(operation: "Describe", failure))
        let failed = self.pools[pool]?.failedLooks ?? 0
        self.pools[pool]?.failedLooks = failed + 1
        let confirm = self.settings.confirm
        let pause = min(confirm.shortest * Double(1 << min(failed, 10)), max(confirm.longest, confirm.shortest))
        self.pools[pool]?.looksAgainAt = step.now + pause
        // No copy is looked at earlier because it is due.
        self.pools[pool]?.lookedAt = step.now + pause - confirm.shortest
        self.planLook(pool)
    }

    /// Has the targets of a pool looked at without waiting for anything.
    private mutating func lookAtOnce(_ pool: SlotPool) {
        self.pools[pool]?.looksNow = true
        self.urgentLooks.insert(pool)
    }

    /// Finds out whether a job's target exists before the failure is believed.
    mutating func check(_ id: CopyJob.ID, otherwise failure: Trouble, _ step: inout CoreStep) {
        guard let state = self.jobs[id] else { return }
        self.jobs[id]?.phase = .checking(otherwise: failure, since: step.now)
        self.pools[state.job.pool, default: PoolState()].watched.insert(id)
        self.lookAtOnce(state.job.pool)
    }

    private mutating func checked(
        _ id: CopyJob.ID,
        _ target: Snapshot?,
        _ failure: Trouble,
        after elapsed: Duration,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard let target else {
            // After a lost answer the copy may run and not be visible yet; its slot is not free before that is known. RDS may
            // have started it at the first attempt of the call and have said at the next one that it exists.
            let mayRun =
                switch failure.failureClass {
                case .unavailable, .cancelled, .alreadyExists: true
                default: false
                }
            guard mayRun, self.jobs[id]?.holdsSlot == true, elapsed < self.settings.settling else {
                return self.fail(id, failure, &step, &random)
            }
            let pool = SlotPool(destination: id.destination, kind: id.source.kind)
            self.pools[pool]?.looksAgainAt = step.now + self.settings.confirm.shortest
            return self.planLook(pool)
        }
        guard target.isCopy(of: id.source) else {
            return self.deadLetter(id, .nameTaken(target, wantedFor: id.source), &step)
        }
        self.adopt(id, target, &step)
    }

    /// Goes on with a copy that exists already.
    mutating func adopt(_ id: CopyJob.ID, _ target: Snapshot, _ step: inout CoreStep) {
        guard let state = self.jobs[id] else { return }
        let pool = state.job.pool
        self.pools[pool]?.ceaseToWait(id)
        if target.phase == .inProgress {
            step.actions.append(.occupySlot(pool, target: state.target))
            self.jobs[id]?.holdsSlot = true
            if let lane = state.lane, !state.isCounted {
                self.pools[pool]?.busyLanes.insert(lane)
                self.pools[pool]?.underWay += 1
                self.jobs[id]?.isCounted = true
            }
            step.report(.adopted(id, target: state.target))
        }
        self.watch(id, target, adopted: true, &step)
    }

    /// Starts to follow a copy, from what RDS said of it just now.
    mutating func watch(_ id: CopyJob.ID, _ target: Snapshot, adopted: Bool, _ step: inout CoreStep) {
        guard let state = self.jobs[id] else { return }
        let pool = state.job.pool
        self.pools[pool, default: PoolState()].watched.insert(id)
        let watch = CopyWatch(
            startedAt: step.now,
            wasAdopted: adopted,
            percent: target.percentProgress,
            createdAt: target.createdAt,
            leastDuration: self.pools[pool]?.pace.least
        )
        self.jobs[id]?.phase = .copying(watch)
        self.jobs[id]?.source = state.source?.withoutWhatStartsTake
        guard !state.messages.isEmpty else {
            // The lease was lost meanwhile: the copy is another worker's to adopt.
            self.leavePool(id, because: target.phase == .available ? .available : nil, &step)
            self.jobs[id] = nil
            return
        }
        guard target.phase == .inProgress else { return self.looked(id, watch, target, at: step.now, &step) }
        guard !self.isDraining else { return self.requeue(id, after: .zero, reason: "drain", &step) }
        // Of a new copy nobody knows when it ends, so it can only bring the next look forward; where that is early enough
        // anyway, the others need not be gone through.
        if watch.finish.latest == nil, let planned = self.pools[pool]?.plannedLook,
            planned <= self.settings.confirm.deadline(watch)
        {
            return
        }
        self.planLook(pool)
    }

    private mutating func looked(
        _ id: CopyJob.ID,
        _ old: CopyWatch,
        _ target: Snapshot?,
        at seenAt: Instant,
        _ step: inout CoreStep
    ) {
        guard let state = self.jobs[id] else { return }
        guard let target else {
            guard seenAt - old.startedAt >= self.settings.settling else { return }
            return self.copyFailed(id, detail: "the copy vanished before it was available", deleting: false, &step)
        }
        switch target.phase {
        case .available: self.confirm(id, state, old, target, seenAt: seenAt, &step)
        case .failed:
            let detail = "RDS reports status \(target.status)"
            // Nothing is ever deleted that does not carry our tag, whatever its name.
            guard TagMerge.marks(target.tags, copyOf: id.source) else {
                return self.deadLetter(id, .notOurs(target, detail: detail), &step)
            }
            // After a lease, another worker may have cleaned up and started anew under the same name.
            guard self.ownsLease(of: state, step.now) else { return self.abandon(id, &step) }
            self.copyFailed(id, detail: detail, deleting: true, &step)
        case .inProgress:
            var watch = old
            watch.seenAt = seenAt
            watch.finish.observe(percent: target.percentProgress, at: seenAt)
            if let percent = target.percentProgress, percent != old.percent {
                watch.percent = percent
                watch.movedAt = seenAt
                watch.isReportedStalled = false
                step.report(.progress(id, percent: percent))
            } else if !old.isReportedStalled, step.now - old.movedAt >= self.settings.stallAfter {
                watch.isReportedStalled = true
                step.report(.stalled(id, percent: old.percent, standingStill: step.now - old.movedAt))
            }
            self.jobs[id]?.phase = .copying(watch)
        }
    }

    private mutating func confirm(
        _ id: CopyJob.ID,
        _ state: JobState,
        _ watch: CopyWatch,
        _ target: Snapshot,
        seenAt: Instant,
        _ step: inout CoreStep
    ) {
        let sourceCreatedAt = target.originalCreatedAt ?? state.source?.createdAt ?? target.taggedSourceCreation
        if let lane = state.lane, let sourceCreatedAt {
            self.noteConfirmed(lane, sourceCreatedAt)
        }
        self.wishToPrune(after: state.job.route, in: state.job.pool)
        let duration = watch.startedAt < step.now ? step.now - watch.startedAt : nil
        if let duration, !watch.wasAdopted { self.pools[state.job.pool]?.pace.note(duration) }
        step.report(
            .confirmed(
                ConfirmedCopy(
                    job: state.job,
                    target: state.target,
                    database: target.database,
                    sourceCreatedAt: sourceCreatedAt,
                    duration: duration,
                    sizeGiB: target.sizeGiB,
                    confirmedAt: step.now,
                    wasAdopted: watch.wasAdopted
                )
            )
        )
        // Seen long ago, as before the process stood still, it may have been deleted and begun anew by another worker.
        self.finish(id, because: step.now - seenAt < self.settings.settling ? .available : .attemptOver, &step)
    }

    mutating func copyFailed(_ id: CopyJob.ID, detail: String, deleting: Bool, _ step: inout CoreStep) {
        guard var state = self.jobs[id] else { return }
        state.job.failedCopies += 1
        state.phase = .cleaning(detail: detail)
        self.jobs[id] = state
        step.report(.copyFailed(id, attempt: state.job.failedCopies, detail: detail))
        if deleting {
            step.actions.append(.deleteTarget(id, state.target))
        } else {
            self.cleaned(id, &step)
        }
    }

    mutating func targetDeleted(_ id: CopyJob.ID, _ step: inout CoreStep, _ random: inout some RandomNumberGenerator) {
        self.cleaned(id, &step)
    }

    mutating func targetNotDeleted(
        _ id: CopyJob.ID,
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard let state = self.jobs[id], case .cleaning = state.phase else { return }
        // Not there any more: a worker that held a duplicate of this job was quicker.
        if failure.failureClass == .copyFailed { return self.cleaned(id, &step) }
        step.report(.trouble(operation: "DeleteSnapshot", failure))
        self.fail(id, failure, &step, &random)
    }

    /// A failed copy is out of the way: once more, or to the dead-letter queue.
    mutating func cleaned(_ id: CopyJob.ID, _ step: inout CoreStep) {
        guard let state = self.jobs[id], case .cleaning(let detail) = state.phase else { return }
        if state.job.failedCopies >= self.settings.copyAttempts {
            return self.deadLetter(id, .copyFailed(detail, attempts: state.job.failedCopies), &step)
        }
        // The count of failed copies travels in a fresh message, so that it outlives this worker.
        let delay = min(self.settings.backoff.base * Double(1 << state.job.failedCopies), .seconds(900))
        self.leavePool(id, because: .attemptOver, &step)
        self.jobs[id] = nil
        let message = OutgoingMessage(body: JobMessage.encode(state.job), delay: delay)
        step.report(.requeued(id, reason: "copy-failed", detail: detail, after: delay))
        self.replace(state.messages, with: [message], &step)
    }
}

extension Snapshot {
    /// The snapshot without what only a start needs: its tags would be most of what a copy in progress weighs.
    fileprivate var withoutWhatStartsTake: Snapshot {
        var snapshot = self
        snapshot.tags = [:]
        snapshot.databaseTags = nil
        snapshot.kmsKeyID = nil
        snapshot.optionGroup = nil
        return snapshot
    }

    /// Whether this is a copy of that snapshot, as far as RDS or our own tag says.
    package func isCopy(of source: SnapshotARN) -> Bool {
        if self.tags[TagMerge.sourceKey] != nil { return TagMerge.marks(self.tags, copyOf: source) }
        guard let found = self.sourceARN else { return false }
        let wanted = source.description
        return found == wanted || found.lowercased() == wanted.lowercased()
    }

    /// When the data was taken, from our own tag: RDS does not keep that for clusters.
    package var taggedSourceCreation: Instant? {
        self.tags[TagMerge.sourceCreatedKey].flatMap { Instant(iso8601: $0) }
    }
}
