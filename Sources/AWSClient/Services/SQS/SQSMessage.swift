// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A message attribute's value; only texts and numbers are used here.
package struct SQSAttributeValue: Hashable, Sendable {
    /// `String`, `Number` or `Binary`, perhaps with a label behind a dot.
    package var dataType: String
    /// `nil` for binary values.
    package var stringValue: String?

    /// Makes a value.
    package init(dataType: String = "String", stringValue: String?) {
        self.dataType = dataType
        self.stringValue = stringValue
    }

    var json: JSONValue {
        .compact(["DataType": .string(self.dataType), "StringValue": self.stringValue.map { .string($0) }])
    }
}

/// A message that was received.
package struct SQSMessage: Hashable, Sendable {
    package var messageID: String
    package var receiptHandle: String
    package var body: String
    /// System attributes as they came, such as `ApproximateReceiveCount`.
    package var attributes: [String: String]
    package var messageAttributes: [String: SQSAttributeValue]

    /// Makes a message, for tests and doubles.
    package init(
        messageID: String,
        receiptHandle: String,
        body: String,
        attributes: [String: String] = [:],
        messageAttributes: [String: SQSAttributeValue] = [:]
    ) {
        self.messageID = messageID
        self.receiptHandle = receiptHandle
        self.body = body
        self.attributes = attributes
        self.messageAttributes = messageAttributes
    }

    /// How often the message was received, this time included; 1 where SQS does not say.
    package var receiveCount: Int { self.attributes["ApproximateReceiveCount"].flatMap { Int($0) } ?? 1 }
    /// When the message was sent.
    package var sentAt: Instant? { self.milliseconds("SentTimestamp") }
    /// When the message was first received.
    package var firstReceivedAt: Instant? { self.milliseconds("ApproximateFirstReceiveTimestamp") }

    private func milliseconds(_ name: String) -> Instant? {
        // By way of seconds, since those are pinned to the range of an instant, whatever number came.
        self.attributes[name].flatMap { Double($0) }.map { Instant(seconds: $0 / 1000) }
    }

    init?(_ json: JSONValue) throws(AWSError) {
        guard let id = json["MessageId"]?.string, let handle = json["ReceiptHandle"]?.string,
            let body = json["Body"]?.string
        else { return nil }
        try SQSChecksum.check(body, against: json["MD5OfBody"]?.string)
        self.init(
            messageID: id,
            receiptHandle: handle,
            body: body,
            attributes: (json["Attributes"]?.object ?? [:]).compactMapValues(\.string),
            messageAttributes: (json["MessageAttributes"]?.object ?? [:]).mapValues { value in
                SQSAttributeValue(
                    dataType: value["DataType"]?.string ?? "String",
                    stringValue: value["StringValue"]?.string
                )
            }
        )
    }
}

/// Compares what was sent or received with the MD5 that SQS gives.
enum SQSChecksum {
    /// Passes where SQS gives no checksum, or OpenSSL may not compute one.
    ///
    /// - Throws: ``AWSError`` with code `malformedAnswer`.
    static func check(_ body: String, against expected: String?) throws(AWSError) {
        guard let expected, let digest = Digest.md5(Array(body.utf8)) else { return }
        guard Digest.hex(digest) == expected.lowercased() else {
            throw AWSError(.malformedAnswer, message: "a message's body does not match its MD5")
        }
    }
}
