// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import Metrics

/// Counts what happens.
package struct MetricsNotifier: Notifier {
    package init() {}

    package func notify(_ event: FleetEvent, at now: Instant) {
        switch event {
        case .received(let count): FleetMetric.received.counter().increment(by: count)
        case .confirmed(let confirmation):
            FleetMetric.copies.counter(confirmation.wasAdopted ? "adopted" : "confirmed").increment()
            if let duration = confirmation.duration {
                FleetMetric.copyDuration.timer().recordMicroseconds(duration.microseconds)
            }
        case .superseded: FleetMetric.copies.counter("superseded").increment()
        case .ignored: FleetMetric.copies.counter("ignored").increment()
        case .copyFailed: FleetMetric.copies.counter("failed").increment()
        case .stalled: FleetMetric.stalled.counter().increment()
        case .deadLettered(let letter):
            FleetMetric.copies.counter("dead-lettered").increment()
            FleetMetric.deadLetters.counter(letter.reason.rawValue).increment()
        case .requeued(_, let reason, _, _): FleetMetric.requeues.counter(reason).increment()
        case .leaseLost: FleetMetric.leasesLost.counter().increment()
        case .trouble(let operation, let failure):
            FleetMetric.troubles.counter(operation, failure.label).increment()
        case .working: FleetMetric.ready.gauge().record(1)
        case .readinessChanged(let change, let readiness): self.readiness(change, readiness)
        case .pruned(let pruned): FleetMetric.pruned.counter(pruned.cause.rawValue).increment()
        case .unknownQuota: FleetMetric.unknownQuotas.counter().increment()
        case .circuitOpened(_, let reason, _): FleetMetric.circuits.counter(reason.rawValue, "open").increment()
        case .circuitClosed(_, let reason): FleetMetric.circuits.counter(reason.rawValue, "closed").increment()
        case .recoveryPoints(let points): self.recoveryPoints(points)
        case .planned, .waiting, .started, .adopted, .handover, .progress, .limitLowered, .snapshotQuotaReached,
            .snapshotQuotaFreed, .swept, .draining:
            break
        }
    }

    private func readiness(_ change: Readiness.Change, _ readiness: Readiness) {
        FleetMetric.ready.gauge().record(readiness.isReady ? 1 : 0)
        let what = change.dependency.label
        FleetMetric.lost.gauge(what).record(readiness.lost.count { $0.dependency.label == what })
    }

    /// The worst of each route's destinations.
    private func recoveryPoints(_ points: [RoutePoint]) {
        FleetMetric.breachedRPO.gauge().record(points.reduce(0) { $0 + $1.breachedCount })
        for (route, points) in Dictionary(grouping: points, by: \.route) {
            guard let worst = points.compactMap(\.worstAge).max() else { continue }
            FleetMetric.worstRPO.gauge(route).record(worst.inSeconds)
        }
    }
}

/// Tells several notifiers.
package struct NotifierGroup: Notifier {
    private let members: [any Notifier]

    package init(_ members: [any Notifier]) { self.members = members }

    package func notify(_ event: FleetEvent, at now: Instant) {
        for member in self.members { member.notify(event, at: now) }
    }
}
