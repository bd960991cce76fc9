// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// A prune until it is over, or its worker is gone.
final class PruneUnderWay {
    let request: PruneRequest
    let worker: SimulatedWorker
    /// The life of the worker that prunes.
    let generation: Int
    let plan: RetentionPlan
    var round: PruneRound
    var deleted = 0
    /// How many deletions were asked for, by route.
    var asked: [String: Int] = [:]

    init(_ request: PruneRequest, of worker: SimulatedWorker, _ plan: RetentionPlan, rules: [String: RetentionRule]) {
        self.request = request
        self.worker = worker
        self.generation = worker.generation
        self.plan = plan
        self.round = PruneRound(plan, rules: rules)
    }
}

/// Retention, as workers carry it out: listed, planned, looked at once more, and deleted.
extension Simulation {
    func prune(_ request: PruneRequest, for worker: SimulatedWorker) {
        let (pool, generation) = (request.pool, worker.generation)
        var rules = Pruner.rules(of: self.policy, because: request.cause)
        if self.scenario.mutation == .prunesWithoutACap {
            for route in rules.keys { rules[route]?.maxDeletesPerRun = 1000 }
        }
        let begun = self.clock(of: worker)
        self.listManual(in: pool, for: worker) { [unowned self] result, _ in
            guard case .success(let all) = result else {
                return self.feed(.pruned(request, deleted: 0), to: worker, generation: generation)
            }
            let plan = RetentionPlan(self.mutated(all), at: pool.destination, rules: rules, now: begun)
            let prune = PruneUnderWay(request, of: worker, plan, rules: rules)
            self.note("\(worker.name) prunes \(pool) because \(request.cause): \(plan.deletions.count) are to go")
            self.goOn(with: prune)
        }
    }

    private func goOn(with prune: PruneUnderWay) {
        let worker = prune.worker
        while let step = prune.round.next(at: self.clock(of: worker)) {
            switch step {
            case .look(let names, let pool): return self.look(names, in: pool, for: prune)
            case .delete(let copy): return self.delete(copy, for: prune)
            case .passOver(let copy): self.note("\(worker.name): \(copy.snapshot.arn) is gone already")
            case .spare(let copy, let reasons): self.note("\(worker.name) spares \(copy.snapshot.arn): \(reasons)")
            }
        }
        self.end(prune)
    }

    private func end(_ prune: PruneUnderWay) {
        let input = CoreInput.pruned(prune.request, deleted: prune.deleted)
        self.feed(input, to: prune.worker, generation: prune.generation)
    }

    private func look(_ names: [String], in pool: SlotPool, for prune: PruneUnderWay) {
        let asked = self.clock(of: prune.worker)
        self.describe(names, pool.kind, pool.destination.region, for: prune.worker) { [unowned self] result, _ in
            guard case .success(let found) = result else { return self.end(prune) }
            prune.round.looked(self.mutated(found), askedAt: asked)
            self.goOn(with: prune)
        }
    }

    private func delete(_ copy: CopyRecord, for prune: PruneUnderWay) {
        let worker = prune.worker
        let copy = self.mutated(copy, of: prune)
        prune.asked[copy.route, default: 0] += 1
        if let violation = self.checks.checkCap(copy.route, asked: prune.asked[copy.route] ?? 0, by: self.policy) {
            return self.violate(violation.invariant, violation.detail)
        }
        let arn = copy.snapshot.arn
        let snapshot = arn.kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        let members: [String: JSONValue?] = ["\(snapshot)Identifier": .string(arn.identifier)]
        let isAllowed = { [unowned self] in prune.round.mayDelete(at: self.clock(of: worker)) }
        self.rds("Delete\(snapshot)", members, arn.region, for: worker, whileAllowed: isAllowed) {
            [unowned self] result, _ in
            if case .success = result { prune.deleted += 1 }
            self.goOn(with: prune)
        }
    }

    // MARK: - Bugs made on purpose

    /// What a list with the bug would have shown.
    private func mutated(_ snapshots: [Snapshot]) -> [Snapshot] {
        switch self.scenario.mutation {
        case .prunesBeforeConfirms:
            snapshots.map { snapshot in
                var snapshot = snapshot
                if snapshot.phase == .inProgress { snapshot.status = "available" }
                return snapshot
            }
        case .prunesWhatIsHeld:
            snapshots.map { snapshot in
                var snapshot = snapshot
                snapshot.tags[CopyRecord.holdKey] = nil
                return snapshot
            }
        default: snapshots
        }
    }

    /// What would have been deleted in a copy's place.
    private func mutated(_ copy: CopyRecord, of prune: PruneUnderWay) -> CopyRecord {
        guard self.scenario.mutation == .prunesTheNewest else { return copy }
        let siblings = prune.plan.verdicts.map(\.copy).filter { $0.database == copy.database }
        return siblings.first { $0.snapshot.phase == .available } ?? copy
    }
}
