// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

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
}
