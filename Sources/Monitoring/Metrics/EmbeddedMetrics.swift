// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import SnapshotFleet

/// Writes metrics as CloudWatch finds them in logs: the embedded metric format, one line for each set of label values.
///
/// Counters say how much they grew since the last time, so that CloudWatch can add them up; those that did not grow are left
/// out, as each name with its label values costs money for every hour in which it appears. Timers say every duration.
package struct EmbeddedMetrics: Sendable {
    package static let namespace = "snapferry"
    /// What CloudWatch takes in one directive, and in one array.
    private static let most = 100

    private let registry: MetricRegistry
    /// Names the worker in each line, but is no dimension: a metric for each worker that ever was helps nobody.
    private let worker: String

    package init(_ registry: MetricRegistry, worker: String) {
        self.registry = registry
        self.worker = worker
    }

    /// One metric's values for one interval.
    private struct Point {
        let metric: FleetMetric
        let values: [Double]
    }

    /// The dimensions of a line, by name and value.
    private struct Place: Hashable {
        let names: [String]
        let values: [String]
    }

    /// Writes what happened since the last time.
    ///
    /// - Parameter now: The moment that it counts for.
    /// - Returns: A line for each set of label values, without line breaks.
    package func lines(at now: Instant) -> [String] {
        var order: [Place] = []
        var points: [Place: [Point]] = [:]
        for family in self.registry.families {
            for series in family.series {
                let values = self.values(series, family.metric.kind)
                guard !values.isEmpty else { continue }
                let place = Self.place(family.metric.labels, series.labels)
                if points[place] == nil { order.append(place) }
                for part in values.chunked(by: Self.most) {
                    points[place, default: []].append(Point(metric: family.metric, values: part))
                }
            }
        }
        return order.flatMap { place in
            // A metric that has more values than go into one line goes on in the next.
            var rest = points[place] ?? []
            var lines: [String] = []
            while !rest.isEmpty {
                var line: [Point] = []
                var later: [Point] = []
                for point in rest {
                    let fits = line.count < Self.most && !line.contains { $0.metric == point.metric }
                    if fits { line.append(point) } else { later.append(point) }
                }
                lines.append(self.line(place, line, at: now))
                rest = later
            }
            return lines
        }
    }

    private func values(_ series: MetricSeries, _ kind: FleetMetric.Kind) -> [Double] {
        switch kind {
        case .gauge: return [series.current.number]
        case .timer: return series.takeFresh()
        case .counter:
            let growth = series.takeGrowth()
            return growth == 0 ? [] : [growth]
        }
    }

    /// CloudWatch refuses an empty dimension.
    private static func place(_ names: [String], _ values: [String]) -> Place {
        Place(names: names, values: values.map { $0.isEmpty ? "none" : $0 })
    }

    private func line(_ place: Place, _ points: [Point], at now: Instant) -> String {
        var members: [String: JSONValue] = ["worker": .string(self.worker)]
        for (name, value) in zip(place.names, place.values) { members[name] = .string(value) }
        for point in points {
            members[point.metric.name] =
                point.metric.kind == .timer
                ? .array(point.values.map { Self.number($0) }) : Self.number(point.values[0])
        }
        let metrics = points.map { point -> JSONValue in
            [
                "Name": .string(point.metric.name),
                "Unit": .string(point.metric.unit == .seconds ? "Seconds" : "Count"),
            ]
        }
        members["_aws"] = [
            "Timestamp": .integer(now.microseconds / 1000),
            "CloudWatchMetrics": [
                [
                    "Namespace": .string(Self.namespace),
                    "Dimensions": [.array(place.names.map { .string($0) })],
                    "Metrics": .array(metrics),
                ]
            ],
        ]
        return JSONValue.object(members).description
    }

    private static func number(_ value: Double) -> JSONValue {
        value == value.rounded() && abs(value) < 1e15 ? .integer(Int64(value)) : .double(value)
    }
}
