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
            let bounds = family.metric.kind == .timer ? self.bounds(of: family.metric) : []
            for series in family.series { self.write(series, of: family.metric, name, bounds, to: &text) }
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

    /// The label of each bucket, the same for all series of a metric.
    private static func bounds(of metric: FleetMetric) -> [[UInt8]] {
        (MetricBuckets.bounds(of: metric).map { self.number($0) } + ["+Inf"]).map { Array("le=\"\($0)\"".utf8) }
    }

    private static func write(
        _ series: MetricSeries,
        of metric: FleetMetric,
        _ name: String,
        _ bounds: [[UInt8]],
        to text: inout [UInt8]
    ) {
        let value = series.current
        let labels = self.labels(of: series, metric)
        guard metric.kind == .timer else {
            return self.line(name, "", labels, value: self.number(value.number), to: &text)
        }
        var below: UInt64 = 0
        for (bound, count) in zip(bounds, value.buckets) {
            below += count
            self.line(name, "_bucket", labels, bound, value: String(below), to: &text)
        }
        if let all = bounds.last { self.line(name, "_bucket", labels, all, value: String(value.count), to: &text) }
        self.line(name, "_sum", labels, value: self.number(value.number), to: &text)
        self.line(name, "_count", labels, value: String(value.count), to: &text)
    }

    private static func labels(of series: MetricSeries, _ metric: FleetMetric) -> [UInt8] {
        var labels: [UInt8] = []
        for (label, value) in zip(metric.labels, series.labels) {
            if !labels.isEmpty { labels.append(0x2C) }
            labels += label.utf8
            labels += "=\"".utf8
            labels += self.escaped(value, quotes: true).utf8
            labels.append(0x22)
        }
        return labels
    }

    /// One line, put together byte by byte: a full registry has thousands of them, and a scrape waits.
    private static func line(
        _ name: String,
        _ suffix: String,
        _ labels: [UInt8],
        _ bound: [UInt8] = [],
        value: String,
        to text: inout [UInt8]
    ) {
        text += name.utf8
        text += suffix.utf8
        if !labels.isEmpty || !bound.isEmpty {
            text.append(0x7B)
            text += labels
            if !labels.isEmpty, !bound.isEmpty { text.append(0x2C) }
            text += bound
            text.append(0x7D)
        }
        text.append(0x20)
        text += value.utf8
        text.append(0x0A)
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
