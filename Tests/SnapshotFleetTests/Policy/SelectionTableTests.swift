// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Selection, from the document's words to the answer: one row for each rule, and one for each way past it.
@Suite("Which snapshots a route takes")
struct SelectionTableTests {
    /// What is asked about, unless a row says otherwise: an automated PostgreSQL snapshot of `prod-orders`.
    private static func facts(
        arn: String = "arn:aws:rds:us-east-1:111122223333:snapshot:rds:prod-orders-2026-11-21-03-10",
        database: String = "prod-orders",
        origin: Snapshot.Origin = .automated,
        engine: String = "postgres",
        tags: [String: String] = ["dr": "true", "team": "shop"],
        databaseTags: [String: String]? = ["tier": "gold"]
    ) -> SnapshotFacts? {
        SnapshotARN(arn).map {
            SnapshotFacts(
                arn: $0,
                database: database,
                origin: origin,
                engine: engine,
                tags: tags,
                databaseTags: databaseTags,
                isDescribed: true
            )
        }
    }

    private static let manual = "arn:aws:rds:us-east-1:111122223333:snapshot:before-upgrade"
    private static let cluster = "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:rds:crm-2026-11-21-03-10"
    private static let backup = "arn:aws:rds:us-east-1:111122223333:snapshot:awsbackup:job-1"
    private static let clusterBackup = "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:awsbackup:job-1"

    @Test(
        "by kind, type, engine, names, tags, Region and account",
        arguments: [
            // Everything that RDS keeps in the account, unless the route says otherwise.
            ("{}", Self.facts(), nil), ("{}", Self.facts(arn: Self.cluster, engine: "aurora-mysql"), nil),
            ("{}", Self.facts(arn: Self.manual, origin: .manual), nil),
            ("{}", Self.facts(arn: Self.backup, origin: .manual), "type"),
            ("{}", Self.facts(arn: Self.manual, origin: .public), "type"),
            // Kinds.
            (#"{"kinds":["cluster"]}"#, Self.facts(), "kind"),
            (#"{"kinds":["cluster"]}"#, Self.facts(arn: Self.cluster), nil),
            // Types: AWS Backup's are told by their names, whatever RDS calls them.
            (#"{"types":["manual"]}"#, Self.facts(), "type"),
            (#"{"types":["awsbackup"]}"#, Self.facts(arn: Self.backup, origin: .awsbackup), nil),
            (#"{"types":["awsbackup"]}"#, Self.facts(arn: Self.clusterBackup, origin: .manual), nil),
            (#"{"types":["manual"]}"#, Self.facts(arn: Self.clusterBackup, origin: .manual), "type"),
            (#"{"types":["shared"]}"#, Self.facts(arn: Self.manual, origin: .shared), nil),
            (#"{"types":["manual"]}"#, Self.facts(arn: Self.manual, origin: .shared), nil),
            // Engines.
            (#"{"engines":["aurora-*"]}"#, Self.facts(), "engine"),
            (#"{"engines":["aurora-*","post*"]}"#, Self.facts(), nil),
            // Databases: case does not matter, ? is one character, and what is excluded wins.
            (#"{"databases":["PROD-*"]}"#, Self.facts(), nil), (#"{"databases":["prod-order?"]}"#, Self.facts(), nil),
            (#"{"databases":["orders"]}"#, Self.facts(), "database"),
            (#"{"databases":["prod"]}"#, Self.facts(), "database"),
            (#"{"databases":["prod-*"],"exclude":["*-orders"]}"#, Self.facts(), "exclude"),
            (#"{"exclude":["*-scratch"]}"#, Self.facts(), nil),
            // Snapshots' own names, rds: and all.
            (#"{"snapshots":["rds:prod-*"]}"#, Self.facts(), nil),
            (#"{"snapshots":["prod-*"]}"#, Self.facts(), "snapshot"),
            (#"{"snapshots":["before-*"]}"#, Self.facts(arn: Self.manual, origin: .manual), nil),
            (#"{"excludeSnapshots":["*-03-10"]}"#, Self.facts(), "exclude snapshot"),
            // Tags: every key, each with a value like its pattern; keys are told apart by case.
            (#"{"tags":{"dr":"true","team":"sh*"}}"#, Self.facts(), nil),
            (#"{"tags":{"dr":"false"}}"#, Self.facts(), "tags"),
            (#"{"tags":{"DR":"true"}}"#, Self.facts(), "tags"), (#"{"tags":{"dr":"TRUE"}}"#, Self.facts(), nil),
            (#"{"tags":{"dr":"true","env":"*"}}"#, Self.facts(), "tags"),
            (#"{"databaseTags":{"tier":"g*"}}"#, Self.facts(), nil),
            (#"{"databaseTags":{"tier":"silver"}}"#, Self.facts(), "database tags"),
            // Whose database can't be seen has no tags to go by.
            (#"{"databaseTags":{"tier":"*"}}"#, Self.facts(databaseTags: nil), "database tags"),
            // Where it comes from.
            ("{}", Self.facts(arn: "arn:aws:rds:us-west-2:111122223333:snapshot:rds:x"), "source Region"),
            ("{}", Self.facts(arn: "arn:aws:rds:us-east-1:999988887777:snapshot:x"), "source account"),
            // What is a copy of ours.
            (
                "{}", Self.facts(arn: Self.manual, origin: .manual, tags: ["snapferry:source": "arn:x"]),
                "not a copy of ours"
            ),
        ] as [(String, SnapshotFacts?, String?)]
    )
    func rows(match: String, facts: SnapshotFacts?, failing: String?) throws {
        let text =
            #"{ "routes": [ { "name": "a", "source": { "regions": ["us-east-1"] }, "match": \#(match), "#
            + #""destinations": [ { "region": "eu-west-1" } ] } ] }"#
        let policy = try PolicyDocument.parse(Array(text.utf8), source: "row").resolved(ownAccount: "111122223333")
        let decision = policy.explain(try #require(facts))
        let failed = decision.routes[0].tests.filter { $0.outcome != .matches }.map(\.name)
        #expect(failed == (failing.map { [$0] } ?? []))
        #expect(decision.copies.count == (failing == nil ? 1 : 0))
        #expect(decision.routes[0].tests.allSatisfy { !$0.detail.isEmpty })
    }
}
