// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A sweep for people, and for programs.
struct SweepPage: Sendable {
    let report: SweepReport
    let now: Instant
    let horizon: Duration
    /// Whether what is missing is about to be enqueued.
    let sends: Bool

    /// 0; 1 when something is missing that is not enqueued; 2 when something could not be looked at.
    var exitStatus: Int32 {
        if !self.report.gaps.isEmpty { return 2 }
        let isLeft = !self.sends && !self.report.missing.isEmpty
        return isLeft || self.report.skipped.keys.contains { $0.isTrouble } ? 1 : 0
    }

    /// Lines of at most `width` columns.
    func lines(width: Int) -> [StyledLine] {
        let report = self.report
        var lines: [StyledLine] = []
        var heading = StyledLine("\(report.missing.count + report.beyondLimit) missing", self.tone)
        heading.append(", \(report.available) available, \(report.inProgress) on their way; ")
        heading.append("\(report.sources) snapshots looked at, and \(report.targets) at their destinations")
        lines.append(heading)
        if !report.missing.isEmpty { lines += ["" as StyledLine] + self.missingTable.lines(width: width) }
        if !report.skipped.isEmpty { lines += ["" as StyledLine] + self.skippedTable.lines(width: width) }
        lines.append("")
        lines.append(StyledLine(self.conclusion, .faint))
        return lines.map { $0.truncated(to: width) }
    }

    private var tone: Tone { self.report.missing.isEmpty && self.report.beyondLimit == 0 ? .good : .warning }

    private var conclusion: String {
        let span = "Looked back \(HumanUnits.duration(self.horizon)), and at the newest of each database."
        if self.report.missing.isEmpty { return span + " Nothing to enqueue." }
        return span + (self.sends ? "" : " Nothing is enqueued yet; --yes enqueues.")
    }

    private var missingTable: TextTable {
        var table = TextTable([
            TextTable.Column("MISSING", minimum: 10), TextTable.Column("SNAPSHOT", minimum: 16),
            TextTable.Column("FROM", minimum: 9, dropOrder: 2), TextTable.Column("TO", minimum: 9),
            TextTable.Column("TAKEN", dropOrder: 3), TextTable.Column("AGE", .right),
            TextTable.Column("ROUTE", minimum: 6, dropOrder: 1), TextTable.Column("WHY", minimum: 8),
        ])
        for missing in self.report.missing {
            let why = missing.cause.rawValue + (missing.isNewest ? ", newest" : "")
            table.add([
                TextTable.Cell(missing.database.identifier),
                TextTable.Cell(missing.job.source.identifier, .strong),
                TextTable.Cell("\(missing.database.account)/\(missing.database.region)", .faint),
                TextTable.Cell(missing.job.destination.description),
                TextTable.Cell(missing.takenAt.map { LocalTime.minute($0) } ?? "?", .faint),
                TextTable.Cell(HumanUnits.short(missing.takenAt.map { self.now - $0 })),
                TextTable.Cell(missing.job.route), TextTable.Cell(why, missing.isNewest ? .warning : .faint),
            ])
        }
        return table
    }

    /// The reasons, those that want somebody's attention first, then by how often they apply.
    private var skipped: [(skip: SweepSkip, tally: SweepReport.Tally)] {
        self.report.skipped.map { ($0.key, $0.value) }.sorted { left, right in
            if left.skip.isTrouble != right.skip.isTrouble { return left.skip.isTrouble }
            return (right.tally.count, left.skip.name) < (left.tally.count, right.skip.name)
        }
    }

    private var skippedTable: TextTable {
        var table = TextTable([
            TextTable.Column("LEFT OUT", .right), TextTable.Column("WHY", minimum: 16),
            TextTable.Column("FOR EXAMPLE", minimum: 16, dropOrder: 1),
        ])
        for (skip, tally) in self.skipped {
            table.add([
                TextTable.Cell("\(tally.count)"),
                TextTable.Cell(skip.description, skip.isTrouble ? .warning : .plain),
                TextTable.Cell(tally.example, .faint),
            ])
        }
        return table
    }

    /// The same as one JSON document.
    var document: JSONValue {
        let missing = self.report.missing.map { missing -> JSONValue in
            [
                "source": .string(missing.job.source.description), "destination": .string("\(missing.job.destination)"),
                "target": .string(missing.target), "route": .string(missing.job.route),
                "database": .string(missing.database.identifier), "kind": .string(missing.database.kind.rawValue),
                "takenAt": missing.takenAt.map { .string($0.iso8601) } ?? .null, "newest": .bool(missing.isNewest),
                "why": .string(missing.cause.rawValue),
            ]
        }
        let skipped = self.skipped.map { skip, tally -> JSONValue in
            [
                "reason": .string(skip.name), "text": .string(skip.description), "count": .integer(Int64(tally.count)),
                "example": .string(tally.example),
            ]
        }
        return [
            "time": .string(self.now.iso8601), "since": .string((self.now - self.horizon).iso8601),
            "enqueues": .bool(self.sends), "sources": .integer(Int64(self.report.sources)),
            "targets": .integer(Int64(self.report.targets)), "available": .integer(Int64(self.report.available)),
            "inProgress": .integer(Int64(self.report.inProgress)), "missing": .array(missing),
            "beyondLimit": .integer(Int64(self.report.beyondLimit)), "skipped": .array(skipped),
            "problems": .array(self.report.gaps.map { .string($0.description) }),
        ]
    }
}
