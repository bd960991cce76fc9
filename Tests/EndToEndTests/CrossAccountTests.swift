// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// Copies into other accounts: prepared in the source's account, and nothing left behind there.
@Suite struct CrossAccountTests {
    @Test func manualSnapshotsAreSharedAsTheyAreAndNoLongerThanItTakes() async throws {
        try await Accounts.run { aws, stage in
            try await stage.createInstance("orders")
            try await stage.createCluster("crm", key: "alias/share")
            try await stage.createInstance("web")
            let sources = [
                try await stage.snapInstance("orders", as: "orders-m"),
                try await stage.snapCluster("crm", as: "crm-m"),
                try await stage.snapInstance("web", as: "web-m"),
            ]
            try await stage.snapped(3)
            // What people share is theirs to take back.
            let rds = try aws.session.rds(region: Accounts.home)
            try await rds.modifyDBSnapshotAttribute("web-m", adding: [Accounts.recovery])
            let policy = Accounts.policy(Accounts.dublin, Accounts.frankfurt, Accounts.oregon)
            let run = try await stage.worker(policy: policy) { _ in try await stage.settled(copies: 9) }
            #expect(run.confirmed.count == 9)
            for (account, region) in [
                (Accounts.recovery, "eu-west-1"), (Accounts.recovery, "eu-central-1"), (Accounts.vault, "us-west-2"),
            ] {
                let copies = try await stage.copies(in: region, of: account)
                #expect(Set(copies.compactMap { $0.tags["snapferry:source"] }) == Set(sources))
                #expect(Set(copies.compactMap(\.source)) == Set(sources))
                #expect(copies.filter { $0.isEncrypted == true }.map { $0.key?.contains(":\(account):") } == [true])
            }
            #expect(try await stage.shares(of: "orders-m").isEmpty)
            #expect(try await stage.shares(of: "crm-m", isCluster: true).isEmpty)
            #expect(try await stage.shares(of: "web-m") == [Accounts.recovery])
            let own = try await stage.copies(in: Accounts.home)
            #expect(own.count == 3)
            #expect(own.allSatisfy { $0.tags.keys.allSatisfy { !$0.hasPrefix("snapferry:") } })
            let journal = try await aws.journal()
            #expect(journal.requests("DeleteDB").isEmpty)
            #expect(journal.acceptedCopies.allSatisfy { $0.account != SimulatedAWS.account })
        }
    }

    @Test func whatCannotBeSharedGoesByAHopThatIsGoneOnceTheCopyIsConfirmed() async throws {
        try await Accounts.run(settings: ["finishedCopiesRaiseCreated": true]) { aws, stage in
            try await stage.createInstance("orders")
            try await stage.createCluster("crm", isEncrypted: true)
            try await stage.createInstance("safe", isEncrypted: true)
            try await stage.snapAutomatically(instance: "orders")
            try await stage.snapAutomatically(cluster: "crm")
            try await stage.snapInstance("safe", as: "safe-m")
            try await stage.snapped(3)
            let sources = try await aws.state().snapshots.map(\.arn).sorted()
            let created = try await stage.creationTimes()
            let policy = Accounts.policy(Accounts.dublin, Accounts.oregon)
            let run = try await stage.worker(policy: policy) { _ in
                try await stage.settled(copies: 6)
                #expect(try await stage.hops().isEmpty)
            }
            #expect(run.confirmed.count == 6)
            for (account, region) in [(Accounts.recovery, "eu-west-1"), (Accounts.vault, "us-west-2")] {
                let copies = try await stage.copies(in: region, of: account)
                #expect(copies.compactMap { $0.tags["snapferry:source"] }.sorted() == sources)
                for copy in copies {
                    let source = try #require(copy.tags["snapferry:source"])
                    // RDS takes the hop for its source; the tags know better.
                    #expect(copy.source?.contains(":snapferry-hop-") == true)
                    #expect(copy.tags["snapferry:source-created"] == created[source])
                    #expect(copy.tags["snapferry:hop"] == nil)
                    #expect(copy.isEncrypted == !source.contains("orders"))
                    #expect(copy.identifier?.hasSuffix("-\(Accounts.home)") == false)
                }
            }
            try self.checkHops(try await aws.journal(), count: 6)
            #expect(run.values(of: "reason", where: "Not copied") == Array(repeating: "own-hop", count: 6))
        }
    }

    /// Every hop is under the key for hops, and goes only after RDS has shown the copy that was made of it as available.
    private func checkHops(_ journal: [JournalEntry], count: Int) throws {
        let hops = journal.acceptedCopies.filter { $0.account == SimulatedAWS.account }
        #expect(hops.count == count)
        for hop in hops {
            let parameters = hop.parameters
            let name = parameters["TargetDBSnapshotIdentifier"] ?? parameters["TargetDBClusterSnapshotIdentifier"]
            let hopName = try #require(name?.string)
            let isPlain = hopName.contains("orders")
            #expect(parameters["KmsKeyId"]?.string == (isPlain ? nil : "alias/share"))
            let copy = try #require(
                journal.acceptedCopies.first { entry in
                    let source =
                        entry.parameters["SourceDBSnapshotIdentifier"]
                        ?? entry.parameters["SourceDBClusterSnapshotIdentifier"]
                    return source?.string?.hasSuffix(":\(hopName)") == true
                }
            )
            let deletion = try #require(
                journal.requests("DeleteDB").first { entry in
                    let name =
                        entry.parameters["DBSnapshotIdentifier"] ?? entry.parameters["DBClusterSnapshotIdentifier"]
                    return name?.string == hopName
                }
            )
            // The journal's own time of the end: a request is written down a little after it took effect.
            let ended = try #require(
                journal.requests("CopyEnded").first { entry in
                    entry.account == copy.account
                        && entry.parameters.object?.values.contains { $0.string?.hasSuffix(":\(hopName)") == true }
                            == true
                }
            )
            let telling = journal.requests("DescribeDB").first {
                $0.account == copy.account && $0.region == copy.region && $0.time >= ended.time
            }
            #expect(try #require(telling).sequence < deletion.sequence)
            #expect(deletion.account == SimulatedAWS.account)
        }
    }

    /// Where a worker dies.
    enum Death: CaseIterable {
        case whileTheHopIsMade, whileTheCopyIsMade, afterTheCopyIsConfirmed
    }

    @Test(arguments: Death.allCases)
    func workerThatIsKilledLeavesNoHopBehind(death: Death) async throws {
        let slow: [String: JSONValue] = [
            "localCopyOverheadSeconds": death == .whileTheHopIsMade ? 240 : 20,
            "copyOverheadSeconds": death == .whileTheCopyIsMade ? 240 : 40,
        ]
        try await Accounts.run(settings: slow) { aws, stage in
            try await stage.createCluster("crm", isEncrypted: true)
            try await stage.snapAutomatically(cluster: "crm")
            let policy = Accounts.policy(Accounts.dublin)
            if death == .afterTheCopyIsConfirmed {
                try await aws.setFaults([
                    [
                        "service": "rds", "operation": "DeleteDBClusterSnapshot",
                        "fault": ["type": "http", "status": 503],
                    ]
                ])
            }
            let lease = ["SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS": "120"]
            let first = try await stage.worker(lease, policy: policy) { worker in
                try await eventually("\(death)") {
                    let copies = try await aws.state().copies
                    switch death {
                    case .whileTheHopIsMade: return copies.contains { $0.status != "available" }
                    case .whileTheCopyIsMade:
                        return copies.contains { $0.arn.contains(Accounts.recovery) && $0.status != "available" }
                    case .afterTheCopyIsConfirmed: return worker.hasLogged("Copy confirmed")
                    }
                }
                try worker.kill()
            }
            #expect(first.status == .signaled(9))
            #expect(try await stage.hops().count == 1)
            try await aws.setFaults([])
            let second = try await stage.worker(policy: policy) { _ in try await stage.settled(copies: 1) }
            #expect(second.confirmed.count == 1)
            #expect(try await stage.hops().isEmpty)
            #expect(try await stage.copies(in: "eu-west-1", of: Accounts.recovery).map(\.status) == ["available"])
            // One hop and one copy, whoever made them.
            #expect(try await aws.journal().acceptedCopies.count == 2)
        }
    }

    @Test func workersSideBySideLeaveOneCopyOfEachSnapshotAndNoHop() async throws {
        let names = (1...4).map { "orders-\($0)" }
        try await Accounts.run(settings: ["duplicateEvery": 1]) { aws, stage in
            for name in names {
                try await stage.createInstance(name, isEncrypted: true)
                try await stage.snapAutomatically(instance: name)
            }
            let policy = Accounts.policy(Accounts.dublin)
            let confirmed = try await withThrowingTaskGroup(of: [String].self) { workers in
                for _ in 1...3 {
                    workers.addTask {
                        try await stage.worker(policy: policy) { _ in try await stage.settled(copies: names.count) }
                            .confirmed
                    }
                }
                return try await workers.reduce(into: Set<String>()) { $0.formUnion($1) }
            }
            #expect(confirmed.count == names.count)
            #expect(try await stage.hops().isEmpty)
            let copies = try await aws.journal().acceptedCopies.filter { $0.account == Accounts.recovery }
            #expect(copies.count == names.count)
        }
    }

    @Test func fleetOfTheDestinationWorksInTheSourceByARole() async throws {
        try await Accounts.run { aws, stage in
            let there = try aws.session(account: Accounts.recovery).rds(region: Accounts.home)
            _ = try await there.createDBInstance(
                RDSClient.NewDatabase(
                    identifier: "orders",
                    engine: "postgres",
                    masterUserPassword: "not-a-secret",
                    storageEncrypted: true
                )
            )
            let made = try await there.createDBSnapshot(identifier: "orders-m", dbInstanceIdentifier: "orders")
            let source = try #require(made.dbSnapshotARN)
            try await stage.snapped(1)
            try await stage.send([
                "snapferry": "job", "source": .string(source), "destination": ["region": "eu-west-1"],
            ])
            let policy = Accounts.policy(
                ["region": "eu-west-1", "kmsKey": "alias/dr"],
                source: ["hopKey": "alias/share", "role": .string(Accounts.role("source", of: Accounts.recovery))]
            )
            let run = try await stage.worker(policy: policy) { _ in try await stage.settled(copies: 1) }
            #expect(run.confirmed.count == 1)
            let copy = try #require(try await stage.copies().first)
            #expect(copy.tags["snapferry:source"] == source)
            #expect(copy.key == stage.keys["eu-west-1"])
            let journal = try await aws.journal()
            #expect(journal.acceptedCopies.map(\.account) == [Accounts.recovery, SimulatedAWS.account])
        }
    }

    @Test(arguments: [true, false])
    func optionGroupComesAlongWhereThePolicySaysSo(isWanted: Bool) async throws {
        try await Accounts.run { aws, stage in
            try await stage.createOptionGroup("zones")
            try await stage.createInstance("erp", optionGroup: "zones")
            try await stage.snapInstance("erp", as: "erp-m")
            try await stage.snapped(1)
            var destination = Accounts.dublin.object ?? [:]
            destination["copyOptionGroup"] = .bool(isWanted)
            try await stage.worker(policy: Accounts.policy(.object(destination))) { _ in
                if isWanted {
                    try await stage.settled(copies: 1)
                } else {
                    let letter = try #require(try await stage.deadLetters(1).first)
                    #expect(letter.messageAttributes["snapferry.reason"]?.stringValue == "option-group")
                }
            }
            guard isWanted else { return }
            let rds = try aws.session(account: Accounts.recovery).rds(region: "eu-west-1")
            let copies = try await rds.allDBSnapshots(RDSClient.SnapshotQuery(snapshotType: "manual"))
            #expect(copies.map(\.optionGroupName) == ["zones"])
        }
    }

    @Test func encryptedCopyBetweenTheGovCloudRegionsCarriesASignedURLThatRDSAccepts() async throws {
        let place: [String: JSONValue] = ["account": .string(SimulatedAWS.account), "region": "us-gov-west-1"]
        func item(_ members: [String: JSONValue]) -> JSONValue { .object(place.merging(members) { _, new in new }) }
        let seed: [String: JSONValue] = [
            "kmsKeys": [
                ["account": .string(SimulatedAWS.account), "region": "us-gov-east-1", "alias": "alias/dr"]
            ],
            "instances": [item(["id": "orders", "encrypted": true])],
            "snapshots": [item(["database": "orders", "id": "orders-m", "tags": ["team": "pay roll"]])],
        ]
        try await SimulatedAWS.run(seed: seed) { aws in
            let stage = try await Stage(on: aws)
            try await stage.send([
                "snapferry": "job",
                "source": .string("arn:aws-us-gov:rds:us-gov-west-1:\(SimulatedAWS.account):snapshot:orders-m"),
                "destination": ["region": "us-gov-east-1"],
            ])
            let changes = [
                "SNAPFERRY_SOURCE_REGIONS": "us-gov-west-1", "SNAPFERRY_DESTINATIONS": "us-gov-east-1",
            ]
            let run = try await stage.worker(changes) { _ in try await stage.settled(copies: 1) }
            // The embedded RDS takes no such copy without a URL that it can verify.
            #expect(run.confirmed == ["orders-m-us-gov-west-1"])
        }
    }
}
