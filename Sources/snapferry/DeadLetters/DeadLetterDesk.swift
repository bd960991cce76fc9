// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Where dead letters are looked after: the two queues, the policy, and RDS to ask about the letters.
struct DeadLetterDesk: Sendable {
    let bridge: OperatorBridge
    let deadLetterURL: String
    let queue: SQSDeadLetterQueue
    let time: any TimeSource

    /// Finds the dead-letter queue.
    ///
    /// - Throws: ``LookFailure`` in words that say what to change.
    init(_ options: OperatorOptions, _ time: any TimeSource) async throws {
        let bridge = try await options.bridge()
        self.bridge = bridge
        self.time = time
        do {
            self.deadLetterURL = try await Self.deadLetterURL(bridge)
        } catch let error as AWSError {
            throw LookFailure("\(error)")
        }
        self.queue = SQSDeadLetterQueue(
            sqs: bridge.sqs,
            url: self.deadLetterURL,
            jobsURL: bridge.queueURL,
            account: bridge.account
        )
    }

    private static func deadLetterURL(_ bridge: OperatorBridge) async throws -> String {
        if let url = try await bridge.findDeadLetterQueue() { return url }
        throw LookFailure(
            "\(bridge.queueURL) has no redrive policy that names a dead-letter queue: set SNAPFERRY_DEAD_LETTER_QUEUE_URL"
        )
    }

    /// Finds out what would become of letters.
    ///
    /// - Returns: Who judges them, and what could not be looked at, one line each.
    /// - Throws: `CancellationError` when the task was cancelled: what could not be looked at for that is no problem.
    func judge(_ entries: [DeadLetterEntry]) async throws -> (judge: DeadLetterJudge, problems: [String]) {
        let survey = try DeadLetterSurvey(post: self.bridge.post)
        let (facts, problems) = await survey.look(entries)
        try Task.checkCancellation()
        let judge = DeadLetterJudge(policy: self.bridge.policy, facts: facts, ownAccount: self.bridge.account)
        return (judge, problems)
    }
}

/// Asks RDS and KMS what would become of dead letters; reads, and changes nothing.
struct DeadLetterSurvey: Sendable {
    private let post: OperatorPost
    private let service: RDSSnapshotService

    init(post: OperatorPost) throws {
        self.post = post
        self.service = try RDSSnapshotService(session: post.session, ownAccount: post.account, policy: post.policy)
    }

    func look(_ entries: [DeadLetterEntry]) async -> (DeadLetterFacts, [String]) {
        var facts = DeadLetterFacts()
        var problems: [String] = []
        await self.addSources(entries, to: &facts, &problems)
        let pools = Set(entries.flatMap { self.pools(of: $0, facts) })
        for (pool, answer) in await Self.each(pools, { await self.shelf($0) }) {
            switch answer {
            case .success(let shelf): facts.shelves[pool] = shelf
            case .failure(let error): problems.append("\(pool): \(error)")
            }
        }
        for (pool, trouble) in await Self.each(pools, { await self.fullness(of: $0) }) { facts.full[pool] = trouble }
        let keys = Set(entries.filter { $0.cause == .stated(.kmsKey) }.flatMap { self.keys(of: $0, facts) })
        for (key, trouble) in await Self.each(keys, { await self.trouble(with: $0) }) {
            facts.brokenKeys[key] = trouble
        }
        return (facts, problems.sorted())
    }

    /// Looks at many, side by side.
    private static func each<Key: Hashable & Sendable, Value: Sendable>(
        _ keys: Set<Key>,
        _ look: @escaping @Sendable (Key) async -> Value
    ) async -> [Key: Value] {
        await withTaskGroup(of: (Key, Value).self) { group in
            for key in keys { group.addTask { (key, await look(key)) } }
            var found: [Key: Value] = [:]
            for await (key, value) in group { found[key] = value }
            return found
        }
    }

    // MARK: - Sources

    private func addSources(
        _ entries: [DeadLetterEntry],
        to facts: inout DeadLetterFacts,
        _ problems: inout [String]
    ) async {
        var groups: [SourceGroup: Set<SnapshotARN>] = [:]
        var hops: [SnapshotARN: CopyJob.ID] = [:]
        for entry in entries {
            guard let source = entry.source else { continue }
            groups[SourceGroup(source), default: []].insert(source)
            guard let id = entry.jobID, id.destination.account != source.account else { continue }
            let hop = SnapshotARN(
                partition: source.partition,
                region: source.region,
                account: source.account,
                kind: source.kind,
                identifier: HopIdentifier.make(for: id)
            )
            hops[hop] = id
            groups[SourceGroup(source), default: []].insert(hop)
        }
        let wanted = groups
        let answers = await Self.each(Set(groups.keys)) { group in
            await Self.answer {
                try await self.service.describe((wanted[group] ?? []).sorted(), in: group)
            }
        }
        for (group, answer) in answers {
            switch answer {
            case .failure(let error):
                problems.append("\(group.account)/\(group.region)/\(group.kind.rawValue): \(error)")
            case .success(let found):
                for arn in wanted[group] ?? [] where hops[arn] == nil { facts.sources[arn] = .gone }
                for snapshot in found {
                    if let id = hops[snapshot.arn] {
                        facts.hops.insert(id)
                    } else {
                        facts.sources[snapshot.arn] = .there(snapshot)
                    }
                }
            }
        }
    }

    private static func answer<Value: Sendable>(
        _ question: () async throws -> Value
    ) async -> Result<Value, any Error> {
        do { return .success(try await question()) } catch { return .failure(error) }
    }

    // MARK: - Destinations

    /// The copies that a letter may become.
    private func plans(of entry: DeadLetterEntry, _ facts: DeadLetterFacts) -> [PlannedCopy] {
        if let id = entry.jobID {
            let job = CopyJob(
                source: id.source,
                destination: id.destination,
                route: entry.route ?? "",
                firstSeen: Instant(microseconds: 0)
            )
            return [self.post.policy.plan(for: job)].compactMap(\.self)
        }
        guard let source = entry.source, case .there(let snapshot) = facts.sources[source] else { return [] }
        return self.post.policy.explain(SnapshotFacts(snapshot)).copies.filter(\.isCertain)
    }

    private func pools(of entry: DeadLetterEntry, _ facts: DeadLetterFacts) -> [SlotPool] {
        self.plans(of: entry, facts).map { SlotPool(destination: $0.destination, kind: $0.source.kind) }
    }

    private func keys(of entry: DeadLetterEntry, _ facts: DeadLetterFacts) -> [DeadLetterFacts.Key] {
        self.plans(of: entry, facts).compactMap { plan in
            plan.rule.kmsKey.map { DeadLetterFacts.Key(destination: plan.destination, name: $0) }
        }
    }

    private func shelf(_ pool: SlotPool) async -> Result<DeadLetterFacts.Shelf, any Error> {
        await Self.answer {
            var shelf = DeadLetterFacts.Shelf()
            var marker: String?
            repeat {
                let page = try await self.service.page(of: .copies(pool), after: marker)
                shelf.take(page.snapshots, at: pool.destination)
                marker = page.marker
            } while marker != nil
            return shelf
        }
    }

    /// - Throws: ``LookFailure`` where the fleet has no way into the destination's account.
    private func session(at destination: Destination) throws -> AWSSession {
        let rules = self.post.policy.routes.flatMap(\.destinations)
        let door = rules.first {
            $0.region == destination.region && $0.account == destination.account && $0.role != nil
        }
        guard let role = door?.role else {
            guard destination.account == self.post.account else { throw LookFailure("no role for \(destination)") }
            return self.post.session
        }
        return try self.post.session.assuming(roleARN: role, externalID: door?.externalID)
    }

    /// Says so where no more manual snapshots fit; `nil` where they do, or RDS does not tell.
    private func fullness(of pool: SlotPool) async -> String? {
        guard let rds = try? self.session(at: pool.destination).rds(region: pool.destination.region),
            let quotas = try? await rds.describeAccountAttributes(),
            let quota = quotas.first(where: { $0.name == pool.kind.manualSnapshotQuota }),
            let used = quota.used, let max = quota.max, used >= max
        else { return nil }
        return "\(pool.destination) has \(used) of \(max) manual snapshots"
    }

    /// What is wrong with a key; `nil` where nothing is, or KMS does not tell.
    private func trouble(with key: DeadLetterFacts.Key) async -> String? {
        let place = key.destination
        do {
            let kms = try self.session(at: place).kms(region: place.region)
            let state = try await kms.describeKey(key.name).keyState
            return state == "Enabled" ? nil : "the key \(key.name) at \(place) is \(state ?? "in an unknown state")"
        } catch let error as AWSError where error.serviceCode == "NotFoundException" {
            return "there is no key \(key.name) at \(place)"
        } catch {
            return nil
        }
    }
}
