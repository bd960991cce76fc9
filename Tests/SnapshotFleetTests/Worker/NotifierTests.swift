// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import CoreMetrics
import InMemoryLogging
import Logging
import MetricsTestKit
import SnapshotFleet
import Testing

/// What operators get to see of changes of state: one line and one number for each.
@Suite("Log and metrics")
struct NotifierTests {
    private static let pool = SlotPool(destination: CoreHarness.ireland, kind: .instance)
    private static let now = Instant(seconds: 1_800_000_000)

    private static func lines(_ events: FleetEvent...) -> [InMemoryLogHandler.Entry] {
        let handler = InMemoryLogHandler()
        let notifier = LogNotifier(logger: Logger(label: "test") { _ in handler })
        for event in events { notifier.notify(event, at: Self.now) }
        return handler.entries
    }

    private static func metrics(_ events: FleetEvent...) -> TestMetrics {
        let metrics = TestMetrics()
        withMetricsFactory(metrics) {
            for event in events { MetricsNotifier().notify(event, at: Self.now) }
        }
        return metrics
    }

    @Test("a circuit that opens or closes is one line and one count")
    func circuit() throws {
        let opened = FleetEvent.circuitOpened(Self.pool, .kmsKey, detail: "key is disabled")
        let closed = FleetEvent.circuitClosed(Self.pool, .kmsKey)
        let lines = Self.lines(opened, closed)
        #expect(lines.map(\.level) == [.error, .notice])
        #expect(lines.first?.metadata["pool"] == "\(Self.pool)")
        #expect(lines.first?.metadata["remedy"] == "\(DeadLetterReason.kmsKey.remedy)")
        let metrics = Self.metrics(opened, closed)
        for state in ["open", "closed"] {
            let dimensions = [("reason", DeadLetterReason.kmsKey.rawValue), ("state", state)]
            #expect(try metrics.expectCounter(FleetMetric.circuits.name, dimensions).totalValue == 1)
        }
    }

    @Test("an unknown quota has a line and a metric of its own")
    func unknownQuota() throws {
        let event = FleetEvent.unknownQuota(Self.pool, detail: "You have exceeded something")
        #expect(Self.lines(event).map(\.metadata["detail"]) == ["You have exceeded something"])
        let metrics = Self.metrics(event, event)
        #expect(try metrics.expectCounter(FleetMetric.unknownQuotas.name).totalValue == 2)
    }

    @Test("readiness is a gauge, and each change of it a line with its reason")
    func readiness() throws {
        var readiness = Readiness(grace: .zero)
        let first = readiness.failed(.queue, detail: "no route", at: Self.now)
        let whileLost = readiness
        let second = readiness.worked(.queue, at: Self.now + .seconds(300))
        let (lost, back) = (try #require(first), try #require(second))
        let events = (FleetEvent.readinessChanged(lost, whileLost), FleetEvent.readinessChanged(back, readiness))
        let lines = Self.lines(.working, events.0, events.1)
        #expect(lines.map(\.level) == [.error, .notice])
        #expect(lines.map(\.metadata["what"]) == ["queue", "queue"])
        #expect(lines.map(\.metadata["ready"]) == ["false", "true"])
        #expect(lines.first?.metadata["detail"] == "no route")
        #expect(lines.last?.metadata["outage.seconds"] == "300")
        let metrics = Self.metrics(.working, events.0, events.1)
        #expect(try metrics.expectGauge(FleetMetric.ready.name).values == [1, 0, 1])
        #expect(try metrics.expectGauge(FleetMetric.lost.name, [("what", "queue")]).values == [1, 0])
    }

    @Test("recovery points are a gauge a route, of its worst destination, and one of all breaches")
    func recoveryPoints() throws {
        let elsewhere = Destination(account: Self.pool.destination.account, region: "eu-central-1")
        let points = [
            RoutePoint(route: "a", destination: Self.pool.destination, worstAge: .seconds(100), breachedCount: 2),
            RoutePoint(route: "a", destination: elsewhere, worstAge: .seconds(900), breachedCount: 1),
            RoutePoint(route: "b", destination: elsewhere),
        ]
        let metrics = Self.metrics(.recoveryPoints(points))
        #expect(try metrics.expectGauge(FleetMetric.worstRPO.name, [("route", "a")]).values.last == 900)
        #expect(throws: (any Error).self) { try metrics.expectGauge(FleetMetric.worstRPO.name, [("route", "b")]) }
        #expect(try metrics.expectGauge(FleetMetric.breachedRPO.name).values.last == 3)
    }

    @Test("a worker's gauges tell of each destination, and what autoscaling follows")
    func gauges() throws {
        var gauges = WorkerGauges()
        gauges.pools = [
            WorkerGauges.Pool(pool: Self.pool, limit: 5, underWay: 2, fleet: 1, others: 1, waiting: 4, copying: 2),
            WorkerGauges.Pool(
                pool: SlotPool(destination: Self.pool.destination, kind: .cluster),
                limit: 5,
                waiting: 3,
                openCircuits: [.kmsKey]
            ),
        ]
        gauges.oldestWaiting = Self.now - .seconds(30)
        let metrics = TestMetrics()
        withMetricsFactory(metrics) {
            GaugeRecorder.record(
                gauges,
                isReady: true,
                jobs: .init(visible: 10, inFlight: 6, delayed: 0),
                deadLetters: nil,
                at: Self.now
            )
        }
        let gauge = { (metric: FleetMetric, values: [String]) in
            try metrics.expectGauge(metric.name, Array(zip(metric.labels, values))).values.last
        }
        let place = ["\(Self.pool.destination)", Self.pool.kind.rawValue]
        // One slot is left at the first, for one of those who wait; the second takes nothing at all.
        #expect(try gauge(.startableBacklog, []) == 1)
        #expect(try gauge(.blockedDestinations, []) == 1)
        #expect(try gauge(.lag, []) == 30)
        #expect(try gauge(.waiting, place) == 4)
        #expect(try gauge(.slots, place + ["worker"]) == 2)
        #expect(try gauge(.slots, place + ["fleet"]) == 1)
        #expect(try gauge(.slots, place + ["others"]) == 1)
        #expect(try gauge(.queueMessages, ["jobs", "in-flight"]) == 6)
        #expect(throws: (any Error).self) { try gauge(.queueMessages, ["dead-letters", "visible"]) }
    }
}
