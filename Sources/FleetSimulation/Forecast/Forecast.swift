// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A planner's question, answered by the worker's own core in virtual time.
///
/// The core decides who starts next, as it does in production; AWS around it is at its best: events arrive at once,
/// calls take no time, and copies take as long as ``ForecastPace`` says.
package struct Forecast: Sendable {
    package let question: ForecastQuestion

    package init(_ question: ForecastQuestion) { self.question = question }

    /// Answers the question.
    ///
    /// - Parameter more: How many slots to add to each quota that binds, one answer for each.
    /// - Returns: The answer; the same question has always the same.
    package func answer(more: [Int] = []) -> ForecastAnswer {
        let run = self.run(self.question.policy)
        let pools = self.pools(run.copies, self.question.policy)
        let withMore = pools.filter(\.binds).flatMap { pool in more.map { self.ask(more: $0, in: pool.pool) } }
        return ForecastAnswer(
            lanes: self.lanes(run.copies),
            pools: pools,
            unwanted: self.unwanted,
            superseded: run.superseded,
            withMore: withMore,
            failures: run.failures,
            end: run.copies.map(\.safe).max() ?? self.question.start
        )
    }

    private func run(_ policy: Policy) -> ForecastRun {
        let run = ForecastRun(self.question, policy: policy)
        run.run()
        return run
    }

    private func ask(more: Int, in pool: SlotPool) -> ForecastAnswer.WithMore {
        let policy = self.question.policy.adding(more, to: pool)
        let larger = self.pools(self.run(policy).copies, policy).first { $0.pool == pool }
        return ForecastAnswer.WithMore(
            pool: pool,
            more: more,
            worstLag: larger?.worstLag ?? .zero,
            worstAge: larger?.worstAge,
            stillBinds: larger?.binds ?? false
        )
    }

    private var unwanted: [ForecastAnswer.Unwanted] {
        self.question.databases.compactMap { database in
            let decision = self.question.policy.explain(database.facts(identifier: "rds:\(database.id.name)"))
            guard decision.copies.isEmpty else { return nil }
            return ForecastAnswer.Unwanted(database: database.id, reason: decision.explanation)
        }.sorted { $0.database < $1.database }
    }

    // MARK: - Databases

    private func lanes(_ copies: [ForecastCopy]) -> [ForecastAnswer.Lane] {
        let rpo = Dictionary(self.question.databases.map { ($0.id, $0.rpo) }) { first, _ in first }
        let routes = Dictionary(self.question.policy.routes.map { ($0.name, $0.rpo) }) { first, _ in first }
        let ours = copies.filter { !$0.route.isEmpty }
        return Dictionary(grouping: ours, by: \.lane).map { lane, copies in
            let ordered = copies.sorted { ($0.safe, $0.taken) < ($1.safe, $1.taken) }
            let route = ordered.last?.route ?? ""
            return ForecastAnswer.Lane(
                lane: lane,
                route: route,
                copies: ordered,
                worstAge: self.worstAge(lane, ordered),
                rpo: (rpo[lane.database] ?? nil) ?? (routes[route] ?? nil)
            )
        }.sorted { $0.lane < $1.lane }
    }

    /// How old the newest copy's data becomes: just before a newer copy is whole it is at its oldest.
    private func worstAge(_ lane: ForecastLane, _ copies: [ForecastCopy]) -> Duration? {
        var newest = self.question.newestCopies[lane]
        var worst: Duration?
        for copy in copies {
            if let newest { worst = max(worst ?? .zero, copy.safe - newest) }
            newest = max(newest ?? copy.taken, copy.taken)
        }
        return worst
    }

    // MARK: - Quotas

    private func pools(_ copies: [ForecastCopy], _ policy: Policy) -> [ForecastAnswer.Pool] {
        let lanes = self.lanes(copies)
        return Dictionary(grouping: copies, by: \.lane.pool).map { pool, copies in
            let slots = policy.usableSlots(in: pool)
            let use = SlotUse(copies: copies, slots: slots)
            let work = copies.filter { !$0.route.isEmpty }.reduce(0) { $0 + $1.took.inSeconds }
            let time = Double(slots * self.question.days) * 86_400
            return ForecastAnswer.Pool(
                pool: pool,
                slots: slots,
                taken: use.taken,
                most: use.most,
                short: use.short,
                load: time > 0 ? work / time : 0,
                longestCopy: copies.map(\.took).max() ?? .zero,
                worstLag: copies.filter { !$0.route.isEmpty }.map(\.lag).max() ?? .zero,
                worstAge: lanes.filter { $0.lane.pool == pool }.compactMap(\.worstAge).max(),
                copies: copies.count
            )
        }.sorted { $0.pool < $1.pool }
    }
}

/// How the slots of a pool are used by some copies.
private struct SlotUse {
    let taken: [Range<Instant>]
    var most = 0
    /// How long all slots were taken while a copy waited whose lane was free.
    var short = Duration.zero

    /// What changes at a moment; ends count before beginnings.
    private enum Change: Int { case ends, waits, starts }

    init(copies: [ForecastCopy], slots: Int) {
        self.taken = copies.map { $0.starts..<max($0.starts, $0.safe) }
        var changes: [(at: Instant, change: Change, lane: ForecastLane)] = []
        for copy in copies {
            changes.append((copy.starts, .starts, copy.lane))
            changes.append((copy.safe, .ends, copy.lane))
            if copy.due < copy.starts { changes.append((copy.due, .waits, copy.lane)) }
        }
        changes.sort { ($0.at, $0.change.rawValue) < ($1.at, $1.change.rawValue) }
        var running: [ForecastLane: Int] = [:]
        var count = 0
        var waiting: [ForecastLane: Int] = [:]
        var since: Instant?
        for (index, change) in changes.enumerated() {
            switch change.change {
            case .starts:
                running[change.lane, default: 0] += 1
                count += 1
                if let waits = waiting[change.lane], waits > 0 { waiting[change.lane] = waits - 1 }
            case .ends:
                running[change.lane, default: 0] -= 1
                count -= 1
            case .waits: waiting[change.lane, default: 0] += 1
            }
            self.most = max(self.most, count)
            guard index + 1 == changes.count || changes[index + 1].at > change.at else { continue }
            if let begun = since { self.short += change.at - begun }
            let isShort = count >= slots && waiting.contains { $0.value > 0 && running[$0.key, default: 0] == 0 }
            since = isShort ? change.at : nil
        }
    }
}

extension Policy {
    /// The policy with more slots in a pool.
    func adding(_ more: Int, to pool: SlotPool) -> Policy {
        var policy = self
        for route in policy.routes.indices {
            for rule in policy.routes[route].destinations.indices
            where policy.routes[route].destinations[rule].region == pool.destination.region
                && policy.routes[route].destinations[rule].account == pool.destination.account
            {
                let slots = policy.routes[route].destinations[rule].slots[pool.kind] ?? pool.kind.defaultSlots
                policy.routes[route].destinations[rule].slots[pool.kind] = slots + more
            }
        }
        return policy
    }
}

extension ForecastDatabase {
    /// What the policy is told of one of its snapshots.
    func facts(identifier: String) -> SnapshotFacts {
        SnapshotFacts(
            arn: SnapshotARN(
                partition: RegionName.partition(of: self.id.region) ?? "aws",
                region: self.id.region,
                account: self.id.account,
                kind: self.id.kind,
                identifier: identifier
            ),
            database: self.id.name,
            origin: .automated,
            engine: self.engine,
            tags: self.tags,
            isDescribed: true
        )
    }
}
