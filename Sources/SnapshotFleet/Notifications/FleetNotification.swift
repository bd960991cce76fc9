// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Something that people want to be told, wherever they are.
package struct FleetNotification: Hashable, Sendable {
    /// What it is about: the `detail-type` of events and of messages.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case copyConfirmed = "Copy Confirmed"
        case rpoBreached = "RPO Breached"
        case rpoMetAgain = "RPO Met Again"
        case jobsDeadLettered = "Jobs Dead-Lettered"
        case destinationBlocked = "Destination Blocked"
        case destinationUnblocked = "Destination Unblocked"
    }

    /// The version of the details' shape: members may be added within it.
    package static let version: Int64 = 1
    /// The `source` of events and of messages.
    package static let source = "snapferry"

    package var kind: Kind
    /// One line for people.
    package var subject: String
    /// What happened, as an object with ``version`` in it.
    package var detail: JSONValue
    package var time: Instant

    /// Makes a notification; members without a value are left out.
    package init(_ kind: Kind, _ subject: String, _ detail: [String: JSONValue?], at time: Instant) {
        self.kind = kind
        self.subject = subject
        var members = detail
        members["version"] = JSONValue.integer(Self.version)
        self.detail = .compact(members)
        self.time = time
    }

    /// The message of a topic: shaped like an event of EventBridge.
    package var message: JSONValue {
        [
            "source": .string(Self.source), "detail-type": .string(self.kind.rawValue),
            "time": .string(self.time.iso8601), "detail": self.detail,
        ]
    }
}

/// Who carries notifications out of the fleet: a topic, or a bus.
package protocol NotificationChannel: Sendable {
    /// Sends one.
    ///
    /// - Throws: ``AWSError``, or `CancellationError` once its task is cancelled.
    func send(_ notification: FleetNotification) async throws
}
