// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Retention's plans for people, and for programs.
struct PrunePage: Sendable {
    /// What ages count up to.
    let now: Instant
    var plans: [RetentionPlan] = []
    /// What could not be looked at, and why, one line each.
    var problems: [String] = []

    init(now: Instant) { self.now = now }

    /// Lines of at most `width` columns.
    func lines(width: Int, deletionsOnly: Bool) -> [StyledLine] {
        var lines: [StyledLine] = []
        for plan in self.plans {
            var heading = StyledLine("\(plan.destination)", .accent)
            heading.append("  \(plan.verdicts.count - plan.deletions.count) stay, ")
            heading.append("\(plan.deletions.count) go", plan.deletions.isEmpty ? .good : .warning)
            lines.append(heading)
            let shown = plan.verdicts.filter { !deletionsOnly || $0.isDeletion }
            if !shown.isEmpty { lines += self.table(shown, width: width) }
            lines.append("")
        }
        return lines.map { $0.truncated(to: width) }
    }

    private func table(_ verdicts: [RetentionVerdict], width: Int) -> [StyledLine] {
        var table = TextTable([
            TextTable.Column(""), TextTable.Column("DATABASE", minimum: 10), TextTable.Column("COPY", minimum: 16),
            TextTable.Column("DATA FROM", dropOrder: 3), TextTable.Column("AGE", .right),
            TextTable.Column("SIZE", .right, dropOrder: 2), TextTable.Column("ROUTE", minimum: 6, dropOrder: 1),
            TextTable.Column("WHY", minimum: 12),
        ])
        for verdict in verdicts {
            let copy = verdict.copy
            let why =
                verdict.isDeletion ? "no rule keeps it" : verdict.reasons.map(\.description).joined(separator: ", ")
            table.add([
                verdict.isDeletion ? TextTable.Cell("go", .bad) : TextTable.Cell("stay", .good),
                TextTable.Cell(copy.database.identifier), TextTable.Cell(copy.snapshot.arn.identifier, .strong),
                TextTable.Cell(copy.takenAt.map { LocalTime.minute($0) } ?? "?", .faint),
                TextTable.Cell(HumanUnits.short(copy.takenAt.map { self.now - $0 })),
                TextTable.Cell(HumanUnits.size(gibibytes: copy.snapshot.sizeGiB)), TextTable.Cell(copy.route),
                TextTable.Cell(why, .faint),
            ])
        }
        return table.lines(width: width)
    }

    /// The same as one JSON document.
    func document(deletionsOnly: Bool) -> JSONValue {
        let copies = self.plans.flatMap { plan in
            plan.verdicts.filter { !deletionsOnly || $0.isDeletion }.map { verdict in
                verdict.copy.document.adding([
                    "delete": .bool(verdict.isDeletion),
                    "reasons": .array(verdict.reasons.map { .string($0.description) }),
                ])
            }
        }
        return [
            "time": .string(self.now.iso8601), "copies": .array(copies),
            "problems": .array(self.problems.map { .string($0) }),
        ]
    }
}

/// What became of one copy that was to go.
struct PruneLine: Sendable {
    let copy: CopyRecord
    let outcome: Pruner.Outcome
    let at: Instant

    private var word: (outcome: String, detail: String?) {
        switch self.outcome {
        case .deleted: ("deleted", nil)
        case .gone: ("gone", "somebody else deleted it")
        case .spared(let reasons): ("spared", reasons.map(\.description).joined(separator: ", "))
        case .refused(let error): ("refused", "\(error)")
        }
    }

    var text: String {
        let (outcome, detail) = self.word
        let place = "\(self.copy.snapshot.arn.account)/\(self.copy.snapshot.arn.region)"
        return "\(outcome) \(self.copy.snapshot.arn.identifier) at \(place)" + (detail.map { ": \($0)" } ?? "")
    }

    var document: JSONValue {
        let (outcome, detail) = self.word
        return self.copy.document.adding([
            "time": .string(self.at.iso8601), "outcome": .string(outcome),
            "detail": detail.map { .string($0) } ?? .null,
        ])
    }
}

extension CopyRecord {
    fileprivate var document: JSONValue {
        [
            "arn": .string(self.snapshot.arn.description),
            "source": self.snapshot.tags[TagMerge.sourceKey].map { .string($0) } ?? .null,
            "database": .string(self.database.identifier), "kind": .string(self.database.kind.rawValue),
            "route": .string(self.route), "takenAt": self.takenAt.map { .string($0.iso8601) } ?? .null,
            "sizeGiB": self.snapshot.sizeGiB.map { .integer(Int64($0)) } ?? .null,
        ]
    }
}

extension JSONValue {
    /// The object with more members.
    fileprivate func adding(_ members: [String: JSONValue]) -> JSONValue {
        .object((self.object ?? [:]).merging(members) { _, new in new })
    }
}
