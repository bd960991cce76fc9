// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The operations of EventBridge that notifications and the demo need.
///
/// Source: botocore, `events/2015-10-07`.
package struct EventBridgeClient: Sendable {
    private let caller: ServiceCaller

    /// Makes a client that calls through `caller`.
    package init(_ caller: ServiceCaller) { self.caller = caller }

    /// An event to put.
    package struct Entry: Hashable, Sendable {
        package var source: String
        package var detailType: String
        /// An object.
        package var detail: JSONValue
        /// ARNs the event is about.
        package var resources: [String]
        /// `nil` for the moment at which it is put.
        package var time: Instant?
        /// A bus's name or ARN; `nil` for the default bus.
        package var bus: String?

        /// Makes an entry.
        package init(
            source: String,
            detailType: String,
            detail: JSONValue,
            resources: [String] = [],
            time: Instant? = nil,
            bus: String? = nil
        ) {
            self.source = source
            self.detailType = detailType
            self.detail = detail
            self.resources = resources
            self.time = time
            self.bus = bus
        }
    }

    /// Puts events on their buses.
    ///
    /// - Returns: The entries that were refused, by their position, with code and message.
    package func putEvents(_ entries: [Entry]) async throws(AWSError) -> [Int: String] {
        let documents = entries.map { entry -> JSONValue in
            .compact([
                "Source": .string(entry.source), "DetailType": .string(entry.detailType),
                "Detail": .string(entry.detail.description), "Resources": .array(entry.resources.map { .string($0) }),
                "Time": entry.time.map { .integer($0.wholeSeconds) }, "EventBusName": entry.bus.map { .string($0) },
            ])
        }
        return try await self.call("PutEvents", ["Entries": .array(documents)]) { document in
            var failed: [Int: String] = [:]
            for (index, entry) in (document["Entries"]?.array ?? []).enumerated() {
                guard let code = entry["ErrorCode"]?.string else { continue }
                failed[index] = "\(code): \(entry["ErrorMessage"]?.string ?? "")"
            }
            return failed
        }
    }

    /// Makes or replaces a rule on the default bus; one of `pattern` and `schedule` is needed.
    ///
    /// - Returns: The rule's ARN.
    package func putRule(
        name: String,
        pattern: JSONValue? = nil,
        schedule: String? = nil
    ) async throws(AWSError) -> String? {
        let document = JSONValue.compact([
            "Name": .string(name), "EventPattern": pattern.map { .string($0.description) },
            "ScheduleExpression": schedule.map { .string($0) }, "State": "ENABLED",
        ])
        return try await self.call("PutRule", document) { $0["RuleArn"]?.string }
    }

    /// Sends what a rule matches to these ARNs, keyed by target id.
    ///
    /// - Returns: The targets that were refused, with code and message.
    package func putTargets(rule: String, targets: [String: String]) async throws(AWSError) -> [String: String] {
        let documents = targets.sorted { $0.key < $1.key }.map { id, arn -> JSONValue in
            ["Id": .string(id), "Arn": .string(arn)]
        }
        let document: JSONValue = ["Rule": .string(rule), "Targets": .array(documents)]
        return try await self.call("PutTargets", document) { document in
            var failed: [String: String] = [:]
            for entry in document["FailedEntries"]?.array ?? [] {
                guard let id = entry["TargetId"]?.string else { continue }
                failed[id] = "\(entry["ErrorCode"]?.string ?? ""): \(entry["ErrorMessage"]?.string ?? "")"
            }
            return failed
        }
    }

    private func call<Output: Sendable>(
        _ operation: String,
        _ document: JSONValue,
        decode: (JSONValue) throws(AWSError) -> Output
    ) async throws(AWSError) -> Output {
        let body = ServiceCall.Body.json(document, target: "AWSEvents.\(operation)", version: "1.1")
        return try await self.caller.json(ServiceCall(operation: operation, body: body), decode: decode)
    }
}
