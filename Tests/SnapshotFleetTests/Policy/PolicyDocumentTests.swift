// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Policy files")
struct PolicyDocumentTests {
    private func parse(_ text: String) -> Result<Policy, PolicyError> {
        do {
            return .success(try PolicyDocument.parse(Array(text.utf8), source: "policy.json"))
        } catch {
            return .failure(error)
        }
    }

    /// A document of one route, with members of the route and of its destination added or replaced.
    private func problems(
        route: String = "",
        destination: String = "",
        source: String = #""regions": ["us-east-1"]"#
    )
        -> [String]
    {
        let text = """
            { "routes": [ { "name": "prod", "source": { \(source) },
              "destinations": [ { "region": "eu-west-1" \(destination) } ] \(route) } ] }
            """
        guard case .failure(let error) = self.parse(text) else { return [] }
        return error.problems.map(\.description)
    }

    @Test("give every field its value")
    func whole() throws {
        let policy = try self.parse(
            """
            {
              "$schema": "https://example.com/policy.json",
              // Comments are allowed.
              "routes": [ {
                "name": "prod-to-ireland", "priority": 10,
                "source": { "regions": ["us-east-1"], "accounts": ["111122223333"] },
                "match": { "kinds": ["cluster"], "types": ["automated", "awsbackup"], "engines": ["aurora-*"],
                           "databases": ["prod-*"], "exclude": ["*-scratch"] },
                "destinations": [ { "region": "eu-west-1", "account": "444455556666",
                                    "role": "arn:aws:iam::444455556666:role/dr/snapferry", "externalId": "x",
                                    "kmsKey": "alias/dr", "optionGroups": { "oracle-tde": "oracle-tde-dr" },
                                    "slots": { "instance": 20, "cluster": 4 }, "headroom": 1,
                                    "tags": { "env": "dr" }, "copyTags": false },
                                  { "region": "us-east-1", "account": "444455556666", "kmsKey": null, }, ],
                "newestOnly": true,
              } ],
            }
            """
        ).get()
        let expected = Route(
            name: "prod-to-ireland",
            priority: 10,
            source: SourceSelection(regions: ["us-east-1"], accounts: ["111122223333"]),
            match: SnapshotMatch(
                kinds: [.cluster],
                types: [.automated, .awsbackup],
                engines: ["aurora-*"],
                databases: ["prod-*"],
                exclude: ["*-scratch"]
            ),
            destinations: [
                DestinationRule(
                    region: "eu-west-1",
                    account: "444455556666",
                    role: "arn:aws:iam::444455556666:role/dr/snapferry",
                    externalID: "x",
                    kmsKey: "alias/dr",
                    optionGroups: ["oracle-tde": "oracle-tde-dr"],
                    slots: [.instance: 20, .cluster: 4],
                    headroom: 1,
                    tags: ["env": "dr"],
                    copyTags: false
                ),
                DestinationRule(region: "us-east-1", account: "444455556666"),
            ],
            newestOnly: true
        )
        #expect(policy == Policy(routes: [expected]))
        #expect(policy.routes[0].destinations[0].usableSlots(for: .cluster) == 3)
        #expect(policy.routes[0].destinations[1].usableSlots(for: .cluster) == 5)
        #expect(policy.routes[0].destinations[0].optionGroup(for: "Oracle-TDE") == "oracle-tde-dr")
    }

    @Test("take defaults for what they leave out, and a role's account for the destination's")
    func defaults() throws {
        let policy = try self.parse(
            """
            {"routes":[{"name":"all","source":{"regions":["us-east-1"]},"destinations":[
              {"region":"eu-west-1","role":"arn:aws:iam::444455556666:role/r"}]}]}
            """
        ).get()
        let route = policy.routes[0]
        #expect(route.match == SnapshotMatch())
        #expect(route.match.types == [.automated, .manual])
        #expect(route.priority == 0 && !route.newestOnly && route.destinations[0].copyTags)
        #expect(route.destinations[0].account == "444455556666")
    }

    @Test("let workers prune only where they say so")
    func pruning() throws {
        func rule(_ more: String) throws -> RetentionRule? {
            try self.parse(
                """
                {"routes":[{"name":"all","source":{"regions":["us-east-1"]},"destinations":[{"region":"eu-west-1"}],
                  "retention":{"keepNewest":7\(more)}}]}
                """
            ).get().routes[0].retention
        }
        #expect(try rule("") == RetentionRule(keepNewest: 7))
        #expect(try rule(#", "afterConfirm": true"#) == RetentionRule(keepNewest: 7, afterConfirm: true))
        #expect(try rule(#", "whenQuotaIsFull": true"#) == RetentionRule(keepNewest: 7, whenQuotaIsFull: true))
    }

    @Test(
        "with wrong JSON name the line and the column",
        arguments: [
            ("{\n  \"routes\": [ }", "policy.json: line 2, column 15: "), ("", "policy.json: line 1, column 1: "),
            ("{} {}", "policy.json: line 1, column 4: "),
        ]
    )
    func syntax(text: String, beginning: String) {
        guard case .failure(let error) = self.parse(text) else {
            Issue.record("accepted")
            return
        }
        #expect(error.description.hasPrefix(beginning))
        #expect(error.description.hasSuffix("; correct the JSON there"))
    }

    @Test(
        "with wrong shapes say where, what and what to write",
        arguments: [
            ("[]", "document: an array where an object should be; write { … }"),
            ("{}", #"routes: missing; write "routes": [ { … } ] with at least one route"#),
            (#"{"routes":[]}"#, #"routes: an empty array; write "routes": [ { … } ] with at least one route"#),
            (
                #"{"routes":{}}"#,
                #"routes: an object where an array should be; write "routes": [ { … } ] with at least one route"#
            ),
            (#"{"routes":["x"]}"#, "routes[0]: a string where an object should be; write { … }"),
            (
                #"{"route":[]}"#,
                #"route: "route" is not known here; write "routes", or remove it"#
            ),
            (#"{"routes":[{}]}"#, "routes[0].name: missing; give the route a name of its own"),
            (
                #"{"routes":[{}]}"#,
                #"routes[0].source: missing; write "source": { "regions": ["us-east-1"] }"#
            ),
            (
                #"{"routes":[{}]}"#,
                #"routes[0].destinations: missing; write "destinations": [ { "region": "eu-west-1" } ] with at least one destination"#
            ),
            (
                #"{"routes":[{"source":{}}]}"#,
                "routes[0].source.regions: missing; name at least one Region that snapshots come from"
            ),
            (
                #"{"routes":[{"destinations":[{}]}]}"#,
                "routes[0].destinations[0].region: missing; name the Region that copies go to"
            ),
        ]
    )
    func shapes(text: String, problem: String) {
        guard case .failure(let error) = self.parse(text) else {
            Issue.record("accepted")
            return
        }
        #expect(error.problems.map(\.description).contains(problem))
    }

    @Test(
        "name the nearest key for one that is not known",
        arguments: [
            (
                #""newstOnly": true"#,
                #"routes[0].newstOnly: "newstOnly" is not known here; write "newestOnly", or remove it"#
            ),
            (
                #""rpo": "26 hours""#,
                "routes[0].rpo: 26 hours is no duration; write a whole number and m, h, d or w, such as 26h or 35d"
            ),
            (#""rpo": "0m""#, "routes[0].rpo: 0m is out of bounds; write at least 1m"),
            (#""rpo": 26"#, "routes[0].rpo: a number where a text should be; write it in double quotes"),
            (
                #""retention": {}"#,
                #"routes[0].retention: it keeps nothing but the newest 1 of each database; say what to keep, such as "keepFor": "35d" or "keepNewest": 7"#
            ),
            (
                #""retention": { "keepNewest": 7, "minimum": 0 }"#,
                "routes[0].retention.minimum: 0 is out of bounds; write a whole number from 1 to 10000"
            ),
            (
                #""retention": { "keepForever": true, "keepNewest": 1 }"#,
                #"routes[0].retention.keepForever: "keepForever" is not known here; remove it; known here: keepNewest, keepFor, daily, weekly, monthly, yearly, minimum, maxDeletesPerRun, afterConfirm, whenQuotaIsFull"#
            ),
            (
                #""rpo": "26h", "retention": { "keepFor": "1d" }"#,
                "routes[0].retention.keepFor: 1d, where the route's rpo is 26h: copies would go before the next is due; write at least 26h"
            ),
            (
                #""match": { "tags": { "dr": true } }"#,
                "routes[0].match.tags.dr: a boolean where a text should be; write it in double quotes"
            ),
            (
                #""match": { "snapshots": ["nightly_*"] }"#,
                "routes[0].match.snapshots[0]: nightly_* can't describe any name; use letters, digits and hyphens, * for any text and ? for one character"
            ),
            (
                #""match": { "colour": 1 }"#,
                #"routes[0].match.colour: "colour" is not known here; remove it; known here: kinds, types, engines, databases, exclude, snapshots, excludeSnapshots, tags, databaseTags"#
            ),
            (
                #""match": { "kinds": ["clusters"] }"#,
                #"routes[0].match.kinds[0]: "clusters" is not known here; write "cluster""#
            ),
            (
                #""match": { "types": ["nightly"] }"#,
                #"routes[0].match.types[0]: "nightly" is not known here; choose from automated, manual, shared, public, awsbackup"#
            ),
            (
                #""match": { "databases": [] }"#,
                "routes[0].match.databases: an empty array; name at least one, or remove it"
            ),
            (
                #""match": { "databases": ["prod-.*"] }"#,
                "routes[0].match.databases[0]: prod-.* can't describe any name; use letters, digits and hyphens, * for any text and ? for one character"
            ),
            (
                #""priority": "high""#,
                "routes[0].priority: a string where a number should be; write a whole number from -1000 to 1000"
            ),
            (#""priority": 1.5"#, "routes[0].priority: 1.5 is not whole; write a whole number from -1000 to 1000"),
            (
                #""newestOnly": "yes""#,
                "routes[0].newestOnly: a string where true or false should be; write true or false"
            ),
        ]
    )
    func routes(members: String, problem: String) {
        #expect(self.problems(route: ", " + members) == [problem])
    }

    @Test(
        "check what a destination says",
        arguments: [
            (#""externalID": "x""#, [#"externalID: "externalID" is not known here; write "externalId", or remove it"#]),
            (#""account": 444455556666"#, ["account: a number where a text should be; write it in double quotes"]),
            (#""account": "4444""#, ["account: 4444 is no account; write its twelve digits"]),
            (#""role": "admin""#, ["role: admin is no IAM role's ARN; write arn:aws:iam::444455556666:role/name"]),
            (
                #""account": "111122223333", "role": "arn:aws:iam::444455556666:role/r""#,
                [
                    "role: the role is in account 444455556666, not in 111122223333; "
                        + "name a role of the destination's account"
                ]
            ),
            (
                #""role": "arn:aws-cn:iam::444455556666:role/r""#,
                ["role: an ARN of partition aws-cn, where eu-west-1 is in aws; begin it with arn:aws:"]
            ),
            (
                #""externalId": "x""#,
                ["externalId: an external id without a role; add the role that asks for it, or remove it"]
            ),
            (
                #""kmsKey": "my-key""#,
                ["kmsKey: my-key is no KMS key; write a key's id, alias/name, or the ARN of either"]
            ),
            (
                #""kmsKey": "arn:aws:kms:us-east-1:111122223333:alias/dr""#,
                [
                    "kmsKey: the key is in us-east-1, the destination in eu-west-1; "
                        + "name a key of eu-west-1; a copy is encrypted with a key of its own Region"
                ]
            ),
            (
                #""kmsKey": "arn:aws:kms:eu-west-1:111122223333:dr""#,
                [
                    "kmsKey: arn:aws:kms:eu-west-1:111122223333:dr is no KMS key's ARN; "
                        + "write arn:aws:kms:eu-west-1:444455556666:key/… or …:alias/name"
                ]
            ),
            (
                #""slots": { "instance": 0 }"#,
                ["slots.instance: 0 is out of bounds; write a whole number from 1 to 1000"]
            ),
            (
                #""slots": { "instances": 5 }"#,
                [#"slots.instances: "instances" is not known here; write "instance", or remove it"#]
            ),
            (
                #""headroom": 5"#,
                ["headroom: 5 of 5 cluster slots leave the fleet none; write less than 5, or raise slots.cluster"]
            ),
            (
                #""tags": { "aws:x": "y" }"#,
                ["tags.aws:x: tags with this prefix are not yours to set; choose another prefix"]
            ),
            (#""tags": { "x": 1 }"#, ["tags.x: a number where a text should be; write it in double quotes"]),
            (
                #""optionGroups": { "a": "" }"#,
                ["optionGroups.a: an empty name; name the option groups of both Regions"]
            ),
            (
                #""region": "moon""#,
                ["region: moon is no Region; write a name like eu-west-1"]
            ),
            (
                #""region": "us-east-1""#,
                [
                    "region: the destination is one of the route's sources; "
                        + "choose another Region or account, or make a route for each direction"
                ]
            ),
            (
                #""region": "us-gov-west-1""#,
                [
                    "region: us-gov-west-1 is in partition aws-us-gov, the source us-east-1 in aws; "
                        + "choose a Region of aws; nothing is copied between partitions"
                ]
            ),
            (#""region": """#, ["region: an empty text; write a value, or remove it"]),
        ]
    )
    func destinations(members: String, expected: [String]) {
        #expect(self.problems(destination: ", " + members) == expected.map { "routes[0].destinations[0]." + $0 })
    }

    @Test(
        "take keys in any of KMS's spellings",
        arguments: [
            "alias/aws/rds", "12345678-1234-1234-1234-123456789abc", "mrk-12345678123412341234123456789abc",
            "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789abc",
            "arn:aws:kms:eu-west-1:111122223333:key/mrk-12345678123412341234123456789abc",
            "arn:aws:kms:eu-west-1:111122223333:alias/dr",
        ]
    )
    func keys(key: String) {
        #expect(self.problems(destination: #", "kmsKey": "\#(key)""#) == [])
    }

    @Test("report all problems at once, in the order of the document, shapes first")
    func together() {
        let text = """
            { "routes": [
              { "name": "a", "source": { "regions": ["us-east-1", "us-east-1", "x"], "accounts": ["1"] },
                "destinations": [ { "region": "eu-west-1" }, { "region": "eu-west-1" } ] },
              { "name": "a", "colour": 1, "source": { "regions": ["us-east-1"] }, "destinations": [ { "region": "y" } ] } ] }
            """
        guard case .failure(let error) = self.parse(text) else {
            Issue.record("accepted")
            return
        }
        #expect(
            error.problems.map(\.path) == [
                "routes[1].colour", "routes[0].source.regions[1]", "routes[0].source.regions[2]",
                "routes[0].source.accounts[0]", "routes[0].destinations[1]", "routes[1].name",
                "routes[1].destinations[0].region",
            ]
        )
        #expect(error.description.split(separator: "\n").count == 7)
        #expect(error.problems[4].problem == "the same as routes[0].destinations[0]")
        #expect(error.problems[5].problem == "routes[0] is called a too")
    }

    @Test("survive any mutation of a good one", arguments: [1, 2] as [UInt64])
    func mutated(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let good =
            Array(
                #"{"routes":[{"name":"a","source":{"regions":["us-east-1"]},"match":{"kinds":["cluster"],"exclude":["x"]},"#
                    .utf8
            ) + Array(#""destinations":[{"region":"eu-west-1","slots":{"cluster":4},"kmsKey":"alias/dr"}]}]}"#.utf8)
        var refused = 0
        for _ in 0..<2000 {
            var body = good
            body[Int.random(in: 0..<body.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            do {
                _ = try PolicyDocument.parse(body, source: "x")
            } catch {
                refused += 1
                #expect(!error.problems.isEmpty)
            }
        }
        #expect(refused > 1000)
    }

    @Test("are made complete with the fleet's own account, and checked again")
    func resolved() throws {
        let text = """
            {"routes":[{"name":"a","source":{"regions":["us-east-1"]},"destinations":[
              {"region":"eu-west-1"},{"region":"eu-west-1","account":"444455556666"},
              {"region":"us-east-1","account":"999988887777"}]}]}
            """
        let policy = try self.parse(text).get()
        let complete = try policy.resolved(ownAccount: "111122223333")
        #expect(complete.routes[0].source.accounts == ["111122223333"])
        #expect(
            complete.destinations.map(\.description) == [
                "111122223333/eu-west-1", "444455556666/eu-west-1", "999988887777/us-east-1",
            ]
        )
        #expect(throws: PolicyError.self) { try policy.resolved(ownAccount: "444455556666") }
        #expect(throws: PolicyError.self) { try policy.resolved(ownAccount: "999988887777") }
    }

    @Test("share a pool by the smallest number of slots that a route gives it")
    func pools() throws {
        let text = """
            {"routes":[{"name":"a","source":{"regions":["us-east-1"]},"destinations":[{"region":"eu-west-1"}]},
              {"name":"b","source":{"regions":["us-east-1"]},
               "destinations":[{"region":"eu-west-1","slots":{"instance":10},"headroom":2}]}]}
            """
        let policy = try self.parse(text).get().resolved(ownAccount: "111122223333")
        let here = Destination(account: "111122223333", region: "eu-west-1")
        #expect(policy.usableSlots(in: SlotPool(destination: here, kind: .instance)) == 8)
        #expect(policy.usableSlots(in: SlotPool(destination: here, kind: .cluster)) == 3)
        let elsewhere = Destination(account: "111122223333", region: "eu-west-2")
        #expect(policy.usableSlots(in: SlotPool(destination: elsewhere, kind: .cluster)) == 5)
    }
}
