// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Judges what was seen of the accounts: what would fail, what is hardly meant, and what to do about it.
package struct Preflight: Sendable {
    let facts: PreflightFacts
    var found: [Finding] = []

    private init(_ facts: PreflightFacts) { self.facts = facts }

    /// Judges.
    ///
    /// - Returns: At least one finding for each thing that was looked at: the policy, the credentials, the queues, the
    ///   table, then the sources and the destinations.
    package static func findings(_ facts: PreflightFacts) -> [Finding] {
        var preflight = Preflight(facts)
        preflight.judgePolicy()
        preflight.judgeQueues()
        preflight.judgeSlotTable()
        for (place, source) in facts.sources.sorted(by: { $0.key < $1.key }) { preflight.judge(source, at: place) }
        for (place, target) in facts.targets.sorted(by: { $0.key < $1.key }) { preflight.judge(target, at: place) }
        return preflight.found
    }

    /// What is wrong with a policy that can't be used at all.
    package static func findings(_ error: PolicyError) -> [Finding] {
        error.problems.map { Finding(.error, .policy, $0.path, $0.problem, remedy: $0.remedy) }
    }

    mutating func report(
        _ severity: Finding.Severity,
        _ subject: Finding.Subject,
        _ name: String = "",
        _ found: String,
        remedy: String? = nil
    ) {
        self.found.append(Finding(severity, subject, name, found, remedy: remedy))
    }

    /// Reports a call that was refused or had no answer.
    ///
    /// - Parameters:
    ///   - error: What the call threw.
    ///   - subject: What was looked at.
    ///   - name: Which of them.
    ///   - permission: The IAM action that the call takes.
    ///   - denied: How bad it is if that is not allowed: `error` where workers need it as well.
    mutating func failed(
        _ error: AWSError,
        _ subject: Finding.Subject,
        _ name: String,
        needs permission: String,
        denied: Finding.Severity = .error
    ) {
        if error.isDenial {
            self.report(denied, subject, name, "not allowed: \(error.message)", remedy: "allow \(permission)")
        } else {
            let remedy = "see that AWS can be reached from here, and check again"
            self.report(.unknown, subject, name, "could not look: \(error)", remedy: remedy)
        }
    }

    // MARK: - The policy and the credentials

    private mutating func judgePolicy() {
        let policy = self.facts.policy
        for doubt in self.facts.doubts {
            self.report(.warning, .policy, doubt.path, doubt.problem, remedy: doubt.remedy)
        }
        let routes = Self.count(policy.routes.count, "route")
        self.report(.ok, .policy, "", "\(routes) to \(Self.count(policy.destinations.count, "destination"))")
        self.report(.ok, .identity, self.facts.account, self.facts.identity)
    }

    private mutating func judgeSlotTable() {
        guard let table = self.facts.slotTable else {
            let many = "each worker counts slots for itself"
            return self.report(.ok, .slotTable, "", "none: \(many); fleets of several share SNAPFERRY_SLOT_TABLE")
        }
        if let problem = table.problem {
            let remedy =
                switch problem {
                case .absent: "create it as said, or correct SNAPFERRY_SLOT_TABLE"
                case .wrongKey: "create another one, and set SNAPFERRY_SLOT_TABLE to it"
                case .notReady: "wait, or look at the table"
                case .denied: "allow these actions"
                }
            return self.report(.error, .slotTable, table.name, "\(problem)", remedy: remedy)
        }
        if let failure = table.failure {
            return self.failed(failure, .slotTable, table.name, needs: "dynamodb:DescribeTable")
        }
        self.report(.ok, .slotTable, table.name, "is there and may be read")
    }

    // MARK: - Words

    static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }

    /// Some names, and how many more there are.
    static func list(_ names: some Sequence<String>) -> String {
        let names = Set(names).sorted()
        let more = names.count > 3 ? " and \(names.count - 3) more" : ""
        return names.prefix(3).joined(separator: ", ") + more
    }
}

extension AWSError {
    /// Whether a permission is missing.
    var isDenial: Bool {
        let code = self.serviceCode ?? ""
        return code.hasPrefix("AccessDenied") || ["UnauthorizedOperation", "NotAuthorized"].contains(code)
    }
}
