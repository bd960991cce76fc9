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

/// What the README shows is what the program takes.
@Suite("Policies in the README")
struct PolicyExampleTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func readme() throws -> [String] {
        let text = String(decoding: try Data(contentsOf: self.root.appending(path: "README.md")), as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Every indented block that is a policy.
    private static func policies() throws -> [String] {
        var blocks: [[String]] = [[]]
        for line in try self.readme() {
            if line.hasPrefix("    ") { blocks[blocks.count - 1].append(line) } else { blocks.append([]) }
        }
        return blocks.map { $0.joined(separator: "\n") }.filter { $0.contains(#""routes""#) }
    }

    @Test("are taken by the reader, without a doubt, and can be made complete") func documents() throws {
        let policies = try Self.policies()
        #expect(policies.count >= 2)
        for text in policies {
            let page = try LintPage(path: text, environment: [:], account: "111122223333")
            #expect(page.problems.isEmpty && page.doubts.isEmpty, "\(page.lines)")
        }
    }

    @Test("set variables that are known, and make a policy") func variables() throws {
        var environment: [String: String] = [:]
        for line in try Self.readme() where line.hasPrefix("    export SNAPFERRY_") {
            let parts = line.dropFirst("    export ".count).split(separator: "=", maxSplits: 1).map(String.init)
            try #require(parts.count == 2)
            environment[parts[0]] = parts[1]
        }
        #expect(environment.count >= 5)
        #expect(KnownVariables.warnings(for: environment).isEmpty)
        let policy = try PolicySource.read(path: nil, environment: environment)
        #expect(policy.destinations.isEmpty && policy.routes.count == 1)
    }

    @Test("name every variable of the configuration in their table") func table() throws {
        let rows = try Self.readme().filter { $0.hasPrefix("| `SNAPFERRY_") }.joined()
        for name in KnownVariables.names
        where !["SNAPFERRY_BINARY", "SNAPFERRY_CONFIRM_LONGEST_SECONDS"].contains(name) {
            #expect(rows.contains("`\(name)`"), "\(name) is not in the README's table")
        }
    }
}
