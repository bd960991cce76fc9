// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ServiceLifecycle

/// Carrying out what a core decides.
extension Worker {
    /// Carries out a batch; every failure becomes an input too.
    func perform(_ batch: ActionBatch) async -> [CoreInput] {
        switch batch {
        case .single(let action): await self.perform(action).map { [$0] } ?? []
        case .ledger(let actions, _): await self.performInOrder(actions)
        case .delete(let entries): await self.delete(entries)
        case .requeue(let entries): await self.requeue(entries)
        case .extend(let entries, let timeout): [await self.extend(entries, visibilityTimeout: timeout)]
        }
    }

    private func perform(_ action: CoreAction) async -> CoreInput? {
        switch action {
        case .receive(let count, let wait, let timeout): await self.receive(count, wait: wait, timeout)
        case .describeSources(let group, let arns): await self.describe(arns, in: group)
        case .surveyPool(let pool): await self.survey(pool)
        case .acquireSlot(let id, let pool, let target): await self.acquire(id, pool, target: target)
        case .startCopy(let request): await self.start(request)
        case .describeTargets(let pool, let targets): await self.describeTargets(targets, in: pool)
        case .hearOthers(let pool): await self.hearOthers(of: pool)
        case .deleteTarget(let id, let target): await self.deleteTarget(id, target)
        case .handOver(let action): await self.handOver(action)
        case .replace(let tokens, let messages): await self.replace(tokens, with: messages)
        case .deadLetter(let token, let letter): await self.deadLetter(token, letter)
        case .sweep(let token, let request): await self.sweep(token, request)
        case .occupySlot(let pool, let target):
            await self.tellLedger { try await $0.occupy(pool, target: target, at: $1) }
        case .releaseSlot(let pool, let target, let evidence):
            await self.tellLedger { ledger, _ in try await ledger.release(pool, target: target, because: evidence) }
        case .disownSlot(let pool, let target):
            await self.tellLedger { ledger, _ in try await ledger.disown(pool, target: target) }
        case .auditSlots(let pool): await self.auditSlots(of: pool)
        case .learnLimit(let pool, let limit):
            await self.tellLedger { try await $0.learn(pool, limit: limit, at: $1) }
        case .prune(let request): await self.prune(request)
        case .delete, .requeue, .extend, .report, .finished: nil
        }
    }

    private func performInOrder(_ actions: [CoreAction]) async -> [CoreInput] {
        var inputs: [CoreInput] = []
        for action in actions {
            if let input = await self.perform(action) { inputs.append(input) }
        }
        return inputs
    }

    private func receive(_ count: Int, wait: Duration, _ visibilityTimeout: Duration) async -> CoreInput {
        do {
            // A drain aborts the long poll; anything else under way is let finish.
            return try await cancelWhenGracefulShutdown {
                .received(
                    try await self.ports.queue.receive(
                        count: count,
                        wait: wait,
                        visibilityTimeout: visibilityTimeout
                    )
                )
            }
        } catch {
            return .receiveFailed(Trouble(of: .receive, error))
        }
    }

    private func describe(_ arns: [SnapshotARN], in group: SourceGroup) async -> CoreInput {
        do {
            let found = try await self.ports.snapshots.describe(arns, in: group)
            return .sourcesDescribed(group, asked: arns, found: found)
        } catch {
            return .sourcesNotDescribed(group, asked: arns, Trouble(of: .describeSource, kind: group.kind, error))
        }
    }

    private func survey(_ pool: SlotPool) async -> CoreInput {
        // What RDS lists is as old as the question: a copy that was started since is not in it.
        let asked = self.ports.time.now()
        do {
            let running = try await self.ports.snapshots.copiesInProgress(in: pool)
            let targets = running.map(\.arn.identifier)
            try await self.ports.ledger.observe(pool, inProgress: targets, at: asked)
            return .poolSurveyed(pool, inProgress: running)
        } catch {
            return .poolNotSurveyed(pool, Trouble(of: .describeTarget, kind: pool.kind, error))
        }
    }

    private func hearOthers(of pool: SlotPool) async -> CoreInput {
        do {
            return .heard(pool, try await self.ports.ledger.hear(pool, at: self.ports.time.now()))
        } catch {
            self.ports.notifier.notify(
                .trouble(operation: "SlotLedger", Trouble(of: .copy, kind: pool.kind, error)),
                at: self.ports.time.now()
            )
            return .heard(pool, nil)
        }
    }

    private func auditSlots(of pool: SlotPool) async -> CoreInput {
        _ = await self.tellLedger { ledger, asked in
            let overdue = Array(try await ledger.overdue(pool, at: asked).prefix(100))
            guard !overdue.isEmpty else { return }
            let found = try await self.ports.snapshots.describeTargets(overdue, in: pool)
            let running = found.filter { $0.phase == .inProgress }.map(\.arn.identifier)
            try await ledger.settle(pool, overdue, inProgress: running, at: asked)
        }
        return .slotsAudited(pool)
    }

    private func acquire(_ id: CopyJob.ID, _ pool: SlotPool, target: String) async -> CoreInput {
        do {
            let limit = self.policy.usableSlots(in: pool)
            let now = self.ports.time.now()
            let isGranted = try await self.ports.ledger.acquire(pool, target: target, limit: limit, at: now)
            return isGranted ? .slotGranted(id) : .slotRefused(id)
        } catch {
            return .slotNotDecided(id, Trouble(of: .copy, kind: pool.kind, error))
        }
    }

    private func start(_ request: CopyRequest) async -> CoreInput {
        do {
            let target = try await self.ports.snapshots.startCopy(request) { self.mayStart(request.job) }
            return .copyStarted(request.job, target)
        } catch {
            return .copyRejected(request.job, Trouble(of: .copy, kind: request.pool.kind, error))
        }
    }

    private func describeTargets(_ targets: [String], in pool: SlotPool) async -> CoreInput {
        let asked = self.ports.time.now()
        do {
            let found = try await self.ports.snapshots.describeTargets(targets, in: pool)
            _ = await self.tellLedger { ledger, _ in try await ledger.tell(pool, found: found, askedAt: asked) }
            return .targetsDescribed(pool, asked: targets, found: found)
        } catch {
            let failure = Trouble(of: .describeTarget, kind: pool.kind, error)
            return .targetsNotDescribed(pool, asked: targets, failure)
        }
    }

    private func deleteTarget(_ id: CopyJob.ID, _ target: String) async -> CoreInput {
        let pool = SlotPool(destination: id.destination, kind: id.source.kind)
        do {
            // A worker with a duplicate of this job may have been quicker, and have started anew under the same name.
            let found = try await self.ports.snapshots.describeTargets([target], in: pool)
            if found.contains(where: { $0.phase == .failed && TagMerge.marks($0.tags, copyOf: id.source) }) {
                try await self.ports.snapshots.deleteTarget(target, in: pool)
            }
            return .targetDeleted(id)
        } catch {
            return .targetNotDeleted(id, Trouble(of: .deleteTarget, kind: pool.kind, error))
        }
    }

    private func replace(_ tokens: [MessageToken], with messages: [OutgoingMessage]) async -> CoreInput {
        do {
            try await self.ports.queue.send(messages)
            return .replaced(tokens)
        } catch {
            return .notReplaced(tokens, Trouble(of: .send, error))
        }
    }

    private func deadLetter(_ token: MessageToken, _ letter: DeadLetter) async -> CoreInput {
        do {
            try await self.ports.queue.deadLetter(letter)
            self.ports.notifier.notify(.deadLettered(letter), at: self.ports.time.now())
            return .deadLettered(token)
        } catch {
            return .notDeadLettered(token, Trouble(of: .send, error))
        }
    }

    private func sweep(_ token: MessageToken, _ request: SweepRequest) async -> CoreInput {
        do {
            let sweep = Sweep(policy: self.policy, request: request)
            let report = try await sweep.look(with: self.ports.snapshots, at: self.ports.time.now())
            // Where nothing at all could be looked at, the message comes again; the schedule makes up for smaller gaps.
            if let gap = report.gaps.first, report.sources == 0 { return .notSwept(token, gap.trouble) }
            return .swept(token, report)
        } catch {
            return .notSwept(token, Trouble(of: .describeSource, error))
        }
    }

    /// A ledger that can't be told now learns it from Describe later; the job goes on.
    private func tellLedger(_ body: (any SlotLedger, Instant) async throws -> Void) async -> CoreInput? {
        do {
            try await body(self.ports.ledger, self.ports.time.now())
        } catch {
            let event = FleetEvent.trouble(operation: "SlotLedger", Trouble(of: .copy, error))
            self.ports.notifier.notify(event, at: self.ports.time.now())
        }
        return nil
    }

    private func delete(_ entries: [(token: MessageToken, receiptHandle: String)]) async -> [CoreInput] {
        do {
            let results = try await self.ports.queue.delete(entries.map(\.receiptHandle))
            return zip(entries, results).map { entry, error in
                error.map { .notDeleted(entry.token, Trouble(of: .delete, $0)) } ?? .deleted(entry.token)
            }
        } catch {
            return entries.map { .notDeleted($0.token, Trouble(of: .delete, error)) }
        }
    }

    private func requeue(
        _ entries: [(token: MessageToken, receiptHandle: String, after: Duration)]
    ) async -> [CoreInput] {
        let changes = entries.map { VisibilityChange(receiptHandle: $0.receiptHandle, timeout: $0.after) }
        let outcomes = await self.changeVisibility(changes)
        return zip(entries, outcomes).map { .requeued($0.token, $1) }
    }

    private func extend(
        _ entries: [(token: MessageToken, receiptHandle: String)],
        visibilityTimeout: Duration
    ) async -> CoreInput {
        let changes = entries.map { VisibilityChange(receiptHandle: $0.receiptHandle, timeout: visibilityTimeout) }
        let outcomes = await self.changeVisibility(changes)
        return .leasesExtended(Dictionary(zip(entries.map(\.token), outcomes)) { first, _ in first })
    }

    private func changeVisibility(_ changes: [VisibilityChange]) async -> [LeaseOutcome] {
        do {
            return try await self.ports.queue.changeVisibility(changes)
        } catch {
            self.ports.notifier.notify(
                .trouble(operation: "ChangeMessageVisibility", Trouble(of: .extend, error)),
                at: self.ports.time.now()
            )
            return changes.map { _ in .unknown }
        }
    }
}
