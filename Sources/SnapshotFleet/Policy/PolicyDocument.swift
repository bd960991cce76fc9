// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A policy as people write it.
package enum PolicyDocument {
    /// Reads a policy: JSON, in which comments and a comma after the last element are allowed.
    ///
    /// - Parameters:
    ///   - bytes: The document.
    ///   - source: Where it came from, for the error: a path.
    /// - Returns: The policy; ``Policy/resolved(ownAccount:)`` makes it complete.
    /// - Throws: ``PolicyError`` with everything that is wrong with it.
    package static func parse(_ bytes: [UInt8], source: String) throws(PolicyError) -> Policy {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes, dialect: .relaxed)
        } catch {
            let place = "line \(error.line), column \(error.column)"
            let problem = PolicyProblem(path: place, problem: error.problem.excerpt(), remedy: "correct the JSON there")
            throw PolicyError(source: source, problems: [problem])
        }
        return try self.policy(document, source: source)
    }

    /// Makes a policy of a document that is JSON.
    static func policy(_ document: JSONValue, source: String) throws(PolicyError) -> Policy {
        var reader = PolicyReader()
        let policy = reader.policy(document)
        let problems = reader.problems + PolicyRules(policy).problems
        if !problems.isEmpty { throw PolicyError(source: source, problems: problems) }
        return policy
    }
}
