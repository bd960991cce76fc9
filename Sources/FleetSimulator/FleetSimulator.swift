// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import Glibc

/// Runs fleets in virtual time, and measures with them.
@main
struct FleetSimulator {
    static func main() {
        defer { fflush(nil) }
        do throws(Arguments.Problem) {
            guard let arguments = try Arguments(Array(CommandLine.arguments.dropFirst())) else { exit(0) }
            let isFine =
                switch arguments.task {
                case .seeds: Self.runSeeds(arguments)
                case .calls: Figures.calls(arguments)
                case .bite: Figures.bite(arguments)
                case .numbers: Figures.numbers()
                case .speed: Figures.speed()
                case .makespan: Figures.makespan(arguments.sizes)
                case .stepCost: Figures.stepCost()
                }
            exit(isFine ? 0 : 1)
        } catch {
            print("error: \(error.text)")
            print(Arguments.usage)
            exit(2)
        }
    }

    /// Runs seed after seed until one fails.
    private static func runSeeds(_ arguments: Arguments) -> Bool {
        let clock = ContinuousClock()
        let begun = clock.now
        var hours = 0.0
        var steps = 0
        var (jobs, copied) = (0, 0)
        var reasons: [String: Int] = [:]
        var hash: UInt64 = 0
        for seed in arguments.first..<(arguments.first + UInt64(arguments.seeds)) {
            let scenario = arguments.scenario(seed: seed)
            let printer: ((String) -> Void)? = arguments.traces ? { print($0) } : nil
            do throws(SimulationFailure) {
                let report = try Simulation(scenario, printer: printer).run()
                hours += report.endedAt.inSeconds / 3600
                steps += report.steps
                jobs += report.jobs
                copied += report.copied
                reasons.merge(report.deadLetters, uniquingKeysWith: +)
                hash = (hash ^ report.traceHash) &* 0x100_0000_01B3
            } catch {
                Self.report(error, arguments)
                return false
            }
        }
        let seconds = (clock.now - begun).inSeconds
        let letters = reasons.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        print("\(arguments.seeds) seeds, \(Int(hours)) virtual hours, \(steps) steps in \(seconds.rounded(to: 1)) s")
        print("\(jobs) copies wanted, \(copied) made; dead letters: \(letters.isEmpty ? "none" : letters)")
        print("hash of all runs: \(String(hash, radix: 16))")
        print("every promise held after every step, and every run settled")
        return true
    }

    private static func report(_ failure: SimulationFailure, _ arguments: Arguments) {
        guard arguments.shrinks, !arguments.traces else {
            print("\(failure)")
            print("run it again: \(failure.scenario.command)")
            return
        }
        print("seed \(failure.scenario.seed) fails after \(failure.steps) steps: \(failure.invariant)")
        print("making it smaller …")
        fflush(nil)
        let shrunk = Shrinking(failure)
        do throws(SimulationFailure) {
            _ = try Simulation(shrunk.scenario, isReadable: true).run()
        } catch {
            print("\(error)")
        }
        let before = "\(failure.scenario.faults.faults.count) faults, \(failure.steps) steps"
        let after = "\(shrunk.scenario.faults.faults.count) faults, \(shrunk.failure.steps) steps"
        print("from \(before) to \(after)")
        print("run it again: \(shrunk.scenario.command)")
    }
}

extension Double {
    /// Cut to so many digits behind the point.
    func rounded(to digits: Int) -> Double {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}
