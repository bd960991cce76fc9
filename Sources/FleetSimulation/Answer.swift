// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// What a service answered.
///
/// Where a document would only be written to be read again at once, and that a million times, the models hand over what
/// it says. That documents are written and read rightly is tested elsewhere, against AWS's own clients.
enum Answer {
    case document(JSONValue)
    /// A page of snapshots, and where the next one begins.
    case snapshots([Snapshot], marker: String?)
    /// What is in a pool's part of the table of slots.
    case slots(SlotReading)

    static let nothing = Answer.document([:])

    /// A member of the document; `nil` where there is none.
    subscript(member: String) -> JSONValue? {
        guard case .document(let document) = self else { return nil }
        return document[member]
    }
}

extension Snapshot {
    /// The snapshot as a client reads it out of RDS's answer: times in whole milliseconds, and a source only where RDS
    /// names one.
    init(_ sight: World.SnapshotSight, kind: SnapshotKind, at now: Instant) {
        let isInstance = kind == .instance
        let source = sight.sourceARN.flatMap { SnapshotARN($0) }
        let isFromElsewhere = source.map { $0.region != sight.region || $0.account != sight.account } ?? false
        self.init(
            arn: SnapshotARN(
                partition: "aws",
                region: sight.region,
                account: sight.account,
                kind: kind,
                identifier: sight.identifier
            ),
            database: sight.database,
            status: sight.status,
            percentProgress: sight.progress(at: now),
            origin: Origin(rawValue: sight.type),
            engine: sight.engine,
            isEncrypted: sight.isEncrypted,
            kmsKeyID: sight.keyARN,
            optionGroup: isInstance ? sight.optionGroup : nil,
            tags: sight.tags,
            createdAt: Instant(milliseconds: sight.created.milliseconds),
            originalCreatedAt: isInstance ? Instant(milliseconds: sight.originallyCreated.milliseconds) : nil,
            sourceARN: !isInstance || isFromElsewhere ? sight.sourceARN : nil,
            sizeGiB: sight.sizeGiB
        )
    }
}
