// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// One thing that is wrong with a policy.
package struct PolicyProblem: Hashable, Sendable, CustomStringConvertible {
    /// Where: `routes[0].destinations[1].region`, a line and a column, or the name of an environment variable.
    package let path: String
    /// What is wrong there.
    package let problem: String
    /// What to write instead.
    package let remedy: String

    package var description: String { "\(self.path): \(self.problem); \(self.remedy)" }
}

/// Why a policy can't be used: everything that is wrong with it at once.
package struct PolicyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the policy came from: a path, or what else it was read from.
    package let source: String
    /// At least one, in the order of the document.
    package let problems: [PolicyProblem]

    /// A line for each problem.
    package var description: String {
        self.problems.map { "\(self.source): \($0)" }.joined(separator: "\n")
    }
}
