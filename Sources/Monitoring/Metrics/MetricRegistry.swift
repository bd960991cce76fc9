// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import Metrics
package import SnapshotFleet
import Synchronization

/// Keeps what the program measures, so that it can be written out in any format.
///
/// It holds the metrics that it was told of and no others, and of each only so many series: label values that ran away
/// must not eat the worker's memory. What has no place is counted under `snapferry.metrics.dropped`.
package final class MetricRegistry: MetricsFactory {
    /// One metric and its series, in the order in which they were first used.
    struct Family: Sendable {
        let metric: FleetMetric
        var series: [MetricSeries] = []
    }

    private struct State {
        var families: [Family]
        var known: [String: MetricSeries] = [:]
    }

    /// How many series one metric may have.
    package static let seriesLimit = 500
    /// How many there may be altogether.
    package static let totalLimit = 2000

    private let indices: [String: Int]
    private let state: Mutex<State>
    /// Takes what has no place.
    private let nowhere = MetricSeries(labels: [], bounds: [])
    /// Counts it, by reason.
    private let dropped: [String: MetricSeries]

    /// Makes a registry.
    package init(metrics: [FleetMetric] = FleetMetric.all) {
        self.indices = Dictionary(metrics.enumerated().map { ($1.name, $0) }) { first, _ in first }
        let reasons = ["unknown", "series"].map { ($0, MetricSeries(labels: [$0], bounds: [])) }
        self.dropped = Dictionary(reasons) { first, _ in first }
        self.state = Mutex(
            State(
                families: metrics.map { metric in
                    Family(metric: metric, series: metric == .dropped ? reasons.map(\.1) : [])
                }
            )
        )
    }

    /// Everything that is measured, in the order of the metrics.
    var families: [Family] { self.state.withLock { $0.families } }

    private func series(_ name: String, _ dimensions: [(String, String)]) -> MetricSeries {
        guard let index = self.indices[name] else { return self.drop("unknown") }
        let key = dimensions.reduce(into: name) { key, dimension in
            key += "\u{1F}" + dimension.0 + "\u{1E}" + dimension.1
        }
        let found = self.state.withLock { state -> MetricSeries? in
            if let series = state.known[key] { return series }
            let metric = state.families[index].metric
            guard state.families[index].series.count < Self.seriesLimit, state.known.count < Self.totalLimit else {
                return nil
            }
            let values = Dictionary(dimensions) { first, _ in first }
            let series = MetricSeries(
                labels: metric.labels.map { (values[$0] ?? "").excerpt(200) },
                bounds: metric.kind == .timer ? MetricBuckets.bounds(of: metric) : []
            )
            state.families[index].series.append(series)
            state.known[key] = series
            return series
        }
        return found ?? self.drop("series")
    }

    private func drop(_ reason: String) -> MetricSeries {
        self.dropped[reason]?.increment(by: Int64(1))
        return self.nowhere
    }

    // MARK: - MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        self.series(label, dimensions)
    }

    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        self.series(label, dimensions)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.series(label, dimensions)
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        self.series(label, dimensions)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        self.series(label, dimensions)
    }

    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}
