// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The attributes of a queue that its owner sets.
struct SQSQueueSettings: Hashable, Sendable {
    /// What happens to a message that is received too often.
    struct RedrivePolicy: Hashable, Sendable {
        var text: String
        var target: String
        var maxReceiveCount: Int
    }

    /// Which queues may use this one as their dead-letter queue.
    struct RedriveAllowPolicy: Hashable, Sendable {
        var text: String
        var permission: String
        var sources: [String]

        func allows(_ source: String) -> Bool {
            switch self.permission {
            case "denyAll": false
            case "byQueue": self.sources.contains(source)
            default: true
            }
        }
    }

    var visibilityTimeout = 30
    var maximumMessageSize = 1_048_576
    var retentionPeriod = 345_600
    var delay = 0
    var receiveWait = 0
    var policy: String?
    var redrivePolicy: RedrivePolicy?
    var redriveAllowPolicy: RedriveAllowPolicy?
    var kmsMasterKeyID: String?
    var kmsReusePeriod = 300
    var isManagedSSEEnabled = true

    /// The names that a caller may set.
    static let settable: Set<String> = [
        "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod", "DelaySeconds",
        "ReceiveMessageWaitTimeSeconds", "Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled",
    ]

    /// The names that only a FIFO queue has.
    static let fifo: Set<String> = [
        "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
    ]

    /// The names that SQS computes.
    static let computed: Set<String> = [
        "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
        "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
    ]

    /// Sets what a caller names.
    ///
    /// - Throws: ``ModelFailure`` for an unknown name or a value out of range; then nothing is set.
    mutating func apply(_ attributes: [String: String]) throws(ModelFailure) {
        var changed = self
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            try changed.set(name, to: value)
        }
        self = changed
    }

    private mutating func set(_ name: String, to value: String) throws(ModelFailure) {
        switch name {
        case "VisibilityTimeout": self.visibilityTimeout = try Self.number(name, value, 0...43_200)
        case "MaximumMessageSize": self.maximumMessageSize = try Self.number(name, value, 1024...1_048_576)
        case "MessageRetentionPeriod": self.retentionPeriod = try Self.number(name, value, 60...1_209_600)
        case "DelaySeconds": self.delay = try Self.number(name, value, 0...900)
        case "ReceiveMessageWaitTimeSeconds": self.receiveWait = try Self.number(name, value, 0...20)
        case "KmsDataKeyReusePeriodSeconds": self.kmsReusePeriod = try Self.number(name, value, 60...86_400)
        case "KmsMasterKeyId": self.kmsMasterKeyID = value.isEmpty ? nil : value
        case "SqsManagedSseEnabled":
            guard let isEnabled = JSONValue.string(value).lenientBool else { throw .sqsAttributeValue(name) }
            self.isManagedSSEEnabled = isEnabled
        case "Policy": self.policy = try Self.document(name, value)?.text
        case "RedrivePolicy": self.redrivePolicy = try Self.redrivePolicy(value)
        case "RedriveAllowPolicy": self.redriveAllowPolicy = try Self.redriveAllowPolicy(value)
        case "FifoQueue" where value == "false": break
        case let name where Self.fifo.contains(name):
            throw ModelFailure.sqs("UnsupportedOperation", "FIFO queues are not supported here.")
        default: throw ModelFailure("InvalidAttributeName", "Unknown Attribute \(name).")
        }
    }

    private static func number(
        _ name: String,
        _ value: String,
        _ range: ClosedRange<Int>
    ) throws(ModelFailure) -> Int {
        guard let number = Int(value), range.contains(number) else { throw .sqsAttributeValue(name) }
        return number
    }

    private static func document(
        _ name: String,
        _ value: String
    ) throws(ModelFailure) -> (text: String, value: JSONValue)? {
        // The empty text is how AWS is told to take a document away.
        guard !value.isEmpty else { return nil }
        guard let document = try? JSONValue(parsing: value), document.object != nil else {
            throw .sqsParameter(name, value, "\(name) is not a valid JSON map.")
        }
        return (value, document)
    }

    private static func redrivePolicy(_ value: String) throws(ModelFailure) -> RedrivePolicy? {
        let name = "RedrivePolicy"
        guard let document = try self.document(name, value)?.value else { return nil }
        guard let target = document["deadLetterTargetArn"]?.string else {
            throw .sqsParameter(
                name,
                value,
                "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."
            )
        }
        guard let written = document["maxReceiveCount"] else {
            throw .sqsParameter(name, value, "Redrive policy does not contain mandatory attribute: maxReceiveCount.")
        }
        guard let count = written.lenientInt, (1...1000).contains(count) else {
            let shown = written.string ?? written.description
            throw .sqsParameter(
                name,
                value,
                "Invalid value for maxReceiveCount: \(shown), valid values are from 1 to 1000 both inclusive."
            )
        }
        return RedrivePolicy(text: value, target: target, maxReceiveCount: count)
    }

    private static func redriveAllowPolicy(_ value: String) throws(ModelFailure) -> RedriveAllowPolicy? {
        let name = "RedriveAllowPolicy"
        guard let document = try self.document(name, value)?.value else { return nil }
        let permission = document["redrivePermission"]?.string ?? ""
        let sources = (document["sourceQueueArns"]?.lenientArray ?? []).compactMap(\.string)
        guard ["allowAll", "denyAll", "byQueue"].contains(permission) else {
            throw .sqsParameter(name, value, "redrivePermission must be allowAll, denyAll or byQueue.")
        }
        guard (permission == "byQueue") == (1...10).contains(sources.count) else {
            throw .sqsParameter(name, value, "byQueue, and only byQueue, needs 1 to 10 sourceQueueArns.")
        }
        return RedriveAllowPolicy(text: value, permission: permission, sources: sources)
    }

    /// The settings as the service writes them; what is not set is absent.
    var attributes: [String: String] {
        var attributes = [
            "VisibilityTimeout": String(self.visibilityTimeout),
            "MaximumMessageSize": String(self.maximumMessageSize),
            "MessageRetentionPeriod": String(self.retentionPeriod),
            "DelaySeconds": String(self.delay),
            "ReceiveMessageWaitTimeSeconds": String(self.receiveWait),
            "SqsManagedSseEnabled": String(self.isManagedSSEEnabled && self.kmsMasterKeyID == nil),
        ]
        attributes["Policy"] = self.policy
        attributes["RedrivePolicy"] = self.redrivePolicy?.text
        attributes["RedriveAllowPolicy"] = self.redriveAllowPolicy?.text
        if let key = self.kmsMasterKeyID {
            attributes["KmsMasterKeyId"] = key
            attributes["KmsDataKeyReusePeriodSeconds"] = String(self.kmsReusePeriod)
        }
        return attributes
    }
}
