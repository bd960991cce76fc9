// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Metrics
import Synchronization

/// One metric with one set of label values, and what was measured of it.
///
/// It takes what any kind of metric brings; which of that means something is up to its kind.
final class MetricSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    /// What was measured so far.
    struct Value: Sendable {
        /// The count, the present value, or the sum of all durations in seconds.
        var number = 0.0
        /// How many durations there were.
        var count: UInt64 = 0
        /// How many of them are in each bucket, not counting those in lower ones.
        var buckets: [UInt64]
        /// The number when it was last taken for an interval.
        fileprivate var taken = 0.0
        /// Durations since then, in seconds; the first thousand.
        fileprivate var fresh: [Double] = []
    }

    /// How many durations of one interval are kept one by one.
    private static let mostFresh = 1000

    /// The values of the metric's labels, in its order.
    let labels: [String]
    private let bounds: [Double]
    private let value: Mutex<Value>

    /// Makes a series without any measurement.
    ///
    /// - Parameters:
    ///   - labels: The label values.
    ///   - bounds: The upper bounds of buckets in seconds, ascending; none for what is no timer.
    init(labels: [String], bounds: [Double]) {
        self.labels = labels
        self.bounds = bounds
        self.value = Mutex(Value(buckets: Array(repeating: 0, count: bounds.count)))
    }

    var current: Value { self.value.withLock { $0 } }

    /// How much was added since the last time, for a counter.
    func takeGrowth() -> Double {
        self.value.withLock { value in
            defer { value.taken = value.number }
            return value.number - value.taken
        }
    }

    /// The durations since the last time, for a timer, in seconds.
    func takeFresh() -> [Double] {
        self.value.withLock { value in
            defer { value.fresh = [] }
            return value.fresh
        }
    }

    // MARK: - What comes in

    func increment(by amount: Int64) { self.increment(by: Double(amount)) }

    func increment(by amount: Double) {
        guard amount.isFinite else { return }
        self.value.withLock { $0.number += amount }
    }

    func decrement(by amount: Double) { self.increment(by: -amount) }

    func set(_ value: Int64) { self.set(Double(value)) }

    func set(_ number: Double) {
        guard number.isFinite else { return }
        self.value.withLock { $0.number = number }
    }

    func record(_ value: Int64) { self.set(Double(value)) }

    func record(_ value: Double) { self.set(value) }

    func recordNanoseconds(_ duration: Int64) {
        let seconds = max(0, Double(duration) / 1e9)
        self.value.withLock { value in
            value.number += seconds
            value.count += 1
            if let index = self.bounds.firstIndex(where: { seconds <= $0 }) { value.buckets[index] += 1 }
            if value.fresh.count < Self.mostFresh { value.fresh.append(seconds) }
        }
    }

    /// Counters of a process start at nothing once; nobody resets them.
    func reset() {}
}
