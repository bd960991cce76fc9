// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// The dead-letter queue for people, and for programs.
struct DeadLetterPage: Sendable {
    let now: Instant
    let queueURL: String
    let entries: [DeadLetterEntry]
    let standing: DeadLetterStanding
    let isPartial: Bool
    let judge: DeadLetterJudge
    /// What could not be looked at, and why, one line each.
    let problems: [String]
    /// Whether to show each letter, and not only the groups.
    var showsEach = false

    /// 0 when there is no letter; 1 when there are; 2 when something could not be looked at.
    var exitStatus: Int32 {
        if !self.problems.isEmpty { return 2 }
        return self.entries.isEmpty && self.standing.hidden == 0 ? 0 : 1
    }

    /// How many letters have which outlook.
    private static func tally(_ outlooks: some Sequence<DeadLetterOutlook>) -> [DeadLetterOutlook.Standing: Int] {
        outlooks.reduce(into: [:]) { $0[$1.standing, default: 0] += 1 }
    }

    private static func words(_ tally: [DeadLetterOutlook.Standing: Int]) -> String {
        DeadLetterOutlook.Standing.allCases.compactMap { standing in
            tally[standing].map { "\($0) \(standing.rawValue)" }
        }.joined(separator: ", ")
    }

    // MARK: - For people

    /// Lines of at most `width` columns, but for remedies.
    func lines(width: Int) -> [StyledLine] {
        var lines = [self.heading]
        if self.isPartial { lines.append(StyledLine("There are more; --limit reads further.", .warning)) }
        if self.standing.hidden > 0 {
            lines.append(
                StyledLine(
                    "\(self.standing.hidden) more are hidden: somebody works on them, or a look was broken off "
                        + "within the last three minutes.",
                    .warning
                )
            )
        }
        if let expiring = self.expiring { lines.append(expiring) }
        guard !self.entries.isEmpty else { return lines.map { $0.truncated(to: width) } }
        lines += ["" as StyledLine] + (self.showsEach ? self.letterTable : self.groupTable).lines(width: width)
        lines = lines.map { $0.truncated(to: width) }
        lines.append("")
        var told: Set<String> = []
        for group in DeadLetterSummary(self.entries).groups where told.insert(group.cause.name).inserted {
            var line = StyledLine(group.cause.name, .strong)
            line.append("  \(group.cause.remedy)")
            lines.append(line)
        }
        lines.append("")
        lines.append(
            StyledLine(
                "dlq show ID tells all of one; dlq replay sends back what is ready; dlq drop takes away what is not wanted.",
                .faint
            )
        )
        return lines
    }

    private var heading: StyledLine {
        guard !self.entries.isEmpty else { return StyledLine("No dead letters", .good) }
        let outlooks = self.entries.map { self.judge.outlook(of: $0) }
        let count = self.entries.count
        var line = StyledLine("\(count) dead letter\(count == 1 ? "" : "s")", .bad)
        let oldest = self.entries.compactMap(\.sentAt).min()
        if let oldest { line.append(", the oldest \(HumanUnits.short(self.now - oldest)) old") }
        line.append(": \(Self.words(Self.tally(outlooks)))")
        return line
    }

    /// SQS deletes what is too old, without a word.
    private var expiring: StyledLine? {
        guard let retention = self.standing.retention else { return nil }
        let soon = self.entries.compactMap(\.sentAt).filter { $0 + retention - self.now < .seconds(86_400) }
        guard !soon.isEmpty else { return nil }
        return StyledLine(
            "\(soon.count) of them will be gone within a day: the queue keeps messages for \(retention.policyText).",
            .warning
        )
    }

    private var groupTable: TextTable {
        var table = TextTable([
            TextTable.Column("LETTERS", .right), TextTable.Column("REASON", minimum: 10),
            TextTable.Column("TO", minimum: 9, dropOrder: 1), TextTable.Column("OLDEST", .right),
            TextTable.Column("IF REPLAYED NOW", minimum: 8), TextTable.Column("BECAUSE", minimum: 12, dropOrder: 2),
        ])
        for group in DeadLetterSummary(self.entries).groups {
            let outlooks = self.outlooks(group)
            let reasons = Set(outlooks.map(\.why)).subtracting([""]).sorted()
            let because = reasons.count > 1 ? "\(reasons[0]); and \(reasons.count - 1) more" : reasons.first ?? ""
            table.add([
                TextTable.Cell("\(group.count)"), TextTable.Cell(group.cause.name, .strong),
                TextTable.Cell(group.destination?.description ?? "–"),
                TextTable.Cell(HumanUnits.short(group.oldest.map { self.now - $0 })),
                TextTable.Cell(Self.words(Self.tally(outlooks)), outlooks.first?.tone ?? .plain),
                TextTable.Cell(because, .faint),
            ])
        }
        return table
    }

    private func outlooks(_ group: DeadLetterSummary.Group) -> [DeadLetterOutlook] {
        self.entries.filter { $0.cause == group.cause && $0.destination == group.destination }
            .map { self.judge.outlook(of: $0) }
    }

    private var letterTable: TextTable {
        var table = TextTable([
            TextTable.Column("LETTER"), TextTable.Column("REASON", minimum: 10),
            TextTable.Column("SNAPSHOT", minimum: 12), TextTable.Column("TO", minimum: 9, dropOrder: 1),
            TextTable.Column("AGE", .right), TextTable.Column("IF REPLAYED NOW", minimum: 12),
        ])
        for entry in self.entries {
            let outlook = self.judge.outlook(of: entry)
            table.add([
                TextTable.Cell(entry.shortID, .accent), TextTable.Cell(entry.cause.name, .strong),
                TextTable.Cell(entry.subject), TextTable.Cell(entry.destination?.description ?? "–"),
                TextTable.Cell(HumanUnits.short(entry.sentAt.map { self.now - $0 })),
                TextTable.Cell(outlook.text, outlook.tone),
            ])
        }
        return table
    }

    // MARK: - For programs

    /// The same as one JSON document, every letter in it.
    var document: JSONValue {
        let groups = DeadLetterSummary(self.entries).groups.map { group -> JSONValue in
            let tally = Self.tally(self.outlooks(group))
            return [
                "reason": .string(group.cause.name), "remedy": .string(group.cause.remedy),
                "destination": group.destination.map { .string($0.description) } ?? .null,
                "count": .integer(Int64(group.count)), "oldest": group.oldest.map { .string($0.iso8601) } ?? .null,
                "newest": group.newest.map { .string($0.iso8601) } ?? .null,
                "outlook": .object(
                    Dictionary(
                        DeadLetterOutlook.Standing.allCases.map { ($0.rawValue, .integer(Int64(tally[$0] ?? 0))) }
                    ) { first, _ in first }
                ),
            ]
        }
        let letters = self.entries.map { entry -> JSONValue in
            .object(
                entry.document(retention: self.standing.retention).merging(self.judge.outlook(of: entry).members) { $1 }
            )
        }
        return [
            "time": .string(self.now.iso8601), "queue": .string(self.queueURL),
            "hidden": .integer(Int64(self.standing.hidden)), "complete": .bool(!self.isPartial),
            "groups": .array(groups), "letters": .array(letters),
            "problems": .array(self.problems.map { .string($0) }),
        ]
    }
}
