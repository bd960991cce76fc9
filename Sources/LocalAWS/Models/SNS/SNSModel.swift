// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// SNS: topics of any number of accounts and Regions, and what is published to them.
///
/// Queues that subscribe get messages, raw or inside a document of SNS's, with whose signature nobody can check anything.
/// Other subscriptions are kept and told, and nothing is sent to them. Queue policies are not looked at.
///
/// Source: "Amazon Simple Notification Service API Reference".
package struct SNSModel: ServiceModel {
    struct Subscription: Sendable {
        let arn: String
        let transport: String
        let endpoint: String
        let owner: String
        let isRaw: Bool

        var json: JSONValue {
            let topic = self.arn.split(separator: ":").dropLast().joined(separator: ":")
            return [
                "SubscriptionArn": .string(self.arn), "Owner": .string(self.owner), "TopicArn": .string(topic),
                "Protocol": .string(self.transport), "Endpoint": .string(self.endpoint),
            ]
        }
    }

    struct Topic: Sendable {
        let arn: String
        let account: String
        let region: String
        var subscriptions: [Subscription] = []
    }

    /// By ARN.
    private var topics: [String: Topic] = [:]
    private var number: UInt64 = 0

    package init() {}

    /// Nothing happens here without being asked.
    package var nextChange: Instant? { nil }

    package mutating func advance(to now: Instant) -> [ModelEffect] { [] }

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - now: The moment of the request.
    /// - Returns: The result, and the messages that a publication sends.
    /// - Throws: ``ModelFailure`` with SNS's own code.
    package mutating func handle(
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> (JSONValue, [ModelEffect]) {
        switch request.operation {
        case "Publish": return try self.publish(request, at: now)
        case "CreateTopic": return (try self.createTopic(request), [])
        case "DeleteTopic":
            // Deleting what is not there is no mistake.
            self.topics[request.parameters["TopicArn"]?.string ?? ""] = nil
            return (.null, [])
        case "ListTopics":
            let own = self.topics.values.filter {
                $0.account == request.caller.account && $0.region == request.region
            }
            return (["Topics": .array(own.map(\.arn).sorted().map { ["TopicArn": .string($0)] })], [])
        case "Subscribe": return (try self.subscribe(request), [])
        case "Unsubscribe":
            let arn = request.parameters["SubscriptionArn"]?.string ?? ""
            for topic in self.topics.keys { self.topics[topic]?.subscriptions.removeAll { $0.arn == arn } }
            return (.null, [])
        case "ListSubscriptionsByTopic":
            let topic = try self.topic(request)
            return (["Subscriptions": .array(topic.subscriptions.map(\.json))], [])
        default:
            throw ModelFailure("InvalidAction", "Could not find operation \(request.operation) for version 2010-03-31")
        }
    }

    private static func invalid(_ text: String) -> ModelFailure {
        ModelFailure("InvalidParameter", "Invalid parameter: \(text)")
    }

    private func topic(_ request: ModelRequest) throws(ModelFailure) -> Topic {
        let arn = request.parameters["TopicArn"]?.string ?? request.parameters["TargetArn"]?.string ?? ""
        guard arn.split(separator: ":", omittingEmptySubsequences: false).count == 6, arn.hasPrefix("arn:") else {
            throw Self.invalid(
                "TopicArn Reason: An ARN must have at least 6 elements, not \(arn.split(separator: ":").count)"
            )
        }
        guard let topic = self.topics[arn], topic.region == request.region else {
            throw ModelFailure("NotFound", "Topic does not exist", status: 404)
        }
        return topic
    }

    // MARK: - Topics

    private mutating func createTopic(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let name = request.parameters["Name"]?.string ?? ""
        let isPlain = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
                || byte == 95
        }
        guard (1...256).contains(name.utf8.count), isPlain else { throw Self.invalid("Topic Name") }
        let arn = "arn:aws:sns:\(request.region):\(request.caller.account):\(name)"
        if self.topics[arn] == nil {
            self.topics[arn] = Topic(arn: arn, account: request.caller.account, region: request.region)
        }
        return ["TopicArn": .string(arn)]
    }

    private mutating func subscribe(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let topic = try self.topic(request)
        let transport = request.parameters["Protocol"]?.string ?? ""
        let endpoint = request.parameters["Endpoint"]?.string ?? ""
        guard !transport.isEmpty, !endpoint.isEmpty else { throw Self.invalid("Protocol and Endpoint are needed") }
        if transport == "sqs", !endpoint.hasPrefix("arn:") { throw Self.invalid("SQS endpoint ARN") }
        var isRaw = false
        for attribute in request.parameters["Attributes"]?.lenientArray ?? [] {
            guard attribute["key"]?.string == "RawMessageDelivery", let value = attribute["value"]?.lenientBool else {
                throw Self.invalid("Attributes Reason: the embedded AWS knows RawMessageDelivery alone")
            }
            isRaw = value
        }
        if let known = topic.subscriptions.first(where: { $0.transport == transport && $0.endpoint == endpoint }) {
            return ["SubscriptionArn": .string(known.arn)]
        }
        self.number += 1
        let subscription = Subscription(
            arn: "\(topic.arn):\(SQSModel.uuid("subscription \(self.number)"))",
            transport: transport,
            endpoint: endpoint,
            owner: request.caller.account,
            isRaw: isRaw
        )
        self.topics[topic.arn]?.subscriptions.append(subscription)
        return ["SubscriptionArn": .string(subscription.arn)]
    }

    // MARK: - Messages

    private mutating func publish(
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> (JSONValue, [ModelEffect]) {
        let topic = try self.topic(request)
        let message = request.parameters["Message"]?.string ?? ""
        guard !message.isEmpty else { throw Self.invalid("Empty message") }
        guard message.utf8.count <= 262_144 else { throw Self.invalid("Message too long") }
        let subject = request.parameters["Subject"]?.string
        if let subject, !Self.isSubject(subject) { throw Self.invalid("Subject") }
        var attributes: [String: String] = [:]
        for attribute in request.parameters["MessageAttributes"]?.lenientArray ?? [] {
            let value = attribute["Value"]
            guard let name = attribute["Name"]?.string, value?["DataType"]?.string == "String",
                let text = value?["StringValue"]?.string, !text.isEmpty
            else {
                throw ModelFailure(
                    "ParameterValueInvalid",
                    "The message attribute '\(attribute["Name"]?.string ?? "")' must contain non-empty message attribute value"
                )
            }
            attributes[name] = text
        }
        self.number += 1
        let id = SQSModel.uuid("notification \(self.number)")
        let envelope = Self.envelope(message, subject, attributes, id: id, topic: topic.arn, at: now)
        let effects = topic.subscriptions.filter { $0.transport == "sqs" }.map { subscription in
            subscription.isRaw
                ? ModelEffect.deliver(queueARN: subscription.endpoint, body: message, attributes: attributes)
                : ModelEffect.deliver(queueARN: subscription.endpoint, body: envelope.description)
        }
        return (["MessageId": .string(id)], effects)
    }

    /// ASCII, no line breaks or control characters, no blank at the beginning, less than 101 characters.
    private static func isSubject(_ text: String) -> Bool {
        (1...100).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            && !text.hasPrefix(" ")
    }

    private static func envelope(
        _ message: String,
        _ subject: String?,
        _ attributes: [String: String],
        id: String,
        topic: String,
        at now: Instant
    ) -> JSONValue {
        let written = attributes.mapValues { value -> JSONValue in ["Type": "String", "Value": .string(value)] }
        return .compact([
            "Type": "Notification", "MessageId": .string(id), "TopicArn": .string(topic),
            "Subject": subject.map { .string($0) }, "Message": .string(message),
            "Timestamp": .string(String(now.iso8601.prefix(23)) + "Z"), "SignatureVersion": "1",
            "Signature": "bm8gc2lnbmF0dXJl", "SigningCertURL": "https://sns.local/none.pem",
            "UnsubscribeURL": "https://sns.local/?Action=Unsubscribe",
            "MessageAttributes": written.isEmpty ? JSONValue?.none : .object(written),
        ])
    }
}
