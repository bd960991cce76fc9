// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Names of metrics, in one place so that they stay the same across the code; labels are bounded.
package enum FleetMetric {
    /// Counter, messages: received from the job queue.
    package static let received = "snapferry.queue.received"
    /// Counter, messages, by `outcome`: `confirmed`, `adopted`, `superseded`, `ignored`, `dead-lettered`, `failed`.
    package static let copies = "snapferry.copies"
    /// Timer: from the start of a copy to its confirmation.
    package static let copyDuration = "snapferry.copy.duration"
    /// Counter, messages, by `reason`: given back to the queue to come again.
    package static let requeues = "snapferry.requeues"
    /// Counter, messages, by `reason`.
    package static let deadLetters = "snapferry.dead_letters"
    /// Counter, by `reason` and `state` (`open`, `closed`): circuits that changed.
    package static let circuits = "snapferry.circuits"
    /// Counter: messages that another worker had taken over.
    package static let lostLeases = "snapferry.leases.lost"
    /// Counter, copies, by `cause` (`after-confirm`, `quota`): deleted by workers because retention keeps them no longer.
    package static let pruned = "snapferry.pruned"
    /// Counter: refusals of RDS that name a quota the fleet does not know.
    package static let unknownQuotas = "snapferry.quotas.unknown"
    /// Counter, by `outcome` (`sent`, `failed`, `dropped`): notifications for people.
    package static let notifications = "snapferry.notifications"
    /// Gauge: 1 while the worker has all that it can't work without, 0 while something of that is lost.
    package static let ready = "snapferry.ready"
    /// Gauge, by `what` (`credentials`, `queue`, `ledger`, `source`, `destination`): how many of these are lost.
    package static let lost = "snapferry.lost"
    /// Counter, by `operation` and `class`: calls that failed and are made again.
    package static let troubles = "snapferry.troubles"
}
