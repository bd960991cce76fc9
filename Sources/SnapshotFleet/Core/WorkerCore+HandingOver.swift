// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The hops of one source account, Region and kind that this worker waits for.
struct HopWatch: Sendable {
    var jobs: Set<CopyJob.ID> = []
    /// When they were last looked at.
    var lookedAt: Instant?
    var isLooking = false
    /// The moment that the worker is to be woken for, to look.
    var plannedLook: Instant?
}

/// Getting a snapshot to where another account can copy it, before a slot is asked for.
///
/// A job that is handed over counts as one of this worker's copies under way at its destination, though it has no slot
/// yet: so no more hops are made at once than copies could be.
extension WorkerCore {
    /// Whether the source's account can be worked in, so that whatever is left there can be cleaned up.
    func worksIn(accountOf id: CopyJob.ID) -> Bool {
        id.source.account != id.destination.account
            && self.policy.worksIn(account: id.source.account, ownAccount: self.settings.ownAccount)
    }

    /// Whether something has to be done, or looked at, before the destination can copy the source of a job.
    func needsHandover(_ state: JobState) -> Bool {
        guard state.carrier == nil, self.worksIn(accountOf: state.job.id) else { return false }
        // What other accounts share with this one is not ours to share.
        switch state.source?.origin {
        case .automated, .manual, .awsbackup: return true
        case .shared, .public, nil: return false
        }
    }

    /// Begins a handover, or begins it anew: what others did before shows in RDS.
    ///
    /// Of a source that is gone a hop may be left, or the copy itself.
    mutating func handOver(_ id: CopyJob.ID, _ step: inout CoreStep) {
        guard let state = self.jobs[id] else { return }
        self.countAsUnderWay(id)
        self.jobs[id]?.phase = .handingOver(nil)
        let question = HandoverQuestion(
            job: id,
            source: state.source,
            target: state.target,
            hop: HopIdentifier.make(for: id)
        )
        step.actions.append(.handOver(.inspect(question)))
    }

    mutating func handedOver(
        _ answer: HandoverAnswer,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        switch answer {
        case .inspected(let id, let facts): self.inspected(id, facts, &step, &random)
        case .shared(let id, let arn):
            guard self.isHandingOver(id) else { return }
            step.report(.handover(id, .shared(arn)))
            self.carry(id, by: arn, &step)
        case .hopStarted(let id, let hop):
            guard self.isHandingOver(id) else { return }
            step.report(.handover(id, .hopStarted(hop.arn.identifier)))
            self.waitForHop(id, hop, &step)
        case .hopsDescribed(let group, let asked, let found):
            self.hopsDescribed(group, asked: Set(asked), found, &step, &random)
        case .tidied(let id): self.tidied(id, &step)
        case .failed(let action, let failure): self.failed(action, failure, &step, &random)
        }
    }

    private func isHandingOver(_ id: CopyJob.ID) -> Bool {
        if case .handingOver = self.jobs[id]?.phase { true } else { false }
    }

    private mutating func inspected(
        _ id: CopyJob.ID,
        _ facts: HandoverFacts,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard self.isHandingOver(id), let state = self.jobs[id] else { return }
        let handover = Handover(
            job: state.job,
            source: state.source,
            hopKey: state.terms.hopKey,
            copiesTags: state.terms.rule.copyTags
        )
        if let hop = facts.hop, state.source == nil {
            self.jobs[id]?.source = Handover.source(of: id, from: hop)
            self.countAsUnderWay(id)
        }
        switch handover.next(facts) {
        case .adopt(let target): self.adopt(id, target, &step)
        case .copy(let arn): self.carry(id, by: arn, &step)
        case .share(let arn): step.actions.append(.handOver(.share(id, arn)))
        case .makeHop(let request): step.actions.append(.handOver(.makeHop(request)))
        case .wait(let hop): self.waitForHop(id, hop, &step)
        case .removeHop: self.hopFailed(id, detail: "RDS reports that its hop failed", &step)
        case .giveUp:
            let gone = Trouble.sourceGone(id.source, firstSeen: state.job.firstSeen, now: step.now)
            self.fail(id, gone, &step, &random)
        case .refuse(let failure): self.fail(id, failure, &step, &random)
        }
    }

    /// The destination can copy now: a slot is all that is missing, and the job takes its place among those that wait.
    private mutating func carry(_ id: CopyJob.ID, by arn: SnapshotARN, _ step: inout CoreStep) {
        self.jobs[id]?.carrier = arn
        self.putBack(id, &step)
    }

    // MARK: - Hops

    private mutating func waitForHop(_ id: CopyJob.ID, _ hop: Snapshot, _ step: inout CoreStep) {
        let watch = CopyWatch(
            startedAt: step.now,
            wasAdopted: false,
            percent: hop.percentProgress,
            createdAt: hop.createdAt
        )
        self.jobs[id]?.phase = .handingOver(watch)
        let group = SourceGroup(id.source)
        self.hops[group, default: HopWatch()].jobs.insert(id)
        self.planLook(atHopsOf: group)
    }

    private mutating func planLook(atHopsOf group: SourceGroup) {
        guard let hops = self.hops[group], !hops.isLooking else { return }
        let watches = hops.jobs.compactMap { id -> CopyWatch? in
            if case .handingOver(let watch) = self.jobs[id]?.phase { watch } else { nil }
        }
        guard let due = self.settings.confirm.nextLook(watches, lookedAt: hops.lookedAt) else {
            self.hops[group] = nil
            return
        }
        if let planned = hops.plannedLook, planned <= due { return }
        self.hops[group]?.plannedLook = due
        self.hopLooks.push(group, due: due)
    }

    /// Asks about all hops of a source in one call as soon as one of them is due.
    mutating func lookAtHops(_ step: inout CoreStep) {
        while let group = self.hopLooks.pop(dueAt: step.now) {
            guard let hops = self.hops[group], !hops.isLooking, hops.plannedLook.map({ $0 <= step.now }) ?? false else {
                continue
            }
            self.hops[group]?.plannedLook = nil
            let waiting = hops.jobs.filter { id in
                if case .handingOver(.some) = self.jobs[id]?.phase { true } else { false }
            }
            guard !waiting.isEmpty else {
                self.hops[group] = nil
                continue
            }
            self.hops[group]?.jobs = waiting
            self.hops[group]?.isLooking = true
            self.hops[group]?.lookedAt = step.now
            let identifiers = waiting.map { HopIdentifier.make(for: $0) }.sorted()
            step.actions.append(.handOver(.describeHops(group, identifiers)))
        }
    }

    private mutating func hopsDescribed(
        _ group: SourceGroup,
        asked: Set<String>,
        _ found: [Snapshot],
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        self.hops[group]?.isLooking = false
        let byIdentifier = Dictionary(found.map { ($0.arn.identifier, $0) }) { first, _ in first }
        for id in (self.hops[group]?.jobs ?? []).sorted() {
            let identifier = HopIdentifier.make(for: id)
            guard case .handingOver(let watch?) = self.jobs[id]?.phase, asked.contains(identifier) else { continue }
            self.looked(atHopOf: id, watch, byIdentifier[identifier], &step)
        }
        self.planLook(atHopsOf: group)
    }

    private mutating func looked(
        atHopOf id: CopyJob.ID,
        _ old: CopyWatch,
        _ hop: Snapshot?,
        _ step: inout CoreStep
    ) {
        guard let hop else {
            guard step.now - old.startedAt >= self.settings.settling else { return }
            self.hops[SourceGroup(id.source)]?.jobs.remove(id)
            return self.copyFailed(id, detail: "its hop vanished before it was available", deleting: false, &step)
        }
        switch hop.phase {
        case .available:
            self.hops[SourceGroup(id.source)]?.jobs.remove(id)
            self.jobs[id]?.phase = .handingOver(nil)
            step.actions.append(.handOver(.share(id, hop.arn)))
        case .failed:
            self.hops[SourceGroup(id.source)]?.jobs.remove(id)
            self.hopFailed(id, detail: "RDS reports status \(hop.status) of its hop", &step)
        case .inProgress:
            var watch = old
            watch.seenAt = step.now
            watch.finish.observe(percent: hop.percentProgress, at: step.now)
            if let percent = hop.percentProgress, percent != old.percent {
                watch.percent = percent
                watch.movedAt = step.now
                watch.isReportedStalled = false
            } else if !old.isReportedStalled, step.now - old.movedAt >= self.settings.stallAfter {
                watch.isReportedStalled = true
                step.report(.stalled(id, percent: old.percent, standingStill: step.now - old.movedAt))
            }
            self.jobs[id]?.phase = .handingOver(watch)
        }
    }

    /// A hop that failed goes, and the job comes again a few times, as after a copy that failed.
    private mutating func hopFailed(_ id: CopyJob.ID, detail: String, _ step: inout CoreStep) {
        guard var state = self.jobs[id] else { return }
        state.job.failedCopies += 1
        state.phase = .cleaning(detail: detail)
        self.jobs[id] = state
        step.report(.copyFailed(id, attempt: state.job.failedCopies, detail: detail))
        step.actions.append(.handOver(.tidy(id, hop: HopIdentifier.make(for: id), failedOnly: true)))
    }

    // MARK: - Trouble

    private mutating func failed(
        _ action: HandoverAction,
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        switch action {
        case .describeHops(let group, _):
            step.report(.trouble(operation: "Describe", failure))
            self.hops[group]?.isLooking = false
            self.planLook(atHopsOf: group)
        case .tidy(let id, _, _): self.notTidied(id, failure, &step, &random)
        case .inspect(let question):
            if self.isHandingOver(question.job) { self.fail(question.job, failure, &step, &random) }
        case .share(let id, let arn):
            guard self.isHandingOver(id) else { return }
            // A hop that somebody deleted meanwhile is made anew.
            let isHopGone = failure.failureClass == .sourceGone && arn != id.source
            let detail = "the hop \(arn) is gone"
            self.fail(id, isHopGone ? Trouble(.notReady, detail: detail) : failure, &step, &random)
        case .makeHop(let request):
            guard self.isHandingOver(request.job) else { return }
            self.notMade(request, failure, &step, &random)
        }
    }

    private mutating func notMade(
        _ request: HopRequest,
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        let id = request.job
        switch failure.failureClass {
        case .quotaSnapshots:
            let place = Destination(account: id.source.account, region: id.source.region)
            let pool = SlotPool(destination: place, kind: id.source.kind)
            step.report(.snapshotQuotaReached(pool, detail: failure.detail))
            self.fail(id, failure, &step, &random)
        case .alreadyExists:
            // Made by a worker before this one, or by a call whose answer was lost.
            self.fail(id, Trouble(.unavailable, detail: failure.detail), &step, &random)
        default: self.fail(id, failure, &step, &random)
        }
    }
}
