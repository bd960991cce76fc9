// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// The world as it is at the beginning, and how it is asked.
extension Simulation {
    /// Puts keys, queues, rules and databases there.
    func buildWorld() {
        for region in [Scenario.home, Scenario.near.region, Scenario.far.region] {
            let key = self.must(.kms, "CreateKey", [:], region)
            self.keys[region] = key["KeyMetadata"]?["KeyId"]
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
        var pattern: [String: JSONValue] = [
            "source": ["aws.rds"], "detail-type": ["RDS DB Snapshot Event", "RDS DB Cluster Snapshot Event"],
        ]
        if self.scenario.isOrdinary {
            pattern["detail"] = [
                "EventID": ["RDS-EVENT-0091", "RDS-EVENT-0042", "RDS-EVENT-0169", "RDS-EVENT-0075"]
            ]
        }
        // In the destination, too: a fleet that works both ways sees the events of its own copies. A queue takes events of
        // its own Region alone, so they come by way of that Region's bus.
        let document = JSONValue.string(JSONValue.object(pattern).description)
        for (region, target) in [(Scenario.home, Place.queueARN), (Scenario.far.region, Place.busARN)] {
            self.must(.events, "PutRule", ["Name": "snapshots", "EventPattern": document], region)
            let targets: JSONValue = [["Id": "1", "Arn": .string(target)]]
            let answer = self.must(.events, "PutTargets", ["Rule": "snapshots", "Targets": targets], region)
            if answer["FailedEntryCount"]?.lenientInt != 0 {
                self.violate("the world is built", "PutTargets in \(region): \(answer)")
            }
        }
        self.configure()
        if self.scenario.ledger == .table { self.createTable() }
        for database in self.scenario.databases { self.create(database) }
        self.world.keepJournal(ofQueues: [Place.queueARN, Place.deadLetterARN])
    }

    private func configure() {
        var settings = self.world.rds.settings
        settings.copyPace = .init(overhead: self.scenario.copyOverhead, secondsPerGiB: self.scenario.secondsPerGiB)
        switch self.scenario.schedule {
        // Whatever the size: they are to come together.
        case .atOnce, .backlog: settings.snapshotPace = .init(overhead: .seconds(30), secondsPerGiB: 0)
        case .scattered, .daily: break
        }
        settings.manualSnapshotLimit = Scenario.manualSnapshotLimit
        settings.finishedCopiesRaiseCreated = self.scenario.faults[.copiesRaiseCreated] > 0
        self.world.rds.settings = settings
        self.setCopyLimits()
        let doubled = self.scenario.faults[.doubledMessages]
        self.world.sqs.duplicateEvery = doubled > 0 ? max(2, Int(1 / doubled)) : nil
    }

    private func createTable() {
        self.must(
            .dynamodb,
            "CreateTable",
            [
                "TableName": .string(Place.table), "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [["AttributeName": "pk", "AttributeType": "S"]],
                "KeySchema": [["AttributeName": "pk", "KeyType": "HASH"]],
            ],
            Scenario.home
        )
    }

    private func create(_ database: Scenario.Database) {
        let kind = database.kind == .instance ? "Instance" : "Cluster"
        self.must(
            .rds,
            "CreateDB\(kind)",
            .compact([
                "DB\(kind)Identifier": .string(database.identifier),
                "Engine": database.kind == .instance ? "postgres" : "aurora-postgresql",
                "AllocatedStorage": .integer(
                    Int64(database.sizeGiB ?? Int.random(in: 10...200, using: &self.random))
                ),
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
    func must(
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
        self.ask(service, operation, parameters, region, by: Place.caller(name))
    }

    func ask(
        _ service: ServiceName,
        _ operation: String,
        _ parameters: JSONValue,
        _ region: String,
        by caller: ModelCaller
    ) -> Result<JSONValue, ModelFailure> {
        self.ask(
            ModelRequest(
                service: service,
                operation: operation,
                parameters: parameters,
                caller: caller,
                region: region
            )
        )
    }

    func ask(_ request: ModelRequest) -> Result<JSONValue, ModelFailure> {
        self.worldWasTouched = true
        do {
            return .success(try self.world.handle(request, at: self.now))
        } catch {
            return .failure(error)
        }
    }
}

extension SnapshotKind {
    /// As the world calls it.
    var model: RDSKind { self == .instance ? .instance : .cluster }
}
