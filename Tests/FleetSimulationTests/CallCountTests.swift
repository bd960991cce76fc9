// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import Testing

/// What a night of copies costs: counts in virtual time, so that a busy machine changes nothing.
@Suite struct CallCountTests {
    @Test("20 slots and copies of half an hour take at most 1.6 calls of RDS each", arguments: [0, 0.1])
    func callsOfRDS(spread: Double) throws {
        let report = try Simulation.run(.night(seed: 1, workers: 1, databases: 120, spread: spread))
        #expect(report.copied == 120)
        let calls = Double(report.measurements.callsOfRDS) / Double(report.copied)
        #expect(calls <= 1.6, "\(report.measurements.summary)")
    }

    @Test("a finished copy is noticed within a minute, half of them within twenty seconds", arguments: [1, 3])
    func detection(workers: Int) throws {
        // One night says little of the half: when its copies happen to end decides how many one look finds.
        let nights = try (1...5).map { seed in
            try Simulation.run(.night(seed: seed, workers: workers, databases: 100, spread: 0.1)).measurements.detection
        }
        let detection = nights.flatMap(\.self).sorted()
        #expect(detection.count == 500)
        #expect(try #require(detection.last) <= .seconds(60))
        #expect(detection[250] <= .seconds(20))
    }

    @Test("workers that share a destination tell each other what RDS says, and call it little more than one alone")
    func callsOfFleet() throws {
        let report = try Simulation.run(.night(seed: 1, workers: 5, databases: 120, spread: 0))
        let calls = Double(report.measurements.callsOfRDS) / Double(report.copied)
        // A worker by itself needs 1.5; each of the five asks for the sources of its own jobs, and surveys for itself.
        #expect(calls <= 2.1, "\(report.measurements.summary)")
    }

    @Test("a copy takes at most three writes to the table of slots", arguments: [1, 5])
    func writesToTheTable(workers: Int) throws {
        var scenario = Scenario.night(seed: 1, workers: workers, databases: 100, spread: 0.1)
        scenario.ledger = .table
        let report = try Simulation.run(scenario)
        let writes = Double(report.measurements.tableWrites) / Double(report.copied)
        #expect(writes <= 3, "\(report.measurements.summary)")
    }
}
