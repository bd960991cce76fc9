// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import Metrics

/// Counts what happens.
package struct MetricsNotifier: Notifier {
    package init() {}

    package func notify(_ event: FleetEvent, at now: Instant) {
        switch event {
        case .received(let count): Counter(label: FleetMetric.received).increment(by: count)
        case .confirmed(let confirmation):
            self.count(FleetMetric.copies, "outcome", confirmation.wasAdopted ? "adopted" : "confirmed")
            if let duration = confirmation.duration {
                Timer(label: FleetMetric.copyDuration).recordMicroseconds(duration.microseconds)
            }
        case .superseded: self.count(FleetMetric.copies, "outcome", "superseded")
        case .ignored: self.count(FleetMetric.copies, "outcome", "ignored")
        case .copyFailed: self.count(FleetMetric.copies, "outcome", "failed")
        case .deadLettered(let letter):
            self.count(FleetMetric.copies, "outcome", "dead-lettered")
            self.count(FleetMetric.deadLetters, "reason", letter.reason.rawValue)
        case .requeued(_, let reason, _, _): self.count(FleetMetric.requeues, "reason", reason)
        case .leaseLost: Counter(label: FleetMetric.lostLeases).increment()
        case .trouble(let operation, let failure):
            let dimensions = [("operation", operation), ("class", failure.label)]
            Counter(label: FleetMetric.troubles, dimensions: dimensions).increment()
        case .working: Gauge(label: FleetMetric.ready).record(1)
        case .readinessChanged(let change, let readiness): self.readiness(change, readiness)
        case .pruned(let pruned): self.count(FleetMetric.pruned, "cause", pruned.cause.rawValue)
        case .unknownQuota: Counter(label: FleetMetric.unknownQuotas).increment()
        case .circuitOpened(_, let reason, _): self.circuit(reason, "open")
        case .circuitClosed(_, let reason): self.circuit(reason, "closed")
        case .planned, .waiting, .started, .adopted, .handover, .progress, .stalled, .limitLowered,
            .snapshotQuotaReached, .snapshotQuotaFreed, .swept,
            .recoveryPoints, .draining:
            break
        }
    }

    private func readiness(_ change: Readiness.Change, _ readiness: Readiness) {
        Gauge(label: FleetMetric.ready).record(readiness.isReady ? 1 : 0)
        let what = change.dependency.label
        let count = readiness.lost.count { $0.dependency.label == what }
        Gauge(label: FleetMetric.lost, dimensions: [("what", what)]).record(count)
    }

    private func circuit(_ reason: DeadLetterReason, _ state: String) {
        Counter(label: FleetMetric.circuits, dimensions: [("reason", reason.rawValue), ("state", state)]).increment()
    }

    private func count(_ label: String, _ dimension: String, _ value: String) {
        Counter(label: label, dimensions: [(dimension, value)]).increment()
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
