// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import LocalAWSServer
import SnapshotFleet

/// Sets the stage of a story, and plays its scenes, by the API that everybody else uses too.
struct DemoStage: Sendable {
    /// After how many receives SQS itself gives a message up.
    static let maxReceiveCount = 8

    /// What the fleet has to know of the stage.
    struct Queues: Sendable {
        var jobs: String
        var deadLetters: String
    }

    let story: DemoStory
    let session: AWSSession
    let server: LocalAWSServer

    /// Makes the queues, keys and databases, and the snapshots of the evening before.
    func set() async throws -> Queues {
        self.server.withWorld { world, _ in
            world.rds.settings.copyPace = .init(
                overhead: self.story.copyOverhead,
                secondsPerGiB: self.story.copySecondsPerGiB
            )
            world.rds.settings.instanceCopyLimit = self.story.slots[.instance] ?? 20
            world.rds.settings.clusterCopyLimit = self.story.slots[.cluster] ?? 5
            world.rds.settings.failCopies = [.init(pattern: "rds:\(self.story.failsOnce)-*", times: 1)]
        }
        let queues = try await self.makeQueues()
        for region in [self.story.source, self.story.destination] { try await self.makeKey(in: region) }
        let rds = try self.session.rds(region: self.story.source)
        for database in self.story.databases { try await self.make(database, rds) }
        try self.takeOlderSnapshots()
        // They have to be whole before there is a rule: RDS tells of a snapshot when it is whole.
        while try await self.snapshots(in: self.story.source).contains(where: { $0.phase != .available }) {
            try await Task.sleep(for: .milliseconds(50))
        }
        return queues
    }

    /// Opens the day: RDS takes the daily snapshots by itself, and EventBridge tells of every one.
    func open(_ queues: Queues) async throws {
        try await self.makeRules(queues)
        self.server.withWorld { world, _ in world.rds.settings.automatedBackups = true }
    }

    /// No more daily snapshots: what is there has to arrive, and the next day is another story.
    func endBackups() {
        self.server.withWorld { world, _ in world.rds.settings.automatedBackups = false }
    }

    private func makeQueues() async throws -> Queues {
        let sqs = try self.session.sqs(region: self.story.source)
        let dead = try await sqs.createQueue(name: "snapferry-dead-letters")
        let deadARN = "arn:aws:sqs:\(self.story.source):\(self.story.account):snapferry-dead-letters"
        let redrive: JSONValue = [
            "deadLetterTargetArn": .string(deadARN), "maxReceiveCount": .integer(Int64(Self.maxReceiveCount)),
        ]
        let jobs = try await sqs.createQueue(
            name: "snapferry-jobs",
            attributes: ["RedrivePolicy": redrive.description, "MessageRetentionPeriod": "1209600"]
        )
        return Queues(jobs: jobs, deadLetters: dead)
    }

    private func makeKey(in region: String) async throws {
        let kms = try self.session.kms(region: region)
        let key = try await kms.createKey(description: "Snapshots")
        try await kms.createAlias(self.story.keyAlias, targetKeyID: key.keyID)
    }

    private func make(_ database: DemoStory.Database, _ rds: RDSClient) async throws {
        let new = RDSClient.NewDatabase(
            identifier: database.name,
            engine: database.engine,
            instanceClass: "db.r8g.large",
            allocatedStorage: database.sizeGiB,
            // Nobody ever logs in: the databases are only records.
            masterUserPassword: "demo-\(database.name)",
            storageEncrypted: database.isEncrypted,
            kmsKeyID: database.isEncrypted ? self.story.keyAlias : nil,
            backupRetentionPeriod: 7,
            preferredBackupWindow: database.backupWindow,
            tags: [RDSClient.Tag(key: "team", value: database.name)]
        )
        switch database.kind {
        case .instance: _ = try await rds.createDBInstance(new)
        case .cluster: _ = try await rds.createDBCluster(new, allocatedStorage: database.sizeGiB)
        }
    }

    /// RDS took these before there was a rule: no event tells of them, only the sweep finds them.
    private func takeOlderSnapshots() throws {
        for database in self.story.databases where database.hasOlderSnapshot {
            let kind = database.kind == .instance ? "Instance" : "Cluster"
            let request = ModelRequest(
                service: .rds,
                operation: "LocalCreateAutomatedSnapshot",
                parameters: ["DB\(kind)Identifier": .string(database.name)],
                caller: ModelCaller(account: self.story.account, arn: "arn:aws:iam::\(self.story.account):root"),
                region: self.story.source
            )
            try self.server.withWorld { (world, now) throws(ModelFailure) in
                _ = try world.handle(request, at: now)
            }
        }
    }

    private func makeRules(_ queues: Queues) async throws {
        let events = try self.session.events(region: self.story.source)
        let queueARN = "arn:aws:sqs:\(self.story.source):\(self.story.account):snapferry-jobs"
        _ = try await events.putRule(
            name: "snapferry-snapshots",
            pattern: [
                "source": ["aws.rds"],
                "detail-type": ["RDS DB Snapshot Event", "RDS DB Cluster Snapshot Event"],
            ]
        )
        let hours = stride(from: self.story.sweepHours, to: 24, by: self.story.sweepHours).map { "\($0)" }
        _ = try await events.putRule(
            name: "snapferry-sweep",
            schedule: "cron(0 \(hours.joined(separator: ",")) * * ? *)"
        )
        for rule in ["snapferry-snapshots", "snapferry-sweep"] {
            let refused = try await events.putTargets(rule: rule, targets: ["jobs": queueARN])
            if let reason = refused.values.first { throw DemoFailure("EventBridge refuses the queue: \(reason)") }
        }
    }
}

/// Why the demo could not be given.
struct DemoFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
