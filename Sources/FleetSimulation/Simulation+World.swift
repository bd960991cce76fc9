// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// The world, and what people do in it.
extension Simulation {
    /// Puts keys, queues, rules and databases there.
    func buildWorld() {
        for region in [Scenario.home, Scenario.near.region, Scenario.far.region] {
            let key = self.must(.kms, "CreateKey", [:], region)
            self.must(
                .kms,
                "CreateAlias",
                ["AliasName": .string(Scenario.key), "TargetKeyId": key["KeyMetadata"]?["KeyId"] ?? .null],
                region
            )
        }
        self.must(.sqs, "CreateQueue", ["QueueName": .string(Place.deadLetterName)], Scenario.home)
        let redrive: JSONValue = [
            "deadLetterTargetArn": .string(Place.deadLetterARN),
            "maxReceiveCount": .integer(Int64(Scenario.maxReceiveCount)),
        ]
        let attributes: JSONValue = ["RedrivePolicy": .string(redrive.description)]
        let queue: JSONValue = ["QueueName": .string(Place.queueName), "Attributes": attributes]
        self.must(.sqs, "CreateQueue", queue, Scenario.home)
        let pattern: JSONValue = [
            "source": ["aws.rds"], "detail-type": ["RDS DB Snapshot Event", "RDS DB Cluster Snapshot Event"],
        ]
        // In the destination, too: a fleet that works both ways sees the events of its own copies.
        for region in [Scenario.home, Scenario.far.region] {
            self.must(
                .events,
                "PutRule",
                ["Name": "snapshots", "EventPattern": .string(pattern.description)],
                region
            )
            let target: JSONValue = ["Id": "1", "Arn": .string(Place.queueARN)]
            self.must(.events, "PutTargets", ["Rule": "snapshots", "Targets": [target]], region)
        }
        self.configure()
        for database in self.scenario.databases { self.create(database) }
    }

    private func configure() {
        var settings = self.world.rds.settings
        settings.copyPace = .init(overhead: .seconds(120), secondsPerGiB: 30)
        settings.manualSnapshotLimit = 10_000
        settings.instanceCopyLimit = self.faults.hasTightQuota ? 2 : 20
        settings.clusterCopyLimit = self.faults.hasTightQuota ? 2 : 5
        settings.finishedCopiesRaiseCreated = self.faults.finishedCopiesRaiseCreated
        settings.failEveryNthCopy = self.faults.failedCopies > 0 ? max(2, Int(1 / self.faults.failedCopies)) : 0
        self.world.rds.settings = settings
        self.world.sqs.duplicateEvery = self.faults.duplicateEvery == 0 ? nil : self.faults.duplicateEvery
    }

    private func create(_ database: Scenario.Database) {
        let kind = database.kind == .instance ? "Instance" : "Cluster"
        self.must(
            .rds,
            "CreateDB\(kind)",
            .compact([
                "DB\(kind)Identifier": .string(database.identifier),
                "Engine": database.kind == .instance ? "postgres" : "aurora-postgresql",
                "AllocatedStorage": .integer(Int64.random(in: 10...200, using: &self.random)),
                "DBInstanceClass": database.kind == .instance ? "db.t4g.medium" : nil,
                "MasterUsername": "local", "MasterUserPassword": "local-password",
                "StorageEncrypted": .bool(database.isEncrypted),
                "KmsKeyId": database.isEncrypted ? .string(Scenario.key) : nil,
            ]),
            Scenario.home
        )
    }

    /// Asks for what can't fail unless the simulation itself is wrong.
    @discardableResult
    private func must(
        _ service: ServiceName,
        _ operation: String,
        _ parameters: JSONValue,
        _ region: String
    ) -> JSONValue {
        switch self.ask(service, operation, parameters, region, by: "builder") {
        case .success(let answer): return answer
        case .failure(let failure):
            self.violate("the world is built", "\(operation): \(failure.code): \(failure.message)")
            return .null
        }
    }

    /// Asks a service right now, with no network between.
    @discardableResult
    func ask(
        _ service: ServiceName,
        _ operation: String,
        _ parameters: JSONValue,
        _ region: String,
        by name: String
    ) -> Result<JSONValue, ModelFailure> {
        let request = ModelRequest(
            service: service,
            operation: operation,
            parameters: parameters,
            caller: Place.caller(name),
            region: region
        )
        self.worldWasTouched = true
        do {
            return .success(try self.world.handle(request, at: self.now))
        } catch {
            return .failure(error)
        }
    }

    // MARK: - What people do

    /// Plans snapshots, and what people do to them.
    func planEnvironment() {
        let seconds = self.scenario.duration.inSeconds
        let databases = self.scenario.databases
        for number in 0..<self.scenario.snapshots {
            let database = databases[number % databases.count]
            let isAutomated = self.random.happens(0.5)
            self.plan(after: self.random.duration(1...seconds * 0.9)) { [unowned self] in
                self.takeSnapshot(of: database, number: number, isAutomated: isAutomated)
            }
        }
        self.planAgain(perHour: \.deletedCopies) { [unowned self] in self.deleteCopy() }
        self.planAgain(perHour: \.deletedSources) { [unowned self] in self.deleteSource() }
        self.planAgain(perHour: \.foreignCopies) { [unowned self] in self.copyByHand() }
    }

    /// Does something over and over, at random moments, until faults end.
    func planAgain(perHour rate: KeyPath<FaultRates, Double>, _ action: @escaping () -> Void) {
        guard let wait = self.random.wait(perHour: self.faults[keyPath: rate]) else { return }
        self.plan(after: wait) { [unowned self] in
            guard self.faults[keyPath: rate] > 0 else { return }
            action()
            self.isDirty = true
            self.planAgain(perHour: rate, action)
        }
    }

    private func takeSnapshot(of database: Scenario.Database, number: Int, isAutomated: Bool) {
        let kind = database.kind == .instance ? "Instance" : "Cluster"
        let name = JSONValue.string(database.identifier)
        self.isDirty = true
        self.note("people: snapshot of \(database.identifier)")
        if isAutomated {
            self.must(.rds, "LocalCreateAutomatedSnapshot", ["DB\(kind)Identifier": name], Scenario.home)
            return
        }
        let snapshot = database.kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        self.must(
            .rds,
            "Create\(snapshot)",
            ["\(snapshot)Identifier": .string("\(database.identifier)-\(number)"), "DB\(kind)Identifier": name],
            Scenario.home
        )
    }

    private func deleteCopy() {
        let copies = self.checks.pools.flatMap { self.checks.copies(self.world, in: $0) }
        guard let copy = copies.randomElement(using: &self.random) else { return }
        self.delete(copy.arn)
    }

    private func deleteSource() {
        let sources = SnapshotKind.allCases.flatMap {
            self.world.snapshots(account: Scenario.account, region: Scenario.home, kind: $0.model)
        }
        let manual = sources.filter { $0.type == "manual" && $0.sourceARN == nil }
        guard let source = manual.randomElement(using: &self.random) else { return }
        self.delete(source.arn)
    }

    private func delete(_ text: String) {
        guard let arn = SnapshotARN(text) else { return }
        self.note("people: delete \(text)")
        let snapshot = arn.kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        let parameters: JSONValue = ["\(snapshot)Identifier": .string(arn.identifier)]
        self.ask(.rds, "Delete\(snapshot)", parameters, arn.region, by: "people")
    }

    private func copyByHand() {
        let kind: SnapshotKind = self.random.happens(0.6) ? .instance : .cluster
        let destination = self.random.happens(0.5) ? Scenario.near : Scenario.far
        let sources = self.world.snapshots(account: Scenario.account, region: Scenario.home, kind: kind.model)
        guard let source = sources.filter({ $0.status == "available" }).randomElement(using: &self.random) else {
            return
        }
        self.foreignCopies += 1
        self.note("people: copy \(source.arn) to \(destination)")
        let snapshot = kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        self.ask(
            .rds,
            "Copy\(snapshot)",
            .compact([
                "Source\(snapshot)Identifier": .string(source.arn),
                "Target\(snapshot)Identifier": .string("by-hand-\(self.foreignCopies)"),
                "KmsKeyId": source.isEncrypted ? .string(Scenario.key) : nil,
            ]),
            destination.region,
            by: "people"
        )
    }
}

extension SnapshotKind {
    /// As the world calls it.
    var model: RDSKind { self == .instance ? .instance : .cluster }
}
