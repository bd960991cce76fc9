// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Whether a bug made on purpose is found.
package enum Biting {
    /// Runs seed after seed with a bug.
    ///
    /// - Returns: How many seeds it took, and which promise did not hold; `nil` when the bug was not found.
    package static func find(_ mutation: Mutation, within seeds: Int) -> (seeds: Int, invariant: String)? {
        for seed in 1...UInt64(seeds) {
            do throws(SimulationFailure) {
                _ = try Simulation(self.scenario(mutation, seed: seed)).run()
            } catch {
                return (Int(seed), error.invariant)
            }
        }
        return nil
    }

    /// A run in which the bug has a chance to show.
    package static func scenario(_ mutation: Mutation, seed: UInt64) -> Scenario {
        var scenario = Scenario.disaster(seed: seed)
        scenario.mutation = mutation
        switch mutation {
        case .keepsEveryLease, .forgetsToRenew, .forgetsReceiveCount:
            // What shows is a message that is received too often, which a crash would explain.
            scenario.faults = .benign
            scenario.workers = max(2, scenario.workers)
        case .ignoresVersion:
            scenario.ledger = .table
            scenario.workers = max(3, scenario.workers)
        case .freesSlotsByTime: scenario.ledger = .book
        default: break
        }
        return scenario
    }
}
