// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Whether a dead letter would succeed if it were replayed now.
package struct DeadLetterOutlook: Hashable, Sendable {
    /// The answer; the raw values are words for tables and JSON.
    package enum Standing: String, Hashable, Sendable, CaseIterable {
        /// Nothing that can be told stands in its way.
        case ready
        /// There is nothing left to do for it.
        case obsolete
        /// It would come back: its cause, or another one, is still there.
        case blocked
        /// What would tell could not be looked at.
        case unknown
    }

    package let standing: Standing
    /// For people; empty where there is nothing to say.
    package let why: String

    package init(_ standing: Standing, _ why: String = "") {
        self.standing = standing
        self.why = why
    }
}

/// Judges dead letters by the policy and by what was found out.
package struct DeadLetterJudge: Sendable {
    private let policy: Policy
    private let facts: DeadLetterFacts
    private let ownAccount: String

    /// Makes a judge.
    ///
    /// - Parameters:
    ///   - policy: Its accounts filled in.
    ///   - facts: What was found out.
    ///   - ownAccount: The fleet's own.
    package init(policy: Policy, facts: DeadLetterFacts, ownAccount: String) {
        self.policy = policy
        self.facts = facts
        self.ownAccount = ownAccount
    }

    /// The outlook of one letter.
    package func outlook(of entry: DeadLetterEntry) -> DeadLetterOutlook {
        if let id = entry.jobID { return self.outlook(of: id, entry) }
        switch entry.content {
        case .malformed(let reason): return .init(.blocked, "nobody understands it: \(reason)")
        case .ignored(let reason, _): return .init(.obsolete, "it asks for nothing: \(reason.rawValue)")
        case .sweep: return .init(.ready, "a sweep")
        case .job(let job): return self.outlook(of: job.id, entry)
        case .snapshot(let event): return self.outlook(of: event, entry)
        }
    }

    /// The route that would carry a letter: the one that it names, or that the policy has for it.
    package func route(of entry: DeadLetterEntry) -> String? {
        if let route = entry.route { return route }
        return entry.jobID.flatMap { self.plan(for: $0, entry)?.route }
    }

    /// The database that a letter is about, by its attributes, its source's name, or its source.
    package func database(of entry: DeadLetterEntry) -> String? {
        if let database = entry.database { return database }
        guard let source = entry.source, case .there(let snapshot) = self.facts.sources[source] else { return nil }
        return snapshot.database
    }

    private func plan(for id: CopyJob.ID, _ entry: DeadLetterEntry) -> PlannedCopy? {
        let job = CopyJob(
            source: id.source,
            destination: id.destination,
            route: entry.route ?? "",
            firstSeen: entry.firstSeen ?? Instant(microseconds: 0)
        )
        return self.policy.plannedCopy(for: job)
    }

    // MARK: - Events

    /// An event leads wherever routes lead: it is worth replaying while any of its copies is.
    private func outlook(of event: SnapshotEvent, _ entry: DeadLetterEntry) -> DeadLetterOutlook {
        let snapshot: Snapshot
        switch self.facts.sources[event.arn] {
        case nil: return self.notLooked(at: event.arn)
        case .gone: return self.gone(event.arn)
        case .there(let found): snapshot = found
        }
        let decision = self.policy.explain(SnapshotFacts(snapshot))
        let copies = decision.copies.filter(\.isCertain)
        guard !copies.isEmpty else {
            let isForeign = entry.cause == .stated(.foreignAccount)
            return .init(isForeign ? .blocked : .obsolete, decision.explanation.excerpt(300))
        }
        let outlooks = copies.map { self.outlook(of: $0, snapshot, entry) }
        let order: [DeadLetterOutlook.Standing] = [.ready, .unknown, .blocked, .obsolete]
        let best = order.lazy.compactMap { standing in outlooks.first { $0.standing == standing } }.first
        return best ?? .init(.ready)
    }

    // MARK: - Jobs

    private func outlook(of id: CopyJob.ID, _ entry: DeadLetterEntry) -> DeadLetterOutlook {
        guard let plan = self.plan(for: id, entry) else {
            let place = "\(id.source.account)/\(id.source.region)"
            // Whoever was told that there is no route may be about to add one; what had one has it no longer.
            return entry.cause == .stated(.noRoute)
                ? .init(.blocked, "no route leads from \(place) to \(id.destination)")
                : .init(.obsolete, "no route leads from \(place) to \(id.destination) any more")
        }
        if let verdict = self.standing(of: id) { return verdict }
        switch self.facts.sources[id.source] {
        case nil: return self.notLooked(at: id.source)
        case .gone:
            return self.facts.hops.contains(id)
                ? .init(.ready, "its source is gone, and its hop is there") : self.gone(id.source)
        case .there(let snapshot): return self.outlook(of: plan, snapshot, entry)
        }
    }

    private func outlook(
        of plan: PlannedCopy,
        _ snapshot: Snapshot,
        _ entry: DeadLetterEntry
    ) -> DeadLetterOutlook {
        let id = CopyJob.ID(source: plan.source, destination: plan.destination)
        if let verdict = self.standing(of: id) { return verdict }
        let pool = SlotPool(destination: plan.destination, kind: plan.source.kind)
        guard let shelf = self.facts.shelves[pool] else { return .init(.unknown, "\(pool) could not be looked at") }
        if let newer = self.newerCopy(than: snapshot, on: shelf) { return newer }
        if snapshot.phase == .failed { return .init(.blocked, "the source itself is \(snapshot.status)") }
        if snapshot.isEncrypted, let key = plan.rule.kmsKey,
            let trouble = self.facts.brokenKeys[.init(destination: plan.destination, name: key)]
        {
            return .init(.blocked, trouble)
        }
        if let trouble = self.facts.full[pool] { return .init(.blocked, trouble) }
        return snapshot.phase == .inProgress ? .init(.ready, "the source is still being made") : .init(.ready)
    }

    /// What the copy's own name at the destination tells; `nil` where there is nothing under it, or nobody looked.
    private func standing(of id: CopyJob.ID) -> DeadLetterOutlook? {
        let target = TargetIdentifier.make(for: id.source, destination: id.destination)
        let pool = SlotPool(destination: id.destination, kind: id.source.kind)
        guard let found = self.facts.shelves[pool]?.snapshots[target.lowercased()] else { return nil }
        guard found.isCopy(of: id.source) else { return .init(.blocked, "another snapshot is called \(target)") }
        switch found.phase {
        case .available: return .init(.obsolete, "already copied, as \(target)")
        case .inProgress: return .init(.ready, "a copy of it is in progress")
        case .failed: return nil
        }
    }

    private func newerCopy(than snapshot: Snapshot, on shelf: DeadLetterFacts.Shelf) -> DeadLetterOutlook? {
        let database = SourceDatabase(
            account: snapshot.arn.account,
            region: snapshot.arn.region,
            kind: snapshot.arn.kind,
            identifier: snapshot.database
        )
        guard let newest = shelf.newest[database], let there = newest.takenAt,
            let here = snapshot.originalCreatedAt ?? snapshot.createdAt, there > here
        else { return nil }
        return .init(.obsolete, "a newer copy of \(database.identifier) is there: \(newest.snapshot.arn.identifier)")
    }

    private func gone(_ source: SnapshotARN) -> DeadLetterOutlook {
        self.policy.worksIn(account: source.account, ownAccount: self.ownAccount)
            ? .init(.obsolete, "its source is gone")
            : .init(.blocked, "its source is gone, or not shared with this account")
    }

    private func notLooked(at source: SnapshotARN) -> DeadLetterOutlook {
        .init(.unknown, "\(SourceGroup(source).place) could not be looked at")
    }
}

extension SourceGroup {
    fileprivate var place: String { "\(self.account)/\(self.region)/\(self.kind.rawValue)" }
}
