// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// A message of the dead-letter queue as it was read back.
///
/// Tells the same of letters that a worker wrote, and of those that SQS or EventBridge put there without our attributes:
/// what the attributes don't say is read from the body.
package struct DeadLetterEntry: Hashable, Sendable {
    /// The message's id in SQS.
    package var id: String
    package var body: String
    /// What the body asks for.
    package var content: IncomingMessage
    package var cause: DeadLetterCause
    /// What AWS or a worker found wrong; empty where nobody said.
    package var detail: String
    /// `nil` where neither attributes nor body name a snapshot.
    package var source: SnapshotARN?
    /// `nil` where neither attributes nor body name one: an event leads wherever routes lead.
    package var destination: Destination?
    /// The route by whose rules the job went; `nil` where nobody said.
    package var route: String?
    /// The DB instance or DB cluster; `nil` where neither the attributes nor an automated snapshot's name tell.
    package var database: String?
    /// How often the job queue had handed it out; for a redriven one counted by SQS, and approximate.
    package var attempts: Int
    /// When the fleet first heard of the job; `nil` where nothing tells.
    package var firstSeen: Instant?
    /// The worker that gave it up.
    package var worker: String?
    /// When it was sent to the dead-letter queue; for a redriven one, to the job queue: SQS keeps that.
    package var sentAt: Instant?
    /// The attributes as they came, for a saved copy.
    package var attributes: [String: String]

    /// Reads a message.
    ///
    /// - Parameters:
    ///   - message: As SQS gave it, with all attributes.
    ///   - account: The fleet's own, where jobs go that name no account.
    package init(_ message: SQSMessage, account: String) {
        let value = { (name: String) -> String? in
            message.messageAttributes[name]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        }
        let sentAt = message.sentAt
        let content = SQSMessageDecoder(account: account).decode(
            message.body,
            sentAt: sentAt ?? Instant(microseconds: 0)
        )
        self.id = message.messageID
        self.body = message.body
        self.content = content
        self.cause = Self.cause(value, message)
        self.detail = Self.detail(self.cause, value, content)
        self.source = value(DeadLetterAttribute.source).flatMap { SnapshotARN($0) } ?? content.source
        self.destination =
            value(DeadLetterAttribute.destination).flatMap { Destination(text: $0) } ?? content.job?.destination
        self.route = (value(DeadLetterAttribute.route) ?? content.job?.route).flatMap { $0.isEmpty ? nil : $0 }
        self.database = value(DeadLetterAttribute.database) ?? self.source?.automatedDatabase
        // The look that read it is one of the receives that SQS counts, and goes on counting over all queues.
        let stated = self.cause == .redriven ? nil : value(DeadLetterAttribute.attempts).flatMap { Int($0) }
        self.attempts = stated ?? max(0, message.receiveCount - 1)
        self.firstSeen =
            value(DeadLetterAttribute.firstSeen).flatMap { Instant(iso8601: $0) } ?? content.job?.firstSeen ?? sentAt
        self.worker = value(DeadLetterAttribute.worker)
        self.sentAt = sentAt
        self.attributes = message.messageAttributes.compactMapValues(\.stringValue)
    }

    private static func cause(_ value: (String) -> String?, _ message: SQSMessage) -> DeadLetterCause {
        // What workers send there comes from no queue; attributes of an earlier time may have come along.
        if message.attributes["DeadLetterQueueSourceArn"] != nil { return .redriven }
        if let word = value(DeadLetterAttribute.reason) {
            return DeadLetterReason(rawValue: word).map { .stated($0) } ?? .unknown(word.excerpt(60))
        }
        // What EventBridge adds to an event that it gives up.
        return value("RULE_ARN") != nil || value("ERROR_CODE") != nil ? .undelivered : .unstated
    }

    private static func detail(
        _ cause: DeadLetterCause,
        _ value: (String) -> String?,
        _ content: IncomingMessage
    ) -> String {
        if let detail = value(DeadLetterAttribute.detail) { return detail.excerpt(1000) }
        if cause == .undelivered {
            return [value("ERROR_CODE"), value("ERROR_MESSAGE")].compactMap(\.self).joined(separator: ": ").excerpt(
                1000
            )
        }
        if case .malformed(let reason) = content { return reason }
        return ""
    }

    /// The job that it stands for; `nil` where it names no snapshot or no destination.
    package var jobID: CopyJob.ID? {
        guard let source = self.source, let destination = self.destination else { return nil }
        return CopyJob.ID(source: source, destination: destination)
    }
}

extension IncomingMessage {
    /// The job that the message carries.
    fileprivate var job: CopyJob? {
        if case .job(let job) = self { job } else { nil }
    }

    /// The snapshot that the message is about.
    fileprivate var source: SnapshotARN? {
        switch self {
        case .job(let job): job.source
        case .snapshot(let event): event.arn
        default: nil
        }
    }
}

extension Destination {
    /// Reads what ``description`` writes: `444455556666/eu-west-1`.
    package init?(text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].isAccountID, RegionName.partition(of: String(parts[1])) != nil else {
            return nil
        }
        self.init(account: String(parts[0]), region: String(parts[1]))
    }
}

extension SnapshotARN {
    /// The database whose name an automated snapshot's holds: `orders` of `rds:orders-2026-11-21-03-10`.
    package var automatedDatabase: String? {
        guard self.identifier.hasPrefix("rds:") else { return nil }
        // The date and the time of day: -yyyy-MM-dd-HH-mm.
        let name = Array(self.identifier.utf8.dropFirst(4))
        let pattern = Array("-dddd-dd-dd-dd-dd".utf8)
        guard name.count > pattern.count else { return nil }
        let tail = name.suffix(pattern.count)
        let isDated = zip(tail, pattern).allSatisfy { byte, wanted in
            wanted == UInt8(ascii: "d") ? (48...57).contains(byte) : byte == wanted
        }
        return isDated ? String(decoding: name.dropLast(pattern.count), as: UTF8.self) : nil
    }
}
