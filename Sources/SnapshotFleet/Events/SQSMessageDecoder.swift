// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Reads what arrives on the job queue.
///
/// Understands events as EventBridge delivers them, scheduled events, the fleet's own messages, and each of them inside
/// a notification of SNS. Whatever arrives, it answers; it never fails and never traps.
package struct SQSMessageDecoder: Sendable {
    /// The account of the fleet's own credentials, where jobs go that name no account.
    package let account: String

    /// Makes a decoder.
    ///
    /// - Parameter account: Twelve digits.
    package init(account: String) {
        self.account = account
    }

    /// Reads a message.
    ///
    /// - Parameters:
    ///   - body: The text as SQS gave it.
    ///   - sentAt: When it was sent: a job that does not say when the fleet first heard of it counts from here.
    /// - Returns: What it asks for; ``IncomingMessage/malformed(reason:)`` for what makes no sense.
    package func decode(_ body: String, sentAt: Instant) -> IncomingMessage {
        self.decode(body.utf8, sentAt: sentAt, isUnwrapped: false)
    }

    /// Reads a message whose bytes need not be UTF-8.
    package func decode(_ body: [UInt8], sentAt: Instant) -> IncomingMessage {
        self.decode(body, sentAt: sentAt, isUnwrapped: false)
    }

    private func decode(_ body: some Collection<UInt8>, sentAt: Instant, isUnwrapped: Bool) -> IncomingMessage {
        if body.isEmpty { return .malformed(reason: "the message is empty") }
        let document: JSONValue
        do {
            document = try JSONValue(parsing: body)
        } catch {
            let beginning = String(decoding: body.prefix(60), as: UTF8.self).excerpt(40)
            return .malformed(reason: "not JSON: \(error); it begins with: \(beginning)".excerpt())
        }
        guard document.object != nil else {
            return .malformed(reason: "\(document.kind) where a JSON object should be")
        }
        return self.decode(document, sentAt: sentAt, isUnwrapped: isUnwrapped)
    }

    private func decode(_ document: JSONValue, sentAt: Instant, isUnwrapped: Bool) -> IncomingMessage {
        if let own = document["snapferry"] { return self.own(own, document, sentAt: sentAt) }
        if let type = document["Type"]?.string {
            return self.notification(of: type, document, sentAt: sentAt, isUnwrapped: isUnwrapped)
        }
        if let source = document["source"]?.string, let detailType = document["detail-type"]?.string {
            return Self.event(of: source, detailType, document)
        }
        if document["Event Message"] != nil || document["Event ID"] != nil {
            return SnapshotEventReader(notification: document).read()
        }
        let names = (document.object ?? [:]).keys.sorted().prefix(5).map { $0.excerpt(20) }.joined(separator: ", ")
        return .malformed(
            reason: "neither an EventBridge event nor a message of this fleet; its members: \(names)".excerpt()
        )
    }

    /// Reads `{"snapferry": …}`.
    private func own(_ name: JSONValue, _ document: JSONValue, sentAt: Instant) -> IncomingMessage {
        switch name {
        case "job":
            switch JobMessage.decode(document, account: self.account, sentAt: sentAt) {
            case .success(let job): .job(job)
            case .failure(let error): .malformed(reason: error.reason)
            }
        case "sweep": Self.sweep(document)
        default: .malformed(reason: #""snapferry" must be "job" or "sweep", not \#(name.description.excerpt(40))"#)
        }
    }

    private static func sweep(_ document: JSONValue) -> IncomingMessage {
        var request = SweepRequest()
        switch document["route"] {
        case nil, .null: break
        case .string(let route) where !route.isEmpty: request.route = route
        case .some(let other): return .malformed(reason: #""route" of a sweep must be a name, not \#(other.kind)"#)
        }
        switch document["regions"] {
        case nil, .null: break
        case .array(let regions):
            for region in regions {
                guard let name = region.string, RegionName.partition(of: name) != nil else {
                    let shown = region.description.excerpt(40)
                    return .malformed(reason: #""regions" of a sweep must name Regions; \#(shown) is none"#)
                }
                request.regions.append(name)
            }
        case .some(let other):
            return .malformed(reason: #""regions" of a sweep must be an array, not \#(other.kind)"#)
        }
        let horizon = document["horizon"] ?? .null
        request.horizon = horizon.string.flatMap { Duration(policyText: $0) }
        guard horizon == .null || request.horizon.map(SweepRequest.horizons.contains) == true else {
            let shown = horizon.description.excerpt(40)
            return .malformed(reason: #""horizon" of a sweep must be a duration such as 7d; \#(shown) is none"#)
        }
        let limit = document["max"] ?? .null
        request.limit = limit.int
        guard limit == .null || request.limit.map(SweepRequest.limits.contains) == true else {
            let shown = limit.description.excerpt(40)
            return .malformed(reason: #""max" of a sweep must be a whole number of 1 or more, not \#(shown)"#)
        }
        return .sweep(request)
    }

    /// Reads what SNS puts around a message where raw message delivery is off.
    private func notification(
        of type: String,
        _ document: JSONValue,
        sentAt: Instant,
        isUnwrapped: Bool
    ) -> IncomingMessage {
        if isUnwrapped { return .malformed(reason: "an SNS notification inside an SNS notification") }
        switch type {
        case "Notification":
            guard let message = document["Message"]?.string else {
                return .malformed(reason: #"an SNS notification without the text "Message""#)
            }
            return self.decode(message.utf8, sentAt: sentAt, isUnwrapped: true)
        case "SubscriptionConfirmation", "UnsubscribeConfirmation":
            return .malformed(
                reason: "SNS asks to confirm a change of a subscription; confirm it by hand, then drop this"
            )
        default:
            return .malformed(reason: "an SNS message of the unknown type \(type.excerpt(40))")
        }
    }

    private static func event(of source: String, _ detailType: String, _ document: JSONValue) -> IncomingMessage {
        switch (source, detailType) {
        case ("aws.events", "Scheduled Event"), ("aws.scheduler", "Scheduled Event"):
            .sweep(SweepRequest())
        case ("aws.rds", "RDS DB Snapshot Event"):
            SnapshotEventReader(event: document, kind: .instance).read()
        case ("aws.rds", "RDS DB Cluster Snapshot Event"):
            SnapshotEventReader(event: document, kind: .cluster).read()
        default:
            .ignored(reason: .otherEvent, detail: "\(source.excerpt(60)): \(detailType.excerpt(100))")
        }
    }
}
