// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A generator for each fault, so that leaving one out shifts the numbers of no other.
struct Dice {
    private let rates: FaultRates
    private var generators: [SplitMix64]
    /// Whether anything still goes wrong.
    var isOn = true

    init(_ rates: FaultRates, from random: inout SplitMix64) {
        self.rates = rates
        self.generators = Fault.allCases.map { _ in random.split() }
    }

    /// How often, or how strongly, a fault strikes now.
    func rate(_ fault: Fault) -> Double { self.isOn ? self.rates[fault] : 0 }

    /// Whether a fault strikes this time.
    mutating func strikes(_ fault: Fault) -> Bool {
        guard self.isOn, self.rates[fault] > 0 else { return false }
        return self.generators[fault.index].happens(self.rates[fault])
    }

    /// How long until it strikes next; `nil` for never.
    mutating func wait(for fault: Fault) -> Duration? {
        guard self.isOn else { return nil }
        return self.generators[fault.index].wait(perHour: self.rates[fault])
    }

    /// A duration in seconds, by this fault's dice.
    mutating func duration(_ fault: Fault, _ range: ClosedRange<Double>) -> Duration {
        self.generators[fault.index].duration(range)
    }

    mutating func happens(_ fault: Fault, _ probability: Double) -> Bool {
        self.generators[fault.index].happens(probability)
    }

    mutating func pick(_ fault: Fault, _ range: Range<Int>) -> Int {
        Int.random(in: range, using: &self.generators[fault.index])
    }
}
