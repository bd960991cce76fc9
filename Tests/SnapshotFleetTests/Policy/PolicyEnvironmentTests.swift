// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

@Suite("Policies out of the environment")
struct PolicyEnvironmentTests {
    private func problems(_ env: [String: String]) -> [String] {
        do {
            _ = try Policy.fromEnvironment(env)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("are none where no variable is set", arguments: [[:], ["PATH": "/"], ["SNAPFERRY_INCLUDE": " "]])
    func none(env: [String: String]) throws {
        #expect(try Policy.fromEnvironment(env) == nil)
    }

    @Test("take every variable")
    func whole() throws {
        let policy = try Policy.fromEnvironment([
            "SNAPFERRY_SOURCE_REGIONS": "us-east-1, us-west-2,", "SNAPFERRY_SOURCE_ACCOUNTS": "111122223333",
            "SNAPFERRY_HOP_KEY": "alias/share", "SNAPFERRY_DESTINATIONS": "eu-west-1 , 444455556666/eu-central-1",
            "SNAPFERRY_DESTINATION_ROLE": "arn:aws:iam::444455556666:role/r", "SNAPFERRY_EXTERNAL_ID": "x",
            "SNAPFERRY_KMS_KEY": "eu-west-1=alias/ireland, eu-central-1 = alias/frankfurt",
            "SNAPFERRY_INCLUDE": "prod-*,orders", "SNAPFERRY_EXCLUDE": "*-scratch", "SNAPFERRY_TYPES": "automated",
            "SNAPFERRY_KINDS": "cluster", "SNAPFERRY_NEWEST_ONLY": "true", "HOME": "/root",
        ])
        func rule(_ region: String, _ key: String) -> DestinationRule {
            DestinationRule(
                region: region,
                account: "444455556666",
                role: "arn:aws:iam::444455556666:role/r",
                externalID: "x",
                kmsKey: key
            )
        }
        let route = Route(
            name: "environment",
            source: SourceSelection(
                regions: ["us-east-1", "us-west-2"],
                accounts: ["111122223333"],
                hopKey: "alias/share"
            ),
            match: SnapshotMatch(
                kinds: [.cluster],
                types: [.automated],
                databases: ["prod-*", "orders"],
                exclude: ["*-scratch"]
            ),
            destinations: [rule("eu-west-1", "alias/ireland"), rule("eu-central-1", "alias/frankfurt")],
            newestOnly: true
        )
        #expect(policy == Policy(routes: [route]))
    }

    @Test("need two variables only; one key serves all destinations")
    func simple() throws {
        let policy = try Policy.fromEnvironment([
            "SNAPFERRY_SOURCE_REGIONS": "us-east-1", "SNAPFERRY_DESTINATIONS": "eu-west-1,eu-west-2",
            "SNAPFERRY_KMS_KEY": "alias/dr",
        ])
        let rules = ["eu-west-1", "eu-west-2"].map { DestinationRule(region: $0, kmsKey: "alias/dr") }
        let route = Route(name: "environment", source: SourceSelection(regions: ["us-east-1"]), destinations: rules)
        #expect(policy?.routes == [route])
    }

    @Test(
        "name the variable that is wrong",
        arguments: [
            (
                ["SNAPFERRY_SOURCE_REGIONS": ""],
                [
                    "SNAPFERRY_DESTINATIONS: not set, where others of the policy are; set it to where copies go, such as eu-west-1"
                ]
            ),
            (
                ["SNAPFERRY_DESTINATIONS": ","],
                [
                    "SNAPFERRY_DESTINATIONS: not set, where others of the policy are; set it to where copies go, such as eu-west-1"
                ]
            ),
            (
                ["SNAPFERRY_DESTINATIONS": "mars,us-east-1"],
                [
                    "SNAPFERRY_DESTINATIONS: mars is no Region; write a name like eu-west-1",
                    "SNAPFERRY_DESTINATIONS: the destination is one of the route's sources; "
                        + "choose another Region or account, or make a route for each direction",
                ]
            ),
            (
                ["SNAPFERRY_DESTINATIONS": "12/eu-west-1"],
                ["SNAPFERRY_DESTINATIONS: 12 is no account; write its twelve digits"]
            ),
            (
                ["SNAPFERRY_KMS_KEY": "eu-west-2=alias/dr"],
                [
                    "SNAPFERRY_KMS_KEY: eu-west-2 is no destination; "
                        + "write one key for all, or region=key for each destination's Region"
                ]
            ),
            (
                ["SNAPFERRY_KMS_KEY": "alias/a,alias/b"],
                ["alias/a", "alias/b"].map {
                    "SNAPFERRY_KMS_KEY: \($0) names no Region; write one key for all, or region=key for each destination's Region"
                }
            ),
            (
                ["SNAPFERRY_KMS_KEY": "nokey", "SNAPFERRY_DESTINATIONS": "eu-west-1,eu-west-2"],
                ["SNAPFERRY_KMS_KEY: nokey is no KMS key; write a key's id, alias/name, or the ARN of either"]
            ),
            (
                ["SNAPFERRY_TYPES": "automatic"],
                [#"SNAPFERRY_TYPES: "automatic" is not known here; write "automated""#]
            ),
            (
                ["SNAPFERRY_EXCLUDE": "a.b"],
                [
                    "SNAPFERRY_EXCLUDE: a.b can't describe any name; "
                        + "use letters, digits and hyphens, * for any text and ? for one character"
                ]
            ),
            (
                ["SNAPFERRY_NEWEST_ONLY": "maybe"],
                ["SNAPFERRY_NEWEST_ONLY: maybe is neither true nor false; write true or false"]
            ),
            (
                ["SNAPFERRY_DESTINATION_ROLE": "r"],
                ["SNAPFERRY_DESTINATION_ROLE: r is no IAM role's ARN; write arn:aws:iam::444455556666:role/name"]
            ),
            (
                ["SNAPFERRY_EXTERNAL_ID": "x"],
                ["SNAPFERRY_EXTERNAL_ID: an external id without a role; add the role that asks for it, or remove it"]
            ),
        ] as [([String: String], [String])]
    )
    func wrong(more: [String: String], expected: [String]) {
        var env = ["SNAPFERRY_SOURCE_REGIONS": "us-east-1", "SNAPFERRY_DESTINATIONS": "eu-west-1"]
        if more["SNAPFERRY_SOURCE_REGIONS"] == "" {
            env = ["SNAPFERRY_SOURCE_REGIONS": "us-east-1"]
        } else {
            env.merge(more) { _, new in new }
        }
        #expect(self.problems(env) == expected)
    }
}
