// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What is legal in a policy and was hardly meant.
package struct PolicyDoubts {
    package private(set) var doubts: [PolicyProblem] = []

    /// Looks through a policy that has no problems.
    package init(_ policy: Policy) {
        for (index, route) in policy.routes.enumerated() {
            let path = "routes[\(index)]"
            for (number, region) in route.source.regions.enumerated() {
                self.check(region, at: "\(path).source.regions[\(number)]")
            }
            for (number, rule) in route.destinations.enumerated() {
                self.check(rule.region, at: "\(path).destinations[\(number)].region")
            }
            if route.match.types == [.public] || route.match.types == [.shared, .public] {
                self.doubt(
                    "\(path).match.types",
                    "no sweep lists what everybody shares",
                    "expect events and snapferry copy alone, or add other types"
                )
            }
        }
    }

    private mutating func doubt(_ path: String, _ problem: String, _ remedy: String) {
        self.doubts.append(PolicyProblem(path: path, problem: problem, remedy: remedy))
    }

    private mutating func check(_ region: String, at path: String) {
        if KnownRegions.names.contains(region) { return }
        let meant = KnownRegions.nearest(to: region).map { ", or write \($0)" } ?? ""
        self.doubt(path, "this version knows no Region \(region)", "ignore this if it is new\(meant)")
    }
}
