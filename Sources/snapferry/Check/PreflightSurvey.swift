// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Asks AWS for everything that a preflight judges; what can't be asked, or takes too long, hides nothing else.
struct PreflightSurvey: Sendable {
    let session: AWSSession
    let policy: Policy
    let identity: STSClient.CallerIdentity
    /// `nil` where no job queue is named.
    let queueURL: String?
    /// `nil` takes the queue that the job queue's redrive policy names.
    let deadLetterURL: String?
    let slotTable: String?
    /// How long one question may take.
    var patience = Duration.seconds(20)

    func look() async -> PreflightFacts {
        var facts = PreflightFacts(policy: self.policy, account: self.identity.account, identity: self.identity.arn)
        async let queues = self.queues()
        async let table = self.table()
        let sources = await Self.each(self.sourcePlaces) { await self.source($0) }
        let targets = await Self.each(self.policy.destinations) { await self.target($0, sources) }
        facts.queues = await queues
        facts.slotTable = await table
        facts.sources = sources
        facts.targets = targets
        return facts
    }

    // MARK: - Asking

    private typealias Answer<Value: Sendable> = PreflightFacts.Answer<Value>

    /// Asks one question, and waits no longer for it than ``patience``.
    private func ask<Value: Sendable>(_ question: @escaping @Sendable () async throws -> Value) async -> Answer<Value> {
        let patience = self.patience
        return await withTaskGroup(of: Answer<Value>.self) { group in
            group.addTask {
                do {
                    return .success(try await question())
                } catch let error as AWSError {
                    return .failure(error)
                } catch {
                    return .failure(AWSError(.unavailable, message: "\(error)"))
                }
            }
            group.addTask {
                try? await SystemTimeSource().sleep(for: patience)
                return .failure(AWSError(.timedOut, message: "no answer within \(patience.components.seconds) s"))
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .failure(AWSError(.cancelled, message: "the check was given up"))
        }
    }

    /// Does the same for many, side by side.
    private static func each<Key: Hashable & Sendable, Value: Sendable>(
        _ keys: some Sequence<Key>,
        _ look: @escaping @Sendable (Key) async -> Value
    ) async -> [Key: Value] {
        await withTaskGroup(of: (Key, Value).self) { group in
            for key in Set(keys) { group.addTask { (key, await look(key)) } }
            var found: [Key: Value] = [:]
            for await (key, value) in group { found[key] = value }
            return found
        }
    }

    private func session(role: String?, externalID: String?) throws -> AWSSession {
        guard let role else { return self.session }
        return try self.session.assuming(roleARN: role, externalID: externalID)
    }

    // MARK: - Queues and the table of slots

    private func queues() async -> PreflightFacts.Queues? {
        guard let url = self.queueURL else { return nil }
        let region = QueueURL.region(of: url) ?? self.session.region
        let session = self.session
        let jobs = await self.ask {
            PreflightFacts.Queue.read(try await session.sqs(region: region).getQueueAttributes(queueURL: url))
        }
        var queues = PreflightFacts.Queues(url: url, jobs: jobs.map(\.0), deadLetterURL: self.deadLetterURL)
        if queues.deadLetterURL == nil, let redrive = try? jobs.get().1 {
            let found = await self.ask {
                try await session.sqs(region: region).getQueueURL(name: redrive.queueName, owner: redrive.account)
            }
            switch found {
            case .success(let url): queues.deadLetterURL = url
            case .failure(let error): queues.deadLetters = .failure(error)
            }
        }
        if let dead = queues.deadLetterURL {
            let region = QueueURL.region(of: dead) ?? region
            queues.deadLetters = await self.ask {
                PreflightFacts.Queue.read(try await session.sqs(region: region).getQueueAttributes(queueURL: dead)).0
            }
        }
        return queues
    }

    private func table() async -> PreflightFacts.SlotTable? {
        guard let name = self.slotTable else { return nil }
        let session = self.session
        let region = self.queueURL.flatMap { QueueURL.region(of: $0) } ?? session.region
        let answer = await self.ask { () async throws -> SlotTableProblem? in
            let ledger = DynamoDBSlotLedger(
                dynamoDB: try session.dynamoDB(region: region),
                table: name,
                settings: SlotTable.Settings(owner: "check"),
                notifier: NotifierGroup([]),
                time: SystemTimeSource()
            )
            do {
                try await ledger.check()
                return nil
            } catch let problem as SlotTableProblem {
                return problem
            }
        }
        switch answer {
        case .success(let problem): return PreflightFacts.SlotTable(name: name, problem: problem)
        case .failure(let error): return PreflightFacts.SlotTable(name: name, failure: error)
        }
    }

    // MARK: - Sources

    private var sourcePlaces: [Destination] {
        self.policy.routes.map(\.source).flatMap { source in
            source.regions.flatMap { region in
                source.accounts.map { Destination(account: $0, region: region) }
            }
        }
    }

    private func source(_ place: Destination) async -> PreflightFacts.Source {
        let routes = self.policy.routes.filter {
            $0.source.accounts.contains(place.account) && $0.source.regions.contains(place.region)
        }
        let door = self.policy.routes.first { $0.source.role != nil && $0.source.accounts.first == place.account }?
            .source
        guard door != nil || place.account == self.identity.account else { return PreflightFacts.Source() }
        let session: AWSSession
        do {
            session = try self.session(role: door?.role, externalID: door?.externalID)
        } catch {
            return PreflightFacts.Source(account: .failure(AWSError(.configuration, message: "\(error)")))
        }
        let account = await self.ask { try await session.accountID() }
        var source = PreflightFacts.Source(account: account)
        guard account == .success(place.account) else { return source }
        let kinds = Set(routes.flatMap(\.match.kinds))
        source.databases = await Self.each(kinds) { kind in
            await self.ask { try await Self.databases(kind, by: session.rds(region: place.region)) }
        }
        let keys = source.databases.values.flatMap { (try? $0.get()) ?? [] }.compactMap(\.key)
        source.keys = await self.keys(keys + routes.compactMap(\.source.hopKey), session, in: place.region)
        return source
    }

    /// The databases that snapshots are taken of; members of clusters are part of their cluster.
    private static func databases(
        _ kind: SnapshotKind,
        by rds: RDSClient
    ) async throws -> [PreflightFacts.Database] {
        func tags(_ list: [RDSClient.Tag]) -> [String: String] {
            Dictionary(list.map { ($0.key, $0.value) }) { _, last in last }
        }
        switch kind {
        case .instance:
            return try await rds.allDBInstances().filter { $0.dbClusterIdentifier == nil }.map {
                PreflightFacts.Database(
                    name: $0.dbInstanceIdentifier ?? "",
                    engine: $0.engine ?? "",
                    key: $0.storageEncrypted == true ? $0.kmsKeyID : nil,
                    tags: tags($0.tagList)
                )
            }
        case .cluster:
            return try await rds.allDBClusters().map {
                PreflightFacts.Database(
                    name: $0.dbClusterIdentifier ?? "",
                    engine: $0.engine ?? "",
                    key: $0.storageEncrypted == true ? $0.kmsKeyID : nil,
                    tags: tags($0.tagList)
                )
            }
        }
    }

    /// Describes keys; no more than fifty, so that an account with a key for each database costs no thousand calls.
    private func keys(
        _ keys: [String],
        _ session: AWSSession,
        in region: String
    ) async -> [String: Answer<KMSClient.KeyMetadata>] {
        await Self.each(Set(keys).sorted().prefix(50)) { key in
            await self.ask { try await session.kms(region: region).describeKey(key) }
        }
    }

    // MARK: - Destinations

    private func target(
        _ place: Destination,
        _ sources: [Destination: PreflightFacts.Source]
    ) async -> PreflightFacts.Target {
        let rules = self.policy.routes.flatMap(\.destinations).filter {
            $0.region == place.region && $0.account == place.account
        }
        let door = rules.first { $0.role != nil }
        let session: AWSSession
        do {
            session = try self.session(role: door?.role, externalID: door?.externalID)
        } catch {
            return PreflightFacts.Target(account: .failure(AWSError(.configuration, message: "\(error)")))
        }
        let account = await self.ask { try await session.accountID() }
        var target = PreflightFacts.Target(account: account)
        guard account == .success(place.account) else { return target }
        async let quotas = self.ask { try await Self.quotas(by: session.rds(region: place.region)) }
        async let keys = self.keys(rules.compactMap(\.kmsKey), session, in: place.region)
        async let sourceKeys = self.sourceKeys(session, at: place, sources)
        let copies = await self.ask { () async throws -> [Snapshot] in
            let query = RDSClient.SnapshotQuery(snapshotType: "manual")
            return try await session.rds(region: place.region).allDBSnapshots(query).compactMap { Snapshot($0) }
        }
        if rules.contains(where: { !$0.optionGroups.isEmpty }) {
            target.optionGroups = await self.ask {
                Set(try await session.rds(region: place.region).allOptionGroups().map { $0.name.lowercased() })
            }
        }
        target.snapshots[.instance] = copies
        target.quotas = await quotas
        target.keys = await keys
        target.sourceKeys = await sourceKeys
        return target
    }

    private static func quotas(by rds: RDSClient) async throws -> [SnapshotKind: PreflightFacts.Quota] {
        var quotas: [SnapshotKind: PreflightFacts.Quota] = [:]
        for quota in try await rds.describeAccountAttributes() {
            guard let kind = SnapshotKind.allCases.first(where: { $0.manualSnapshotQuota == quota.name }),
                let used = quota.used, let max = quota.max
            else { continue }
            quotas[kind] = PreflightFacts.Quota(name: quota.name, used: used, max: max)
        }
        return quotas
    }

    /// Describes the keys of sources in other accounts from a destination: what its account may not use it can't see.
    private func sourceKeys(
        _ session: AWSSession,
        at place: Destination,
        _ sources: [Destination: PreflightFacts.Source]
    ) async -> [String: Answer<KMSClient.KeyMetadata>] {
        var arns: [String: String] = [:]
        for (origin, source) in sources where origin.account != place.account {
            let leadsHere = self.policy.routes.contains { route in
                route.source.accounts.contains(origin.account) && route.source.regions.contains(origin.region)
                    && route.destinations.contains { $0.region == place.region && $0.account == place.account }
            }
            guard leadsHere else { continue }
            for answer in source.keys.values {
                guard case .success(let key) = answer, key.keyManager != "AWS", let arn = key.arn else { continue }
                arns[arn] = origin.region
            }
        }
        let regions = arns
        return await Self.each(regions.keys.sorted().prefix(50)) { arn in
            await self.ask { try await session.kms(region: regions[arn] ?? place.region).describeKey(arn) }
        }
    }
}

extension PreflightFacts.Queue {
    /// Reads a queue's attributes, and where its redrive policy leads.
    fileprivate static func read(_ attributes: [String: String]) -> (PreflightFacts.Queue, RedrivePolicy?) {
        let redrive = attributes["RedrivePolicy"].flatMap { RedrivePolicy($0) }
        let queue = PreflightFacts.Queue(
            visibilityTimeout: attributes["VisibilityTimeout"].flatMap { Int64($0) }.map { .seconds($0) },
            retention: attributes["MessageRetentionPeriod"].flatMap { Int64($0) }.map { .seconds($0) },
            isFIFO: attributes["FifoQueue"] == "true",
            redriveTarget: redrive?.queueName,
            maxReceiveCount: redrive?.maxReceiveCount
        )
        return (queue, redrive)
    }
}
