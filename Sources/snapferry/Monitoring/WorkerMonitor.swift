// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Logging
import Monitoring

/// What a worker shows of itself.
struct WorkerMonitor: Sendable {
    private let server: MonitorServer

    init(configuration: WorkConfiguration, health: WorkerHealth, logger: Logger) {
        self.server = MonitorServer(
            setting: configuration.listen,
            hosts: configuration.allowedHosts,
            logger: logger,
            routes: ["/health/live": WorkerHealth.live, "/health/ready": health.ready]
        )
    }

    /// Waits until it can be looked at.
    ///
    /// - Throws: `BindFailure`.
    func start() async throws { _ = try await self.server.waitUntilListening() }

    /// Shows itself until cancellation.
    func run() async throws { try await self.server.run() }
}
