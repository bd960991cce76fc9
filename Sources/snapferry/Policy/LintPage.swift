// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What is wrong with a policy, for people and for programs.
struct LintPage: Sendable, Equatable {
    /// Where the policy came from.
    let source: String
    private(set) var problems: [PolicyProblem] = []
    private(set) var doubts: [PolicyProblem] = []
    /// What a policy without problems comes to.
    private(set) var summary = ""

    /// Reads and checks a policy.
    ///
    /// - Parameters:
    ///   - path: As ``PolicySource`` takes it.
    ///   - environment: Is the policy where there is no path.
    ///   - account: The fleet's own, to check what only shows when it is filled in; `nil` leaves that out.
    ///   - input: Standard input.
    /// - Throws: ``ConfigurationError`` where there is no policy to check.
    init(
        path: String?,
        environment: [String: String],
        account: String?,
        input: () -> [UInt8]? = PolicySource.standardInput
    ) throws(ConfigurationError) {
        let text = try PolicySource.text(path: path, input: input)
        self.source = text?.name ?? "environment"
        var found: Policy?
        do throws(PolicyError) {
            if let text {
                found = try PolicyDocument.parse(text.bytes, source: text.name)
            } else {
                found = try Policy.fromEnvironment(environment)
            }
            if let account { _ = try found?.resolved(ownAccount: account) }
        } catch {
            self.problems = error.problems
            return
        }
        guard let policy = found else { throw ConfigurationError(PolicySource.nothing) }
        self.doubts = PolicyDoubts(policy).doubts
        let destinations = policy.routes.reduce(0) { $0 + $1.destinations.count }
        let routes = Self.count(policy.routes.count, "route")
        self.summary = "\(routes) to \(Self.count(destinations, "destination"))"
    }

    var exitStatus: Int32 { self.problems.isEmpty ? 0 : 1 }

    var lines: [String] {
        let findings =
            self.problems.map { "\(self.source): \($0)" } + self.doubts.map { "\(self.source): doubt: \($0)" }
        if self.problems.isEmpty { return findings + ["\(self.source): nothing is wrong: \(self.summary)"] }
        return findings + ["\(self.source): \(Self.count(self.problems.count, "mistake"))"]
    }

    private static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }

    /// The same as one JSON document.
    var document: JSONValue {
        func values(_ list: [PolicyProblem]) -> JSONValue {
            .array(
                list.map {
                    ["path": .string($0.path), "problem": .string($0.problem), "remedy": .string($0.remedy)]
                }
            )
        }
        return [
            "source": .string(self.source), "problems": values(self.problems), "doubts": values(self.doubts),
        ]
    }
}
