// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The document that EventBridge delivers.
enum EventEnvelope {
    private static let order = [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    ]

    /// The text of an envelope with its members in AWS's order; of any other value, plain JSON.
    static func text(_ value: JSONValue) -> String {
        guard let members = value.object, members["detail-type"] != nil, members["detail"] != nil else {
            return value.description
        }
        let names =
            self.order.filter { members[$0] != nil }
            + members.keys.filter { !self.order.contains($0) }.sorted()
        let written = names.map { "\(JSONValue.string($0)):\(members[$0] ?? .null)" }
        return "{\(written.joined(separator: ","))}"
    }

    /// An envelope with whatever a sender left out.
    static func completed(
        _ envelope: JSONValue,
        id: String,
        account: String,
        region: String,
        at now: Instant
    ) -> JSONValue {
        let defaults: [String: JSONValue] = [
            "version": "0", "id": .string(id), "account": .string(account), "region": .string(region),
            "time": .string(self.time(now)), "resources": [], "detail": [:],
        ]
        return .object((envelope.object ?? [:]).merging(defaults) { given, _ in given })
    }

    /// EventBridge gives times in whole seconds.
    static func time(_ moment: Instant) -> String {
        Instant(microseconds: moment.wholeSeconds * 1_000_000).iso8601
    }
}
