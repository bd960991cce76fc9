// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// Bugs made on purpose, between the core and the world.
extension Simulation {
    /// What a core with the bug would have taken an input for.
    func mutated(_ input: CoreInput, of worker: SimulatedWorker) -> CoreInput {
        switch (self.scenario.mutation, input) {
        case (.adoptsAnything, .targetsDescribed(let pool, let asked, let found)):
            return .targetsDescribed(pool, asked: asked, found: found.map { self.taggedAsWanted($0, in: pool) })
        case (.adoptsAnything, .poolSurveyed(let pool, let running)):
            return .poolSurveyed(pool, inProgress: running.map { self.taggedAsWanted($0, in: pool) })
        case (.deletesWhatIsNotOurs, .targetsDescribed(let pool, let asked, let found)):
            let tagged = found.map { $0.phase == .failed ? self.taggedAsWanted($0, in: pool) : $0 }
            return .targetsDescribed(pool, asked: asked, found: tagged)
        case (.confirmsEarly, .targetsDescribed(let pool, let asked, let found)):
            let done = found.map { snapshot -> Snapshot in
                var snapshot = snapshot
                if snapshot.phase == .inProgress, snapshot.percentProgress ?? 0 > 60 { snapshot.status = "available" }
                return snapshot
            }
            return .targetsDescribed(pool, asked: asked, found: done)
        case (.confirmsFailed, .targetsDescribed(let pool, let asked, let found)):
            let done = found.map { snapshot -> Snapshot in
                var snapshot = snapshot
                if snapshot.phase == .failed { snapshot.status = "available" }
                return snapshot
            }
            return .targetsDescribed(pool, asked: asked, found: done)
        case (.copiesCopies, .received(let deliveries)):
            // A copy is known by its tag, which the event tells, too,
            let untagged = deliveries.map { delivery -> Delivery in
                var delivery = delivery
                delivery.body.replace(TagMerge.sourceKey, with: "lost")
                return delivery
            }
            return .received(untagged)
        case (.copiesCopies, .sourcesDescribed(let group, let asked, let found)):
            // and by what RDS says of its source.
            let original = found.map { snapshot -> Snapshot in
                var snapshot = snapshot
                snapshot.tags[TagMerge.sourceKey] = nil
                snapshot.sourceARN = nil
                return snapshot
            }
            return .sourcesDescribed(group, asked: asked, found: original)
        case (.trustsLostAnswers, .copyRejected(let id, let trouble)) where trouble.failureClass == .unavailable:
            return .copyRejected(id, Trouble(.notReady, detail: trouble.detail))
        case (.countsThrottlesAsFailures, .copyRejected(let id, let trouble)) where trouble.failureClass == .throttled:
            return .copyRejected(
                id,
                Trouble(.configuration(.invalidParameter), reason: .invalidParameter, detail: trouble.detail)
            )
        case (.retriesTheHopeless, .copyRejected(let id, let trouble)):
            guard case .configuration = trouble.failureClass else { return input }
            return .copyRejected(id, Trouble(.notReady, detail: trouble.detail))
        default: return input
        }
    }

    /// What a core with the bug would have decided.
    func mutated(_ actions: [CoreAction], of worker: SimulatedWorker) -> [CoreAction] {
        switch self.scenario.mutation {
        case .namesTargetsApart:
            return actions.map { action in
                guard case .startCopy(var request) = action else { return action }
                request.target += "-by-\(worker.index)"
                return .startCopy(request)
            }
        case .forgetsToRenew:
            return actions.filter { if case .extend = $0 { false } else { true } }
        default: return actions
        }
    }

    /// What a core with the bug would have done besides.
    func sabotageBefore(_ input: CoreInput, _ worker: SimulatedWorker) {
        guard self.scenario.mutation == .freesSlotsOnDrain, case .drain = input else { return }
        let releases = worker.core.view.copies.map { copy in
            CoreAction.releaseSlot(copy.job.pool, target: copy.target, because: .available)
        }
        self.performInOrder(releases[...], for: worker, generation: worker.generation)
    }

    private func taggedAsWanted(_ snapshot: Snapshot, in pool: SlotPool) -> Snapshot {
        guard let wanted = self.checks.wanted(target: snapshot.arn.identifier, in: pool) else { return snapshot }
        var snapshot = snapshot
        snapshot.tags[TagMerge.sourceKey] = wanted.source.description
        return snapshot
    }

    /// Deletes the messages of a job once its copy has started, where this run is to have that bug.
    func sabotage(_ input: CoreInput, _ worker: SimulatedWorker) {
        guard self.scenario.mutation == .deletesOnceStarted else { return }
        switch input {
        case .received(let deliveries):
            let decoder = SQSMessageDecoder(account: Scenario.account)
            for delivery in deliveries {
                switch decoder.decode(delivery.body, sentAt: self.now) {
                case .job(let job): worker.handles[job.id, default: []].append(delivery.receiptHandle)
                case .snapshot(let event):
                    for pool in self.checks.pools {
                        let id = CopyJob.ID(source: event.arn, destination: pool.destination)
                        worker.handles[id, default: []].append(delivery.receiptHandle)
                    }
                default: break
                }
            }
        case .copyStarted(let id, _):
            let entries = (worker.handles.removeValue(forKey: id) ?? []).map { (MessageToken(number: 0), $0) }
            if !entries.isEmpty { self.delete(entries.map { (token: $0.0, receiptHandle: $0.1) }, for: worker) }
        default: break
        }
    }
}
