// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Decides everything that a worker does.
///
/// It does no I/O and has no clock and no randomness of its own: inputs go in, actions come out, and the shell that
/// carries them out brings back what came of them. A message leaves only by one of four doors: its copy is confirmed, a
/// message that replaces it was accepted, the dead-letter queue accepted it, or the policy says that it is none of ours.
package struct WorkerCore: Sendable {
    package let settings: CoreSettings
    package let policy: Policy

    var messages: [MessageToken: HeldMessage] = [:]
    var jobs = JobTable()
    var terms = KnownTerms()
    var pools: [SlotPool: PoolState] = [:]
    /// The keys of ``pools``, sorted; none ever goes.
    private var knownPools: [SlotPool] = []
    var sources: [SourceGroup: SourceQueue] = [:]
    /// How sources were last asked about.
    var sourceLooks: [SourceGroup: SourceLook] = [:]
    var arrivals = Arrivals()
    /// Who waited for the description of a source when it was asked for; some may not wait any more.
    var askers: [SnapshotARN: SourceAskers] = [:]
    /// Messages that go together through the dead-letter queue, by the one that is sent.
    var companions: [MessageToken: [MessageToken]] = [:]
    /// What is on its way to a queue in place of messages, by the first of them.
    var outbox: [MessageToken: OutboxEntry] = [:]
    var resends = DeadlineHeap<MessageToken>()
    /// When each lane's newest confirmed copy was taken at the source, as far as this worker saw.
    var newestConfirmed: [CopyLane: Instant] = [:]
    /// How many slots the policy leaves the fleet in each of its pools.
    private let slots: [SlotPool: Int]
    /// How many parts the waiting room has.
    let shares: Int
    var leases = DeadlineHeap<MessageToken>()
    var looks = DeadlineHeap<SlotPool>()
    /// Pools whose targets are to be looked at without waiting.
    var urgentLooks: Set<SlotPool> = []
    /// The hops that this worker waits for.
    var hops: [SourceGroup: HopWatch] = [:]
    var hopLooks = DeadlineHeap<SourceGroup>()
    var audits = DeadlineHeap<SlotPool>()
    var auditsArePlanned = false
    /// Pools with copies confirmed since, whose routes let workers prune.
    var pruneWishes: Set<SlotPool> = []
    var pruning: [SlotPool: PruneState] = [:]
    var prunes = DeadlineHeap<SlotPool>()
    var nextToken: UInt64 = 1
    var isReceiving = false
    var receiveFailures = 0
    /// Whether the latest receive found nothing.
    var sawEmptyQueue = false
    /// Until when a job that was sent back for want of room may be hidden on the queue.
    var turnedAwayUntil: Instant?
    var receivesAgainAt: Instant?
    var isDraining = false
    /// When a drain stops waiting for answers that decide about slots.
    var drainEnds: Instant?
    private var isFinished = false

    package init(settings: CoreSettings, policy: Policy) {
        self.settings = settings
        self.policy = policy
        let pools = policy.pools
        self.slots = Dictionary(pools.map { ($0, policy.usableSlots(in: $0)) }) { first, _ in first }
        self.shares = max(1, pools.count { policy.leads(to: $0) })
    }

    /// All pools that anything is known of, in order.
    var poolsInOrder: [SlotPool] {
        mutating get {
            if self.knownPools.count != self.pools.count { self.knownPools = self.pools.keys.sorted() }
            return self.knownPools
        }
    }

    /// How many copies of the fleet may be in progress in a pool.
    func usableSlots(in pool: SlotPool) -> Int { self.slots[pool] ?? self.policy.usableSlots(in: pool) }

    /// Takes in what happened and tells what to do.
    ///
    /// - Parameters:
    ///   - input: What happened. An answer that nobody waits for any more is harmless.
    ///   - now: When; never earlier than the last time.
    ///   - random: Where jitter comes from.
    /// - Returns: What to do, in this order.
    package mutating func handle(
        _ input: CoreInput,
        at now: Instant,
        using random: inout some RandomNumberGenerator
    ) -> [CoreAction] {
        var step = CoreStep(now: now)
        self.take(input, &step, &random)
        self.renewLeases(&step, &random)
        self.sendAgain(&step)
        self.endWaitingOfDrain(&step)
        self.describeWaitingSources(&step)
        self.startWaitingJobs(&step)
        self.lookAtTargets(&step)
        self.lookAtHops(&step)
        self.auditSlots(&step, &random)
        self.pruneCopies(&step, &random)
        self.receiveMore(&step)
        if self.isDraining, !self.isFinished, self.messages.isEmpty, !self.isReceiving, !self.isOwedAnAnswer {
            self.isFinished = true
            step.actions.append(.finished)
        }
        return step.actions
    }

    /// When the core next has to be asked even if nothing happens; `nil` when only an answer can bring it on.
    package var nextDeadline: Instant? {
        var next = Self.earlier(self.leases.earliest, self.looks.earliest)
        next = Self.earlier(next, self.hopLooks.earliest)
        next = Self.earlier(next, self.resends.earliest)
        next = Self.earlier(next, self.receivesAgainAt)
        next = Self.earlier(next, self.drainEnds)
        if !self.isDraining {
            next = Self.earlier(next, self.audits.earliest)
            next = Self.earlier(next, self.prunes.earliest)
        }
        for pool in self.pools.values where !pool.waiting.isEmpty {
            next = Self.earlier(next, pool.closedUntil)
        }
        for (group, queue) in self.sources where !queue.isDescribing && !queue.waiting.isEmpty {
            next = Self.earlier(next, self.describesSourcesAt(group))
        }
        return next
    }

    private static func earlier(_ one: Instant?, _ other: Instant?) -> Instant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    private mutating func take(
        _ input: CoreInput,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        switch input {
        case .tick: break
        case .received(let deliveries): self.received(deliveries, &step)
        case .receiveFailed(let failure): self.receiveFailed(failure, &step, &random)
        case .sourcesDescribed(let group, let asked, let found):
            self.sourcesDescribed(group, asked: asked, found: found, &step, &random)
        case .sourcesNotDescribed(let group, let asked, let failure):
            self.sourcesNotDescribed(group, asked: asked, failure, &step, &random)
        case .poolSurveyed(let pool, let inProgress): self.poolSurveyed(pool, inProgress, &step)
        case .poolNotSurveyed(let pool, let failure): self.poolNotSurveyed(pool, failure, &step, &random)
        case .slotGranted(let id): self.slotGranted(id, &step)
        case .slotRefused(let id): self.slotRefused(id, &step)
        case .slotNotDecided(let id, let failure): self.slotNotDecided(id, failure, &step)
        case .slotsAudited(let pool): self.planAudit(of: pool, &step, &random)
        case .copyStarted(let id, let target): self.copyStarted(id, target, &step)
        case .copyRejected(let id, let failure): self.copyRejected(id, failure, &step, &random)
        case .targetsDescribed(let pool, let asked, let found):
            self.targetsDescribed(pool, asked: asked, found: found, &step, &random)
        case .targetsNotDescribed(let pool, _, let failure): self.targetsNotDescribed(pool, failure, &step)
        case .heard(let pool, let look): self.heard(pool, look, &step)
        case .targetDeleted(let id): self.targetDeleted(id, &step, &random)
        case .targetNotDeleted(let id, let failure): self.targetNotDeleted(id, failure, &step, &random)
        case .handedOver(let answer): self.handedOver(answer, &step, &random)
        case .leasesExtended, .requeued, .replaced, .notReplaced, .deadLettered, .notDeadLettered, .deleted,
            .notDeleted:
            self.settle(input, &step, &random)
        case .swept(let token, let report): self.swept(token, report, &step)
        case .notSwept(let token, let failure): self.notSwept(token, failure, &step, &random)
        case .pruned(let request, let deleted): self.pruned(request, deleted: deleted, &step)
        case .drain: self.drain(&step)
        }
    }
}

/// What one step of a core gathers.
struct CoreStep {
    let now: Instant
    var actions: [CoreAction] = []

    mutating func report(_ event: FleetEvent) { self.actions.append(.report(event)) }
}

/// Snapshots of one account, Region and kind that are to be described.
struct SourceQueue: Sendable {
    var waiting: Set<SnapshotARN> = []
    var isDescribing = false
}
