// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Policies: one that is taken can be acted on; one that is not says for each mistake where it is and what to write.
enum PolicyPromises {
    private static let account = "111122223333"

    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let policy: Policy
        do throws(PolicyError) {
            policy = try PolicyDocument.parse(bytes, source: "policy.json")
        } catch {
            return try self.check(error)
        }
        try self.check(policy)
        let resolved: Policy
        do throws(PolicyError) {
            resolved = try policy.resolved(ownAccount: self.account)
        } catch {
            return try self.check(error)
        }
        try self.checkResolved(resolved)
    }

    private static func check(_ error: PolicyError) throws(BrokenPromise) {
        try require(!error.problems.isEmpty, "no problem, and no policy either")
        for problem in error.problems {
            try require(!problem.path.isEmpty && problem.path.isFit(200), "a problem without a path: \(problem)")
            try require(!problem.problem.isEmpty && problem.problem.isFit(1000), "a path alone: \(problem)")
            try require(!problem.remedy.isEmpty && problem.remedy.isFit(1000), "no remedy: \(problem)")
        }
    }

    private static func check(_ policy: Policy) throws(BrokenPromise) {
        try require(!policy.routes.isEmpty, "a policy without routes")
        try require(Set(policy.routes.map(\.name)).count == policy.routes.count, "two routes of one name")
        for route in policy.routes {
            try require(!route.name.isEmpty && !route.destinations.isEmpty, "\(route)")
            let regions = route.source.regions + route.destinations.map(\.region)
            try require(regions.allSatisfy { RegionName.partition(of: $0) != nil }, "\(regions)")
            try require(!route.source.regions.isEmpty && !route.match.kinds.isEmpty, "\(route)")
            for rule in route.destinations {
                try require(route.match.kinds.allSatisfy { rule.usableSlots(for: $0) > 0 }, "no slots: \(rule)")
            }
        }
    }

    private static func checkResolved(_ policy: Policy) throws(BrokenPromise) {
        let sources = policy.routes.flatMap { route in
            route.source.regions.flatMap { region in route.source.accounts.map { (region, $0) } }
        }
        for (region, account) in sources.prefix(4) {
            for kind in SnapshotKind.allCases {
                let arn = SnapshotARN(
                    partition: RegionName.partition(of: region) ?? "aws",
                    region: region,
                    account: account,
                    kind: kind,
                    identifier: "rds:orders-2026-11-21-03-10"
                )
                let facts = SnapshotFacts(
                    arn: arn,
                    database: "orders",
                    origin: .automated,
                    engine: "postgres",
                    tags: [:],
                    isDescribed: true
                )
                let decision = policy.explain(facts)
                try require(decision.outcome != .unknown, "all is known, and the answer is not")
                try require(!decision.explanation.isEmpty, "an answer says why")
                let places = decision.copies.map(\.destination)
                try require(Set(places).count == places.count, "two copies to one place: \(places)")
                try require(!places.contains(Destination(account: account, region: region)), "\(places)")
            }
        }
    }
}
