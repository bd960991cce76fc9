// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

extension World {
    /// How many snapshots a summary lists; beyond it, only their number tells.
    private static let snapshotLimit = 2000

    /// What there is, for tests and for people.
    ///
    /// - `now`: the world's time.
    /// - `queues`: each with `arn`, `visible`, `inFlight` and `delayed`, sorted by ARN.
    /// - `snapshots`: each with `arn`, `kind`, `type`, `database`, `status`, `progress` and, for a copy, `source`;
    ///   sorted by ARN, the first two thousand of `snapshotCount`.
    /// - `copies`: those snapshots that are being copied from another one.
    package func summary(at now: Instant) -> JSONValue {
        let snapshots = self.rds.shelves.values.flatMap(\.snapshots.values).sorted { $0.arn < $1.arn }
        let copies = snapshots.filter { $0.work != nil && $0.sourceARN != nil }
        return [
            "now": .string(now.iso8601),
            "queues": .array(self.sqs.queues.values.sorted { $0.arn < $1.arn }.map(Self.document)),
            "snapshotCount": .integer(Int64(snapshots.count)),
            "snapshots": .array(snapshots.prefix(Self.snapshotLimit).map { Self.document($0, at: now) }),
            "copies": .array(copies.map { Self.document($0, at: now) }),
        ]
    }

    private static func document(_ queue: SQSQueue) -> JSONValue {
        [
            "arn": .string(queue.arn), "visible": .integer(Int64(queue.visibleCount)),
            "inFlight": .integer(Int64(queue.inFlightCount)), "delayed": .integer(Int64(queue.delayedCount)),
        ]
    }

    private static func document(_ snapshot: RDSSnapshot, at now: Instant) -> JSONValue {
        .compact([
            "arn": .string(snapshot.arn), "kind": .string(snapshot.kind.rawValue), "type": .string(snapshot.type),
            "database": .string(snapshot.database), "status": .string(snapshot.status),
            "progress": .integer(Int64(snapshot.progress(at: now))), "source": snapshot.sourceARN.map { .string($0) },
        ])
    }
}
