// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS

/// What a run cost, counted where requests reach the network.
package struct Measurements: Sendable, Equatable {
    /// Requests by operation, each attempt counted.
    private var requests: [String: Int] = [:]
    private var descriptions: [Side: Int] = [:]
    /// From the moment a copy was whole until a worker knew.
    package var detection: [Duration] = []
    /// From the first snapshot to the last confirmed copy.
    package var makespan: Duration = .zero

    mutating func note(_ call: SimulatedCall) {
        self.requests[call.operation, default: 0] += 1
        if call.service == .rds { self.callsOfRDS += 1 }
        guard call.operation.hasPrefix("DescribeDB") else { return }
        self.descriptions[call.region == Scenario.home ? .sources : .targets, default: 0] += 1
    }

    mutating func note(transactedItems count: Int) { self.requests["TransactedItem", default: 0] += count }

    /// How many of the requests went to RDS.
    package private(set) var callsOfRDS = 0

    /// Which side was described.
    package enum Side: Sendable { case sources, targets }

    package func describes(_ side: Side) -> Int { self.descriptions[side] ?? 0 }

    package func count(_ operation: String) -> Int { self.requests[operation] ?? 0 }

    /// The operations that were asked for, and how often.
    package var summary: String {
        self.requests.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    /// Writes to the table of slots; each item of a transaction is one.
    package var tableWrites: Int {
        ["PutItem", "UpdateItem", "DeleteItem", "TransactedItem"].reduce(0) { $0 + self.count($1) }
    }

    package var longestDetection: Duration { self.detection.max() ?? .zero }

    package var medianDetection: Duration {
        let sorted = self.detection.sorted()
        return sorted.isEmpty ? .zero : sorted[sorted.count / 2]
    }
}

/// What a run came to.
package struct SimulationReport: Sendable, Equatable {
    /// Two runs with the same hash did the same.
    package let traceHash: UInt64
    package let steps: Int
    package let endedAt: Duration
    /// How many copies were wanted.
    package let jobs: Int
    /// How many of them were made.
    package let copied: Int
    /// How many messages are in the dead-letter queue, by reason; `redrive` for those that SQS moved itself.
    package let deadLetters: [String: Int]
    package let measurements: Measurements
}

/// Something did not hold.
package struct SimulationFailure: Error, CustomStringConvertible {
    package let scenario: Scenario
    /// How long after the beginning.
    package let time: Duration
    package let steps: Int
    /// Which one, in a few words.
    package let invariant: String
    package let detail: String
    /// The last lines of what happened, oldest first.
    package let trace: [String]

    package var description: String {
        """
        seed \(self.scenario.seed), after \(self.time.inSeconds / 3600) h: "\(self.invariant)" does not hold: \(self.detail)
        \(self.trace.map { "    " + $0 }.joined(separator: "\n"))
        """
    }
}
