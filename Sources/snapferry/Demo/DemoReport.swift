// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// The closing words: what was copied, how old it is, how long it took, and whether anything is missing.
struct DemoReport: Sendable {
    var board: DemoBoard
    var story: DemoStory
    var verdict: DemoVerdict
    var now: Instant
    /// How long it took by the clock on the wall.
    var wallTime: Duration

    func lines(width: Int) -> [StyledLine] {
        var lines = self.table.lines(width: width)
        lines.append("")
        lines += self.totals
        lines.append("")
        lines += self.conclusion
        return lines
    }

    private var table: TextTable {
        var table = TextTable(
            [
                TextTable.Column("DATABASE", minimum: 10), TextTable.Column("KIND", dropOrder: 2),
                TextTable.Column("ENGINE", minimum: 8, dropOrder: 3), TextTable.Column("ENC", dropOrder: 4),
                TextTable.Column("SIZE", .right), TextTable.Column("COPIED", .right),
                TextTable.Column("NEWEST", .right),
                TextTable.Column("MEAN COPY", .right), TextTable.Column("CARRIED BY", minimum: 9, dropOrder: 1),
            ],
            narrowing: .dropFirst
        )
        for database in self.story.databases {
            let done = self.done(of: database)
            let expected = self.verdict.expected.count { $0.database == database.name }
            let newest = done.compactMap { self.createdAt($0) }.max()
            let durations = done.compactMap(\.duration)
            let mean = durations.isEmpty ? nil : durations.reduce(Duration.zero, +) / durations.count
            table.add([
                TextTable.Cell(database.name, .strong), TextTable.Cell(database.kind.rawValue, .faint),
                TextTable.Cell(database.engine, .faint), TextTable.Cell(database.isEncrypted ? "yes" : "no", .faint),
                TextTable.Cell(HumanUnits.size(gibibytes: database.sizeGiB)),
                TextTable.Cell("\(done.count) of \(expected)", done.count == expected ? .good : .bad),
                TextTable.Cell(newest.map { HumanUnits.duration(self.now - $0) + " old" } ?? "–"),
                TextTable.Cell(HumanUnits.duration(mean)), TextTable.Cell(Self.hands(done)),
            ])
        }
        return table
    }

    private var totals: [StyledLine] {
        var lines: [StyledLine] = []
        let size = self.board.done.values.reduce(0) { $0 + ($1.confirmation.sizeGiB ?? 0) }
        var line = StyledLine("\(self.verdict.expected.count)", .strong)
        line.append(" snapshots, ")
        line.append("\(self.verdict.confirmed(story: self.story))", .good)
        line.append(" confirmed in \(self.story.destination), \(HumanUnits.size(gibibytes: size)) carried")
        lines.append(line)
        lines.append("copies taken over: \(self.board.adopted), failed and made again: \(self.board.failedCopies)")
        lines.append(Self.counts("calls that failed", self.board.troubles))
        lines.append(Self.counts("requeued", self.board.requeues))
        lines.append(Self.counts("dead-lettered", self.board.deadLetters))
        lines.append(StyledLine("all in \(HumanUnits.duration(self.wallTime)) by the clock on the wall", .faint))
        return lines
    }

    private var conclusion: [StyledLine] {
        let problems = self.verdict.problems(story: self.story)
        guard problems.isEmpty else {
            return [StyledLine("Not everything arrived:", .bad)] + problems.map { StyledLine("  \($0)") }
        }
        return [
            StyledLine("Every snapshot is confirmed and the queue is empty.", .good),
            StyledLine("The only dead letter is the poisoned message.", .good),
        ]
    }

    private func done(of database: DemoStory.Database) -> [DemoBoard.Done] {
        self.board.done.values.filter { $0.confirmation.database == database.name }
    }

    /// When the data was taken; clusters' snapshots tell by the source itself.
    private func createdAt(_ done: DemoBoard.Done) -> Instant? {
        let source = self.verdict.expected.first { $0.arn == done.confirmation.job.source }
        return done.confirmation.sourceCreatedAt ?? source?.originalCreatedAt ?? source?.createdAt
    }

    private static func hands(_ done: [DemoBoard.Done]) -> String {
        let chains = Set(done.map { $0.workers.joined(separator: "→") })
        return chains.sorted().joined(separator: ", ")
    }

    private static func counts(_ title: String, _ counts: [String: Int]) -> StyledLine {
        let total = counts.values.reduce(0, +)
        let reasons = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        return StyledLine("\(title): \(total)" + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"))
    }
}
