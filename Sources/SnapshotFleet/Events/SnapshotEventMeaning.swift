// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What an RDS event about a snapshot means to the fleet.
enum SnapshotEventMeaning: Hashable {
    /// The snapshot is there; the origin when the event proves it.
    case created(Snapshot.Origin?)
    case nothing(IgnoreReason)

    /// Source: RDS User Guide, "Amazon RDS event categories and event messages"; Aurora User Guide, the same section.
    private static let table: [String: SnapshotEventMeaning] = [
        "RDS-EVENT-0042": .created(nil),
        "RDS-EVENT-0075": .created(nil),
        "RDS-EVENT-0091": .created(.automated),
        "RDS-EVENT-0169": .created(.automated),
        "RDS-EVENT-0040": .nothing(.snapshotStillCreating),
        "RDS-EVENT-0074": .nothing(.snapshotStillCreating),
        "RDS-EVENT-0090": .nothing(.snapshotStillCreating),
        "RDS-EVENT-0168": .nothing(.snapshotStillCreating),
        "RDS-EVENT-0041": .nothing(.snapshotDeleted),
        "RDS-EVENT-0043": .nothing(.snapshotRestored),
        "RDS-EVENT-0059": .nothing(.copyProgress),
        "RDS-EVENT-0060": .nothing(.copyProgress),
        "RDS-EVENT-0061": .nothing(.copyProgress),
        "RDS-EVENT-0190": .nothing(.copyProgress),
        "RDS-EVENT-0196": .nothing(.copyProgress),
        "RDS-EVENT-0197": .nothing(.copyProgress),
        "RDS-EVENT-0159": .nothing(.snapshotExport),
        "RDS-EVENT-0160": .nothing(.snapshotExport),
        "RDS-EVENT-0161": .nothing(.snapshotExport),
        "RDS-EVENT-0162": .nothing(.snapshotExport),
        "RDS-EVENT-0163": .nothing(.snapshotExport),
        "RDS-EVENT-0164": .nothing(.snapshotExport),
        "RDS-EVENT-0484": .nothing(.snapshotExport),
        "RDS-EVENT-0486": .nothing(.snapshotExport),
        "RDS-EVENT-0487": .nothing(.snapshotExport),
        "RDS-EVENT-0488": .nothing(.snapshotExport),
        "RDS-EVENT-0489": .nothing(.snapshotExport),
        "RDS-EVENT-0491": .nothing(.snapshotExport),
        "RDS-EVENT-0492": .nothing(.snapshotExport),
        "RDS-EVENT-0493": .nothing(.snapshotExport),
    ]

    /// What the texts begin with; how to tell events apart in old shapes that have no id.
    private static let texts: [(beginning: String, meaning: SnapshotEventMeaning)] = [
        ("automated snapshot created", .created(.automated)),
        ("automated cluster snapshot created", .created(.automated)),
        ("manual snapshot created", .created(nil)),
        ("manual cluster snapshot created", .created(nil)),
        ("creating ", .nothing(.snapshotStillCreating)),
        ("deleted ", .nothing(.snapshotDeleted)),
        ("restored from ", .nothing(.snapshotRestored)),
        ("started copy ", .nothing(.copyProgress)),
        ("finished copy ", .nothing(.copyProgress)),
        ("canceled snapshot copy ", .nothing(.copyProgress)),
        ("canceled copy ", .nothing(.copyProgress)),
    ]

    /// What an event id means; ids that are new to us are other events.
    static func of(eventID: String) -> SnapshotEventMeaning {
        Self.table[eventID] ?? .nothing(.otherSnapshotEvent)
    }

    /// What an event's text means.
    ///
    /// - Returns: `nil` for a text that is not known.
    static func of(message: String) -> SnapshotEventMeaning? {
        let text = message.prefix(100).lowercased()
        return Self.texts.first { text.hasPrefix($0.beginning) }?.meaning
    }
}
