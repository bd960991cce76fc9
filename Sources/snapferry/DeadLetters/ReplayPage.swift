// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A replay for people, and for programs.
struct ReplayPage: Sendable {
    let plan: ReplayPlan
    let now: Instant
    let rate: Int
    let retention: Duration?
    /// What could not be looked at, and why, one line each.
    let problems: [String]

    /// Lines of at most `width` columns.
    func lines(width: Int) -> [StyledLine] {
        var lines = self.heading
        if !self.plan.items.isEmpty { lines += ["" as StyledLine] + self.table.lines(width: width) + [""] }
        return lines.map { $0.truncated(to: width) }
    }

    private var heading: [StyledLine] {
        guard !self.plan.items.isEmpty else {
            let others = self.plan.others
            return [StyledLine(others == 0 ? "No dead letters" : "None of \(others) dead letters is meant", .warning)]
        }
        var line = StyledLine("\(self.plan.leaving) of \(self.plan.items.count) to replay", .accent)
        if self.plan.sends != self.plan.leaving { line.append(", as \(self.plan.sends) messages") }
        if self.plan.sends > self.rate { line.append(", \(self.rate) a second") }
        for standing in [DeadLetterOutlook.Standing.obsolete, .blocked] where self.plan.kept(standing) > 0 {
            line.append("; \(self.plan.kept(standing)) \(standing == .obsolete ? "obsolete" : "would come back")")
        }
        if self.plan.others > 0 { line.append("; \(self.plan.others) others are not meant") }
        var lines = [line]
        if self.plan.items.contains(where: { $0.action == .keep }) {
            lines.append(StyledLine("What stays is replayed all the same by --force.", .faint))
        }
        return lines
    }

    private var table: TextTable {
        var table = TextTable([
            TextTable.Column(""), TextTable.Column("LETTER"), TextTable.Column("REASON", minimum: 10),
            TextTable.Column("SNAPSHOT", minimum: 12), TextTable.Column("TO", minimum: 9, dropOrder: 1),
            TextTable.Column("AGE", .right), TextTable.Column("IF REPLAYED NOW", minimum: 12),
        ])
        for item in self.plan.items {
            let entry = item.entry
            let isLeaving = item.action != .keep
            var text = item.outlook.text
            if case .goesWith(let id) = item.action { text = "the same job as \(id.prefix(8))" }
            table.add([
                isLeaving ? TextTable.Cell("replay", .good) : TextTable.Cell("stay", .faint),
                TextTable.Cell(entry.shortID, .accent), TextTable.Cell(entry.cause.name, .strong),
                TextTable.Cell(entry.subject), TextTable.Cell(entry.destination?.description ?? "–"),
                TextTable.Cell(HumanUnits.short(entry.sentAt.map { self.now - $0 })),
                TextTable.Cell(text, item.outlook.tone),
            ])
        }
        return table
    }

    /// The same as one JSON document.
    var document: JSONValue {
        let letters = self.plan.items.map { item -> JSONValue in
            var members = item.entry.document(retention: self.retention).merging(item.outlook.members) { $1 }
            switch item.action {
            case .send(let body): (members["action"], members["message"]) = ("replay", .string(body))
            case .goesWith(let id): (members["action"], members["sameJobAs"]) = ("replay", .string(id))
            case .keep: members["action"] = "stay"
            }
            return .object(members)
        }
        return [
            "time": .string(self.now.iso8601), "letters": .array(letters),
            "messages": .integer(Int64(self.plan.sends)), "ratePerSecond": .integer(Int64(self.rate)),
            "others": .integer(Int64(self.plan.others)), "problems": .array(self.problems.map { .string($0) }),
        ]
    }
}

/// What became of one letter.
struct LetterLine: Sendable {
    let entry: DeadLetterEntry
    let outcome: Replayer.Outcome
    let at: Instant

    /// Whether the letter is where it should be now.
    var isGood: Bool { self.outcome == .replayed || self.outcome == .dropped }

    private var words: (outcome: String, detail: String?) {
        switch self.outcome {
        case .replayed: ("replayed", nil)
        case .dropped: ("dropped", nil)
        case .notSent(let error): ("not-sent", "\(error)")
        case .notDeleted(let error): ("not-deleted", "it may come again: \(error)")
        }
    }

    var text: String {
        let (outcome, detail) = self.words
        let destination = self.entry.destination.map { " to \($0)" } ?? ""
        return "\(outcome) \(self.entry.shortID) \(self.entry.cause.name) \(self.entry.subject)\(destination)"
            + (detail.map { ": \($0)" } ?? "")
    }

    var document: JSONValue {
        let (outcome, detail) = self.words
        return [
            "time": .string(self.at.iso8601), "id": .string(self.entry.id), "reason": .string(self.entry.cause.name),
            "source": self.entry.source.map { .string($0.description) } ?? .null,
            "destination": self.entry.destination.map { .string($0.description) } ?? .null,
            "outcome": .string(outcome), "detail": detail.map { .string($0) } ?? .null,
        ]
    }
}
