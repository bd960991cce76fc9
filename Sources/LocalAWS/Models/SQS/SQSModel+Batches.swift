// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension SQSModel {
    private static let batchLimit = 1_048_576

    /// The entries of a batch whose ids are as they must be.
    private static func entries(
        _ request: ModelRequest,
        named entry: String
    ) throws(ModelFailure) -> [(id: String, parameters: JSONValue)] {
        let entries = request.parameters["Entries"]?.lenientArray ?? []
        guard !entries.isEmpty else {
            throw .sqs("EmptyBatchRequest", "There should be at least one \(entry) in the request.")
        }
        guard entries.count <= 10 else {
            throw .sqs(
                "TooManyEntriesInBatchRequest",
                "Maximum number of entries per request are 10. You have sent \(entries.count)."
            )
        }
        var seen: Set<String> = []
        var result: [(id: String, parameters: JSONValue)] = []
        for entry in entries {
            let id = entry["Id"]?.string ?? ""
            let isSpelledWell = id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
            guard isSpelledWell, (1...80).contains(id.utf8.count) else {
                throw .sqs(
                    "InvalidBatchEntryId",
                    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                        + "It can be at most 80 letters long."
                )
            }
            guard seen.insert(id).inserted else { throw .sqs("BatchEntryIdsNotDistinct", "Id \(id) repeated.") }
            result.append((id, entry))
        }
        return result
    }

    /// What came of each entry, the good apart from the bad.
    private struct Outcome {
        var successful: [JSONValue] = []
        var failed: [JSONValue] = []

        /// `Failed` is there only when something failed, and `Successful` only when something succeeded.
        var json: JSONValue {
            .compact([
                "Successful": self.successful.isEmpty ? nil : .array(self.successful),
                "Failed": self.failed.isEmpty ? nil : .array(self.failed),
            ])
        }

        mutating func succeed(_ id: String, _ result: JSONValue) {
            let members = (result.object ?? [:]).merging(["Id": .string(id)]) { _, id in id }
            self.successful.append(.object(members))
        }

        mutating func fail(_ id: String, _ failure: ModelFailure) {
            self.failed.append([
                "Id": .string(id),
                "SenderFault": true,
                "Code": .string(failure.code),
                "Message": .string(failure.message),
            ])
        }
    }

    mutating func sendMessageBatch(
        _ arn: String,
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        guard let settings = self.queues[arn]?.settings else { throw .sqsNoQueue }
        let entries = try Self.entries(request, named: "SendMessageBatchRequestEntry")
        let size = entries.reduce(0) { $0 + Self.size($1.parameters) }
        guard size <= Self.batchLimit else {
            throw .sqs(
                "BatchRequestTooLong",
                "Batch requests cannot be longer than \(Self.batchLimit) bytes. You have sent \(size) bytes."
            )
        }
        var outcome = Outcome()
        for (id, parameters) in entries {
            do {
                let draft = try Self.draft(parameters, settings: settings)
                outcome.succeed(id, self.enqueue(draft, on: arn, by: request.caller, at: now))
            } catch {
                outcome.fail(id, error)
            }
        }
        return outcome.json
    }

    /// What an entry weighs, before anyone knows whether it is well-formed.
    private static func size(_ parameters: JSONValue) -> Int {
        let body = parameters["MessageBody"]?.string?.utf8.count ?? 0
        return self.map(parameters["MessageAttributes"]).reduce(body) { sum, attribute in
            let type = attribute.value["DataType"]?.string?.utf8.count ?? 0
            let text = attribute.value["StringValue"]?.string?.utf8.count
            let binary = attribute.value["BinaryValue"]?.string.flatMap { Base64.decode($0)?.count }
            return sum + attribute.key.utf8.count + type + (text ?? binary ?? 0)
        }
    }

    mutating func deleteMessageBatch(
        _ arn: String,
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        var outcome = Outcome()
        for (id, parameters) in try Self.entries(request, named: "DeleteMessageBatchRequestEntry") {
            do {
                outcome.succeed(id, try self.deleteMessage(arn, parameters, at: now))
            } catch {
                outcome.fail(id, error)
            }
        }
        return outcome.json
    }

    mutating func changeMessageVisibilityBatch(
        _ arn: String,
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        guard let queueTimeout = self.queues[arn]?.settings.visibilityTimeout else { throw .sqsNoQueue }
        var outcome = Outcome()
        for (id, parameters) in try Self.entries(request, named: "ChangeMessageVisibilityBatchRequestEntry") {
            do {
                // In a batch the timeout may be left out, which means the queue's own.
                var members = parameters.object ?? [:]
                members["VisibilityTimeout"] = members["VisibilityTimeout"] ?? .integer(Int64(queueTimeout))
                outcome.succeed(id, try self.changeMessageVisibility(arn, .object(members), at: now))
            } catch {
                outcome.fail(id, error)
            }
        }
        return outcome.json
    }
}
