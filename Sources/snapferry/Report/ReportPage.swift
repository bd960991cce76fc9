// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A recovery report for people.
struct ReportPage: Sendable {
    let report: RecoveryReport
    /// What could not be looked at, one line each.
    var problems: [String] = []
    /// Leaves out what is as it should be.
    var breachesOnly = false
    /// What a moment is called where the reader is.
    var clock: @Sendable (Instant) -> String = LocalTime.dateAndTime

    /// 0; 1 where an RPO is broken; 2 when a destination could not be looked at.
    var exitStatus: Int32 {
        if !self.report.gaps.isEmpty { return 2 }
        return self.report.breaches > 0 ? 1 : 0
    }

    /// Lines of at most `width` columns.
    func lines(width: Int) -> [StyledLine] {
        var lines = [self.summary]
        let shown = self.report.lines.filter { !self.breachesOnly || $0.isBreach }
        if !shown.isEmpty { lines += ["" as StyledLine] + self.table(of: shown).lines(width: width) }
        if !self.report.uncovered.isEmpty, !self.breachesOnly {
            lines += ["", StyledLine("Databases that no route takes", .strong)]
            lines += self.uncovered.lines(width: width)
        }
        if !self.problems.isEmpty { lines.append("") }
        lines += self.problems.map { StyledLine("could not look: \($0)", .bad) }
        return lines.map { $0.truncated(to: width) }
    }

    private var summary: StyledLine {
        let judged = self.report.lines.filter { $0.rpo != nil && $0.standing != .sourceGone }.count
        let breaches = self.report.breaches
        var line = StyledLine()
        if breaches > 0 {
            line.append("\(breaches) of \(judged)", .bad)
            line.append(" recovery points break their RPO")
        } else if judged > 0 {
            let isOne = judged == 1
            line.append(isOne ? "The one recovery point" : "All \(judged) recovery points", .good)
            line.append(isOne ? " with an RPO keeps it" : " with an RPO keep it")
        } else {
            line.append("No route has an RPO to keep", .warning)
        }
        line.append("; \(self.report.confirmed) confirmed copies", .faint)
        line.append(", \(self.clock(self.report.now))", .faint)
        return line
    }

    private func table(of rows: [RecoveryLine]) -> TextTable {
        var table = TextTable(
            [
                TextTable.Column("STANDING"), TextTable.Column("DATABASE", minimum: 10),
                TextTable.Column("KIND", dropOrder: 4), TextTable.Column("TO", dropOrder: 1),
                TextTable.Column("AGE", .right),
                TextTable.Column("RPO", .right), TextTable.Column("COPIES", .right, dropOrder: 3),
                TextTable.Column("NEWEST COPY", minimum: 16, dropOrder: 5),
                TextTable.Column("SIZE", .right, dropOrder: 6), TextTable.Column("KEY", minimum: 8, dropOrder: 7),
                TextTable.Column("TOOK", .right, dropOrder: 8), TextTable.Column("ROUTE", minimum: 5, dropOrder: 2),
            ],
            narrowing: .dropFirst
        )
        for row in rows {
            let copies = "\(row.confirmedCount)" + (row.inProgress.isEmpty ? "" : "+\(row.inProgress.count)")
            table.add([
                TextTable.Cell(row.standing.words, row.tone), TextTable.Cell(row.database.identifier, .strong),
                TextTable.Cell(row.database.kind.rawValue, .faint), TextTable.Cell("\(row.destination)"),
                TextTable.Cell(Self.age(row), row.isBreach ? .bad : .plain), TextTable.Cell(HumanUnits.hours(row.rpo)),
                TextTable.Cell(copies), TextTable.Cell(row.newest?.identifier ?? "–", .faint),
                TextTable.Cell(HumanUnits.size(gibibytes: row.newest?.sizeGiB)), TextTable.Cell(Self.key(row), .faint),
                TextTable.Cell(HumanUnits.duration(row.newest?.took)), TextTable.Cell(row.route ?? "–"),
            ])
        }
        return table
    }

    private static func age(_ row: RecoveryLine) -> String {
        if let age = row.age { return HumanUnits.hours(age) }
        return row.exposure.map { "> \(HumanUnits.hours($0))" } ?? "–"
    }

    /// The end of the key's ARN, as far as it tells keys apart at a glance.
    private static func key(_ row: RecoveryLine) -> String {
        guard let newest = row.newest else { return "–" }
        guard let key = newest.kmsKeyID else { return "none" }
        return String(key.split(separator: "/").last?.prefix(8) ?? "?")
    }

    private var uncovered: TextTable {
        var table = TextTable([
            TextTable.Column("DATABASE", minimum: 10), TextTable.Column("WHERE", dropOrder: 2),
            TextTable.Column("ENGINE", dropOrder: 1), TextTable.Column("WHY", minimum: 20),
        ])
        for item in self.report.uncovered {
            let database = item.database
            table.add([
                TextTable.Cell(database.identifier, .strong),
                TextTable.Cell("\(database.account)/\(database.region)/\(database.kind.rawValue)", .faint),
                TextTable.Cell(item.engine, .faint), TextTable.Cell(item.reason),
            ])
        }
        return table
    }
}

extension RecoveryLine {
    var tone: Tone {
        if self.isBreach { return .bad }
        switch self.standing {
        case .inTime: return .good
        case .neverCopied, .firstCopyDue, .overdue, .ageUnknown: return .warning
        case .noRPO, .noRoute, .sourceGone: return .faint
        }
    }
}

extension RecoveryStanding {
    /// For people.
    var words: String {
        switch self {
        case .neverCopied: "never copied"
        case .overdue: "too old"
        case .ageUnknown: "age unknown"
        case .firstCopyDue: "first copy due"
        case .inTime: "in time"
        case .noRPO: "no RPO"
        case .noRoute: "no route"
        case .sourceGone: "source gone"
        }
    }
}
