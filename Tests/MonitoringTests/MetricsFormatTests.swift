// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Metrics
import SnapshotFleet
import Testing

@testable import Monitoring

/// What the two writers make of measurements.
@Suite struct MetricsFormatTests {
    private static let now = Instant(microseconds: 1_795_000_000_123_456)

    private static func text(_ registry: MetricRegistry) -> String {
        String(decoding: PrometheusText.write(registry), as: UTF8.self)
    }

    private static func count(
        _ registry: MetricRegistry,
        _ metric: FleetMetric,
        _ values: [String],
        by amount: Int64 = 1
    ) {
        registry.makeCounter(label: metric.name, dimensions: Array(zip(metric.labels, values))).increment(by: amount)
    }

    // MARK: - Prometheus

    @Test func counterHasHelpTypeAndTotal() {
        let registry = MetricRegistry(metrics: [.copies])
        Self.count(registry, .copies, ["confirmed"], by: 3)
        Self.count(registry, .copies, ["adopted"])
        Self.count(registry, .copies, ["confirmed"])
        #expect(
            Self.text(registry) == """
                # HELP snapferry_copies_total \(FleetMetric.copies.meaning).
                # TYPE snapferry_copies_total counter
                snapferry_copies_total{outcome="confirmed"} 4
                snapferry_copies_total{outcome="adopted"} 1

                """
        )
    }

    @Test func gaugeHasTheLastValueAndItsUnit() {
        let registry = MetricRegistry(metrics: [.lag, .ready])
        let gauge = registry.makeRecorder(label: FleetMetric.lag.name, dimensions: [], aggregate: false)
        gauge.record(17.5)
        gauge.record(3.25)
        gauge.record(.nan)
        gauge.record(.infinity)
        registry.makeMeter(label: FleetMetric.ready.name, dimensions: []).set(Int64(1))
        let lines = Self.text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines == ["snapferry_lag_seconds 3.25", "snapferry_ready 1"])
    }

    @Test func timerIsAHistogramWhoseBucketsAddUp() {
        let registry = MetricRegistry(metrics: [.copyDuration])
        let timer = registry.makeTimer(label: FleetMetric.copyDuration.name, dimensions: [])
        for seconds in [1, 15, 16, 4000, 100_000] { timer.recordNanoseconds(Int64(seconds) * 1_000_000_000) }
        let lines = Self.text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
        let name = "snapferry_copy_duration_seconds"
        #expect(lines.first == "\(name)_bucket{le=\"15\"} 2")
        #expect(lines.contains("\(name)_bucket{le=\"60\"} 3"))
        #expect(lines.contains("\(name)_bucket{le=\"3600\"} 3"))
        #expect(lines.contains("\(name)_bucket{le=\"7200\"} 4"))
        #expect(lines.suffix(3) == ["\(name)_bucket{le=\"+Inf\"} 5", "\(name)_sum 104032", "\(name)_count 5"])
    }

    @Test(arguments: [
        ("a\"b", "a\\\"b"), ("a\\b", "a\\\\b"), ("a\nb", "a\u{FFFD}b"), ("a\u{1B}[31mb", "a\u{FFFD}[31mb"),
        ("überall ✓", "überall ✓"), ("{le=\"1\"} 5", "{le=\\\"1\\\"} 5"), ("", ""),
    ])
    func labelValuesCantEndTheirLine(value: String, written: String) {
        let registry = MetricRegistry(metrics: [.requeues])
        Self.count(registry, .requeues, [value])
        #expect(Self.text(registry).hasSuffix("\nsnapferry_requeues_total{reason=\"\(written)\"} 1\n"))
    }

    @Test func labelValuesAreCutShort() {
        let registry = MetricRegistry(metrics: [.requeues])
        Self.count(registry, .requeues, [String(repeating: "a", count: 100_000)])
        #expect(Self.text(registry).utf8.count < 600)
    }

    @Test func labelsComeInTheMetricsOrderWhateverTheMeasurements() {
        let registry = MetricRegistry(metrics: [.circuits])
        for dimensions in [[("state", "open"), ("reason", "kms-key")], [("reason", "x"), ("surplus", "y")]] {
            registry.makeCounter(label: FleetMetric.circuits.name, dimensions: dimensions).increment(by: Int64(1))
        }
        let lines = Self.text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == [
                "snapferry_circuits_total{reason=\"kms-key\",state=\"open\"} 1",
                "snapferry_circuits_total{reason=\"x\",state=\"\"} 1",
            ]
        )
    }

    // MARK: - Bounds

    @Test func seriesBeyondTheLimitAreCountedAndNotKept() {
        let registry = MetricRegistry()
        for number in 0..<3000 { Self.count(registry, .requeues, ["reason-\(number)"]) }
        for number in 0..<3000 { Self.count(registry, .deadLetters, ["reason-\(number)"]) }
        let lines = Self.text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count { $0.hasPrefix("snapferry_requeues_total") } == MetricRegistry.seriesLimit)
        #expect(lines.contains("snapferry_metrics_dropped_total{reason=\"series\"} 5000"))
        for number in 0..<3000 { Self.count(registry, .circuits, ["\(number)", ""]) }
        for number in 0..<3000 { Self.count(registry, .troubles, ["\(number)", ""]) }
        for number in 0..<3000 { Self.count(registry, .pruned, ["\(number)"]) }
        let all = Self.text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(all.count <= MetricRegistry.totalLimit + 2)
        // What was known before goes on.
        Self.count(registry, .requeues, ["reason-0"])
        #expect(Self.text(registry).contains("snapferry_requeues_total{reason=\"reason-0\"} 2\n"))
    }

    @Test func metricThatNobodyKnowsIsDropped() {
        let registry = MetricRegistry()
        registry.makeCounter(label: "other.library", dimensions: [("path", "/")]).increment(by: Int64(1))
        registry.makeTimer(label: "other.library.timer", dimensions: []).recordNanoseconds(1)
        let lines = Self.text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == [
                "snapferry_metrics_dropped_total{reason=\"unknown\"} 2",
                "snapferry_metrics_dropped_total{reason=\"series\"} 0",
            ]
        )
    }

    /// Every metric with as many series as may be, and how long that takes, for people; nothing is asked of a debug build.
    @Test func fullRegistryIsWrittenInOneGo() {
        let registry = MetricRegistry()
        for metric in FleetMetric.all {
            for number in 0..<100 {
                let dimensions = metric.labels.map { ($0, "value-\(number)") }
                switch metric.kind {
                case .counter: registry.makeCounter(label: metric.name, dimensions: dimensions).increment(by: Int64(7))
                case .gauge: registry.makeMeter(label: metric.name, dimensions: dimensions).set(1.5)
                case .timer: registry.makeTimer(label: metric.name, dimensions: dimensions).recordNanoseconds(5)
                }
            }
        }
        var best = Duration.seconds(3600)
        var bytes = 0
        for _ in 0..<5 {
            let start = ContinuousClock.now
            bytes = PrometheusText.write(registry).count
            best = min(best, .now - start)
        }
        print("/metrics of a full registry: \(bytes) bytes in \(best)")
        #expect(bytes > 100_000)
    }

    // MARK: - Embedded metric format

    private static func documents(_ registry: MetricRegistry) throws -> [JSONValue] {
        try EmbeddedMetrics(registry, worker: "host-1").lines(at: self.now).map { try JSONValue(parsing: $0) }
    }

    @Test func lineTellsItsMetricsToCloudWatch() throws {
        let registry = MetricRegistry(metrics: [.copies, .ready, .startableBacklog])
        Self.count(registry, .copies, ["confirmed"], by: 2)
        registry.makeMeter(label: FleetMetric.ready.name, dimensions: []).set(Int64(1))
        registry.makeMeter(label: FleetMetric.startableBacklog.name, dimensions: []).set(Int64(7))
        let documents = try Self.documents(registry)
        #expect(documents.count == 2)
        let copies = documents[0]
        #expect(copies["outcome"] == "confirmed")
        #expect(copies["snapferry.copies"] == 2)
        #expect(copies["worker"] == "host-1")
        #expect(
            copies["_aws"] == [
                "Timestamp": 1_795_000_000_123,
                "CloudWatchMetrics": [
                    [
                        "Namespace": "snapferry", "Dimensions": [["outcome"]],
                        "Metrics": [["Name": "snapferry.copies", "Unit": "Count"]],
                    ]
                ],
            ]
        )
        #expect(documents[1]["snapferry.ready"] == 1)
        #expect(documents[1]["snapferry.backlog.startable"] == 7)
        #expect(documents[1]["_aws"]?["CloudWatchMetrics"]?.array?.first?["Dimensions"] == [[]])
    }

    @Test func counterTellsWhatItGrewByAndNothingWhenItDidNot() throws {
        let registry = MetricRegistry(metrics: [.copies])
        Self.count(registry, .copies, ["confirmed"], by: 2)
        #expect(try Self.documents(registry).map { $0["snapferry.copies"] } == [2])
        #expect(try Self.documents(registry).isEmpty)
        Self.count(registry, .copies, ["confirmed"])
        #expect(try Self.documents(registry).map { $0["snapferry.copies"] } == [1])
        #expect(Self.text(registry).hasSuffix(" 3\n"))
    }

    @Test func durationsGoIntoAsManyLinesAsTheyNeed() throws {
        let registry = MetricRegistry(metrics: [.awsDuration])
        let timer = registry.makeTimer(
            label: FleetMetric.awsDuration.name,
            dimensions: [("service", "sqs"), ("operation", "ReceiveMessage")]
        )
        for number in 0..<250 { timer.recordNanoseconds(Int64(number) * 1_000_000_000) }
        let counts = try Self.documents(registry).map { $0["snapferry.aws.duration"]?.array?.count }
        #expect(counts == [100, 100, 50])
        #expect(try Self.documents(registry).isEmpty)
    }

    @Test func emptyLabelIsNoEmptyDimension() throws {
        let registry = MetricRegistry(metrics: [.requeues])
        Self.count(registry, .requeues, [""])
        #expect(try Self.documents(registry).first?["reason"] == "none")
    }
}
