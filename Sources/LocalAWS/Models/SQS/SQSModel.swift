// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// SQS: standard queues of any number of accounts and Regions.
///
/// Visibility, receive counts, redrive, retention and message-move tasks follow the moments that requests bring with
/// them. Ids and receipt handles come from counters, hashed so that nobody can read anything into them. A receive never
/// waits: whoever serves a long poll asks again at ``nextVisibility(queueURL:after:)`` or when a message is sent.
///
/// Source: "Amazon Simple Queue Service API Reference" and "… Developer Guide".
package struct SQSModel: ServiceModel {
    /// A message that was deleted, or whose visibility was changed.
    package struct TouchedMessage: Sendable {
        /// Names the message among those of all queues.
        let number: UInt64
        /// For how many seconds it is hidden; `nil` when it is gone.
        package var visibilityTimeout: Int?

        package var id: String { SQSModel.messageID(self.number) }
    }

    /// What queue URLs begin with, such as `http://127.0.0.1:4566`; `nil` for the Region's own endpoint.
    package var urlBase: String?

    /// Every how many deliveries a message is delivered a second time while it is in flight; `nil` for never.
    package var duplicateEvery: Int?

    /// How many messages of a queue may be in flight.
    package var inFlightLimit = 120_000

    /// Queues by ARN.
    var queues: [String: SQSQueue] = [:]
    /// When queues were deleted, by ARN.
    var deletions: [String: Instant] = [:]
    var tasks: [SQSMoveTask] = []
    var deliveries = 0
    /// The messages that the latest request deleted or hid, which its handles alone do not tell.
    package internal(set) var touched: [TouchedMessage] = []
    private var messageNumber: UInt64 = 0
    private var receiptNumber: UInt64 = 0
    /// What the latest URL named, since most requests come for the same queue.
    private var latestURL: (url: String, region: String, account: String, arn: String)?

    package init() {}

    /// The next message that a move task moves; everything else about a queue happens when it is asked.
    package var nextChange: Instant? { self.tasks.isEmpty ? nil : self.tasks.compactMap(\.nextStep).min() }

    package mutating func advance(to now: Instant) -> [ModelEffect] {
        self.runMoveTasks(to: now)
        return []
    }

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: The request; its caller's account owns the queues it reaches.
    ///   - now: The moment of the request, never earlier than that of an earlier request.
    /// - Returns: The result as the JSON protocol writes it.
    /// - Throws: ``ModelFailure`` with SQS's own code.
    package mutating func handle(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        self.touched = []
        self.runMoveTasks(to: now)
        switch request.operation {
        case "CreateQueue": return try self.createQueue(request, at: now)
        case "GetQueueUrl": return try self.getQueueURL(request)
        case "ListQueues": return try self.listQueues(request)
        case "ListDeadLetterSourceQueues": return try self.listDeadLetterSourceQueues(request)
        case "StartMessageMoveTask": return try self.startMessageMoveTask(request, at: now)
        case "ListMessageMoveTasks": return try self.listMessageMoveTasks(request)
        case "CancelMessageMoveTask": return try self.cancelMessageMoveTask(request, at: now)
        default: return try self.handleForQueue(request, at: now)
        }
    }

    private mutating func handleForQueue(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        guard let operation = QueueOperation(rawValue: request.operation) else {
            throw ModelFailure("InvalidAction", "The action \(request.operation) is not valid for this endpoint.")
        }
        let arn = try self.queueARN(of: request)
        self.queues[arn]?.settle(at: now)
        switch operation {
        case .deleteQueue: return self.deleteQueue(arn, at: now)
        case .purgeQueue: return try self.purgeQueue(arn, at: now)
        case .getQueueAttributes: return try self.getQueueAttributes(arn, request)
        case .setQueueAttributes: return try self.setQueueAttributes(arn, request, at: now)
        case .tagQueue: return try self.tagQueue(arn, request)
        case .untagQueue: return self.untagQueue(arn, request)
        case .listQueueTags: return self.listQueueTags(arn)
        case .addPermission: return try self.addPermission(arn, request)
        case .removePermission: return try self.removePermission(arn, request)
        case .sendMessage: return try self.sendMessage(arn, request, at: now)
        case .sendMessageBatch: return try self.sendMessageBatch(arn, request, at: now)
        case .receiveMessage: return try self.receiveMessage(arn, request, at: now)
        case .deleteMessage: return try self.deleteMessage(arn, request.parameters, at: now)
        case .deleteMessageBatch: return try self.deleteMessageBatch(arn, request, at: now)
        case .changeMessageVisibility: return try self.changeMessageVisibility(arn, request.parameters, at: now)
        case .changeMessageVisibilityBatch: return try self.changeMessageVisibilityBatch(arn, request, at: now)
        }
    }

    /// The operations that name a queue by its URL.
    private enum QueueOperation: String {
        case deleteQueue = "DeleteQueue"
        case purgeQueue = "PurgeQueue"
        case getQueueAttributes = "GetQueueAttributes"
        case setQueueAttributes = "SetQueueAttributes"
        case tagQueue = "TagQueue"
        case untagQueue = "UntagQueue"
        case listQueueTags = "ListQueueTags"
        case addPermission = "AddPermission"
        case removePermission = "RemovePermission"
        case sendMessage = "SendMessage"
        case sendMessageBatch = "SendMessageBatch"
        case receiveMessage = "ReceiveMessage"
        case deleteMessage = "DeleteMessage"
        case deleteMessageBatch = "DeleteMessageBatch"
        case changeMessageVisibility = "ChangeMessageVisibility"
        case changeMessageVisibilityBatch = "ChangeMessageVisibilityBatch"
    }

    // MARK: - For the world

    /// Sends a message on behalf of EventBridge.
    ///
    /// - Returns: Whether there is such a queue and it takes the message.
    package mutating func deliver(
        queueARN: String,
        body: String,
        attributes: [String: String] = [:],
        at now: Instant
    ) -> Bool {
        self.runMoveTasks(to: now)
        guard let settings = self.queues[queueARN]?.settings, !body.isEmpty,
            body.utf8.count <= settings.maximumMessageSize,
            (try? Self.checkCharacters(body, place: "message body")) != nil
        else { return false }
        self.queues[queueARN]?.settle(at: now)
        let message = SQSMessage(
            number: self.nextMessageNumber(),
            body: body,
            attributes: attributes.mapValues { SQSMessageAttribute(type: "String", value: .text($0)) },
            traceHeader: nil,
            groupID: nil,
            senderID: "AIDAEVENTS",
            enqueuedAt: now
        )
        self.queues[queueARN]?.add(message, delay: settings.delay, at: now)
        return true
    }

    /// The next moment at which a hidden message of a queue comes out.
    ///
    /// Where queues of several Regions share a URL, the earliest of them; `after` itself when a message is out already.
    ///
    /// - Returns: `nil` when no message is hidden, or there is no such queue.
    package func nextVisibility(queueURL: String, after moment: Instant) -> Instant? {
        guard let (account, name) = Self.accountAndName(of: queueURL) else { return nil }
        let suffix = ":\(account):\(name)"
        let queues = self.queues.values.filter { $0.arn.hasSuffix(suffix) }
        return queues.compactMap(\.nextVisibility).min().map { max($0, moment) }
    }

    // MARK: - Names

    mutating func nextMessageNumber() -> UInt64 {
        self.messageNumber += 1
        return self.messageNumber
    }

    mutating func nextReceiptNumber() -> UInt64 {
        self.receiptNumber += 1
        return self.receiptNumber
    }

    /// The ARN of the queue whose URL a request carries.
    ///
    /// The host says nothing: the Region is that of the request, as on a real endpoint.
    private mutating func queueARN(of request: ModelRequest) throws(ModelFailure) -> String {
        guard let url = request.parameters["QueueUrl"]?.string, !url.isEmpty else { throw .sqsMissing("QueueUrl") }
        if let latest = self.latestURL, latest.url == url, latest.region == request.region,
            latest.account == request.caller.account, self.queues[latest.arn] != nil
        {
            return latest.arn
        }
        guard let (account, name) = Self.accountAndName(of: url) else {
            throw ModelFailure("InvalidAddress", "The address \(url) is not valid for this endpoint.")
        }
        let arn = Self.arn(account: account, region: request.region, name: name)
        guard account == request.caller.account, self.queues[arn] != nil else { throw .sqsNoQueue }
        self.latestURL = (url, request.region, account, arn)
        return arn
    }

    func url(account: String, region: String, name: String) -> String {
        let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return "\(self.urlBase ?? "https://sqs.\(region).\(suffix)")/\(account)/\(name)"
    }

    static func arn(account: String, region: String, name: String) -> String {
        let partition = region.hasPrefix("cn-") ? "aws-cn" : region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
        return "arn:\(partition):sqs:\(region):\(account):\(name)"
    }

    private static func accountAndName(of url: String) -> (account: String, name: String)? {
        let parts = url.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count >= 3, parts[parts.count - 2].utf8.count == 12,
            parts[parts.count - 2].utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        return (String(parts[parts.count - 2]), String(parts[parts.count - 1]))
    }
}
