// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension Policy {
    /// Makes a policy of one route out of environment variables, for the simple case.
    ///
    /// | variable | value |
    /// |---|---|
    /// | `SNAPFERRY_SOURCE_REGIONS` | where snapshots come from: `us-east-1,us-west-2` (required) |
    /// | `SNAPFERRY_SOURCE_ACCOUNTS` | the accounts they come from; the fleet's own |
    /// | `SNAPFERRY_DESTINATIONS` | where copies go: `eu-west-1,444455556666/eu-central-1` (required) |
    /// | `SNAPFERRY_HOP_KEY` | the key in the source's account under which snapshots are shared that can't be as they are |
    /// | `SNAPFERRY_DESTINATION_ROLE` | the ARN of the role to take on at every destination |
    /// | `SNAPFERRY_EXTERNAL_ID` | what that role's trust policy asks for |
    /// | `SNAPFERRY_KMS_KEY` | one key for all, or one for each Region: `eu-west-1=alias/dr,eu-central-1=alias/dr` |
    /// | `SNAPFERRY_INCLUDE` | the databases: `prod-*,orders`; all |
    /// | `SNAPFERRY_EXCLUDE` | the databases to leave out: `*-scratch` |
    /// | `SNAPFERRY_TYPES` | `automated`, `manual`, `awsbackup`, `shared`, `public`; `automated,manual` |
    /// | `SNAPFERRY_KINDS` | `instance`, `cluster`; both |
    /// | `SNAPFERRY_NEWEST_ONLY` | `true` drops snapshots that a newer one overtakes; `false` |
    ///
    /// Lists are separated by commas; blanks around elements do not count. A variable that is empty is not set.
    ///
    /// - Parameter env: The environment; other variables are passed over.
    /// - Returns: `nil` when none of the variables is set.
    /// - Throws: ``PolicyError`` whose problems name the variables.
    package static func fromEnvironment(_ env: [String: String]) throws(PolicyError) -> Policy? {
        let variables = PolicyVariables(env)
        if variables.isEmpty { return nil }
        var problems: [PolicyProblem] = []
        let document = variables.document(problems: &problems)
        let source = "environment"
        do {
            let policy = try PolicyDocument.policy(document, source: source)
            if problems.isEmpty { return policy }
        } catch {
            // What is not set reads as an empty array, and has been reported.
            let reported = Set(problems.map(\.path))
            problems += error.problems.map(PolicyVariables.renamed).filter { !reported.contains($0.path) }
        }
        // A destination for each Region repeats what is wrong with the value they share.
        var seen: Set<PolicyProblem> = []
        throw PolicyError(source: source, problems: problems.filter { seen.insert($0).inserted })
    }
}

/// The environment variables that make a policy.
private struct PolicyVariables {
    private static let sourceRegions = "SNAPFERRY_SOURCE_REGIONS"
    private static let destinations = "SNAPFERRY_DESTINATIONS"
    private static let kmsKey = "SNAPFERRY_KMS_KEY"
    private static let newestOnly = "SNAPFERRY_NEWEST_ONLY"

    /// Each variable, and where its value stands in the document.
    private static let places: [(variable: String, place: String)] = [
        (Self.sourceRegions, ".source.regions"), ("SNAPFERRY_SOURCE_ACCOUNTS", ".source.accounts"),
        ("SNAPFERRY_HOP_KEY", ".source.hopKey"),
        ("SNAPFERRY_DESTINATION_ROLE", ".role"), ("SNAPFERRY_EXTERNAL_ID", ".externalId"), (Self.kmsKey, ".kmsKey"),
        ("SNAPFERRY_INCLUDE", ".match.databases"), ("SNAPFERRY_EXCLUDE", ".match.exclude"),
        ("SNAPFERRY_TYPES", ".match.types"), ("SNAPFERRY_KINDS", ".match.kinds"), (Self.newestOnly, ".newestOnly"),
        (Self.destinations, ".destinations"),
    ]

    private let values: [String: String]

    init(_ env: [String: String]) {
        let names = Set(Self.places.map(\.variable))
        self.values = env.filter { names.contains($0.key) }.mapValues(Self.trimmed).filter { !$0.value.isEmpty }
    }

    var isEmpty: Bool { self.values.isEmpty }

    /// The problem with the variable in the place of the path in the document.
    static func renamed(_ problem: PolicyProblem) -> PolicyProblem {
        let found = self.places.first { problem.path.contains($0.place) }
        return PolicyProblem(path: found?.variable ?? problem.path, problem: problem.problem, remedy: problem.remedy)
    }

    /// The variables as the document that says the same.
    func document(problems: inout [PolicyProblem]) -> JSONValue {
        for (name, remedy) in [
            (Self.sourceRegions, "set it to where snapshots come from, such as us-east-1"),
            (Self.destinations, "set it to where copies go, such as eu-west-1"),
        ] where self.list(name) == nil {
            problems.append(
                PolicyProblem(path: name, problem: "not set, where others of the policy are", remedy: remedy)
            )
        }
        let keys = self.keys(problems: &problems)
        let destinations = self.list(Self.destinations)?.map { self.destination($0, keys: keys) }
        let route = JSONValue.compact([
            "name": "environment",
            "source": .compact([
                "regions": self.texts(Self.sourceRegions) ?? [],
                "accounts": self.texts("SNAPFERRY_SOURCE_ACCOUNTS"),
                "hopKey": self.text("SNAPFERRY_HOP_KEY"),
            ]),
            "match": .compact([
                "databases": self.texts("SNAPFERRY_INCLUDE"), "exclude": self.texts("SNAPFERRY_EXCLUDE"),
                "types": self.texts("SNAPFERRY_TYPES"), "kinds": self.texts("SNAPFERRY_KINDS"),
            ]),
            "destinations": .array(destinations ?? []),
            "newestOnly": self.flag(problems: &problems),
        ])
        return ["routes": [route]]
    }

    private func destination(_ text: String, keys: [String: String]) -> JSONValue {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let region = parts.last ?? ""
        return .compact([
            "account": parts.count == 2 ? .string(parts[0]) : nil,
            "region": .string(region),
            "role": self.text("SNAPFERRY_DESTINATION_ROLE"),
            "externalId": self.text("SNAPFERRY_EXTERNAL_ID"),
            "kmsKey": (keys[region] ?? keys[""]).map { .string($0) },
        ])
    }

    /// The key for each Region; under the empty name the one for all.
    private func keys(problems: inout [PolicyProblem]) -> [String: String] {
        guard let list = self.list(Self.kmsKey) else { return [:] }
        if list.count == 1, !list[0].contains("=") { return ["": list[0]] }
        var keys: [String: String] = [:]
        let regions = Set(
            (self.list(Self.destinations) ?? []).compactMap { $0.split(separator: "/").last.map(String.init) }
        )
        for entry in list {
            let parts = entry.split(separator: "=", maxSplits: 1).map { Self.trimmed(String($0)) }
            if parts.count == 2, regions.contains(parts[0]) {
                keys[parts[0]] = parts[1]
            } else {
                let what =
                    parts.count == 2
                    ? "\(parts[0].excerpt(60)) is no destination" : "\(entry.excerpt(60)) names no Region"
                let remedy = "write one key for all, or region=key for each destination's Region"
                problems.append(PolicyProblem(path: Self.kmsKey, problem: what, remedy: remedy))
            }
        }
        return keys
    }

    private func flag(problems: inout [PolicyProblem]) -> JSONValue? {
        switch self.values[Self.newestOnly]?.lowercased() {
        case nil: return nil
        case "true", "1", "yes": return true
        case "false", "0", "no": return false
        case .some(let other):
            let problem = "\(other.excerpt(60)) is neither true nor false"
            problems.append(PolicyProblem(path: Self.newestOnly, problem: problem, remedy: "write true or false"))
            return nil
        }
    }

    private func text(_ name: String) -> JSONValue? { self.values[name].map { .string($0) } }

    private func texts(_ name: String) -> JSONValue? {
        self.list(name).map { .array($0.map { .string($0) }) }
    }

    /// The elements of a list, blank ones left out; `nil` when there are none.
    private func list(_ name: String) -> [String]? {
        let elements = (self.values[name] ?? "").split(separator: ",").map { Self.trimmed(String($0)) }
        let filled = elements.filter { !$0.isEmpty }
        return filled.isEmpty ? nil : filled
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0.isWhitespace }
        return String(start.prefix(start.count - start.reversed().prefix { $0.isWhitespace }.count))
    }
}
