// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import FleetSimulation
import Testing

/// Whether the checks bite; `scripts/simulate-fleet --bite` prints how many seeds each bug takes.
@Suite struct MutationTests {
    /// A few of them, since a debug build is slow; all of them are looked for by an optimised one in `scripts/test`.
    @Test(
        "a bug made on purpose is found, in a run that is fine without it",
        arguments: [
            Mutation.deletesOnceStarted, .grantsEverySlot, .confirmsEarly, .losesDeadLetters, .copiesCopies,
            .prunesBeforeConfirms,
        ]
    )
    func isFound(mutation: Mutation) throws {
        let found = try #require(Biting.find(mutation, within: 200))
        #expect(Biting.failure(without: mutation, seed: UInt64(found.seeds))?.description == nil)
    }

    @Test("a failing run gets smaller and still fails, and runs the same way again")
    func shrinks() throws {
        var scenario = Scenario(seed: 1, faults: .all)
        scenario.mutation = .confirmsEarly
        var failure: SimulationFailure?
        do {
            _ = try Simulation(scenario).run()
        } catch {
            failure = error
        }
        let found = try #require(failure)
        let shrunk = Shrinking(found)
        #expect(shrunk.failure.steps <= found.steps)
        #expect(shrunk.scenario.faults.faults.count < scenario.faults.faults.count)
        #expect(throws: SimulationFailure.self) { _ = try Simulation(shrunk.scenario).run() }
    }
}
