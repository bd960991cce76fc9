// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What goes wrong between accounts: a clear reason, and other routes go on.
@Suite struct CrossAccountTroubleTests {
    /// A destination's role that its account never made.
    private static let closed: JSONValue = [
        "region": "eu-west-1", "account": .string(Accounts.recovery),
        "role": .string(Accounts.role("nobody", of: Accounts.recovery)), "kmsKey": "alias/dr",
    ]

    private static func reason(_ letter: SQSMessage) -> String? {
        letter.messageAttributes["snapferry.reason"]?.stringValue
    }

    private static func detail(_ letter: SQSMessage) -> String {
        letter.messageAttributes["snapferry.detail"]?.stringValue ?? ""
    }

    @Test func roleThatCannotBeAssumedIsNamedAndOtherDestinationsGoOn() async throws {
        try await Accounts.run { _, stage in
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let policy = Accounts.policy(Self.closed, Accounts.oregon)
            let run = try await stage.worker(policy: policy) { worker in
                let letter = try #require(try await stage.deadLetters(1).first)
                #expect(Self.reason(letter) == "access-denied")
                #expect(Self.detail(letter).contains("cannot assume \(Accounts.role("nobody", of: Accounts.recovery))"))
                try await eventually("the other one is confirmed") { worker.hasLogged("Copy confirmed") }
                try await eventually("the queue is empty") { try await stage.queue().isEmpty }
            }
            #expect(run.confirmed.count == 1)
        }
    }

    @Test func defaultKeyWithoutAKeyForHopsIsADeadLetterThatSaysWhatToName() async throws {
        try await Accounts.run { _, stage in
            try await stage.createInstance("orders")
            try await stage.createInstance("safe", isEncrypted: true)
            try await stage.snapInstance("safe", as: "safe-m")
            try await stage.snapAutomatically(instance: "orders")
            let policy = Accounts.policy(Accounts.dublin, source: [:])
            let run = try await stage.worker(policy: policy) { worker in
                let letter = try #require(try await stage.deadLetters(1).first)
                #expect(Self.reason(letter) == "hop-key")
                #expect(Self.detail(letter).contains("names no hopKey for the source of route across"))
                // What is not encrypted needs no key for its hop.
                try await eventually("the other one is confirmed") { worker.hasLogged("Copy confirmed") }
                try await eventually("the queue is empty") { try await stage.queue().isEmpty }
            }
            #expect(run.confirmed.count == 1)
            #expect(try await stage.hops().isEmpty)
        }
    }

    @Test func keyThatIsDisabledMidRunIsADeadLetterAndOtherCopiesGoOn() async throws {
        try await Accounts.run { aws, stage in
            try await stage.createInstance("orders")
            try await stage.createCluster("crm", key: "alias/share")
            try await stage.snapCluster("crm", as: "crm-first")
            let run = try await stage.worker(policy: Accounts.policy(Accounts.dublin)) { worker in
                try await eventually("the first is confirmed") { worker.hasLogged("Copy confirmed") }
                let kms = try aws.session.kms(region: Accounts.home)
                let key = try #require(try await kms.describeKey("alias/share").arn)
                try await stage.disableKey(key, region: Accounts.home)
                try await stage.snapCluster("crm", as: "crm-second")
                try await stage.snapInstance("orders", as: "orders-m")
                let letter = try #require(try await stage.deadLetters(1).first)
                #expect(Self.reason(letter) == "kms-key")
                #expect(Self.detail(letter).hasSuffix("crm-second is encrypted under is Disabled"))
                try await eventually("the other one is confirmed") {
                    worker.log.filter { $0.message == "Copy confirmed" }.count == 2
                }
                try await eventually("the queue is empty") { try await stage.queue().isEmpty }
            }
            #expect(run.confirmed.count == 2)
        }
    }

    @Test func shareThatEndsMidWayIsGivenAnew() async throws {
        try await Accounts.run { aws, stage in
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker(policy: Accounts.policy(Accounts.dublin)) { _ in
                try await stage.copying()
                let rds = try aws.session.rds(region: Accounts.home)
                try await rds.modifyDBSnapshotAttribute("orders-m", removing: [Accounts.recovery])
                try await stage.settled(copies: 1)
            }
            #expect(run.confirmed.count == 1)
            #expect(run.log.contains { $0.message == "Copy failed" })
            #expect(try await aws.journal().acceptedCopies.count == 2)
            #expect(try await stage.shares(of: "orders-m").isEmpty)
        }
    }

    @Test func snapshotThatAnotherAccountSharesNoMoreIsADeadLetter() async throws {
        try await Accounts.run { aws, stage in
            let there = try aws.session(account: Accounts.recovery).rds(region: Accounts.home)
            for name in ["orders", "web"] {
                _ = try await there.createDBInstance(
                    RDSClient.NewDatabase(identifier: name, engine: "postgres", masterUserPassword: "not-a-secret")
                )
                _ = try await there.createDBSnapshot(identifier: "\(name)-m", dbInstanceIdentifier: name)
            }
            try await stage.snapped(2)
            for name in ["orders-m", "web-m"] {
                try await there.modifyDBSnapshotAttribute(name, adding: [SimulatedAWS.account])
            }
            try await there.modifyDBSnapshotAttribute("orders-m", removing: [SimulatedAWS.account])
            for name in ["orders-m", "web-m"] {
                try await stage.send([
                    "snapferry": "job",
                    "source": .string("arn:aws:rds:\(Accounts.home):\(Accounts.recovery):snapshot:\(name)"),
                    "destination": ["region": "eu-west-1"], "firstSeen": "2020-01-01T00:00:00Z",
                ])
            }
            let policy = Accounts.policy(
                ["region": "eu-west-1"],
                source: ["accounts": [.string(Accounts.recovery)]]
            )
            let run = try await stage.worker(policy: policy) { worker in
                let letter = try #require(try await stage.deadLetters(1).first)
                #expect(Self.reason(letter) == "source-gone")
                #expect(Self.detail(letter).contains("orders-m does not exist, or is not visible from here"))
                try await eventually("the other one is confirmed") { worker.hasLogged("Copy confirmed") }
                try await eventually("the queue is empty") { try await stage.queue().isEmpty }
            }
            #expect(run.confirmed.count == 1)
        }
    }

    @Test func databaseThatIsRenamedIsCopiedByTheNameThatItsSnapshotHas() async throws {
        try await Accounts.run { aws, stage in
            try await stage.createInstance("orders", isEncrypted: true)
            try await stage.snapInstance("orders", as: "orders-m")
            try await stage.snapped(1)
            let policy = Accounts.policy(Accounts.dublin)
            let run = try await stage.worker(policy: policy) { worker in
                try await eventually("its hop is made") { try await stage.hops().count == 1 }
                try await stage.rename(instance: "orders", to: "bills")
                try await stage.snapInstance("bills", as: "bills-m")
                try await stage.settled(copies: 2)
            }
            #expect(run.confirmed.count == 2)
            #expect(run.values(of: "snapshot.database", where: "Copy confirmed").sorted() == ["bills", "orders"])
            let sources = try await stage.copies(in: "eu-west-1", of: Accounts.recovery)
                .compactMap { $0.tags["snapferry:source"]?.split(separator: ":").last }
            #expect(sources.sorted() == ["bills-m", "orders-m"])
        }
    }

    @Test func clusterThatIsDeletedWhileItsSnapshotGoesByAHopIsStillCopied() async throws {
        try await Accounts.run(settings: ["copyOverheadSeconds": 200]) { aws, stage in
            try await stage.createCluster("crm", isEncrypted: true)
            try await stage.createInstance("orders")
            try await stage.snapAutomatically(cluster: "crm")
            let run = try await stage.worker(policy: Accounts.policy(Accounts.dublin)) { worker in
                try await eventually("the copy runs") {
                    try await aws.state().copies.contains { $0.arn.contains(Accounts.recovery) }
                }
                // Its automated snapshots go with it; the hop does not.
                try await stage.delete(cluster: "crm")
                try await stage.snapInstance("orders", as: "orders-m")
                try await eventually("both are confirmed") {
                    worker.log.filter { $0.message == "Copy confirmed" }.count == 2
                }
                try await eventually("the queue is empty") { try await stage.queue().isEmpty }
            }
            #expect(run.confirmed.count == 2)
            #expect(try await stage.hops().isEmpty)
            let arns = try await aws.state().snapshots.map(\.arn)
            #expect(arns.filter { $0.contains("rds:crm") }.isEmpty)
        }
    }

    @Test func clusterThatIsDeletedWhileItsHopIsMadeIsADeadLetterAndOthersGoOn() async throws {
        try await Accounts.run(speed: 40, settings: ["localCopyOverheadSeconds": 400]) { aws, stage in
            try await stage.createCluster("crm", isEncrypted: true)
            try await stage.createInstance("orders")
            try await stage.snapAutomatically(cluster: "crm")
            let run = try await stage.worker(policy: Accounts.policy(Accounts.dublin)) { worker in
                try await eventually("the hop is made") { try await stage.hops().count == 1 }
                try await stage.delete(cluster: "crm")
                try await stage.snapInstance("orders", as: "orders-m")
                let letter = try #require(try await stage.deadLetters(1).first)
                #expect(Self.reason(letter) == "source-gone")
                try await eventually("the other one is confirmed") { worker.hasLogged("Copy confirmed") }
                try await eventually("the queue is empty") { try await stage.queue().isEmpty }
            }
            #expect(run.confirmed.count == 1)
            #expect(try await stage.hops().isEmpty)
        }
    }
}
