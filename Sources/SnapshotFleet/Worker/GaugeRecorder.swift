// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import Metrics

/// Writes what is so at a moment into the metrics.
package enum GaugeRecorder {
    /// How many messages a queue has.
    package struct Depth: Sendable, Equatable {
        package var visible: Int
        package var inFlight: Int
        package var delayed: Int

        package init(visible: Int, inFlight: Int, delayed: Int) {
            self.visible = visible
            self.inFlight = inFlight
            self.delayed = delayed
        }
    }

    /// Records a worker's gauges.
    ///
    /// - Parameters:
    ///   - gauges: What the worker knows.
    ///   - isReady: Whether it can take jobs.
    ///   - jobs: The job queue's depth; `nil` while nobody knows.
    ///   - deadLetters: The same of the dead-letter queue.
    ///   - now: The present moment.
    package static func record(
        _ gauges: WorkerGauges,
        isReady: Bool,
        jobs: Depth?,
        deadLetters: Depth?,
        at now: Instant
    ) {
        FleetMetric.ready.gauge().record(isReady ? 1 : 0)
        FleetMetric.startableBacklog.gauge().record(gauges.startable(unread: jobs?.visible ?? 0))
        FleetMetric.lag.gauge().record(gauges.oldestWaiting.map { max(0, (now - $0).inSeconds) } ?? 0)
        FleetMetric.blockedDestinations.gauge().record(gauges.pools.count(where: \.isBlocked))
        for pool in gauges.pools {
            let (place, kind) = ("\(pool.pool.destination)", pool.pool.kind.rawValue)
            FleetMetric.waiting.gauge(place, kind).record(pool.waiting)
            FleetMetric.activeCopies.gauge(place, kind).record(pool.copying)
            FleetMetric.slotLimit.gauge(place, kind).record(pool.limit)
            FleetMetric.openCircuits.gauge(place, kind).record(pool.openCircuits.count)
            FleetMetric.slots.gauge(place, kind, "worker").record(pool.underWay)
            FleetMetric.slots.gauge(place, kind, "fleet").record(pool.fleet)
            FleetMetric.slots.gauge(place, kind, "others").record(pool.others)
        }
        self.record("jobs", jobs)
        self.record("dead-letters", deadLetters)
    }

    /// Records that there is no worker yet.
    package static func recordStart() { FleetMetric.ready.gauge().record(0) }

    private static func record(_ queue: String, _ depth: Depth?) {
        guard let depth else { return }
        FleetMetric.queueMessages.gauge(queue, "visible").record(depth.visible)
        FleetMetric.queueMessages.gauge(queue, "in-flight").record(depth.inFlight)
        FleetMetric.queueMessages.gauge(queue, "delayed").record(depth.delayed)
    }
}
