// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Metrics

/// What is measured: every metric with its name, unit, labels and meaning, in one place.
///
/// The README's table has the same rows. Labels are bounded: their values come from a closed set, from the policy, or
/// from AWS's operations.
package struct FleetMetric: Sendable, Hashable {
    /// How values become a metric.
    package enum Kind: Sendable {
        /// Only grows, as long as the process lives.
        case counter
        /// What is so right now.
        case gauge
        /// Durations, sorted into buckets.
        case timer
    }

    /// What is counted.
    package enum Unit: String, Sendable {
        case count, seconds
    }

    package let name: String
    package let kind: Kind
    package let unit: Unit
    package let labels: [String]
    /// One sentence for people, without a full stop.
    package let meaning: String

    private init(_ name: String, _ kind: Kind, _ unit: Unit = .count, by labels: String..., meaning: String) {
        self.name = name
        self.kind = kind
        self.unit = kind == .timer ? .seconds : unit
        self.labels = labels
        self.meaning = meaning
    }

    /// The same as a counter, for the label values in the order of ``labels``.
    func counter(_ values: String...) -> Counter { Counter(label: self.name, dimensions: self.dimensions(values)) }

    /// The same as a gauge.
    func gauge(_ values: String...) -> Gauge { Gauge(label: self.name, dimensions: self.dimensions(values)) }

    /// The same as a timer.
    func timer(_ values: String...) -> Timer { Timer(label: self.name, dimensions: self.dimensions(values)) }

    private func dimensions(_ values: [String]) -> [(String, String)] {
        precondition(values.count == self.labels.count, "\(self.name) has \(self.labels.count) labels")
        return Array(zip(self.labels, values))
    }
}

// MARK: - What there is

extension FleetMetric {
    /// All of them, in the order in which they are written.
    package static let all: [FleetMetric] = [
        .ready, .lost, .startableBacklog, .waiting, .lag, .queueMessages, .received, .slots, .slotLimit, .activeCopies,
        .copies, .copyDuration, .stalled, .requeues, .deadLetters, .leasesLost, .blockedDestinations, .openCircuits,
        .circuits, .unknownQuotas, .pruned, .worstRPO, .breachedRPO, .notifications, .awsRequests, .awsDuration,
        .awsRetries, .troubles, .dropped,
    ]

    package static let ready = FleetMetric(
        "snapferry.ready",
        .gauge,
        meaning: "1 while the worker has all that it can't work without, 0 while something of that is lost"
    )
    package static let lost = FleetMetric(
        "snapferry.lost",
        .gauge,
        by: "what",
        meaning: "How many credentials, queues, ledgers, sources and destinations can't be reached"
    )
    package static let startableBacklog = FleetMetric(
        "snapferry.backlog.startable",
        .gauge,
        meaning: "Jobs that have a free slot to go to: what autoscaling follows, by its maximum over the workers"
    )
    package static let waiting = FleetMetric(
        "snapferry.backlog.waiting",
        .gauge,
        by: "destination",
        "kind",
        meaning: "Jobs in the worker's hands that wait for a slot"
    )
    package static let lag = FleetMetric(
        "snapferry.lag",
        .gauge,
        .seconds,
        meaning:
            "How long ago the oldest job in the worker's hands was first seen, of those whose copy has not begun; 0 without"
    )
    package static let queueMessages = FleetMetric(
        "snapferry.queue.messages",
        .gauge,
        by: "queue",
        "state",
        meaning:
            "Messages of `jobs` and `dead-letters` that are `visible`, `in-flight` or `delayed`, as SQS counts them"
    )
    package static let received = FleetMetric(
        "snapferry.queue.received",
        .counter,
        meaning: "Messages received from the job queue"
    )
    package static let slots = FleetMetric(
        "snapferry.slots",
        .gauge,
        by: "destination",
        "kind",
        "holder",
        meaning:
            "Slots taken by this worker (`worker`), by other workers (`fleet`) and by copies of others (`others`); "
            + "the latter two as of the worker's last survey"
    )
    package static let slotLimit = FleetMetric(
        "snapferry.slots.limit",
        .gauge,
        by: "destination",
        "kind",
        meaning: "Slots that the policy gives the fleet"
    )
    package static let activeCopies = FleetMetric(
        "snapferry.copies.active",
        .gauge,
        by: "destination",
        "kind",
        meaning: "Copies in progress that this worker watches"
    )
    package static let copies = FleetMetric(
        "snapferry.copies",
        .counter,
        by: "outcome",
        meaning:
            "Jobs that ended: `confirmed`, `adopted`, `superseded`, `ignored`, `dead-lettered`; and copies that `failed`"
    )
    package static let copyDuration = FleetMetric(
        "snapferry.copy.duration",
        .timer,
        meaning: "From the start of a copy to its confirmation"
    )
    package static let stalled = FleetMetric(
        "snapferry.copies.stalled",
        .counter,
        meaning: "Copies whose progress stood still for long"
    )
    package static let requeues = FleetMetric(
        "snapferry.requeues",
        .counter,
        by: "reason",
        meaning: "Messages given back to the queue, to come again"
    )
    package static let deadLetters = FleetMetric(
        "snapferry.dead_letters",
        .counter,
        by: "reason",
        meaning: "Messages sent to the dead-letter queue"
    )
    package static let leasesLost = FleetMetric(
        "snapferry.leases.lost",
        .counter,
        meaning: "Messages that another worker had taken over"
    )
    package static let blockedDestinations = FleetMetric(
        "snapferry.destinations.blocked",
        .gauge,
        meaning:
            "Destinations, each kind for itself, that take no copies: a circuit is open, or no manual snapshot fits"
    )
    package static let openCircuits = FleetMetric(
        "snapferry.circuits.open",
        .gauge,
        by: "destination",
        "kind",
        meaning: "Circuits that are open there, one for each reason"
    )
    package static let circuits = FleetMetric(
        "snapferry.circuits",
        .counter,
        by: "reason",
        "state",
        meaning: "Circuits that went `open` or `closed`"
    )
    package static let unknownQuotas = FleetMetric(
        "snapferry.quotas.unknown",
        .counter,
        meaning: "Refusals of RDS that name a quota which the fleet does not know"
    )
    package static let pruned = FleetMetric(
        "snapferry.pruned",
        .counter,
        by: "cause",
        meaning: "Copies that workers deleted since retention keeps them no longer"
    )
    package static let worstRPO = FleetMetric(
        "snapferry.rpo.worst",
        .gauge,
        .seconds,
        by: "route",
        meaning: "How old the data would be that the database which is worst off has at a destination of the route"
    )
    package static let breachedRPO = FleetMetric(
        "snapferry.rpo.breached",
        .gauge,
        meaning: "Databases whose newest confirmed copy at a destination is older than the route's `rpo`"
    )
    package static let awsRequests = FleetMetric(
        ServiceMetric.requests,
        .counter,
        by: "service",
        "operation",
        "outcome",
        meaning: "Requests to AWS, every attempt: `ok`, `throttled`, `rejected`, and so on"
    )
    package static let awsDuration = FleetMetric(
        ServiceMetric.duration,
        .timer,
        by: "service",
        "operation",
        meaning: "How long one of these took"
    )
    package static let awsRetries = FleetMetric(
        ServiceMetric.retries,
        .counter,
        by: "service",
        "operation",
        meaning: "Requests that were made again"
    )
    package static let notifications = FleetMetric(
        "snapferry.notifications",
        .counter,
        by: "outcome",
        meaning:
            "Notifications for people that were `sent`, that `failed`, or that were `dropped` because too many waited"
    )
    package static let troubles = FleetMetric(
        "snapferry.troubles",
        .counter,
        by: "operation",
        "class",
        meaning: "Calls that failed for good and are left for a later attempt of the worker"
    )
    package static let dropped = FleetMetric(
        "snapferry.metrics.dropped",
        .counter,
        by: "reason",
        meaning: "Measurements without a row in this table (`unknown`), or with too many label values (`series`)"
    )
}
