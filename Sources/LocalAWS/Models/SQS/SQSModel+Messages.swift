// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension SQSModel {
    // MARK: - Sending

    /// A message that passed all checks.
    struct Draft {
        var body: String
        var attributes: [String: SQSMessageAttribute]
        var systemAttributes: [String: SQSMessageAttribute]
        var groupID: String?
        var delay: Int?

        var size: Int {
            self.attributes.reduce(self.body.utf8.count) { $0 + $1.value.size(named: $1.key) }
        }
    }

    static func draft(_ parameters: JSONValue, settings: SQSQueueSettings) throws(ModelFailure) -> Draft {
        guard let body = parameters["MessageBody"]?.string, !body.isEmpty else { throw .sqsMissing("MessageBody") }
        let delay = try Self.number(
            "DelaySeconds",
            in: parameters,
            0...900,
            reason: "DelaySeconds must be >= 0 and <= 900."
        )
        let draft = Draft(
            body: body,
            attributes: try SQSMessageAttribute.read(parameters["MessageAttributes"]),
            systemAttributes: try self.systemAttributes(parameters["MessageSystemAttributes"]),
            groupID: parameters["MessageGroupId"]?.string,
            delay: delay
        )
        guard draft.size <= settings.maximumMessageSize else {
            throw .sqsInvalid(
                "One or more parameters are invalid. Reason: Message must be shorter than "
                    + "\(settings.maximumMessageSize) bytes."
            )
        }
        try Self.checkCharacters(body, place: "message body")
        return draft
    }

    private static func systemAttributes(
        _ parameter: JSONValue?
    ) throws(ModelFailure) -> [String: SQSMessageAttribute] {
        var attributes: [String: SQSMessageAttribute] = [:]
        for (name, value) in Self.map(parameter) {
            guard name == "AWSTraceHeader" else {
                throw .sqsInvalid("Message system attribute name '\(name)' is invalid.")
            }
            attributes[name] = try SQSMessageAttribute.read(name, value)
        }
        return attributes
    }

    /// Puts a message on a queue and tells what a sender is told.
    mutating func enqueue(_ draft: Draft, on arn: String, by caller: ModelCaller, at now: Instant) -> JSONValue {
        var traceHeader: String?
        if case .text(let text)? = draft.systemAttributes["AWSTraceHeader"]?.value { traceHeader = text }
        let message = SQSMessage(
            number: self.nextMessageNumber(),
            body: draft.body,
            attributes: draft.attributes,
            traceHeader: traceHeader,
            groupID: draft.groupID,
            senderID: Self.senderID(caller),
            enqueuedAt: now
        )
        let delay = draft.delay ?? self.queues[arn]?.settings.delay ?? 0
        self.queues[arn]?.add(message, delay: delay, at: now)
        return .compact([
            "MessageId": .string(message.id),
            "MD5OfMessageBody": .string(Self.md5(Array(draft.body.utf8))),
            "MD5OfMessageAttributes": SQSMessageAttribute.digest(of: draft.attributes).map { .string($0) },
            "MD5OfMessageSystemAttributes": SQSMessageAttribute.digest(of: draft.systemAttributes).map { .string($0) },
        ])
    }

    /// The unique id of a principal: IAM's for a user, with the session behind a colon for a role.
    private static func senderID(_ caller: ModelCaller) -> String {
        // arn:aws:sts::111111111111:assumed-role/…/…
        let parts = caller.arn.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
        let isRole = parts.count >= 3 && parts[0].hasSuffix(":assumed-role")
        let seed = isRole ? "\(caller.account)/\(parts[1])" : caller.arn
        let id = Digest.hex(Digest.sha256(Array(seed.utf8))).uppercased().prefix(17)
        return isRole ? "AROA\(id):\(parts[2])" : "AIDA\(id)"
    }

    mutating func sendMessage(
        _ arn: String,
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        guard let settings = self.queues[arn]?.settings else { throw .sqsNoQueue }
        let draft = try Self.draft(request.parameters, settings: settings)
        return self.enqueue(draft, on: arn, by: request.caller, at: now)
    }

    // MARK: - Receiving

    private static let systemAttributeNames: Set<String> = [
        "All", "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
        "SequenceNumber", "MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn",
    ]

    mutating func receiveMessage(
        _ arn: String,
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        guard let settings = self.queues[arn]?.settings else { throw .sqsNoQueue }
        let parameters = request.parameters
        let most = try Self.number("MaxNumberOfMessages", in: parameters, 1...10) ?? 1
        let wait =
            try Self.number("WaitTimeSeconds", in: parameters, 0...20, reason: "Must be >= 0 and <= 20, if provided.")
            ?? settings.receiveWait
        let visibility = try Self.number("VisibilityTimeout", in: parameters, 0...43_200) ?? settings.visibilityTimeout
        let systemNames =
            Self.names(parameters["MessageSystemAttributeNames"]) + Self.names(parameters["AttributeNames"])
        for name in systemNames where !Self.isReceivable(name) {
            throw ModelFailure("InvalidAttributeName", "Unknown Attribute \(name).")
        }
        let names = Self.names(parameters["MessageAttributeNames"])
        let messages = try self.take(most, from: arn, visibility: visibility, isLongPoll: wait > 0, at: now)
        guard !messages.isEmpty else { return [:] }
        let wanted = systemNames.contains("All") ? Self.systemAttributeNames : Set(systemNames)
        return [
            "Messages": .array(messages.map { Self.json($0, of: arn, system: wanted, attributes: names, at: now) })
        ]
    }

    /// `AttributeNames` once took the names of queue attributes, too, and still bears them.
    private static func isReceivable(_ name: String) -> Bool {
        self.systemAttributeNames.contains(name) || SQSQueueSettings.settable.contains(name)
            || SQSQueueSettings.computed.contains(name) || SQSQueueSettings.fifo.contains(name)
    }

    private mutating func take(
        _ most: Int,
        from arn: String,
        visibility: Int,
        isLongPoll: Bool,
        at now: Instant
    ) throws(ModelFailure) -> [SQSMessage] {
        var limit: Int?
        let policy = self.queues[arn]?.settings.redrivePolicy
        if let policy, self.queues[policy.target] != nil { limit = policy.maxReceiveCount }
        var messages: [SQSMessage] = []
        while messages.count < most {
            guard (self.queues[arn]?.inFlightCount ?? 0) < self.inFlightLimit else {
                guard messages.isEmpty, !isLongPoll else { break }
                throw ModelFailure(
                    "OverLimit",
                    "Too many messages in flight: the limit is \(self.inFlightLimit) for this queue."
                )
            }
            let receipt = self.nextReceiptNumber()
            let found = self.queues[arn]?.receive(visibility: visibility, limit: limit, receipt: receipt, at: now)
            guard let found else { break }
            switch found {
            case .delivered(let message): messages.append(message)
            case .redriven(let message): self.redrive(message, from: arn, to: policy?.target ?? "", at: now)
            }
        }
        self.duplicate(messages, of: arn)
        self.queues[arn]?.settle(at: now)
        return messages
    }

    private mutating func redrive(_ message: SQSMessage, from source: String, to target: String, at now: Instant) {
        var message = message
        message.deadLetterSource = source
        self.queues[target]?.settle(at: now)
        self.queues[target]?.add(message, delay: 0, at: now)
    }

    private mutating func duplicate(_ messages: [SQSMessage], of arn: String) {
        guard let every = self.duplicateEvery, every > 0 else { return }
        for message in messages {
            self.deliveries += 1
            if self.deliveries.isMultiple(of: every) { self.queues[arn]?.duplicate(message.number) }
        }
    }

    private static func json(
        _ message: SQSMessage,
        of arn: String,
        system: Set<String>,
        attributes names: [String],
        at now: Instant
    ) -> JSONValue {
        var members: [String: JSONValue] = [
            "MessageId": .string(message.id),
            "ReceiptHandle": .string(self.handle(queue: arn, number: message.number, receipt: message.receipt)),
            "MD5OfBody": .string(self.md5(Array(message.body.utf8))),
            "Body": .string(message.body),
        ]
        var told: [String: JSONValue] = [:]
        for name in system {
            if let text = self.systemAttribute(name, of: message, at: now) { told[name] = .string(text) }
        }
        if !told.isEmpty { members["Attributes"] = .object(told) }
        let chosen = SQSMessageAttribute.chosen(from: message.attributes, by: names)
        if let digest = SQSMessageAttribute.digest(of: chosen) {
            members["MD5OfMessageAttributes"] = .string(digest)
            members["MessageAttributes"] = .object(chosen.mapValues(\.json))
        }
        return .object(members)
    }

    /// What a receiver is told by this name; `nil` where the message has nothing of the kind.
    private static func systemAttribute(_ name: String, of message: SQSMessage, at now: Instant) -> String? {
        switch name {
        case "SenderId": message.senderID
        case "SentTimestamp": String(message.enqueuedAt.milliseconds)
        case "ApproximateReceiveCount": String(message.receiveCount)
        case "ApproximateFirstReceiveTimestamp": String((message.firstReceivedAt ?? now).milliseconds)
        case "AWSTraceHeader": message.traceHeader
        case "MessageGroupId": message.groupID
        case "DeadLetterQueueSourceArn": message.deadLetterSource
        default: nil
        }
    }

    // MARK: - Deleting and hiding

    /// Deletes the message that a handle names.
    ///
    /// A handle of an earlier receive "succeeds" and deletes nothing, as on the real service.
    mutating func deleteMessage(
        _ arn: String,
        _ parameters: JSONValue,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        let handle = try Self.receiptHandle(parameters)
        let (number, receipt) = try Self.read(handle: handle, queue: arn)
        guard let message = self.queues[arn]?[number], message.receipt == receipt else { return [:] }
        if let received = message.lastReceivedAt, now > received + .seconds(43_200) {
            throw .sqsParameter("ReceiptHandle", handle, "The receipt handle has expired.")
        }
        self.queues[arn]?.remove(number)
        self.touched.append(TouchedMessage(number: number))
        return [:]
    }

    private static func receiptHandle(_ parameters: JSONValue) throws(ModelFailure) -> String {
        guard let handle = parameters["ReceiptHandle"]?.string, !handle.isEmpty else {
            throw .sqsMissing("ReceiptHandle")
        }
        return handle
    }

    mutating func changeMessageVisibility(
        _ arn: String,
        _ parameters: JSONValue,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        let handle = try Self.receiptHandle(parameters)
        let name = "VisibilityTimeout"
        guard let timeout = try Self.number(name, in: parameters, 0...43_200) else { throw .sqsMissing(name) }
        let (number, receipt) = try Self.read(handle: handle, queue: arn)
        guard let message = self.queues[arn]?[number], message.receipt == receipt else {
            throw .sqsParameter(
                "ReceiptHandle",
                handle,
                "Message does not exist or is not available for visibility timeout change."
            )
        }
        guard message.state == .inFlight, let received = message.lastReceivedAt else {
            throw .sqs("MessageNotInflight", "The specified message isn't in flight.")
        }
        guard now + .seconds(timeout) <= received + .seconds(43_200) else {
            throw .sqsParameter(
                name,
                String(timeout),
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
            )
        }
        self.queues[arn]?.changeVisibility(of: number, until: now + .seconds(timeout))
        self.touched.append(TouchedMessage(number: number, visibilityTimeout: timeout))
        self.queues[arn]?.settle(at: now)
        return [:]
    }
}
