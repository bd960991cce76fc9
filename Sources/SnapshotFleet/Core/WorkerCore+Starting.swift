// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Choosing what to start, getting a slot for it, and starting it.
extension WorkerCore {
    mutating func startWaitingJobs(_ step: inout CoreStep) {
        guard !self.isDraining, self.pools.values.contains(where: { !$0.waiting.isEmpty }) else { return }
        for pool in self.poolsInOrder {
            guard let state = self.pools[pool], !state.waiting.isEmpty else { continue }
            if let closed = state.closedUntil {
                guard closed <= step.now else { continue }
                self.pools[pool]?.closedUntil = nil
            }
            switch state.survey {
            case .running: continue
            case .unknown:
                // What runs there already counts against the quota, and may be a copy to adopt.
                self.pools[pool]?.survey = .running
                step.actions.append(.surveyPool(pool))
            case .known: self.acquireSlots(pool, &step)
            }
        }
    }

    private mutating func acquireSlots(_ pool: SlotPool, _ step: inout CoreStep) {
        guard let state = self.pools[pool], state.underWay < self.usableSlots(in: pool),
            !state.wasRefused || !state.isAsking
        else { return }
        self.dropSuperseded(pool, &step)
        let slots = self.usableSlots(in: pool)
        for (id, _) in self.order(pool, at: step.now) {
            guard let poolState = self.pools[pool] else { return }
            // Where the last answer was no, one question at a time will do.
            guard poolState.underWay < slots, !poolState.wasRefused || !poolState.isAsking else { return }
            guard poolState.waiting.contains(id), let state = self.jobs[id], let lane = state.lane,
                !poolState.busyLanes.contains(lane)
            else { continue }
            guard poolState.circuit.parks(isEncrypted: state.source?.isEncrypted ?? false, at: step.now) == nil else {
                self.park(id, &step)
                continue
            }
            guard !self.needsHandover(state) else {
                self.handOver(id, &step)
                continue
            }
            self.countAsUnderWay(id)
            self.jobs[id]?.phase = .acquiring
            self.jobs[id]?.slotAskedAt = step.now
            self.pools[pool]?.isAsking = true
            self.pools[pool]?.circuit.letThrough(
                isEncrypted: state.source?.isEncrypted ?? false,
                at: step.now,
                interval: self.settings.circuitProbeInterval
            )
            step.actions.append(.acquireSlot(id, pool, target: state.target))
        }
    }

    /// Counts a job among this worker's copies at its destination, and its database as busy.
    mutating func countAsUnderWay(_ id: CopyJob.ID) {
        guard let state = self.jobs[id], !state.isCounted, let lane = state.lane else { return }
        let pool = state.job.pool
        self.jobs[id]?.isCounted = true
        self.pools[pool, default: PoolState()].ceaseToWait(id)
        self.pools[pool]?.busyLanes.insert(lane)
        self.pools[pool]?.elsewhere[state.target] = nil
        self.pools[pool]?.underWay += 1
    }

    /// Gives a waiting job back to the queue until the next probe.
    private mutating func park(_ id: CopyJob.ID, _ step: inout CoreStep) {
        guard let source = self.jobs[id]?.source else { return }
        self.enqueue(id, source, &step)
    }

    /// Who starts next: the route's priority, then the database whose newest confirmed copy is oldest, then age.
    ///
    /// Of those that came at about the same time the largest goes first: a long copy that is begun last keeps everybody
    /// waiting for the end when all slots but its own are empty. Not as long as many others wait on the queue, though:
    /// small ones would fill the waiting room, and the large ones among the others come to light too late.
    ///
    /// Some may have ceased to wait.
    private mutating func order(_ pool: SlotPool, at now: Instant) -> [(id: CopyJob.ID, lane: CopyLane?)] {
        let bySize = self.seesAll(at: now)
        guard let state = self.pools[pool], !state.waiting.isEmpty else { return [] }
        if let known = state.order, known.isBySize == bySize { return known.jobs }
        let ranks = state.waiting.compactMap { id in self.jobs[id].map { self.rank($0, bySize: bySize) } }
        let jobs = ranks.sorted().map { (id: $0.id, lane: $0.lane) }
        self.pools[pool]?.order = StartOrder(isBySize: bySize, jobs: jobs)
        return jobs
    }

    private mutating func firstInOrder(of pool: SlotPool, at now: Instant) -> CopyJob.ID? {
        let order = self.order(pool, at: now)
        guard let waiting = self.pools[pool]?.waiting else { return nil }
        return order.lazy.map(\.id).first { waiting.contains($0) }
    }

    /// Notes when the newest confirmed copy of a lane was taken, which the next one's place goes by.
    mutating func noteConfirmed(_ lane: CopyLane, _ created: Instant) {
        if let known = self.newestConfirmed[lane], known >= created { return }
        self.newestConfirmed[lane] = created
        guard let order = self.pools[lane.pool]?.order, order.jobs.contains(where: { $0.lane == lane }) else { return }
        self.pools[lane.pool]?.order = nil
    }

    private func rank(_ state: JobState, bySize: Bool) -> StartRank {
        let age = state.since.wholeSeconds / 900
        let lane = state.lane
        return StartRank(
            priority: state.terms.priority,
            newest: lane.flatMap { self.newestConfirmed[$0] } ?? Instant(microseconds: .min),
            age: age,
            sizeGiB: bySize ? state.source?.sizeGiB ?? 0 : 0,
            since: state.since,
            id: state.job.id,
            lane: lane
        )
    }

    /// Whether this worker has probably seen whatever is on the queue: its latest receive found nothing or its waiting
    /// room is half empty, and nobody whom it turned away may still be hidden there.
    private func seesAll(at now: Instant) -> Bool {
        guard self.turnedAwayUntil.map({ $0 < now }) ?? true else { return false }
        return self.sawEmptyQueue || self.unstartedCount * 2 <= self.settings.waitingRoom
    }

    /// Drops what a newer snapshot of the same database overtakes, on routes that want the newest only.
    private mutating func dropSuperseded(_ pool: SlotPool, _ step: inout CoreStep) {
        guard self.policy.routes.contains(where: \.newestOnly) else { return }
        var newest: [CopyLane: (created: Instant, arn: SnapshotARN)] = [:]
        let waiting = (self.pools[pool]?.waiting ?? []).sorted().compactMap { self.jobs[$0] }.filter {
            $0.terms.newestOnly
        }
        for state in waiting {
            guard let lane = state.lane, let created = state.source?.createdAt else { continue }
            if let known = newest[lane], known.created >= created { continue }
            newest[lane] = (created, state.job.source)
        }
        for state in waiting {
            guard let lane = state.lane, let best = newest[lane], best.arn != state.job.source,
                let created = state.source?.createdAt, created < best.created
            else { continue }
            step.report(.superseded(state.job.id, by: best.arn))
            self.finish(state.job.id, &step)
        }
    }

    mutating func poolSurveyed(_ pool: SlotPool, _ inProgress: [Snapshot], _ step: inout CoreStep) {
        self.pools[pool, default: PoolState()].survey = .known
        self.pools[pool]?.surveyedAt = step.now
        self.pools[pool]?.hasForeignCopies = inProgress.contains { $0.tags[TagMerge.sourceKey] == nil }
        let own = Set(self.jobs.values.filter { $0.isCounted && $0.job.pool == pool }.map { $0.target })
        self.pools[pool]?.elsewhere = Dictionary(
            inProgress.lazy.filter { !own.contains($0.arn.identifier) }
                .map { ($0.arn.identifier, $0.tags[TagMerge.sourceKey] != nil) }
        ) { first, _ in first }
        let running = Dictionary(inProgress.map { ($0.arn.identifier, $0) }) { first, _ in first }
        for id in (self.pools[pool]?.waiting ?? []).sorted() {
            guard let state = self.jobs[id], let target = running[state.target], target.isCopy(of: state.job.source)
            else { continue }
            self.adopt(id, target, &step)
        }
    }

    mutating func poolNotSurveyed(
        _ pool: SlotPool,
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        self.pools[pool]?.survey = .unknown
        self.close(pool, for: self.settings.slotRetry, reopensWithSlot: false, &step)
        step.report(.trouble(operation: "Describe", failure))
        // A destination that can't even be looked at takes no copies: its jobs go the way of those that it refuses.
        guard case .configuration(let reason) = failure.failureClass,
            let first = self.firstInOrder(of: pool, at: step.now)
        else { return }
        self.refused(first, reason, failure, &step, &random)
    }

    mutating func slotGranted(_ id: CopyJob.ID, _ step: inout CoreStep) {
        let pool = SlotPool(destination: id.destination, kind: id.source.kind)
        self.pools[pool]?.wasRefused = false
        self.pools[pool]?.isAsking = false
        self.pools[pool]?.courtesy.noteAnswer(isGranted: true)
        guard var state = self.jobs[id], case .acquiring = state.phase, let source = state.source else { return }
        state.holdsSlot = true
        self.jobs[id] = state
        // The slot has the target's name, and so belongs to whoever owns the message by now: it is not given back.
        guard self.ownsLease(of: state, step.now) else { return self.abandon(id, &step) }
        guard !self.isDraining else { return self.requeue(id, after: .zero, reason: "drain", &step) }
        switch CopyRequest.make(state, source: source) {
        case .success(let request):
            self.jobs[id]?.phase = .starting
            step.actions.append(.startCopy(request))
        case .failure(let failure):
            self.deadLetter(id, failure, &step)
        }
    }

    mutating func slotRefused(_ id: CopyJob.ID, _ step: inout CoreStep) {
        self.putBack(id, &step)
        let pool = SlotPool(destination: id.destination, kind: id.source.kind)
        guard let state = self.pools[pool] else { return }
        self.close(pool, for: self.settings.slotRetry, reopensWithSlot: true, &step)
        self.pools[pool]?.wasRefused = true
        self.pools[pool]?.isAsking = false
        self.pools[pool]?.courtesy.noteAnswer(isGranted: false)
        // If every slot is this worker's own, one of its own copies will free it. Slots of the fleet come back through
        // the ledger that workers share; where they share none, and of copies that others started, nobody tells that
        // they have ended.
        guard state.underWay < self.usableSlots(in: pool) else { return }
        let isTold = self.settings.lookStagger != nil && !state.hasForeignCopies
        let pause = isTold ? self.settings.fleetSurvey : self.settings.foreignSurvey
        if step.now - (state.surveyedAt ?? step.now - pause) >= pause { self.pools[pool]?.survey = .unknown }
    }

    mutating func slotNotDecided(_ id: CopyJob.ID, _ failure: Trouble, _ step: inout CoreStep) {
        step.report(.trouble(operation: "AcquireSlot", failure))
        self.putBack(id, &step)
        let pool = SlotPool(destination: id.destination, kind: id.source.kind)
        self.pools[pool]?.isAsking = false
        self.close(pool, for: self.settings.slotRetry, reopensWithSlot: false, &step)
    }

    /// Asks for no slots for a while.
    private mutating func close(
        _ pool: SlotPool,
        for pause: Duration,
        reopensWithSlot: Bool,
        _ step: inout CoreStep
    ) {
        self.pools[pool]?.closedUntil = step.now + pause
        self.pools[pool]?.reopensWithSlot = reopensWithSlot
    }

    /// Returns a job to the waiting room.
    mutating func putBack(_ id: CopyJob.ID, _ step: inout CoreStep) {
        guard self.jobs[id] != nil else { return }
        self.leavePool(id, because: .attemptOver, &step)
        guard let state = self.jobs[id], let source = state.source else { return }
        guard !state.messages.isEmpty else {
            self.jobs[id] = nil
            return
        }
        guard !self.isDraining else { return self.requeue(id, after: .zero, reason: "drain", &step) }
        self.jobs[id]?.phase = .waiting
        self.jobs[id]?.source = source
        self.pools[state.job.pool, default: PoolState()].wait(id)
    }

    mutating func copyStarted(_ id: CopyJob.ID, _ target: Snapshot, _ step: inout CoreStep) {
        guard let state = self.jobs[id], case .starting = state.phase else { return }
        step.actions.append(.occupySlot(state.job.pool, target: state.target))
        let pool = state.job.pool
        let closed = self.pools[pool]?.circuit.succeeded(isEncrypted: state.source?.isEncrypted ?? false) ?? []
        for reason in closed { step.report(.circuitClosed(pool, reason)) }
        step.report(.started(id, target: state.target))
        self.watch(id, target, adopted: false, &step)
    }

    mutating func copyRejected(
        _ id: CopyJob.ID,
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard let state = self.jobs[id], case .starting = state.phase else { return }
        let pool = state.job.pool
        switch failure.failureClass {
        case .alreadyExists, .unavailable, .cancelled:
            // Either it is there, or the answer was lost and it may be: only Describe knows.
            self.check(id, otherwise: failure, &step)
        case .quotaConcurrent(let limit):
            if let limit {
                step.actions.append(.learnLimit(pool, limit))
                step.report(.limitLowered(pool, limit))
            }
            self.putBack(id, &step)
            self.close(pool, for: self.settings.slotRetry, reopensWithSlot: true, &step)
            self.pools[pool]?.survey = .unknown
            step.report(.requeued(id, reason: "quota", detail: failure.detail, after: self.settings.slotRetry))
        case .quotaSnapshots:
            self.close(pool, for: self.settings.snapshotQuotaPause, reopensWithSlot: false, &step)
            self.pools[pool]?.fullUntil = step.now + self.settings.snapshotQuotaPause
            step.report(.snapshotQuotaReached(pool, detail: failure.detail))
            if self.pruneBecauseFull(pool, &step) {
                self.putBack(id, &step)
            } else {
                self.fail(id, failure, &step, &random)
            }
        case .quotaUnknown:
            self.close(pool, for: self.settings.unknownQuotaPause, reopensWithSlot: false, &step)
            step.report(.unknownQuota(pool, detail: failure.detail))
            self.fail(id, failure, &step, &random)
        case .configuration(let reason):
            self.refused(id, reason, failure, &step, &random)
        case .sourceGone where state.carrier != nil:
            // It was there, and shared, a moment ago: the next attempt looks again, and shares anew what is not.
            let account = id.destination.account
            let detail = "account \(account) does not see what was shared with it: \(failure.detail)"
            self.copyFailed(id, detail: detail, deleting: false, &step)
        default:
            self.fail(id, failure, &step, &random)
        }
    }

    /// RDS refused for a reason that only an operator can put right.
    private mutating func refused(
        _ id: CopyJob.ID,
        _ reason: DeadLetterReason,
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        let pool = SlotPool(destination: id.destination, kind: id.source.kind)
        let effect = self.pools[pool]?.circuit.failed(
            reason,
            detail: failure.detail,
            at: step.now,
            threshold: self.settings.circuitThreshold,
            interval: self.settings.circuitProbeInterval
        )
        switch effect {
        case .opened:
            step.report(.circuitOpened(pool, reason, detail: failure.detail))
            self.fail(id, failure, &step, &random)
        case .stillOpen:
            let delay = self.settings.circuitProbeInterval + .seconds(Double.random(in: 0...120, using: &random))
            step.report(.requeued(id, reason: "circuit-\(reason)", detail: failure.detail, after: delay))
            self.requeue(id, after: delay, reason: "circuit-\(reason)", &step)
        case .counted, nil:
            self.fail(id, failure, &step, &random)
        }
    }
}

/// Where a waiting job stands among those that wait for the same slots; the smallest starts first.
private struct StartRank: Comparable {
    let priority: Int
    let newest: Instant
    /// The quarter of an hour that it came in.
    let age: Int64
    let sizeGiB: Int
    let since: Instant
    let id: CopyJob.ID
    let lane: CopyLane?

    static func < (left: StartRank, right: StartRank) -> Bool {
        if left.priority != right.priority { return left.priority > right.priority }
        if left.newest != right.newest { return left.newest < right.newest }
        if left.age != right.age { return left.age < right.age }
        if left.sizeGiB != right.sizeGiB { return left.sizeGiB > right.sizeGiB }
        if left.since != right.since { return left.since < right.since }
        return left.id < right.id
    }
}
