// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// SNS: what a fleet needs to tell people, and tests to set it up.
///
/// Source: botocore, `sns/2010-03-31`, query protocol.
package struct SNSClient: Sendable {
    private static let version = "2010-03-31"

    private let caller: ServiceCaller

    /// Makes a client that calls through `caller`.
    package init(_ caller: ServiceCaller) { self.caller = caller }

    /// Publishes a message to a topic; it may arrive more than once when an answer got lost.
    ///
    /// - Parameters:
    ///   - topicARN: The topic.
    ///   - message: 256 KiB at the most.
    ///   - subject: For subscriptions by e-mail; made to fit what SNS takes, see ``subject(_:)``.
    ///   - attributes: Texts that subscriptions may filter by; SNS takes no empty one.
    /// - Returns: The message's id.
    /// - Throws: ``AWSError``.
    @discardableResult
    package func publish(
        topicARN: String,
        message: String,
        subject: String? = nil,
        attributes: [String: String] = [:]
    ) async throws(AWSError) -> String {
        var form = QueryForm(action: "Publish", version: Self.version)
        form.add("TopicArn", topicARN)
        form.add("Message", message)
        form.add("Subject", subject.map { Self.subject($0) }.flatMap { $0.isEmpty ? nil : $0 })
        let sorted = attributes.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        form.addList("MessageAttributes", member: "entry", sorted) { form, attribute, prefix in
            form.add(prefix + "Name", attribute.key)
            form.add(prefix + "Value.DataType", "String")
            form.add(prefix + "Value.StringValue", attribute.value)
        }
        return try await self.caller.query(form, operation: "Publish") { (result) throws(AWSError) in
            guard let id = result.string("MessageId") else { throw .missing("MessageId", in: "Publish") }
            return id
        }
    }

    /// Makes a topic; one of the same name is as good.
    ///
    /// - Returns: Its ARN.
    package func createTopic(name: String) async throws(AWSError) -> String {
        var form = QueryForm(action: "CreateTopic", version: Self.version)
        form.add("Name", name)
        return try await self.caller.query(form, operation: "CreateTopic") { (result) throws(AWSError) in
            guard let arn = result.string("TopicArn") else { throw .missing("TopicArn", in: "CreateTopic") }
            return arn
        }
    }

    /// Sends what is published to a queue.
    ///
    /// - Parameters:
    ///   - topicARN: The topic.
    ///   - queueARN: The queue.
    ///   - isRaw: Whether the message comes as it is, and not inside a document of SNS's.
    /// - Returns: The subscription's ARN; `nil` while it waits to be confirmed.
    /// - Throws: ``AWSError``.
    package func subscribe(topicARN: String, queueARN: String, isRaw: Bool) async throws(AWSError) -> String? {
        var form = QueryForm(action: "Subscribe", version: Self.version)
        form.add("TopicArn", topicARN)
        form.add("Protocol", "sqs")
        form.add("Endpoint", queueARN)
        form.add("ReturnSubscriptionArn", true)
        if isRaw {
            form.add("Attributes.entry.1.key", "RawMessageDelivery")
            form.add("Attributes.entry.1.value", "true")
        }
        return try await self.caller.query(form, operation: "Subscribe") { $0.string("SubscriptionArn") }
    }

    /// What SNS takes as a subject: up to 100 characters of ASCII without control characters, no blank at the beginning.
    package static func subject(_ text: String) -> String {
        let printable = text.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" }
        let begun = String(printable).drop { $0 == " " }
        return begun.count > 100 ? begun.prefix(97) + "..." : String(begun)
    }
}
