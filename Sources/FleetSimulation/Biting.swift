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

    /// What fails in the run in which a bug was found, if the bug is not there; `nil` when nothing does, as it should be.
    ///
    /// Otherwise something else is wrong, and what was found says nothing of the bug.
    package static func failure(without mutation: Mutation, seed: UInt64) -> SimulationFailure? {
        var scenario = self.scenario(mutation, seed: seed)
        scenario.mutation = nil
        do throws(SimulationFailure) {
            _ = try Simulation.run(scenario)
            return nil
        } catch {
            return error
        }
    }

    /// A short run in which the bug has a chance to show: half a day with the faults that it needs, and no others.
    ///
    /// With all faults at once most bugs show too, but later, and behind others' troubles.
    package static func scenario(_ mutation: Mutation, seed: UInt64) -> Scenario {
        var scenario = Scenario(seed: seed, faults: FaultRates(self.faults(mutation)))
        scenario.mutation = mutation
        scenario.workers = 3
        scenario.schedule = .scattered(20)
        switch mutation {
        case .forgetsToRenew, .keepsEveryLease:
            // What shows is a message that is received too often.
            scenario.workers = 1
            scenario.visibilityTimeout = .seconds(120)
        case .freesSlotsByTime: scenario.ledger = .book
        case .trustsLostAnswers, .trustsDescribeAtOnce, .deletesWhatIsNotOurs:
            // What shows is a slot, or a name, that others wait for.
            scenario.schedule = .scattered(40)
        case .ignoresVersion, .believesOldLooks:
            scenario.ledger = .table
            scenario.workers = 5
        case .prunesTheNewest, .prunesBeforeConfirms, .prunesWithoutACap, .prunesWhatIsHeld:
            // What shows is a database with several copies.
            scenario.schedule = .scattered(60)
        case .retriesTheHopeless: scenario.patience = .seconds(12 * 3600)
        default: break
        }
        return scenario
    }

    /// What has to go wrong before a bug can show.
    private static func faults(_ mutation: Mutation) -> [Fault: Double] {
        switch mutation {
        case .deletesOnceStarted, .forgetsToRenew, .keepsEveryLease, .losesDeadLetters, .losesReplacements,
            .freesSlotsByTime, .grantsEverySlot, .confirmsEarly, .prunesTheNewest, .prunesBeforeConfirms,
            .prunesWithoutACap, .retriesTheHopeless:
            [:]
        case .forgetsReceiveCount: [.regionOutages: 1, .throttlingStorms: 2, .throttles: 0.2]
        case .ignoresVersion: [.slowRequests: 0.2, .ledgerFailures: 0.05]
        case .freesSlotsOnDrain: [.drains: 1]
        case .trustsLostAnswers: [.lostAnswers: 0.3]
        case .trustsDescribeAtOnce: [.lostAnswers: 0.2, .describeLag: 0.5]
        case .adoptsAnything: [.takenNames: 3]
        case .deletesWhatIsNotOurs: [.takenNames: 6]
        case .believesOldLooks:
            [.failedCopies: 0.3, .deletedCopies: 3, .doubledMessages: 0.5, .crashes: 0.3, .pauses: 0.3]
        case .confirmsFailed: [.failedCopies: 0.2]
        case .copiesCopies: [.copiesRaiseCreated: 1]
        case .namesTargetsApart: [.crashes: 0.5, .pauses: 0.5, .doubledMessages: 0.3]
        case .prunesWhatIsHeld: [.heldCopies: 4]
        case .countsThrottlesAsFailures: [.throttles: 0.4]
        }
    }
}
