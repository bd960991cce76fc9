// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// Three accounts in four Regions: databases and the fleet in the first, copies in the others.
enum Accounts {
    /// Takes copies in eu-west-1 and eu-central-1; its role wants an external id.
    static let recovery = SimulatedAWS.otherAccount
    /// Takes copies in us-west-2.
    static let vault = "777788889999"
    /// The source Region.
    static let home = SimulatedAWS.source

    static let dublin: JSONValue = [
        "region": "eu-west-1", "account": .string(Self.recovery), "role": .string(Self.role("dr", of: Self.recovery)),
        "externalId": "e2e", "kmsKey": "alias/dr", "tags": ["env": "dr"],
    ]
    static let frankfurt: JSONValue = [
        "region": "eu-central-1", "account": .string(Self.recovery),
        "role": .string(Self.role("dr", of: Self.recovery)), "externalId": "e2e", "kmsKey": "alias/dr",
    ]
    static let oregon: JSONValue = [
        "region": "us-west-2", "account": .string(Self.vault), "role": .string(Self.role("vault", of: Self.vault)),
        "kmsKey": "alias/dr",
    ]

    static func role(_ name: String, of account: String) -> String { "arn:aws:iam::\(account):role/\(name)" }

    /// The roles and keys of the accounts; only declared roles can be assumed.
    static var seed: [String: JSONValue] {
        let fleet: JSONValue = [
            "accessKeyId": .string(SimulatedAWS.accessKeyID), "secretAccessKey": .string(SimulatedAWS.secretAccessKey),
        ]
        let trusts: JSONValue = [.string(SimulatedAWS.account)]
        return [
            "accounts": [
                ["id": .string(SimulatedAWS.account), "keys": [fleet]],
                [
                    "id": .string(Self.recovery),
                    "roles": [
                        ["name": "dr", "trusts": trusts, "externalId": "e2e"], ["name": "source", "trusts": trusts],
                    ],
                ],
                ["id": .string(Self.vault), "roles": [["name": "vault", "trusts": trusts]]],
            ],
            "kmsKeys": [
                self.sharedKey(of: SimulatedAWS.account), self.sharedKey(of: Self.recovery),
                ["account": .string(Self.recovery), "region": "eu-west-1", "alias": "alias/dr"],
                ["account": .string(Self.recovery), "region": "eu-central-1", "alias": "alias/dr"],
                ["account": .string(Self.vault), "region": "us-west-2", "alias": "alias/dr"],
            ],
        ]
    }

    /// A key of the source Region that all three accounts may use.
    private static func sharedKey(of account: String) -> JSONValue {
        let statements = [SimulatedAWS.account, Self.recovery, Self.vault].map { account -> JSONValue in
            [
                "Effect": "Allow", "Principal": ["AWS": .string("arn:aws:iam::\(account):root")], "Action": "kms:*",
                "Resource": "*",
            ]
        }
        return [
            "account": .string(account), "region": .string(Self.home), "alias": "alias/share",
            "policy": ["Version": "2012-10-17", "Statement": .array(statements)],
        ]
    }

    static func policy(
        _ destinations: JSONValue...,
        source: [String: JSONValue] = ["hopKey": "alias/share"]
    ) -> JSONValue {
        let regions: JSONValue = [.string(Self.home)]
        return [
            "routes": [
                [
                    "name": "across", "source": .object(source.merging(["regions": regions]) { own, _ in own }),
                    "destinations": .array(destinations),
                ]
            ]
        ]
    }

    /// Runs an AWS of three accounts.
    static func run(
        speed: Int = 20,
        settings: [String: JSONValue] = [:],
        seed: [String: JSONValue] = [:],
        _ body: @Sendable (SimulatedAWS, Stage) async throws -> Void
    ) async throws {
        let usual: [String: JSONValue] = [
            "localCopyOverheadSeconds": 30, "localCopySecondsPerGiB": 0, "strictRoles": true,
        ]
        try await SimulatedAWS.run(
            speed: speed,
            settings: usual.merging(settings) { _, new in new },
            seed: self.seed.merging(seed) { _, new in new }
        ) { aws in
            try await body(aws, try await Stage(on: aws))
        }
    }
}

/// What to look at, and to do, across accounts.
extension Stage {
    /// The accounts that a snapshot of the source is shared with.
    func shares(of snapshot: String, isCluster: Bool = false) async throws -> [String] {
        let rds = try self.aws.session.rds(region: SimulatedAWS.source)
        let attributes =
            isCluster
            ? try await rds.describeDBClusterSnapshotAttributes(snapshot)
            : try await rds.describeDBSnapshotAttributes(snapshot)
        return attributes["restore"] ?? []
    }

    /// Waits until all snapshots are whole.
    func snapped(_ count: Int) async throws {
        try await eventually("\(count) snapshots are whole") {
            let snapshots = try await self.aws.state().snapshots
            return snapshots.count >= count && snapshots.allSatisfy { $0.status == "available" }
        }
    }

    /// The hops that are there, in any state.
    func hops() async throws -> [WorldState.Snapshot] {
        try await self.aws.state().snapshots.filter { $0.arn.contains(":snapferry-hop-") }
    }

    func delete(cluster: String) async throws {
        var form = QueryForm(action: "DeleteDBCluster", version: "2014-10-31")
        form.add("DBClusterIdentifier", cluster)
        form.add("SkipFinalSnapshot", true)
        try await self.ask(form)
    }

    func rename(instance: String, to name: String) async throws {
        var form = QueryForm(action: "ModifyDBInstance", version: "2014-10-31")
        form.add("DBInstanceIdentifier", instance)
        form.add("NewDBInstanceIdentifier", name)
        form.add("ApplyImmediately", true)
        try await self.ask(form)
    }

    /// Makes an option group of the source that no other account has.
    func createOptionGroup(_ name: String) async throws {
        var form = QueryForm(action: "CreateOptionGroup", version: "2014-10-31")
        form.add("OptionGroupName", name)
        form.add("EngineName", "oracle-ee")
        form.add("MajorEngineVersion", "19")
        form.add("OptionGroupDescription", "Time zones")
        try await self.ask(form)
    }

    func createInstance(_ name: String, optionGroup: String) async throws {
        var form = QueryForm(action: "CreateDBInstance", version: "2014-10-31")
        form.add("DBInstanceIdentifier", name)
        form.add("DBInstanceClass", "db.t3.micro")
        form.add("Engine", "oracle-ee")
        form.add("AllocatedStorage", 20)
        form.add("MasterUsername", "admin")
        form.add("MasterUserPassword", "not-a-secret")
        form.add("OptionGroupName", optionGroup)
        try await self.ask(form)
    }

    private func ask(_ form: QueryForm) async throws {
        let caller = try self.aws.session.caller(for: .rds, region: SimulatedAWS.source)
        try await caller.send(ServiceCall(operation: form.action, body: .query(form))) { _ in }
    }
}
