// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@testable import snapferry

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite struct PolicySourceTests {
    private static let simple = ["SNAPFERRY_SOURCE_REGIONS": "us-east-1", "SNAPFERRY_DESTINATIONS": "eu-west-1"]

    private static func error(path: String?, _ environment: [String: String] = [:]) -> String? {
        do throws(ConfigurationError) {
            _ = try PolicySource.read(path: path, environment: environment)
            return nil
        } catch {
            return error.description
        }
    }

    private static func withFile(_ text: String, _ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "policy-\(UUID().uuidString).json")
            .path(percentEncoded: false)
        try Data(text.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test(arguments: [nil, ""])
    func environmentIsThePolicyWhereThereIsNoFile(path: String?) throws {
        let policy = try PolicySource.read(path: path, environment: Self.simple)
        #expect(policy.routes.map(\.name) == ["environment"])
        #expect(policy.routes.first?.destinations.map(\.region) == ["eu-west-1"])
    }

    @Test func fileWinsOverTheEnvironment() throws {
        let text = #"""
            { // carried to Frankfurt
              "routes": [ { "name": "prod", "source": { "regions": ["us-east-1"] },
                            "destinations": [ { "region": "eu-central-1" } ] } ] }
            """#
        try Self.withFile(text) { path in
            let policy = try PolicySource.read(path: path, environment: Self.simple)
            #expect(policy.routes.map(\.name) == ["prod"])
        }
    }

    @Test func fileThatIsNotThereIsNoReasonToTakeTheEnvironment() {
        #expect(
            Self.error(path: "/nonexistent/policy.json", Self.simple)
                == "the policy file /nonexistent/policy.json can't be read"
        )
    }

    @Test func brokenFileIsNamedWithLineAndColumn() throws {
        try Self.withFile("{\n  \"routes\": [\n    }\n") { path in
            let error = try #require(Self.error(path: path))
            #expect(error.hasPrefix("\(path): line 3, column 5: "))
        }
    }

    @Test func misspeltMemberIsNamedWithTheNearest() throws {
        let text = #"{"routes": [{"name": "a", "sorce": {}, "destinations": [{"region": "eu-west-1"}]}]}"#
        try Self.withFile(text) { path in
            let error = try #require(Self.error(path: path))
            #expect(error.contains("\(path): routes[0].sorce"))
            #expect(error.contains(#""source""#))
        }
    }

    @Test func halfAPolicyInTheEnvironmentNamesTheOtherHalf() throws {
        let error = try #require(Self.error(path: nil, ["SNAPFERRY_DESTINATIONS": "eu-west-1"]))
        #expect(error.contains("SNAPFERRY_SOURCE_REGIONS"))
        #expect(!error.contains("\n"))
    }

    @Test func nothingAtAllSaysWhatToSet() {
        #expect(
            Self.error(path: nil)
                == "no policy: set SNAPFERRY_POLICY to a file, or SNAPFERRY_SOURCE_REGIONS and SNAPFERRY_DESTINATIONS"
        )
    }

    private static let document =
        #"{"routes": [{"name": "text", "source": {"regions": ["us-east-1"]}, "#
        + #""destinations": [{"region": "eu-west-1"}]}]}"#

    @Test(arguments: [document, "\n  " + document, "// from SSM\n" + document, "/* from SSM */ " + document])
    func textOfAPolicyIsThePolicy(text: String) throws {
        let policy = try PolicySource.read(path: text, environment: Self.simple)
        #expect(policy.routes.map(\.name) == ["text"])
    }

    @Test func mistakesInATextAreNamedByItsVariable() throws {
        let error = try #require(Self.error(path: "{\"routes\": 1}"))
        #expect(error.hasPrefix("SNAPFERRY_POLICY: routes: a number where an array should be"))
    }

    @Test func standardInputIsThePolicyWhereAHyphenSaysSo() throws {
        let policy = try PolicySource.read(path: "-", environment: [:]) { Array(Self.document.utf8) }
        #expect(policy.routes.map(\.name) == ["text"])
        #expect(throws: ConfigurationError("the policy on standard input can't be read, or is longer than 4 MiB")) {
            try PolicySource.read(path: "-", environment: [:]) { nil }
        }
        do throws(ConfigurationError) {
            _ = try PolicySource.read(path: "-", environment: [:]) { Array("{".utf8) }
            Issue.record("accepted")
        } catch {
            #expect(error.description.hasPrefix("standard input: line 1, column 2: "))
        }
    }

    @Test func lintTellsMistakesDoubtsAndWhatIsFine() throws {
        let fine = try LintPage(path: Self.document, environment: [:], account: nil)
        #expect(fine.lines == ["SNAPFERRY_POLICY: nothing is wrong: 1 route to 1 destination"])
        #expect(fine.exitStatus == 0)
        let doubtful = try LintPage(
            path: Self.document.replacing("eu-west-1", with: "eu-west-8"),
            environment: [:],
            account: nil
        )
        #expect(doubtful.lines.first?.hasPrefix("SNAPFERRY_POLICY: doubt: routes[0].destinations[0].region: ") == true)
        #expect(doubtful.exitStatus == 0)
        let wrong = try LintPage(path: nil, environment: ["SNAPFERRY_DESTINATIONS": "moon"], account: nil)
        #expect(wrong.exitStatus == 1)
        #expect(wrong.lines.last == "environment: 2 mistakes")
        #expect(wrong.document["problems"]?.array?.count == 2)
        // What only shows once the fleet's own account is known.
        let own =
            #"{"routes": [{"name": "a", "source": {"regions": ["us-east-1"], "accounts": ["111122223333"]}, "#
            + #""destinations": [{"region": "us-east-1"}]}]}"#
        #expect(try LintPage(path: own, environment: [:], account: nil).exitStatus == 0)
        let complete = try LintPage(path: own, environment: [:], account: "111122223333")
        #expect(complete.problems.map(\.path) == ["routes[0].destinations[0].region"])
        #expect(throws: ConfigurationError(PolicySource.nothing)) {
            try LintPage(path: nil, environment: [:], account: nil)
        }
    }

    @Test func schemaForPeopleIsTheSchema() throws {
        let text = JSONText.indented(PolicySchema.document)
        #expect(try JSONValue(parsing: text) == PolicySchema.document)
        #expect(text.split(separator: "\n").count > 100)
    }
}
