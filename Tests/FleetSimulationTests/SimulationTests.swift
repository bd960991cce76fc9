// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import FleetSimulation
import Testing

@Suite struct SimulationTests {
    @Test func theSameSeedGivesTheSameRun() throws {
        let first = try Simulation.run(Scenario(seed: 7, faults: .all))
        #expect(try Simulation.run(Scenario(seed: 7, faults: .all)) == first)
        #expect(try Simulation.run(Scenario(seed: 8, faults: .all)).traceHash != first.traceHash)
    }

    @Test func onAQuietDayEverySnapshotArrives() throws {
        let report = try Simulation.run(Scenario(seed: 1))
        #expect(report.copied > 8)
        #expect(report.copied == report.jobs - 1)
        #expect(report.deadLetters == ["kms-key": 1])
    }

    @Test(arguments: 1...6) func waitingNeverLeadsToTheDeadLetterQueue(seed: UInt64) throws {
        let report = try Simulation.run(Scenario(seed: seed, faults: .benign).withoutHopeless)
        #expect(report.copied == report.jobs)
        #expect(report.deadLetters.isEmpty)
    }

    @Test(arguments: 1...8, Scenario.Ledger.allCases)
    func nothingIsLostWhateverGoesWrong(seed: UInt64, ledger: Scenario.Ledger) throws {
        var scenario = Scenario(seed: seed, faults: .all)
        scenario.ledger = ledger
        #expect(try Simulation.run(scenario).jobs > 0)
    }
}
