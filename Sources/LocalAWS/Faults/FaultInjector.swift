// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Decides which faults strike a request; the same script and the same requests give the same faults.
package struct FaultInjector: Sendable {
    /// The faults of one request.
    package struct Plan: Hashable, Sendable {
        package var latency = Duration.zero
        package var clockSkew = Duration.zero
        /// At most one that ends the request or spoils its answer.
        package var strike: FaultScript.Fault?

        /// The words of a plan for the journal; `nil` for a request that nothing strikes.
        package var summary: String? {
            let words = [
                self.latency == .zero ? nil : "latency", self.clockSkew == .zero ? nil : "clockSkew", self.strike?.name,
            ]
            let text = words.compactMap { $0 }.joined(separator: "+")
            return text.isEmpty ? nil : text
        }
    }

    package let script: FaultScript
    /// How many requests each rule has matched.
    private var matched: [Int]
    /// How often each rule has struck.
    package private(set) var struck: [Int]
    private var random: SeededGenerator

    package init(_ script: FaultScript = FaultScript()) {
        self.script = script
        self.matched = Array(repeating: 0, count: script.rules.count)
        self.struck = self.matched
        self.random = SeededGenerator(seed: script.seed)
    }

    /// The faults of the next request.
    package mutating func plan(for subject: FaultSubject) -> Plan {
        var plan = Plan()
        for (index, rule) in self.script.rules.enumerated() where rule.matches(subject) {
            self.matched[index] += 1
            guard self.matched[index] > rule.after, self.struck[index] < rule.count ?? .max,
                rule.probability >= 1 || Double.random(in: 0..<1, using: &self.random) < rule.probability
            else { continue }
            switch rule.fault {
            case .latency(let duration): plan.latency += duration
            case .clockSkew(let duration): plan.clockSkew += duration
            case .http, .throttle, .error, .expiredCredentials, .resetBefore, .resetAfter, .truncate, .duplicate:
                guard plan.strike == nil else { continue }
                plan.strike = rule.fault
            }
            self.struck[index] += 1
        }
        return plan
    }
}

/// A generator that gives the same numbers for the same seed.
///
/// Source: Sebastiano Vigna, "splitmix64.c", placed in the public domain.
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
