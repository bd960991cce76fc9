// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import Glibc

/// What the README states, measured.
enum Figures {
    /// Prints a line at once: the next may take minutes.
    private static func show(_ line: String) {
        print(line)
        fflush(nil)
    }

    private static func row(_ cells: [String], widths: [Int]) {
        let padded = zip(cells, widths).map { cell, width in
            cell + String(repeating: " ", count: max(0, width - cell.count))
        }
        self.show(padded.joined(separator: "  "))
    }

    // MARK: - Calls

    /// Calls for each copy and how soon a finished copy is noticed; one row for each fleet.
    static func calls(_ arguments: Arguments) -> Bool {
        let widths = [7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 8]
        self.show(
            "200 databases at once, 20 slots, copies of half an hour, all of an equal length or differing by a share"
        )
        self.row(
            [
                "workers", "spread", "copies", "RDS", "start", "targets", "sources", "writes", "median", "longest",
                "hours",
            ],
            widths: widths
        )
        for workers in arguments.fleets {
            for spread in arguments.spreads {
                let scenario = Scenario.night(seed: 1, workers: workers, spread: spread)
                let printer: ((String) -> Void)? = arguments.traces ? { print($0) } : nil
                guard let report = Self.run(scenario, printer: printer) else { return false }
                let measured = report.measurements
                let copies = Double(report.copied)
                func each(_ count: Int) -> String { "\((Double(count) / copies).rounded(to: 2))" }
                self.row(
                    [
                        "\(workers)", "\(Int(spread * 100)) %", "\(report.copied)", each(measured.callsOfRDS),
                        each(measured.count("CopyDBSnapshot")), each(measured.describes(.targets)),
                        each(measured.describes(.sources)), each(measured.tableWrites),
                        "\(measured.medianDetection.inSeconds.rounded(to: 1)) s",
                        "\(measured.longestDetection.inSeconds.rounded(to: 1)) s",
                        "\((measured.makespan.inSeconds / 3600).rounded(to: 2))",
                    ],
                    widths: widths
                )
            }
        }
        return true
    }

    private static func run(_ scenario: Scenario, printer: ((String) -> Void)? = nil) -> SimulationReport? {
        do throws(SimulationFailure) {
            guard let printer else { return try Simulation.run(scenario) }
            return try Simulation(scenario, printer: printer).run()
        } catch {
            self.show("\(error)")
            return nil
        }
    }

    // MARK: - Bite

    /// Looks for every bug made on purpose; a checker that finds none of them is worth nothing.
    static func bite(_ arguments: Arguments) -> Bool {
        let limit = 2000
        var isFine = true
        let clock = ProcessorClock()
        let widths = [30, 6, 9, 30]
        self.row(["bug", "seeds", "CPU", "found by"], widths: widths)
        for mutation in arguments.mutations {
            let begun = clock.now
            let found = Biting.find(mutation, within: limit)
            // The same run without the bug has to be fine, or something else was found.
            let other = found.flatMap { Biting.failure(without: mutation, seed: UInt64($0.seeds)) }
            let seconds = (clock.now - begun).inSeconds.rounded(to: 1)
            let verdict = found.map { other == nil ? $0.invariant : "FOUND WITHOUT THE BUG, TOO" } ?? "NOT FOUND"
            self.row(
                [mutation.rawValue, found.map { "\($0.seeds)" } ?? "none", "\(seconds) s", verdict],
                widths: widths
            )
            if let other { self.show("\(other)") }
            if found == nil || other != nil { isFine = false }
        }
        return isFine
    }

    // MARK: - Numbers

    static func numbers() -> Bool {
        // Each of them, so that one that falls short hides no other.
        let figures = [self.speed(), self.makespan(), self.stepCost()]
        return figures.allSatisfy(\.self)
    }

    /// How fast virtual time passes: by the wall, and by what the processor spent, which a busy machine changes less.
    static func speed() -> Bool {
        let (wall, processor) = (ContinuousClock(), ProcessorClock())
        let begun = (wall: wall.now, processor: processor.now)
        guard let report = self.run(Scenario.fleet(seed: 1, hours: 24 * 7)) else { return false }
        let hours = report.endedAt.inSeconds / 3600
        let perSecond = hours / (processor.now - begun.processor).inSeconds
        let perWallSecond = hours / (wall.now - begun.wall).inSeconds
        self.show(
            "5 workers, 200 databases, a week, \(report.copied) copies in \(report.steps) steps: "
                + "\(Int(perSecond)) virtual hours a second of the processor, \(Int(perWallSecond)) a second by the wall"
        )
        return perSecond >= 200
    }

    /// How near a thousand copies come to the least time that their slots allow.
    static func makespan(_ fleets: [Int] = [1, 5, 50]) -> Bool {
        var isFine = true
        for workers in fleets {
            let scenario = Scenario.mixed(seed: 1, workers: workers)
            guard let report = self.run(scenario) else { return false }
            let share = report.measurements.makespan / scenario.lowerBound
            self.show(
                "1,000 mixed snapshots, \(workers) workers: \(share.rounded(to: 4)) of the least possible makespan"
            )
            if share > 1.02 { isFine = false }
        }
        return isFine
    }

    /// What a step costs with a thousand jobs on the queue, and with a million, while none of them runs out.
    static func stepCost() -> Bool {
        var costs: [Double] = []
        for jobs in [1000, 10_000, 100_000, 1_000_000] {
            let simulation = Simulation(.backlog(seed: 1, jobs: jobs, hours: 100_000))
            simulation.begin()
            do throws(SimulationFailure) {
                // Until all slots are taken and the first copies have ended.
                try simulation.takeSteps(10_000)
                let cost = try Self.cost(ofStepsIn: simulation)
                costs.append(cost)
                self.show("\(jobs) jobs: \(cost.rounded(to: 2)) µs of the processor a step")
            } catch {
                self.show("\(error)")
                return false
            }
            simulation.tearDown()
        }
        return (costs.last ?? 0) <= (costs.first ?? 0) * 1.2
    }

    /// The median of several runs of steps, in microseconds.
    private static func cost(ofStepsIn simulation: Simulation) throws(SimulationFailure) -> Double {
        let (runs, steps) = (9, 3000)
        let clock = ProcessorClock()
        var costs: [Double] = []
        for _ in 0..<runs {
            let begun = clock.now
            try simulation.takeSteps(steps)
            costs.append((clock.now - begun).inSeconds / Double(steps) * 1e6)
        }
        return costs.sorted()[runs / 2]
    }
}
