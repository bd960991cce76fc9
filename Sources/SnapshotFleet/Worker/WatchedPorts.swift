// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A queue whose calls are noted in the worker's readiness.
struct WatchedQueue: JobQueue {
    let base: any JobQueue
    let keeper: ReadinessKeeper

    func receive(count: Int, wait: Duration, visibilityTimeout: Duration) async throws -> [Delivery] {
        try await self.keeper.watch(.queue, .receive) {
            try await self.base.receive(count: count, wait: wait, visibilityTimeout: visibilityTimeout)
        }
    }

    func changeVisibility(_ changes: [VisibilityChange]) async throws -> [LeaseOutcome] {
        try await self.keeper.watch(.queue, .extend) { try await self.base.changeVisibility(changes) }
    }

    func delete(_ receiptHandles: [String]) async throws -> [AWSError?] {
        try await self.keeper.watch(.queue, .delete) { try await self.base.delete(receiptHandles) }
    }

    func send(_ messages: [OutgoingMessage]) async throws {
        try await self.keeper.watch(.queue, .send) { try await self.base.send(messages) }
    }

    func deadLetter(_ letter: DeadLetter) async throws {
        // Another queue: that it is out of order says nothing about the job queue.
        try await self.base.deadLetter(letter)
    }
}

/// RDS, its calls noted in the worker's readiness.
struct WatchedSnapshots: SnapshotService {
    let base: any SnapshotService
    let keeper: ReadinessKeeper

    func describe(_ snapshots: [SnapshotARN], in group: SourceGroup) async throws -> [Snapshot] {
        try await self.keeper.watch(.source(account: group.account, region: group.region), .describeSource) {
            try await self.base.describe(snapshots, in: group)
        }
    }

    func copiesInProgress(in pool: SlotPool) async throws -> [Snapshot] {
        try await self.watch(pool, .describeTarget) { try await self.base.copiesInProgress(in: pool) }
    }

    func startCopy(
        _ request: CopyRequest,
        whileAllowed isAllowed: @escaping @Sendable () -> Bool
    ) async throws -> Snapshot {
        try await self.watch(request.pool, .copy) { try await self.base.startCopy(request, whileAllowed: isAllowed) }
    }

    func describeTargets(_ identifiers: [String], in pool: SlotPool) async throws -> [Snapshot] {
        try await self.watch(pool, .describeTarget) { try await self.base.describeTargets(identifiers, in: pool) }
    }

    func deleteTarget(_ identifier: String, in pool: SlotPool) async throws {
        try await self.watch(pool, .deleteTarget) { try await self.base.deleteTarget(identifier, in: pool) }
    }

    var ownAccount: String { self.base.ownAccount }

    func page(of listing: SnapshotListing, after marker: String?) async throws -> SnapshotPage {
        // A sweep asks sources and destinations alike; both are asked often enough besides.
        try await self.base.page(of: listing, after: marker)
    }

    // What inspects asks the destination too, and asks seldom: nothing is concluded from it about either.
    func inspect(_ question: HandoverQuestion) async throws -> HandoverFacts {
        try await self.base.inspect(question)
    }

    func share(_ snapshot: SnapshotARN, for job: CopyJob.ID) async throws {
        try await self.watch(job, .share) { try await self.base.share(snapshot, for: job) }
    }

    func makeHop(
        _ request: HopRequest,
        whileAllowed isAllowed: @escaping @Sendable () -> Bool
    ) async throws -> Snapshot {
        try await self.watch(request.job, .makeHop) { try await self.base.makeHop(request, whileAllowed: isAllowed) }
    }

    func describeHops(_ identifiers: [String], in group: SourceGroup) async throws -> [Snapshot] {
        try await self.watch(.source(account: group.account, region: group.region), .describeHop) {
            try await self.base.describeHops(identifiers, in: group)
        }
    }

    func tidy(_ job: CopyJob.ID, hop: String, failedOnly: Bool) async throws {
        try await self.watch(job, .tidy) { try await self.base.tidy(job, hop: hop, failedOnly: failedOnly) }
    }

    private func watch<Value: Sendable>(
        _ job: CopyJob.ID,
        _ operation: FailureTable.Operation,
        _ body: () async throws -> Value
    ) async throws -> Value {
        try await self.watch(.source(account: job.source.account, region: job.source.region), operation, body)
    }

    private func watch<Value: Sendable>(
        _ source: Readiness.Dependency,
        _ operation: FailureTable.Operation,
        _ body: () async throws -> Value
    ) async throws -> Value {
        // A route's source may have a role of its own.
        try await self.keeper.watch(source, operation, usesOwnCredentials: false, body)
    }

    private func watch<Value: Sendable>(
        _ pool: SlotPool,
        _ operation: FailureTable.Operation,
        _ body: () async throws -> Value
    ) async throws -> Value {
        try await self.keeper.watch(.destination(pool.destination), operation, usesOwnCredentials: false, body)
    }
}

/// A ledger whose calls are noted in the worker's readiness.
///
/// Only what is sure to have asked the table is noted as a success; a ledger in memory never fails.
struct WatchedLedger: SlotLedger {
    let base: any SlotLedger
    let keeper: ReadinessKeeper

    func acquire(_ pool: SlotPool, target: String, limit: Int, at now: Instant) async throws -> Bool {
        let isGranted = try await self.watch {
            try await self.base.acquire(pool, target: target, limit: limit, at: now)
        }
        if isGranted { self.keeper.worked(.ledger) }
        return isGranted
    }

    func occupy(_ pool: SlotPool, target: String, at now: Instant) async throws {
        try await self.watch { try await self.base.occupy(pool, target: target, at: now) }
    }

    func release(_ pool: SlotPool, target: String, because evidence: SlotEvidence) async throws {
        try await self.watch { try await self.base.release(pool, target: target, because: evidence) }
    }

    func disown(_ pool: SlotPool, target: String) async throws {
        try await self.watch { try await self.base.disown(pool, target: target) }
    }

    func overdue(_ pool: SlotPool, at now: Instant) async throws -> [String] {
        try await self.watch { try await self.base.overdue(pool, at: now) }
    }

    func settle(_ pool: SlotPool, _ targets: [String], inProgress: [String], at now: Instant) async throws {
        try await self.watch { try await self.base.settle(pool, targets, inProgress: inProgress, at: now) }
    }

    func learn(_ pool: SlotPool, limit: Int, at now: Instant) async throws {
        try await self.base.learn(pool, limit: limit, at: now)
    }

    func observe(_ pool: SlotPool, inProgress targets: [String], at now: Instant) async throws {
        try await self.watch { try await self.base.observe(pool, inProgress: targets, at: now) }
        self.keeper.worked(.ledger)
    }

    func hear(_ pool: SlotPool, at now: Instant) async throws -> HeardLook {
        let look = try await self.watch { try await self.base.hear(pool, at: now) }
        self.keeper.worked(.ledger)
        return look
    }

    func tell(_ pool: SlotPool, found: [Snapshot], askedAt: Instant) async throws {
        try await self.watch { try await self.base.tell(pool, found: found, askedAt: askedAt) }
    }

    private func watch<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as AWSError {
            // Whatever a ledger refuses, it can't be worked with; only being asked for less is no refusal.
            if FailureTable.concernsCredentials(error) {
                self.keeper.failed(.credentials, error.description)
            } else if ![.cancelled, .throttled].contains(error.code) {
                self.keeper.failed(.ledger, error.description)
            }
            throw error
        }
    }
}
