// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension SQSClient {
    /// Reads a queue's attributes, by the names SQS has for them.
    package func getQueueAttributes(
        queueURL: String,
        names: [String] = ["All"]
    ) async throws(AWSError) -> [String: String] {
        let document: [String: JSONValue?] = [
            "QueueUrl": .string(queueURL), "AttributeNames": .array(names.map { .string($0) }),
        ]
        return try await self.call("GetQueueAttributes", document) { json in
            (json["Attributes"]?.object ?? [:]).compactMapValues(\.string)
        }
    }

    /// Finds a queue's URL by its name; `owner` is the account, where it is not the caller's.
    package func getQueueURL(name: String, owner: String? = nil) async throws(AWSError) -> String {
        let document: [String: JSONValue?] = [
            "QueueName": .string(name), "QueueOwnerAWSAccountId": owner.map { .string($0) },
        ]
        return try await self.call("GetQueueUrl", document) { (json) throws(AWSError) in
            guard let url = json["QueueUrl"]?.string else { throw .missing("QueueUrl", in: "GetQueueUrl") }
            return url
        }
    }

    /// Makes a queue; one of the same name and attributes is as good.
    ///
    /// - Returns: Its URL.
    package func createQueue(
        name: String,
        attributes: [String: String] = [:]
    ) async throws(AWSError) -> String {
        let document: [String: JSONValue?] = [
            "QueueName": .string(name),
            "Attributes": attributes.isEmpty ? nil : .object(attributes.mapValues { .string($0) }),
        ]
        return try await self.call("CreateQueue", document) { (json) throws(AWSError) in
            guard let url = json["QueueUrl"]?.string else { throw .missing("QueueUrl", in: "CreateQueue") }
            return url
        }
    }

    /// A task that moves messages out of a dead-letter queue.
    package struct MoveTask: Hashable, Sendable {
        /// Only while the task runs.
        package let taskHandle: String?
        /// `RUNNING`, `COMPLETED`, `CANCELLING`, `CANCELLED` or `FAILED`.
        package let status: String
        package let sourceARN: String?
        /// `nil` when the messages go back where they came from.
        package let destinationARN: String?
        package let approximateNumberOfMessagesMoved: Int?
        package let approximateNumberOfMessagesToMove: Int?
        package let failureReason: String?
        package let startedAt: Instant?
    }

    /// Starts moving every message of a dead-letter queue.
    ///
    /// - Parameters:
    ///   - sourceARN: The dead-letter queue.
    ///   - destinationARN: Where to; `nil` for where each message came from.
    ///   - maximumPerSecond: 1 to 500; `nil` lets SQS choose.
    /// - Returns: The task's handle.
    /// - Throws: ``AWSError``.
    package func startMessageMoveTask(
        sourceARN: String,
        destinationARN: String? = nil,
        maximumPerSecond: Int? = nil
    ) async throws(AWSError) -> String {
        let document: [String: JSONValue?] = [
            "SourceArn": .string(sourceARN), "DestinationArn": destinationARN.map { .string($0) },
            "MaxNumberOfMessagesPerSecond": maximumPerSecond.map { .integer(Int64($0)) },
        ]
        return try await self.call("StartMessageMoveTask", document) { (json) throws(AWSError) in
            guard let handle = json["TaskHandle"]?.string else {
                throw .missing("TaskHandle", in: "StartMessageMoveTask")
            }
            return handle
        }
    }

    /// Lists the newest move tasks of a dead-letter queue, 1 to 10 of them.
    package func listMessageMoveTasks(sourceARN: String, maximum: Int = 10) async throws(AWSError) -> [MoveTask] {
        let document: [String: JSONValue?] = [
            "SourceArn": .string(sourceARN), "MaxResults": .integer(Int64(maximum)),
        ]
        return try await self.call("ListMessageMoveTasks", document) { json in
            (json["Results"]?.array ?? []).map { task in
                MoveTask(
                    taskHandle: task["TaskHandle"]?.string,
                    status: task["Status"]?.string ?? "",
                    sourceARN: task["SourceArn"]?.string,
                    destinationARN: task["DestinationArn"]?.string,
                    approximateNumberOfMessagesMoved: task["ApproximateNumberOfMessagesMoved"]?.int,
                    approximateNumberOfMessagesToMove: task["ApproximateNumberOfMessagesToMove"]?.int,
                    failureReason: task["FailureReason"]?.string,
                    startedAt: (task["StartedTimestamp"]?.double).map { Instant(seconds: $0 / 1000) }
                )
            }
        }
    }

    /// Stops a move task; what has moved stays where it is.
    ///
    /// - Returns: How many messages had moved.
    package func cancelMessageMoveTask(taskHandle: String) async throws(AWSError) -> Int? {
        try await self.call("CancelMessageMoveTask", ["TaskHandle": .string(taskHandle)]) { json in
            json["ApproximateNumberOfMessagesMoved"]?.int
        }
    }
}
