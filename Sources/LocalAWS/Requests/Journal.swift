// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The requests that an embedded AWS has seen and the copies that ended, the latest hundred thousand of them.
package struct Journal: Sendable {
    /// One request and what came of it, in the order in which requests took effect.
    package struct Entry: Hashable, Sendable {
        /// Counts from 1 and never skips.
        package var sequence = 0
        package var requestID: String
        /// What the wall clock showed.
        package var wall: Instant
        /// The world's time.
        package var time: Instant
        package var service: String
        package var operation: String
        package var region: String
        package var account: String
        /// The ARN of whoever signed it; empty for nobody.
        package var caller = ""
        /// What the client calls itself.
        package var userAgent = ""
        /// The parameters that tell what a request was about; never a secret.
        package var parameters: JSONValue
        /// `OK`, or the code of the refusal.
        package var outcome: String
        /// The messages that were received, sent, hidden or deleted: each has its `MessageId`, and the beginning of its
        /// `Body` or its new `VisibilityTimeout`; `nil` for none.
        package var messages: JSONValue?
        /// The faults that struck; `nil` for none.
        package var fault: String?

        /// The entry as an object.
        package var document: JSONValue {
            .compact([
                "sequence": .integer(Int64(self.sequence)), "requestID": .string(self.requestID),
                "wall": .string(self.wall.iso8601), "time": .string(self.time.iso8601),
                "service": .string(self.service), "operation": .string(self.operation),
                "region": .string(self.region), "account": .string(self.account), "caller": .string(self.caller),
                "userAgent": .string(self.userAgent), "parameters": self.parameters,
                "outcome": .string(self.outcome), "messages": self.messages,
                "fault": self.fault.map { .string($0) },
            ])
        }
    }

    private static let capacity = 100_000

    private var kept: [Entry] = []
    private var oldest = 0
    private var written = 0

    package init() {}

    /// Adds an entry and gives it its number; the oldest makes room.
    package mutating func append(_ entry: Entry) {
        var entry = entry
        self.written += 1
        entry.sequence = self.written
        if self.kept.count < Self.capacity {
            self.kept.append(entry)
        } else {
            self.kept[self.oldest] = entry
            self.oldest = (self.oldest + 1) % Self.capacity
        }
    }

    /// The entries after a sequence number, oldest first.
    package func entries(after sequence: Int = 0) -> [Entry] {
        let ordered = self.kept[self.oldest...] + self.kept[..<self.oldest]
        return ordered.filter { $0.sequence > sequence }
    }

    /// The messages that a request received, sent, hid or deleted.
    ///
    /// - Parameters:
    ///   - operation: What was asked for.
    ///   - request: Its parameters.
    ///   - answer: What SQS answered.
    ///   - touched: The messages that it hid or deleted.
    /// - Returns: A list of objects; `nil` where there is no message to tell of.
    package static func messages(
        of operation: String,
        _ request: JSONValue,
        answer: JSONValue,
        touched: [SQSModel.TouchedMessage]
    ) -> JSONValue? {
        let messages: [JSONValue]
        switch operation {
        case "ReceiveMessage":
            messages = (answer["Messages"]?.array ?? []).map { Self.message($0["MessageId"], $0["Body"]) }
        case "SendMessage": messages = [Self.message(answer["MessageId"], request["MessageBody"])]
        case "SendMessageBatch":
            let entries = request["Entries"]?.array ?? []
            let bodies = Dictionary(entries.map { ($0["Id"], $0["MessageBody"]) }) { first, _ in first }
            messages = (answer["Successful"]?.array ?? []).map {
                Self.message($0["MessageId"], bodies[$0["Id"]] ?? nil)
            }
        case "DeleteMessage", "DeleteMessageBatch", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch":
            messages = touched.map { message in
                let timeout = message.visibilityTimeout.map { JSONValue.integer(Int64($0)) }
                return .compact(["MessageId": .string(message.id), "VisibilityTimeout": timeout])
            }
        default: return nil
        }
        return messages.isEmpty ? nil : .array(messages)
    }

    private static func message(_ id: JSONValue?, _ body: JSONValue?) -> JSONValue {
        .compact(["MessageId": id, "Body": body?.string.map { .string(Self.beginning($0)) }])
    }

    /// The first 2000 characters; most bodies are not that long, which their bytes tell at once.
    private static func beginning(_ text: String) -> String {
        text.utf8.count <= 2000 ? text : String(text.prefix(2000))
    }

    /// The parameters worth keeping, by name: an explicit list, so that no secret can slip in.
    private static let worthKeeping: Set<String> = [
        "AttributeName", "BatchSize", "DBClusterIdentifier", "DBClusterSnapshotIdentifier", "DBInstanceIdentifier",
        "DBSnapshotIdentifier", "DelaySeconds", "DestinationArn", "EventBusName", "Key", "KeyId", "KmsKeyId", "Marker",
        "MaxNumberOfMessages", "MaxRecords", "Name", "OptionGroupName", "QueueName", "QueueUrl", "ResourceName",
        "RoleArn", "RoleSessionName", "Rule", "SnapshotType", "SourceArn", "SourceDBClusterSnapshotIdentifier",
        "SourceDBSnapshotIdentifier", "TableName", "TargetDBClusterSnapshotIdentifier", "TargetDBSnapshotIdentifier",
        "VisibilityTimeout", "WaitTimeSeconds",
    ]

    /// What the journal keeps of a request's parameters; of a batch, how many entries it had.
    package static func parameters(of request: JSONValue) -> JSONValue {
        var members = (request.object ?? [:]).filter { self.worthKeeping.contains($0.key) }
        if let entries = request["Entries"]?.array { members["Entries"] = .integer(Int64(entries.count)) }
        return .object(members)
    }
}
