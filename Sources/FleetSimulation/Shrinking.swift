// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Makes a failing run smaller, as long as it still fails.
package struct Shrinking: Sendable {
    /// The smallest scenario found.
    package let scenario: Scenario
    /// How it fails.
    package let failure: SimulationFailure

    /// Shrinks a run that failed.
    ///
    /// Faults are left out one after another, each having dice of its own; then workers, snapshots and hours. Whatever
    /// still breaks some promise is kept, if it broke no later than the smallest so far.
    package init(_ failure: SimulationFailure) {
        var scenario = failure.scenario
        var smallest = failure
        func keep(_ candidate: Scenario) -> Bool {
            var candidate = candidate
            // What would need longer than the smallest so far is no smaller.
            candidate.stepLimit = smallest.steps + 1
            do throws(SimulationFailure) {
                _ = try Simulation(candidate).run()
                return false
            } catch {
                guard error.invariant != "makes progress", error.steps <= smallest.steps else { return false }
                candidate.stepLimit = failure.scenario.stepLimit
                scenario = candidate
                smallest = error
                return true
            }
        }
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for fault in scenario.faults.faults {
                var candidate = scenario
                candidate.faults[fault] = 0
                if keep(candidate) { isSmaller = true }
            }
            for candidate in Self.smaller(scenario) where keep(candidate) {
                isSmaller = true
                break
            }
        }
        self.scenario = scenario
        self.failure = smallest
    }

    private static func smaller(_ scenario: Scenario) -> [Scenario] {
        var candidates: [Scenario] = []
        if scenario.workers > 1 {
            var fewer = scenario
            fewer.workers -= 1
            candidates.append(fewer)
        }
        if case .scattered(let count) = scenario.schedule, count > 1 {
            for snapshots in [count / 2, count - 1] {
                var fewer = scenario
                fewer.schedule = .scattered(max(1, snapshots))
                candidates.append(fewer)
            }
        }
        if scenario.databases.count > 1 {
            for index in scenario.databases.indices {
                var fewer = scenario
                fewer.databases.remove(at: index)
                candidates.append(fewer)
            }
        }
        return candidates
    }
}
