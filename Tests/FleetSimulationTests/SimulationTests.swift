// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import FleetSimulation
import Testing

@Suite struct SimulationTests {
    @Test func theSameSeedGivesTheSameRun() throws {
        let first = try Simulation(Scenario(seed: 7, faults: .all)).run()
        #expect(try Simulation(Scenario(seed: 7, faults: .all)).run() == first)
        #expect(try Simulation(Scenario(seed: 8, faults: .all)).run().traceHash != first.traceHash)
    }

    @Test func onAQuietDayEverySnapshotArrives() throws {
        let report = try Simulation(Scenario(seed: 1)).run()
        #expect(report.copied > 8)
        #expect(report.copied == report.jobs - 1)
        #expect(report.deadLetters == ["kms-key": 1])
    }

    @Test(arguments: 1...6) func waitingNeverLeadsToTheDeadLetterQueue(seed: UInt64) throws {
        var scenario = Scenario(seed: seed, faults: .benign)
        scenario.hasWrongKey = false
        let report = try Simulation(scenario).run()
        #expect(report.copied == report.jobs)
        #expect(report.deadLetters.isEmpty)
    }

    @Test(arguments: 1...60) func nothingIsLostWhateverGoesWrong(seed: UInt64) throws {
        let report = try Simulation(Scenario(seed: seed, faults: .all)).run()
        #expect(report.copied > 0)
    }

    @Test(arguments: 1...12) func nothingIsLostAndNoSlotStaysTakenWhereSlotsAreInATable(seed: UInt64) throws {
        var scenario = Scenario(seed: seed, faults: .all)
        scenario.usesSlotTable = true
        let report = try Simulation(scenario).run()
        #expect(report.copied > 0)
    }

    /// Each of these is a bug that somebody could make; checks that let it pass are worth nothing.
    @Test(arguments: Sabotage.allCases) func aBugMadeOnPurposeIsFound(sabotage: Sabotage) {
        let found = (UInt64(1)...200).contains { seed in
            // A lease that is lost shows in messages that are received too often, which a crash would explain.
            var scenario = Scenario(seed: seed, faults: sabotage == .keepsEveryLease ? .benign : .all)
            scenario.sabotage = sabotage
            do {
                _ = try Simulation(scenario).run()
                return false
            } catch {
                return true
            }
        }
        #expect(found, "\(sabotage.rawValue) was not found")
    }
}
