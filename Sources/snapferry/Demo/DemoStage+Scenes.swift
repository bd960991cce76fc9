// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import LocalAWSServer
import SnapshotFleet

extension DemoStage {
    /// Plays a scene; a killed worker is not the stage's business.
    ///
    /// - Returns: What to tell the audience; `nil` for nothing.
    func play(_ scene: DemoStory.Scene, queues: Queues) async throws -> (text: String, tone: Tone)? {
        let sqs = try self.session.sqs(region: self.story.source)
        switch scene {
        case .manualSnapshot(let database, let identifier):
            let rds = try self.session.rds(region: self.story.source)
            if self.story.database(named: database)?.kind == .cluster {
                _ = try await rds.createDBClusterSnapshot(identifier: identifier, dbClusterIdentifier: database)
            } else {
                _ = try await rds.createDBSnapshot(identifier: identifier, dbInstanceIdentifier: database)
            }
            return ("somebody takes the snapshot \(identifier)", .strong)
        case .duplicateEvent(let database):
            guard let event = try await self.lastEvent(of: database) else { return nil }
            try await sqs.sendMessage(queueURL: queues.jobs, body: event.description)
            return ("EventBridge delivers the event of \(database) once more", .strong)
        case .poison:
            try await sqs.sendMessage(queueURL: queues.jobs, body: self.story.poison)
            return ("a poisoned message arrives", .strong)
        case .throttling(let calls):
            var rules = ["CopyDBSnapshot", "DescribeDBSnapshots"].map {
                FaultScript.Rule(.throttle, service: "rds", operation: $0)
            }
            for index in rules.indices { rules[index].count = calls }
            self.server.setFaults(FaultScript(rules: rules))
            return ("RDS is busy: it refuses the next calls", .warning)
        case .killWorker: return nil
        }
    }

    /// The event that told of a database's newest automated snapshot, as EventBridge delivers it.
    private func lastEvent(of database: String) async throws -> JSONValue? {
        let rds = try self.session.rds(region: self.story.source)
        let query = RDSClient.SnapshotQuery(database: database, snapshotType: "automated")
        let found = try await rds.allDBSnapshots(query)
        let dated = found.compactMap { snapshot in snapshot.snapshotCreateTime.map { (snapshot, $0) } }
        guard let (newest, created) = dated.max(by: { $0.1 < $1.1 }), let arn = newest.dbSnapshotARN,
            let identifier = newest.dbSnapshotIdentifier
        else { return nil }
        let moment = created.iso8601
        return [
            "version": "0", "id": "8c7d7c67-3b6c-4b56-8f5b-9f1d0d6b9a01", "detail-type": "RDS DB Snapshot Event",
            "source": "aws.rds", "account": .string(self.story.account), "time": .string(moment),
            "region": .string(self.story.source), "resources": [.string(arn)],
            "detail": [
                "EventCategories": ["creation"], "SourceType": "SNAPSHOT", "SourceArn": .string(arn),
                "Date": .string(moment), "SourceIdentifier": .string(identifier),
                "Message": "Automated snapshot created", "EventID": "RDS-EVENT-0091",
            ],
        ]
    }

    // MARK: - Looking

    /// How many messages are where.
    func depths(of queues: Queues) async throws -> (jobs: QueueDepth, dead: QueueDepth) {
        let sqs = try self.session.sqs(region: self.story.source)
        let names = QueueDepth.attributeNames
        async let jobs = sqs.getQueueAttributes(queueURL: queues.jobs, names: names)
        async let dead = sqs.getQueueAttributes(queueURL: queues.deadLetters, names: names)
        return (QueueDepth(attributes: try await jobs), QueueDepth(attributes: try await dead))
    }

    /// Looks up what came of it all.
    func verdict(queues: Queues) async throws -> DemoVerdict {
        var verdict = DemoVerdict()
        verdict.expected = try await self.snapshots(in: self.story.source)
        verdict.copies = try await self.snapshots(in: self.story.destination)
        verdict.queue = try await self.depths(of: queues).jobs
        return verdict
    }

    /// Reads the dead-letter queue; its messages are hidden for a while afterwards.
    func deadLetters(queues: Queues) async throws -> [String] {
        let sqs = try self.session.sqs(region: self.story.source)
        var bodies: [String] = []
        while true {
            let messages = try await sqs.receiveMessage(
                queueURL: queues.deadLetters,
                wait: .zero,
                visibilityTimeout: .seconds(43_200)
            )
            guard !messages.isEmpty else { return bodies }
            bodies += messages.map(\.body)
        }
    }

    /// The snapshots that there are in a Region, both kinds.
    func snapshots(in region: String) async throws -> [Snapshot] {
        let service = try RDSSnapshotService(
            session: self.session,
            ownAccount: self.story.account,
            policy: try self.story.policy()
        )
        var found: [Snapshot] = []
        for kind in SnapshotKind.allCases {
            let group = SourceGroup(account: self.story.account, region: region, kind: kind)
            for origin in [Snapshot.Origin.automated, .manual] {
                found += try await service.snapshots(in: group, origin: origin)
            }
        }
        return found
    }
}
