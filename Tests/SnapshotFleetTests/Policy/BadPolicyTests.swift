// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Malformed policies and every word of what is said about them.
@Suite("Ten policies that nobody should run")
struct BadPolicyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let message: String

        init(_ name: String, _ text: String, _ message: String) {
            (self.testDescription, self.text, self.message) = (name, text, message)
        }
    }

    private static func route(_ more: String, destination: String = #""region": "eu-west-1""#) -> String {
        #"{ "routes": [ { "name": "a", "source": { "regions": ["us-east-1"] }, "#
            + #""destinations": [ { \#(destination) } ]\#(more) } ] }"#
    }

    static let cases = [
        Case(
            "cut off in the middle",
            "{\n  // prod\n  \"routes\": [ {\n",
            "policy.json: line 4, column 1: a member's name in double quotes belongs here; correct the JSON there"
        ),
        Case(
            "a list of routes alone",
            "[ { \"name\": \"a\" } ]",
            "policy.json: document: an array where an object should be; write { … }"
        ),
        Case(
            "keys that nobody knows",
            Self.route(#", "newstOnly": true, "retentoin": {}"#),
            """
            policy.json: routes[0].newstOnly: "newstOnly" is not known here; write "newestOnly", or remove it
            policy.json: routes[0].retentoin: "retentoin" is not known here; write "retention", or remove it
            """
        ),
        Case(
            "wrong types",
            #"{ "routes": [ { "name": 7, "priority": "high", "source": ["us-east-1"], "destinations": { } } ] }"#,
            """
            policy.json: routes[0].name: a number where a text should be; write it in double quotes
            policy.json: routes[0].priority: a string where a number should be; write a whole number from -1000 to 1000
            policy.json: routes[0].source: an array where an object should be; write { … }
            policy.json: routes[0].destinations: an object where an array should be; write "destinations": [ { "region": "eu-west-1" } ] with at least one destination
            """
        ),
        Case(
            "Regions that do not exist",
            #"{ "routes": [ { "name": "a", "source": { "regions": ["us-esat-1", "atlantis"] }, "#
                + #""destinations": [ { "region": "eu-west1" } ] } ] }"#,
            """
            policy.json: routes[0].source.regions[0]: us-esat-1 is no Region; write us-east-1
            policy.json: routes[0].source.regions[1]: atlantis is no Region; write a name like eu-west-1
            policy.json: routes[0].destinations[0].region: eu-west1 is no Region; write eu-west-1
            """
        ),
        Case(
            "a key of another Region",
            Self.route(
                "",
                destination: #""region": "eu-west-1", "kmsKey": "arn:aws:kms:us-east-1:111122223333:alias/dr""#
            ),
            "policy.json: routes[0].destinations[0].kmsKey: the key is in us-east-1, the destination in eu-west-1; "
                + "name a key of eu-west-1; a copy is encrypted with a key of its own Region"
        ),
        Case(
            "a retention that contradicts itself",
            Self.route(#", "rpo": "2d", "retention": { "keepFor": "1d", "minimum": 0 }"#),
            """
            policy.json: routes[0].retention.minimum: 0 is out of bounds; write a whole number from 1 to 10000
            policy.json: routes[0].retention.keepFor: 1d, where the route's rpo is 2d: copies would go before the next is due; write at least 2d
            """
        ),
        Case(
            "destinations that collide",
            #"""
            { "routes": [
              { "name": "a", "source": { "regions": ["us-east-1"] }, "destinations": [
                { "region": "eu-west-1", "account": "444455556666", "role": "arn:aws:iam::444455556666:role/one" },
                { "region": "eu-west-1", "role": "arn:aws:iam::444455556666:role/two" }, { "region": "us-east-1" } ] },
              { "name": "b", "source": { "regions": ["us-west-2"] }, "destinations": [
                { "region": "eu-west-1", "account": "444455556666" } ] } ] }
            """#,
            """
            policy.json: routes[0].destinations[1]: the same as routes[0].destinations[0]; remove one of them
            policy.json: routes[0].destinations[2].region: the destination is one of the route's sources; choose another Region or account, or make a route for each direction
            policy.json: routes[1].destinations[0].role: routes[0].destinations[0], the same place, has another role, or none; write the same role in both
            """
        ),
        Case(
            "a route that takes nothing",
            Self.route(#", "match": { "databases": ["Prod-*"], "exclude": ["prod-*"], "kinds": ["table"] }"#),
            """
            policy.json: routes[0].match.kinds[0]: "table" is not known here; choose from instance, cluster
            policy.json: routes[0].match.exclude: it excludes everything that the route takes; exclude less, or remove the route
            """
        ),
        Case(
            "a destination that can't work",
            Self.route(
                "",
                destination:
                    #""region": "cn-north-1", "account": "12", "role": "admin", "headroom": 20, "tags": { "aws:x": "y" }"#
            ),
            """
            policy.json: routes[0].destinations[0].account: 12 is no account; write its twelve digits
            policy.json: routes[0].destinations[0].role: admin is no IAM role's ARN; write arn:aws:iam::444455556666:role/name
            policy.json: routes[0].destinations[0].headroom: 20 of 5 cluster slots leave the fleet none; write less than 5, or raise slots.cluster
            policy.json: routes[0].destinations[0].headroom: 20 of 20 instance slots leave the fleet none; write less than 20, or raise slots.instance
            policy.json: routes[0].destinations[0].tags.aws:x: tags with this prefix are not yours to set; choose another prefix
            policy.json: routes[0].destinations[0].region: cn-north-1 is in partition aws-cn, the source us-east-1 in aws; choose a Region of aws; nothing is copied between partitions
            """
        ),
    ]

    @Test("say what is wrong, where, and what to write instead", arguments: Self.cases)
    func messages(bad: Case) {
        do throws(PolicyError) {
            _ = try PolicyDocument.parse(Array(bad.text.utf8), source: "policy.json")
            Issue.record("accepted")
        } catch {
            #expect(error.description == bad.message)
        }
    }

    @Test("and what is legal and was hardly meant, doubts alone") func doubts() throws {
        let text = #"""
            { "routes": [ { "name": "a", "source": { "regions": ["us-east-1", "eu-west-9"] }, "match": { "types": ["public"] },
              "destinations": [ { "region": "ap-southeast-71" } ] } ] }
            """#
        let policy = try PolicyDocument.parse(Array(text.utf8), source: "policy.json")
        #expect(
            PolicyDoubts(policy).doubts.map(\.description) == [
                "routes[0].source.regions[1]: this version knows no Region eu-west-9; ignore this if it is new, or write eu-west-1",
                "routes[0].destinations[0].region: this version knows no Region ap-southeast-71; ignore this if it is new, or write ap-southeast-1",
                "routes[0].match.types: no sweep lists what everybody shares; expect events and snapferry copy alone, or add other types",
            ]
        )
        #expect(KnownRegions.names.allSatisfy { KnownRegions.isPlausible($0) })
    }
}
