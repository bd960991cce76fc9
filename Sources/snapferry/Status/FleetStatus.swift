// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// How the fleet stands: what waits, what is under way, and what could not be looked at.
struct FleetStatus: Sendable, Equatable {
    /// One concurrent-copy quota and the copies that take from it.
    struct Pool: Sendable, Equatable {
        var pool: SlotPool
        var limit: Int
        /// In the order of their targets; `nil` when RDS could not be asked.
        var copies: [Snapshot]?
    }

    var queueURL: String
    /// `nil` when the queue could not be asked.
    var queue: QueueDepth?
    var deadLetters: QueueDepth?
    var pools: [Pool] = []
    /// What could not be looked at, and why, one line each.
    var problems: [String] = []
    var now: Instant

    /// 0; 1 when there are dead letters; 2 when something could not be looked at.
    var exitStatus: Int32 {
        if !self.problems.isEmpty { return 2 }
        return self.deadLetters.map { $0.isEmpty } ?? true ? 0 : 1
    }
}

extension FleetStatus {
    /// Asks SQS and, in every destination, RDS; what can't be asked becomes a problem and hides nothing else.
    static func look(from bridge: OperatorBridge, at now: Instant) async -> FleetStatus {
        var status = FleetStatus(queueURL: bridge.queueURL, now: now)
        async let queues = self.queues(bridge)
        let pools = bridge.policy.destinations.flatMap { destination in
            SnapshotKind.allCases.map { SlotPool(destination: destination, kind: $0) }
        }
        let service: Result<RDSSnapshotService, AWSError> = Result { () throws(AWSError) in
            try RDSSnapshotService(session: bridge.session, ownAccount: bridge.account, policy: bridge.policy)
        }
        for pool in pools.sorted() {
            var entry = Pool(pool: pool, limit: bridge.policy.usableSlots(in: pool))
            do {
                entry.copies = try await service.get().copiesInProgress(in: pool).sorted { $0.arn < $1.arn }
            } catch {
                status.problems.append("\(pool): \(error)")
            }
            status.pools.append(entry)
        }
        let found = await queues
        status.queue = found.jobs
        status.deadLetters = found.dead
        status.problems = found.problems + status.problems
        return status
    }

    private struct Queues {
        var jobs: QueueDepth?
        var dead: QueueDepth?
        var problems: [String] = []
    }

    private static func queues(_ bridge: OperatorBridge) async -> Queues {
        var queues = Queues()
        var deadURL = bridge.deadLetterURL
        do {
            let attributes = try await bridge.sqs.getQueueAttributes(
                queueURL: bridge.queueURL,
                names: QueueDepth.attributeNames + ["RedrivePolicy"]
            )
            queues.jobs = QueueDepth(attributes: attributes)
            if deadURL == nil, let redrive = attributes["RedrivePolicy"].flatMap({ RedrivePolicy($0) }) {
                deadURL = try await bridge.sqs.getQueueURL(name: redrive.queueName, owner: redrive.account)
            }
        } catch {
            queues.problems.append("the job queue: \(error)")
        }
        guard let deadURL else { return queues }
        do {
            let names = QueueDepth.attributeNames
            let attributes = try await bridge.sqs.getQueueAttributes(queueURL: deadURL, names: names)
            queues.dead = QueueDepth(attributes: attributes)
        } catch {
            queues.problems.append("the dead-letter queue: \(error)")
        }
        return queues
    }
}
