// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

@Suite("Policies across accounts")
struct PolicyAccountTests {
    /// Parses a policy of one route.
    private func parse(
        source: String = "",
        regions: String = #""us-east-1""#,
        destination: String = ""
    ) -> Result<Policy, PolicyError> {
        let text = """
            { "routes": [ { "name": "prod", "source": { "regions": [\(regions)] \(source) },
              "destinations": [ { "region": "eu-west-1" \(destination) } ] } ] }
            """
        do {
            return .success(try PolicyDocument.parse(Array(text.utf8), source: "policy.json"))
        } catch {
            return .failure(error)
        }
    }

    private func problems(_ result: Result<Policy, PolicyError>) -> [String] {
        guard case .failure(let error) = result else { return [] }
        return error.problems.map(\.description)
    }

    @Test("name the way into the source's account, and the key for hops there")
    func whole() throws {
        let members =
            #", "role": "arn:aws:iam::111122223333:role/source", "externalId": "x", "hopKey": "alias/share""#
        let policy = try self.parse(
            source: members,
            destination: #", "account": "444455556666", "copyOptionGroup": true"#
        )
        .get()
        let source = SourceSelection(
            regions: ["us-east-1"],
            accounts: ["111122223333"],
            role: "arn:aws:iam::111122223333:role/source",
            externalID: "x",
            hopKey: "alias/share"
        )
        #expect(policy.routes[0].source == source)
        #expect(policy.routes[0].destinations[0].copyOptionGroup)
    }

    @Test(
        "check what a source says",
        arguments: [
            (#""role": "admin""#, ["role: admin is no IAM role's ARN; write arn:aws:iam::444455556666:role/name"]),
            (
                #""accounts": ["111122223333"], "role": "arn:aws:iam::444455556666:role/r""#,
                [
                    "role: the role is in account 444455556666, not in 111122223333; name a role of the source's account"
                ]
            ),
            (
                #""accounts": ["111122223333", "444455556666"], "role": "arn:aws:iam::444455556666:role/r""#,
                ["role: one role for 2 accounts; make a route for each account, with a role of its own"]
            ),
            (
                #""role": "arn:aws-cn:iam::444455556666:role/r""#,
                ["role: an ARN of partition aws-cn, where us-east-1 is in aws; begin it with arn:aws:"]
            ),
            (
                #""externalId": "x""#,
                ["externalId: an external id without a role; add the role that asks for it, or remove it"]
            ),
            (
                #""hopkey": "alias/share""#,
                [#"hopkey: "hopkey" is not known here; write "hopKey", or remove it"#]
            ),
            (
                #""hopKey": "share""#,
                ["hopKey: share is no KMS key; write a key's id, alias/name, or the ARN of either"]
            ),
            (
                #""hopKey": "alias/aws/rds""#,
                [
                    "hopKey: snapshots under the default key can't be shared; "
                        + "name a key of your own, whose policy lets the destination's account use it"
                ]
            ),
            (
                #""hopKey": "arn:aws:kms:eu-west-1:111122223333:alias/share""#,
                [
                    "hopKey: the key is in eu-west-1, the source in us-east-1; "
                        + "name a key of us-east-1; a copy is encrypted with a key of its own Region"
                ]
            ),
        ]
    )
    func sources(members: String, expected: [String]) {
        #expect(self.problems(self.parse(source: ", " + members)) == expected.map { "routes[0].source." + $0 })
    }

    @Test(
        "take one hop key for several Regions only where it can be in each",
        arguments: [
            ("alias/share", true), ("mrk-12345678123412341234123456789abc", true),
            ("12345678-1234-1234-1234-123456789abc", false), ("arn:aws:kms:us-east-1:111122223333:alias/share", false),
        ]
    )
    func hopKeyOfSeveralRegions(key: String, isTaken: Bool) {
        let result = self.parse(source: #", "hopKey": "\#(key)""#, regions: #""us-east-1", "us-west-2""#)
        let problem =
            "routes[0].source.hopKey: one key for 2 Regions; "
            + "write alias/name and give a key of each Region that alias, or make a route for each Region"
        #expect(self.problems(result) == (isTaken ? [] : [problem]))
    }

    @Test(
        "bring option groups into other accounts only",
        arguments: [
            ("", "", false), ("", #", "account": "444455556666""#, true),
            (#", "accounts": ["444455556666"]"#, #", "account": "444455556666""#, false),
            (#", "accounts": ["444455556666", "111122223333"]"#, #", "account": "444455556666""#, true),
        ]
    )
    func optionGroups(source: String, destination: String, isTaken: Bool) {
        let problem =
            "routes[0].destinations[0].copyOptionGroup: RDS brings option groups into other accounts only; "
            + "remove it, and name the destination's option groups in optionGroups"
        let result = self.parse(source: source, destination: destination + #", "copyOptionGroup": true"#)
        #expect(self.problems(result) == (isTaken ? [] : [problem]))
    }

    @Test("find option groups that can't be brought once the fleet's own account is known")
    func resolved() throws {
        let policy = try self.parse(destination: #", "account": "444455556666", "copyOptionGroup": true"#).get()
        #expect(throws: Never.self) { try policy.resolved(ownAccount: "111122223333") }
        #expect(throws: PolicyError.self) { try policy.resolved(ownAccount: "444455556666") }
    }
}
