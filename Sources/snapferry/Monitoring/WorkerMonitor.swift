// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Logging
import Monitoring

/// What a worker shows of itself: over HTTP, and in its log.
struct WorkerMonitor: Sendable {
    /// From one writing of metrics to the log to the next.
    private static let interval = Duration.seconds(60)

    private let server: MonitorServer
    private let health: WorkerHealth
    private let embedded: EmbeddedMetrics?
    private let time: any TimeSource

    init(
        configuration: WorkConfiguration,
        health: WorkerHealth,
        registry: MetricRegistry?,
        worker: String,
        time: any TimeSource,
        logger: Logger
    ) {
        self.health = health
        self.time = time
        var routes: [String: MonitorRoute] = [
            "/": { FleetPage.answer }, FleetPage.documentPath: health.fleet, "/health/live": WorkerHealth.live,
            "/health/ready": health.ready,
        ]
        if let registry {
            routes["/metrics"] = {
                health.record(at: time.now())
                return MonitorAnswer(contentType: PrometheusText.contentType, body: PrometheusText.write(registry))
            }
        }
        self.server = MonitorServer(
            setting: configuration.listen,
            hosts: configuration.allowedHosts,
            logger: logger,
            routes: routes
        )
        self.embedded = configuration.embedsMetrics ? registry.map { EmbeddedMetrics($0, worker: worker) } : nil
    }

    /// Waits until it can be looked at.
    ///
    /// - Throws: `BindFailure`.
    func start() async throws { _ = try await self.server.waitUntilListening() }

    /// Shows the worker until cancellation.
    func run() async throws {
        async let _ = self.embedMetrics()
        try await self.server.run()
        // Where nothing is served there is still the log.
        while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
    }

    /// Writes metrics every minute of the wall clock's, and once more at the end.
    private func embedMetrics() async {
        guard let embedded = self.embedded else { return }
        repeat {
            self.health.record(at: self.time.now())
            for line in embedded.lines(at: SystemTimeSource.systemNow()) { LineOutput.standardOutput.write(line) }
        } while (try? await SystemTimeSource().sleep(for: Self.interval)) != nil
        self.health.record(at: self.time.now())
        for line in embedded.lines(at: SystemTimeSource.systemNow()) { LineOutput.standardOutput.write(line) }
    }
}
