// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import SnapshotFleet

/// A forecast for people, and for programs.
struct ForecastPage: Sendable {
    /// How many databases are listed unless all are asked for.
    private static let listed = 20

    let outlook: ForecastOutlook
    let answer: ForecastAnswer
    let showsAll: Bool

    /// 2 when something could not be looked at; 1 when a copy comes too late; else 0.
    var exitStatus: Int32 {
        if !self.outlook.problems.isEmpty || !self.answer.failures.isEmpty { return 2 }
        return self.answer.lanes.contains(where: \.isLate) ? 1 : 0
    }

    private var question: ForecastQuestion { self.outlook.question }

    // MARK: - People

    /// Lines of at most `width` columns.
    func lines(width: Int) -> [StyledLine] {
        var lines = [self.heading, ""]
        lines += self.table(width: width)
        for pool in self.answer.pools { lines += [""] + self.lines(of: pool, width: width) }
        if !self.answer.withMore.isEmpty { lines += [""] + self.withMore(width: width) }
        if !self.answer.unwanted.isEmpty {
            lines.append("")
            lines += self.answer.unwanted.map { "not copied: \($0.database.name): \($0.reason)" }
        }
        lines += ["", StyledLine("Assumed", .faint)]
        let assumptions = ForecastAssumptions(outlook: self.outlook, answer: self.answer).lines
        lines += assumptions.map { StyledLine("- \($0)", .faint) }
        let problems = self.outlook.problems.map { "could not look: \($0)" } + self.answer.failures
        if !problems.isEmpty { lines += [""] + problems.map { StyledLine($0, .bad) } }
        return lines.flatMap { $0.width > width ? $0.wrapped(to: width, indent: 2) : [$0] }
    }

    private var heading: StyledLine {
        let copies = self.answer.lanes.reduce(0) { $0 + $1.copies.count }
        let databases = Set(self.answer.lanes.map(\.lane.database)).count
        let days = self.question.days == 1 ? "1 day" : "\(self.question.days) days"
        var line = StyledLine("\(days) from \(Self.moment(self.question.start)) UTC: ")
        line.append("\(copies)", .strong)
        line.append(copies == 1 ? " copy of " : " copies of ")
        line.append("\(databases)", .strong)
        line.append(databases == 1 ? " database" : " databases")
        let late = self.answer.lanes.count(where: \.isLate)
        if late > 0 { line.append(", \(late) too late for the RPO", .bad) }
        if let worst = self.answer.worstAge {
            line.append("; the worst RPO is ")
            line.append(HumanUnits.hours(worst), late > 0 ? .bad : .strong)
        }
        return line
    }

    private func table(width: Int) -> [StyledLine] {
        var table = TextTable([
            TextTable.Column("DATABASE", minimum: 8), TextTable.Column("KIND", minimum: 4, dropOrder: 4),
            TextTable.Column("TO"), TextTable.Column("SIZE", .right, dropOrder: 3),
            TextTable.Column("SNAPSHOT", .right), TextTable.Column("WAITS", .right, dropOrder: 2),
            TextTable.Column("COPY TAKES", .right, dropOrder: 1), TextTable.Column("SAFE", .right),
            TextTable.Column("WORST RPO", .right), TextTable.Column(""),
        ])
        let worst = self.answer.lanes.compactMap { lane in
            lane.copies.max { $0.lag < $1.lag }.map { (lane: lane, copy: $0) }
        }
        let ordered = worst.sorted {
            ($1.lane.isLate ? 1 : 0, $1.copy.lag, $0.lane.lane) < ($0.lane.isLate ? 1 : 0, $0.copy.lag, $1.lane.lane)
        }
        let shown = self.showsAll ? ordered[...] : ordered.prefix(Self.listed)
        let sizes = Dictionary(self.question.databases.map { ($0.id, $0.sizeGiB) }) { first, _ in first }
        for (lane, copy) in shown {
            let mark: TextTable.Cell =
                switch (lane.isLate, lane.rpo) {
                case (true, let rpo): TextTable.Cell("later than \(HumanUnits.hours(rpo))", .bad)
                case (false, .some): TextTable.Cell("in time", .good)
                case (false, nil): ""
                }
            table.add([
                TextTable.Cell(lane.lane.database.name, .strong), TextTable.Cell(lane.lane.database.kind.rawValue),
                TextTable.Cell(self.name(of: lane.lane.destination)),
                TextTable.Cell(HumanUnits.size(gibibytes: sizes[lane.lane.database] ?? nil)),
                TextTable.Cell(HumanUnits.timeOfDay(copy.taken)),
                TextTable.Cell(
                    Self.isLong(copy.waited) ? HumanUnits.hours(copy.waited) : "–",
                    Self.isLong(copy.waited) ? .warning : .faint
                ),
                TextTable.Cell(HumanUnits.hours(copy.took)), TextTable.Cell(Self.timeAfter(copy.taken, copy.safe)),
                TextTable.Cell(HumanUnits.hours(lane.worstAge), lane.isLate ? .bad : .plain), mark,
            ])
        }
        var lines = table.lines(width: width)
        if shown.count < ordered.count {
            lines.append(
                StyledLine("… and \(ordered.count - shown.count) that are safe sooner; --all lists them", .faint)
            )
        }
        return lines
    }

    private func lines(of pool: ForecastAnswer.Pool, width: Int) -> [StyledLine] {
        var heading = StyledLine(self.name(of: pool.pool.destination), .accent)
        heading.append("  \(pool.pool.kind.rawValue)  ", .strong)
        heading.append("\(pool.most) of \(pool.slots) slots at most", pool.binds ? .warning : .good)
        heading.append("; copies keep them busy \(Int((pool.load * 100).rounded()))% of the time")
        let chart = SlotChart(pool: pool, from: self.chartStart, width: min(width, 100))
        let verdict: StyledLine
        if pool.load > 1 {
            verdict = StyledLine("There is more to copy than fits into the slots: the fleet never catches up.", .bad)
        } else if pool.binds {
            let short = HumanUnits.hours(pool.short)
            verdict = StyledLine("This quota binds: for \(short) copies waited while every slot was taken.", .warning)
        } else {
            let longest = HumanUnits.hours(pool.longestCopy)
            verdict = StyledLine("This quota does not bind; the longest copy, \(longest), decides.", .good)
        }
        return [heading] + chart.lines + [verdict]
    }

    private func withMore(width: Int) -> [StyledLine] {
        var table = TextTable([
            TextTable.Column("WITH MORE SLOTS"), TextTable.Column("", .right),
            TextTable.Column("LAST SAFE AFTER", .right),
            TextTable.Column("INSTEAD OF", .right), TextTable.Column("WORST RPO", .right), TextTable.Column(""),
        ])
        for more in self.answer.withMore {
            guard let now = self.answer.pools.first(where: { $0.pool == more.pool }) else { continue }
            table.add([
                TextTable.Cell("\(self.name(of: more.pool.destination)) \(more.pool.kind.rawValue)"), "+\(more.more)",
                TextTable.Cell(HumanUnits.hours(more.worstLag), .strong),
                TextTable.Cell(HumanUnits.hours(now.worstLag)), TextTable.Cell(HumanUnits.hours(more.worstAge)),
                more.stillBinds ? TextTable.Cell("still binds", .warning) : TextTable.Cell("no longer binds", .good),
            ])
        }
        return table.lines(width: width)
    }

    /// The last of the days, when what the first ones left over shows; from midnight, where that is no earlier.
    private var chartStart: Instant {
        let day = self.question.start + .seconds(86_400 * (self.question.days - 1))
        let civil = day.civil
        let midnight = day - .seconds(civil.hour * 3600 + civil.minute * 60 + civil.second)
        return max(self.question.start, midnight)
    }

    func name(of destination: Destination) -> String {
        destination.account == self.question.ownAccount ? destination.region : destination.description
    }

    /// Whether a wait is worth a word: workers gather snapshots for some seconds.
    private static func isLong(_ wait: Duration) -> Bool { wait >= .seconds(60) }

    private static func moment(_ instant: Instant) -> String {
        "\(instant.iso8601.prefix(10)) \(HumanUnits.timeOfDay(instant))"
    }

    /// The time of day, and how many days later it is: `07:35`, `02:10 +1d`.
    private static func timeAfter(_ first: Instant, _ later: Instant) -> String {
        let day = { (instant: Instant) in
            CivilTime.days(year: instant.civil.year, month: instant.civil.month, day: instant.civil.day)
        }
        let days = day(later) - day(first)
        return HumanUnits.timeOfDay(later) + (days > 0 ? " +\(days)d" : "")
    }
}

/// The slots that are taken over a day, as bars.
struct SlotChart: Sendable {
    private static let bars = ["·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    let pool: ForecastAnswer.Pool
    let from: Instant
    /// How many columns there are.
    let width: Int

    /// The bars, and below them the time of day.
    var lines: [StyledLine] {
        let parts = self.width >= 96 ? 96 : 48
        let use = self.pool.use(from: self.from, to: self.from + .seconds(86_400), parts: parts)
        var bars = StyledLine()
        for taken in use {
            let height = taken == 0 ? 0 : max(1, min(8, taken * 8 / max(1, self.pool.slots)))
            bars.append(Self.bars[height], taken >= self.pool.slots ? .warning : taken == 0 ? .faint : .accent)
        }
        var axis = StyledLine()
        for quarter in 0..<4 {
            axis.pad(to: quarter * parts / 4)
            axis.append(HumanUnits.timeOfDay(self.from + .seconds(21_600 * quarter)), .faint)
        }
        return [bars, axis]
    }
}

extension StyledLine {
    /// The line in as many lines as it takes, broken between words; those after the first are indented.
    func wrapped(to width: Int, indent: Int) -> [StyledLine] {
        var lines = [StyledLine()]
        for piece in self.pieces {
            for (index, word) in piece.text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
                let blank = index > 0 ? " " : ""
                if lines[lines.count - 1].width + blank.count + DisplayWidth.of(word) > width, !word.isEmpty {
                    lines.append(StyledLine(String(repeating: " ", count: indent)))
                    lines[lines.count - 1].append(String(word), piece.tone)
                } else {
                    lines[lines.count - 1].append(blank + word, piece.tone)
                }
            }
        }
        return lines.map { $0.truncated(to: width) }
    }
}
