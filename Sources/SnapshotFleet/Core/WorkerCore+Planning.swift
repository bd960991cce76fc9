// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Describing sources and making jobs of events.
extension WorkerCore {
    /// Asks for every source that waits, one call at a time for each account, Region and kind.
    ///
    /// The snapshots of a backup window come within seconds of each other: after a call the next one waits a little, and
    /// tells about all of them. Where they fill a page, or come in a flood and find room, it need not wait.
    mutating func describeWaitingSources(_ step: inout CoreStep) {
        guard !self.sources.isEmpty else { return }
        for group in self.sources.keys.sorted() {
            guard let queue = self.sources[group], !queue.isDescribing, !queue.waiting.isEmpty,
                queue.waiting.count >= Self.sourcesAPage || self.describesSourcesAt(group) <= step.now
            else { continue }
            self.sourceLooks[group] = SourceLook(askedAt: step.now)
            let asked = Array(queue.waiting.sorted().prefix(Self.sourcesAPage))
            self.sources[group]?.isDescribing = true
            self.sources[group]?.waiting.subtract(asked)
            step.actions.append(.describeSources(group, asked))
        }
    }

    /// How many sources one call tells about; RDS gives no larger pages.
    private static let sourcesAPage = 100

    /// When fewer sources of a group than fill a page may be asked about.
    ///
    /// In a flood half of the time may go by in asking, for each call brings several: those that came during the one before
    /// it. Of a trickle each would take a call of its own, and a source whose copy has to wait for a slot can wait here.
    func describesSourcesAt(_ group: SourceGroup) -> Instant {
        guard let last = self.sourceLooks[group] else { return Instant(microseconds: .min) }
        let usual = last.askedAt + self.settings.confirm.shortest / 3
        guard let took = last.took, let floodEnds = self.arrivals.floodEnds else { return usual }
        let again = last.askedAt + took * 2
        return again < usual && again <= floodEnds && self.hasRoom(for: group.kind) ? again : usual
    }

    /// Whether a copy of a kind would be started at once at some destination, as far as this worker knows.
    private func hasRoom(for kind: SnapshotKind) -> Bool {
        self.pools.contains { pool, state in
            pool.kind == kind && state.closedUntil == nil
                && state.underWay + state.waiting.count + state.elsewhere.count < self.usableSlots(in: pool)
        }
    }

    mutating func sourcesDescribed(
        _ group: SourceGroup,
        asked: [SnapshotARN],
        found: [Snapshot],
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        self.sources[group]?.isDescribing = false
        self.sourceLooks[group]?.noteAnswer(at: step.now)
        let byARN = Dictionary(found.map { ($0.arn, $0) }) { first, _ in first }
        for arn in asked {
            let askers = self.interested(in: arn)
            for id in askers.jobs { self.sourceDescribed(id, byARN[arn], &step, &random) }
            for token in askers.events { self.plan(token, arn, byARN[arn], &step, &random) }
        }
        self.forgetQuiet(group)
    }

    mutating func sourcesNotDescribed(
        _ group: SourceGroup,
        asked: [SnapshotARN],
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        self.sources[group]?.isDescribing = false
        step.report(.trouble(operation: "Describe", failure))
        for arn in asked {
            let askers = self.interested(in: arn)
            for id in askers.jobs { self.fail(id, failure, &step, &random) }
            for token in askers.events { self.fail(message: token, source: arn, failure, &step, &random) }
        }
        self.forgetQuiet(group)
    }

    private mutating func forgetQuiet(_ group: SourceGroup) {
        if let queue = self.sources[group], !queue.isDescribing, queue.waiting.isEmpty { self.sources[group] = nil }
    }

    /// Which events and jobs still wait for the description of a source, in a stable order; it has come now.
    private mutating func interested(in arn: SnapshotARN) -> SourceAskers {
        guard var askers = self.askers.removeValue(forKey: arn) else { return SourceAskers() }
        askers.events = askers.events.filter { self.messages[$0]?.purpose == .event(arn) }.sorted()
        var jobs: [CopyJob.ID] = []
        for id in askers.jobs.sorted() where jobs.last != id {
            if case .describing = self.jobs[id]?.phase { jobs.append(id) }
        }
        askers.jobs = jobs
        return askers
    }

    private mutating func sourceDescribed(
        _ id: CopyJob.ID,
        _ source: Snapshot?,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard let state = self.jobs[id] else { return }
        guard let source else {
            if self.worksIn(accountOf: id) { return self.handOver(id, &step) }
            // Its copy may be there already: a worker that died between confirming and deleting leaves such a message.
            return self.check(
                id,
                otherwise: .sourceGone(id.source, firstSeen: state.job.firstSeen, now: step.now),
                &step
            )
        }
        switch source.phase {
        case .available: self.enqueue(id, source, &step)
        case .inProgress: self.fail(id, .sourceNotReady(source), &step, &random)
        case .failed: self.check(id, otherwise: .sourceUnusable(source), &step)
        }
    }

    /// Makes jobs of an event: one goes on in the event's own message, several are sent as messages of their own.
    private mutating func plan(
        _ token: MessageToken,
        _ arn: SnapshotARN,
        _ source: Snapshot?,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard let message = self.messages[token] else { return }
        let firstSeen = message.sentAt ?? message.receivedAt
        guard let source else {
            let failure = Trouble.sourceGone(arn, firstSeen: firstSeen, now: step.now)
            return self.fail(message: token, source: arn, failure, &step, &random)
        }
        if case .ours(let origin) = CopyLineage(SnapshotFacts(source)) {
            return self.ignore(token, source: "\(arn)", reason: "it is itself a copy, of \(origin)", &step)
        }
        let planned = self.policy.plan(source)
        guard let first = planned.first else {
            let reason = self.policy.explain(SnapshotFacts(source)).explanation
            return self.ignore(token, source: "\(arn)", reason: reason, &step)
        }
        guard source.phase != .inProgress else {
            return self.fail(message: token, source: arn, .sourceNotReady(source), &step, &random)
        }
        guard source.phase == .available else {
            return self.fail(message: token, source: arn, .sourceUnusable(source), &step, &random)
        }
        step.report(.planned(arn, destinations: planned.map(\.destination)))
        let jobs = planned.map { $0.job(firstSeen: firstSeen) }
        guard jobs.count == 1 else {
            return self.replace([token], with: jobs.map { OutgoingMessage(body: JobMessage.encode($0)) }, &step)
        }
        if !self.attach(token, to: jobs[0].id) { self.admit(jobs[0], first, [token], source: source, &step) }
    }

    /// Enqueues what a sweep found missing, unless it is in hand here already; a job that another worker has in hand does
    /// no harm either, because it finds the same target.
    mutating func swept(_ token: MessageToken, _ report: SweepReport, _ step: inout CoreStep) {
        guard let message = self.messages[token], message.purpose == .sweep else { return }
        for gap in report.gaps { step.report(.trouble(operation: "sweep of \(gap.listing)", gap.trouble)) }
        let jobs = report.missing.map(\.job).filter { self.jobs[$0.id] == nil }
        step.report(.swept(report, enqueued: jobs.count))
        guard !jobs.isEmpty else { return self.delete([token], &step) }
        self.replace([token], with: jobs.map { OutgoingMessage(body: JobMessage.encode($0)) }, &step)
    }

    mutating func notSwept(
        _ token: MessageToken,
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        guard let message = self.messages[token], message.purpose == .sweep else { return }
        step.report(.trouble(operation: "sweep", failure))
        self.fail(message: token, source: nil, failure, &step, &random)
    }
}
