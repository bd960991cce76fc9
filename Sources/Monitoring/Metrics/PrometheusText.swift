// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import SnapshotFleet

/// Writes metrics as Prometheus reads them: the text format, version 0.0.4.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// What a metric is called there: `snapferry_copies_total`, `snapferry_copy_duration_seconds`.
    package static func name(of metric: FleetMetric) -> String {
        let name = String(metric.name.map { $0.isLetter || $0.isNumber ? $0 : "_" })
        let unit = metric.unit == .seconds ? "_seconds" : ""
        return name + unit + (metric.kind == .counter ? "_total" : "")
    }

    /// Writes all that was measured.
    package static func write(_ registry: MetricRegistry) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(64 * 1024)
        for family in registry.families where !family.series.isEmpty {
            let name = self.name(of: family.metric)
            text += "# HELP \(name) \(self.escaped(family.metric.meaning, quotes: false)).\n".utf8
            text += "# TYPE \(name) \(self.type(family.metric.kind))\n".utf8
            for series in family.series { self.write(series, of: family.metric, name, to: &text) }
        }
        return text
    }

    private static func type(_ kind: FleetMetric.Kind) -> String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .timer: "histogram"
        }
    }

    private static func write(_ series: MetricSeries, of metric: FleetMetric, _ name: String, to text: inout [UInt8]) {
        let value = series.current
        let labels = zip(metric.labels, series.labels).map { "\($0)=\"\(self.escaped($1, quotes: true))\"" }
            .joined(separator: ",")
        guard metric.kind == .timer else {
            text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(self.number(value.number))\n".utf8
            return
        }
        let first = labels.isEmpty ? "\(name)_bucket{le=\"" : "\(name)_bucket{\(labels),le=\""
        var below: UInt64 = 0
        for (bound, count) in zip(MetricBuckets.bounds(of: metric), value.buckets) {
            below += count
            text += "\(first)\(self.number(bound))\"} \(below)\n".utf8
        }
        let all = labels.isEmpty ? "" : "{\(labels)}"
        text += "\(first)+Inf\"} \(value.count)\n".utf8
        text += "\(name)_sum\(all) \(self.number(value.number))\n".utf8
        text += "\(name)_count\(all) \(value.count)\n".utf8
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    /// Backslashes and line breaks, and in a label's value quotes too, would end what they are in.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
