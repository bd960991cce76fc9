// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// Snapshots become copies, message by message, with real processes over HTTP.
@Suite struct CopyTests {
    @Test func snapshotsOfEveryKindBecomeConfirmedCopies() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            let team = [RDSClient.Tag(key: "team", value: "payments")]
            try await stage.createInstance("orders")
            try await stage.createInstance("vault", isEncrypted: true)
            try await stage.createCluster("web")
            try await stage.createCluster("crm", isEncrypted: true)
            for name in ["orders", "vault"] {
                try await stage.snapInstance(name, as: "\(name)-m", tags: team)
                try await stage.snapAutomatically(instance: name)
            }
            for name in ["web", "crm"] {
                try await stage.snapCluster(name, as: "\(name)-m", tags: team)
                try await stage.snapAutomatically(cluster: name)
            }
            let run = try await stage.worker { _ in try await stage.settled(copies: 8) }
            let copies = try await stage.copies()
            try #require(copies.count == 8)
            let sources = Set(try await aws.state().snapshots.filter { $0.source == nil }.map(\.arn))
            #expect(Set(copies.compactMap(\.source)) == sources)
            for copy in copies {
                let name = try #require(copy.identifier)
                #expect(copy.status == "available")
                #expect(copy.tags["team"] == "payments", "\(name)")
                #expect(copy.tags["snapferry:source"] == copy.source, "\(name)")
                #expect(copy.tags["snapferry:route"] == "environment", "\(name)")
                #expect(copy.tags["snapferry:job"]?.isEmpty == false, "\(name)")
                #expect(copy.tags["snapferry:source-created"].flatMap { Instant(iso8601: $0) } != nil, "\(name)")
                let isEncrypted = name.hasPrefix("vault") || name.hasPrefix("crm")
                #expect(copy.isEncrypted == isEncrypted, "\(name)")
                #expect(copy.key == (isEncrypted ? stage.keys[SimulatedAWS.destination] : nil), "\(name)")
            }
            #expect(run.confirmed.sorted() == copies.compactMap(\.identifier).sorted())
            #expect(run.status == .exited(0))
        }
    }

    @Test func messageIsDeletedOnlyAfterDescribeShowedTheCopyAvailable() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            try await stage.worker { _ in try await stage.settled(copies: 1) }
            let journal = try await aws.journal()
            let started = try #require(journal.acceptedCopies.first)
            let deletion = try #require(journal.requests("DeleteMessage").first)
            let describes = journal.requests("DescribeDBSnapshots").filter { $0.region == SimulatedAWS.destination }
            // The journal's own time of the end: a request is written down a little after it took effect.
            let ended = try #require(journal.requests("CopyEnded").first)
            let telling = try #require(describes.first { $0.time >= ended.time })
            #expect(journal.requests("DeleteMessage").count == 1)
            #expect(telling.sequence < deletion.sequence)
            // It was asked before as well, and not believed to be there.
            #expect(describes.contains { $0.sequence > started.sequence && $0.sequence < telling.sequence })
        }
    }

    @Test func oneSnapshotGoesToEveryDestinationOfThePolicy() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createCluster("crm", isEncrypted: true)
            try await stage.snapCluster("crm", as: "crm-m")
            let regions = [SimulatedAWS.destination, "eu-central-1"]
            let policy = Stage.policy(
                destinations: regions.map { ["region": .string($0), "kmsKey": "alias/dr", "tags": ["env": "dr"]] }
            )
            let run = try await stage.worker(policy: policy) { _ in try await stage.settled(copies: 2) }
            for region in regions {
                let copy = try #require(try await stage.copies(in: region).first)
                #expect(copy.key == stage.keys[region])
                #expect(copy.tags["env"] == "dr")
                #expect(copy.tags["snapferry:route"] == "all")
            }
            #expect(run.confirmed == ["crm-m-us-east-1", "crm-m-us-east-1"])
        }
    }

    @Test func sharedSnapshotIsCopiedByARoleOfTheOtherAccount() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            let source = try await stage.snapInstance("orders", as: "orders-m")
            let rds = try aws.session.rds(region: SimulatedAWS.source)
            try await eventually("the snapshot is taken") {
                try await aws.state().snapshots.first?.status == "available"
            }
            try await rds.modifyDBSnapshotAttribute("orders-m", adding: [SimulatedAWS.otherAccount])
            let policy = Stage.policy(destinations: [
                [
                    "region": .string(SimulatedAWS.destination), "account": .string(SimulatedAWS.otherAccount),
                    "role": .string("arn:aws:iam::\(SimulatedAWS.otherAccount):role/dr"), "externalId": "e2e",
                ]
            ])
            // The role's first session ends before its time.
            try await aws.setFaults([
                [
                    "service": "rds", "account": .string(SimulatedAWS.otherAccount), "count": 1,
                    "fault": ["type": "expiredCredentials"],
                ]
            ])
            let run = try await stage.worker(policy: policy) { _ in try await stage.settled(copies: 1) }
            let other = try aws.session(account: SimulatedAWS.otherAccount).rds(region: SimulatedAWS.destination)
            let copies = try await other.allDBSnapshots(RDSClient.SnapshotQuery(snapshotType: "manual"))
            #expect(copies.map(\.status) == ["available"])
            #expect(copies.first?.sourceDBSnapshotIdentifier == source)
            #expect(try await aws.journal().acceptedCopies.map(\.account) == [SimulatedAWS.otherAccount])
            #expect(try await aws.journal().requests("AssumeRole").count == 2)
            #expect(run.confirmed.count == 1)
        }
    }

    @Test func scheduledSweepCopiesWhatIsMissingAndNothingTwice() async throws {
        let place: [String: JSONValue] = [
            "account": .string(SimulatedAWS.account), "region": .string(SimulatedAWS.source),
        ]
        func item(_ members: [String: JSONValue]) -> JSONValue { .object(place.merging(members) { _, new in new }) }
        let seed: [String: JSONValue] = [
            "instances": [item(["id": "orders"]), item(["id": "scratch"])],
            "clusters": [item(["id": "crm"])],
            "snapshots": [
                item(["database": "orders", "type": "automated"]), item(["database": "scratch", "type": "automated"]),
                item(["database": "orders", "id": "orders-by-hand"]),
                item(["kind": "cluster", "database": "crm", "type": "automated"]),
            ],
            "queues": [item(["name": "jobs", "deadLetterQueue": "jobs-dead"])],
            "rules": [
                item([
                    "name": "sweep", "schedule": "rate(1 minute)", "queue": "jobs", "input": ["snapferry": "sweep"],
                ])
            ],
        ]
        try await SimulatedAWS.run(seed: seed) { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            // A newer one of the same database, which nobody tells of.
            try await stage.snapAutomatically(instance: "orders")
            try await eventually("the newer one is taken") {
                try await aws.state().snapshots.allSatisfy { $0.status == "available" }
            }
            let run = try await stage.worker(["SNAPFERRY_EXCLUDE": "scratch"]) { worker in
                try await eventually("a sweep finds nothing missing") {
                    worker.log.contains { $0.message == "Sweep is over" && $0.document["count"]?.string == "0" }
                }
                try await eventually("all copies are confirmed") {
                    worker.log.filter { $0.message == "Copy confirmed" }.count >= 4
                }
            }
            // Both automated ones, the manual one and the cluster's; what is excluded stays.
            let wanted = try await aws.state().snapshots.filter { $0.source == nil && !$0.arn.contains("scratch") }
            let copies = try await stage.copies()
            #expect(Set(copies.compactMap(\.source)) == Set(wanted.map(\.arn)))
            #expect(copies.count == 4)
            #expect(Set(run.confirmed).count == 4)
            #expect(try await aws.journal().acceptedCopies.count == 4)
        }
    }
}
