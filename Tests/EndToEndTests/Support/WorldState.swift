// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What there is in a simulated AWS.
struct WorldState: Sendable {
    struct Queue: Sendable, Equatable {
        var visible: Int
        var inFlight: Int
        var delayed: Int

        var isEmpty: Bool { self.visible + self.inFlight + self.delayed == 0 }
    }

    struct Snapshot: Sendable {
        var arn: String
        var status: String
        /// What it is a copy of; `nil` for what is none.
        var source: String?
    }

    /// By name.
    let queues: [String: Queue]
    let snapshots: [Snapshot]

    init(_ document: JSONValue) throws {
        let queues = try #require(document["queues"]?.array).map { queue in
            let name = try #require(queue["arn"]?.string?.split(separator: ":").last)
            return (
                String(name),
                Queue(
                    visible: try #require(queue["visible"]?.int),
                    inFlight: try #require(queue["inFlight"]?.int),
                    delayed: try #require(queue["delayed"]?.int)
                )
            )
        }
        self.queues = Dictionary(queues) { first, _ in first }
        self.snapshots = try #require(document["snapshots"]?.array).map {
            Snapshot(
                arn: try #require($0["arn"]?.string),
                status: try #require($0["status"]?.string),
                source: $0["source"]?.string
            )
        }
    }

    /// Every copy, done or not.
    var copies: [Snapshot] { self.snapshots.filter { $0.source != nil } }
}

/// A request that a simulated AWS has seen.
struct JournalEntry: Sendable {
    let sequence: Int
    /// The world's time.
    let time: Instant
    let service: String
    let operation: String
    let region: String
    let account: String
    /// The ARN of whoever signed it.
    let caller: String
    let userAgent: String
    let parameters: JSONValue
    let outcome: String
    let fault: String?

    init(_ document: JSONValue) throws {
        self.sequence = try #require(document["sequence"]?.int)
        self.time = try #require(document["time"]?.string.flatMap { Instant(iso8601: $0) })
        self.service = try #require(document["service"]?.string)
        self.operation = try #require(document["operation"]?.string)
        self.region = try #require(document["region"]?.string)
        self.account = try #require(document["account"]?.string)
        self.caller = try #require(document["caller"]?.string)
        self.userAgent = try #require(document["userAgent"]?.string)
        self.parameters = try #require(document["parameters"])
        self.outcome = try #require(document["outcome"]?.string)
        self.fault = document["fault"]?.string
    }
}

extension [JournalEntry] {
    /// The copies that RDS accepted.
    var acceptedCopies: [JournalEntry] { self.filter { $0.operation.hasPrefix("CopyDB") && $0.outcome == "OK" } }

    /// The requests for an operation whose name begins so.
    func requests(_ operation: String) -> [JournalEntry] { self.filter { $0.operation.hasPrefix(operation) } }

    /// How many copies were under way at once at the most, each taking as long as it is known to take.
    func mostCopiesAtOnce(each duration: Duration) -> Int {
        let starts = self.acceptedCopies.map(\.time)
        return starts.map { start in starts.count { $0 <= start && start < $0 + duration } }.max() ?? 0
    }
}
