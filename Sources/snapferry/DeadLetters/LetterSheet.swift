// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// One dead letter for people, and for programs.
struct LetterSheet: Sendable {
    let entry: DeadLetterEntry
    let outlook: DeadLetterOutlook
    let now: Instant
    let retention: Duration?

    /// A line for each fact, then the body.
    func lines() -> [StyledLine] {
        let entry = self.entry
        var facts: [(String, String?, Tone)] = [
            ("Letter", entry.id, .accent), ("Reason", entry.cause.name, .bad),
            ("Detail", entry.detail.isEmpty ? nil : entry.detail, .plain),
            ("Remedy", entry.cause.remedy, .strong), ("If replayed", self.outlook.text, self.outlook.tone),
            ("Snapshot", entry.source?.description, .plain), ("To", entry.destination?.description, .plain),
            ("Database", entry.database, .plain), ("Route", entry.route, .plain),
            ("Attempts", "\(entry.attempts)", .plain), ("First seen", entry.firstSeen.map(self.moment), .plain),
            (entry.cause == .redriven ? "Sent" : "Given up", entry.sentAt.map(self.moment), .plain),
        ]
        if let retention = self.retention, let sentAt = entry.sentAt {
            facts.append(("Kept until", LocalTime.minute(sentAt + retention), .plain))
        }
        facts.append(("Worker", entry.worker, .plain))
        var lines = facts.compactMap { name, value, tone -> StyledLine? in
            guard let value else { return nil }
            var line = StyledLine(name, .faint)
            line.pad(to: 13)
            line.append(value, tone)
            return line
        }
        lines.append(StyledLine("Body", .faint))
        lines += self.body.split(separator: "\n", omittingEmptySubsequences: false).map { StyledLine("  \($0)") }
        return lines
    }

    private func moment(_ instant: Instant) -> String {
        "\(LocalTime.minute(instant)), \(HumanUnits.duration(self.now - instant)) ago"
    }

    /// Indented where it is JSON; whatever else it is, without what a terminal would obey.
    private var body: String {
        if let document = try? JSONValue(parsing: self.entry.body.utf8) {
            return JSONText.indented(document).split(separator: "\n").map { $0.excerpt(2000) }.joined(separator: "\n")
        }
        return self.entry.body.excerpt(10_000)
    }

    var document: JSONValue {
        .object(
            self.entry.document(retention: self.retention).merging(self.outlook.members) { $1 }.merging([
                "body": .string(self.entry.body),
                "attributes": .object(self.entry.attributes.mapValues { .string($0) }),
            ]) { $1 }
        )
    }
}
