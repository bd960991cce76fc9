// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import FleetSimulation

/// What the simulator was asked for; read by hand, so that building it needs next to nothing.
struct Arguments {
    enum Task { case seeds, calls, bite, numbers, speed, makespan, stepCost }

    static let usage = """
        usage: scripts/simulate-fleet [options]

          --seeds N          run so many seeds of 48 virtual hours each (100)
          --seed S           begin with this one (1); with --seeds 1 it is the only one
          --trace            print what happens, line by line
          --faults A,B,…     nothing but these faults; "none" for a quiet run
          --workers N        that many instead of what the seed says
          --snapshots N      that many instead of what the seed says
          --databases A,B,…  nothing but these
          --ledger KIND      book or table, instead of what the seed says
          --mutation NAME    with a bug made on purpose
          --calls            measure calls for each copy, and how soon a finished copy is noticed
          --spread P         by how many percent copies differ, with --calls
          --bite             look for each bug made on purpose, or that of --mutation, and tell how many seeds it took
          --numbers          measure speed, makespan and the cost of a step; each by itself:
          --speed            how fast a week of a fleet passes
          --makespan         how near a thousand copies come to the least possible time
          --step-cost        what a step costs with a thousand jobs, and with a million
          --no-shrink        report a failure as it is
          --list             name the faults and the bugs
        """

    var task = Task.seeds
    var seeds = 100
    var first: UInt64 = 1
    var traces = false
    var shrinks = true
    /// Which bugs are looked for.
    var mutations: [Mutation] { self.mutation.map { [$0] } ?? Mutation.allCases }
    /// For which fleets calls are counted.
    var fleets: [Int] { self.workers.map { [$0] } ?? [1, 2, 5] }
    /// For which fleets the makespan is measured.
    var sizes: [Int] { self.workers.map { [$0] } ?? [1, 5, 50] }
    var spreads: [Double] { self.spread.map { [$0] } ?? [0, 0.1, 0.25, 0.5] }
    private var spread: Double?
    private var faults: FaultRates?
    private var workers: Int?
    private var snapshots: Int?
    private var databases: Set<String>?
    private var ledger: Scenario.Ledger?
    private var mutation: Mutation?

    struct Problem: Error { let text: String }

    /// Reads them; `nil` where only help was asked for, which is printed.
    init?(_ words: [String]) throws(Problem) {
        var words = words[...]
        while let word = words.popFirst() {
            switch word {
            case "--help", "-h":
                print(Self.usage)
                return nil
            case "--list":
                print("faults: \(Fault.allCases.map(\.name).joined(separator: " "))")
                print("bugs:   \(Mutation.allCases.map(\.rawValue).joined(separator: " "))")
                return nil
            case "--trace": self.traces = true
            case "--no-shrink": self.shrinks = false
            case "--calls": self.task = .calls
            case "--bite": self.task = .bite
            case "--numbers": self.task = .numbers
            case "--speed": self.task = .speed
            case "--makespan": self.task = .makespan
            case "--step-cost": self.task = .stepCost
            default:
                guard let value = words.popFirst() else { throw Problem(text: "\(word) needs a value, or is unknown") }
                try self.take(word, value)
            }
        }
    }

    private mutating func take(_ word: String, _ value: String) throws(Problem) {
        switch word {
        case "--seeds": self.seeds = try Self.number(word, value)
        case "--seed":
            guard let seed = UInt64(value) else { throw Problem(text: "--seed takes a number, not \(value)") }
            self.first = seed
        case "--workers": self.workers = try Self.number(word, value)
        case "--spread": self.spread = Double(try Self.number(word, value)) / 100
        case "--snapshots": self.snapshots = try Self.number(word, value)
        case "--databases": self.databases = Set(value.split(separator: ",").map { String($0) })
        case "--ledger": self.ledger = try Self.name(word, value)
        case "--mutation": self.mutation = try Self.name(word, value)
        case "--faults":
            var faults: [Fault] = []
            for name in value.split(separator: ",") where name != "none" {
                guard let fault = Fault(name: String(name)) else {
                    throw Problem(text: "\(word) knows no \(name); see --list")
                }
                faults.append(fault)
            }
            self.faults = FaultRates.all.only(faults)
        default: throw Problem(text: "unknown argument \(word)")
        }
    }

    private static func number(_ word: String, _ value: String) throws(Problem) -> Int {
        guard let number = Int(value), number > 0 else { throw Problem(text: "\(word) takes a number, not \(value)") }
        return number
    }

    private static func name<Name: RawRepresentable<String>>(_ word: String, _ value: String) throws(Problem) -> Name {
        guard let name = Name(rawValue: value) else { throw Problem(text: "\(word) knows no \(value); see --list") }
        return name
    }

    /// The run of a seed, as asked for.
    func scenario(seed: UInt64) -> Scenario {
        var scenario = Scenario.disaster(seed: seed)
        if let faults = self.faults { scenario.faults = faults }
        if let workers = self.workers { scenario.workers = workers }
        if let snapshots = self.snapshots { scenario.schedule = .scattered(snapshots) }
        if let databases = self.databases { scenario.databases.removeAll { !databases.contains($0.identifier) } }
        if let ledger = self.ledger { scenario.ledger = ledger }
        if let mutation = self.mutation { scenario.mutation = mutation }
        return scenario
    }
}

extension Scenario {
    /// The command that runs exactly this again.
    var command: String {
        var words = ["scripts/simulate-fleet --seeds 1 --seed \(self.seed) --trace --no-shrink"]
        let faults = self.faults.faults.map(\.name)
        words.append("--faults \(faults.isEmpty ? "none" : faults.joined(separator: ","))")
        words.append("--workers \(self.workers) --ledger \(self.ledger.rawValue)")
        if case .scattered(let count) = self.schedule { words.append("--snapshots \(count)") }
        if self.databases.count != Scenario.disaster(seed: self.seed).databases.count {
            words.append("--databases \(self.databaseNames.joined(separator: ","))")
        }
        if let mutation = self.mutation { words.append("--mutation \(mutation.rawValue)") }
        return words.joined(separator: " ")
    }
}
