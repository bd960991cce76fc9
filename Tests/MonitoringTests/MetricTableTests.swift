// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

@testable import Monitoring

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The README's table of metrics and the code.
@Suite struct MetricTableTests {
    private static func row(_ metric: FleetMetric) -> String {
        let kind =
            switch metric.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .timer: "histogram"
            }
        let labels = metric.labels.isEmpty ? "–" : metric.labels.map { "`\($0)`" }.joined(separator: ", ")
        let unit = metric.unit == .seconds ? "seconds" : "–"
        return "| `\(metric.name)` | \(kind) | \(unit) | \(labels) | \(metric.meaning) |"
    }

    @Test func readmeHasARowForEachMetricAndNoOther() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let data = try #require(FileManager.default.contents(atPath: "/\(folder)/README.md"))
        let text = String(decoding: data, as: UTF8.self)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `snapferry.") }.map(String.init)
        #expect(rows == FleetMetric.all.map { Self.row($0) })
    }

    @Test func namesAreTheirOwn() {
        #expect(Set(FleetMetric.all.map(\.name)).count == FleetMetric.all.count)
        #expect(Set(FleetMetric.all.map { PrometheusText.name(of: $0) }).count == FleetMetric.all.count)
        for metric in FleetMetric.all {
            let isPlain = PrometheusText.name(of: metric).utf8.allSatisfy {
                (97...122).contains($0) || $0 == UInt8(ascii: "_")
            }
            #expect(isPlain, "\(metric.name)")
            #expect(!metric.meaning.hasSuffix("."))
            #expect(!metric.labels.contains("le"))
        }
    }
}
