// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A fleet's status for people.
struct StatusPage: Sendable {
    let status: FleetStatus
    /// What a moment is called where the reader is.
    var clock: @Sendable (Instant) -> String = LocalTime.timeOfDay

    /// Lines of at most `width` columns.
    func lines(width: Int) -> [StyledLine] {
        var lines = [self.queue, self.deadLetters]
        if let recovery = self.recovery { lines.append(recovery) }
        var wasBusy = true
        for pool in self.status.pools {
            let obstacles = self.status.obstacles(in: pool)
            let isBusy = !(pool.copies ?? []).isEmpty || !obstacles.isEmpty
            // Idle destinations stand together.
            if isBusy || wasBusy { lines.append("") }
            wasBusy = isBusy
            lines.append(Self.heading(pool))
            for obstacle in obstacles { lines.append(StyledLine("  \(obstacle.text(at: self.status.now))", .bad)) }
            guard let copies = pool.copies, !copies.isEmpty else { continue }
            lines += self.table(copies, width: width)
        }
        if !self.status.problems.isEmpty { lines.append("") }
        lines += self.status.problems.map { StyledLine("could not look: \($0)", .bad) }
        return lines.map { $0.truncated(to: width) }
    }

    private static func title(_ text: String) -> StyledLine {
        var line = StyledLine(text, .faint)
        line.pad(to: 14)
        return line
    }

    private var queue: StyledLine {
        var line = Self.title("Queue")
        guard let depth = self.status.queue else {
            line.append("unknown", .bad)
            return line
        }
        line.append("\(depth.visible)", .strong)
        line.append(" visible, ")
        line.append("\(depth.inFlight)", .strong)
        line.append(" in flight, ")
        line.append("\(depth.delayed)", .strong)
        line.append(" delayed")
        if let oldest = depth.oldest, !depth.isEmpty {
            line.append(", the oldest \(HumanUnits.duration(oldest))", .faint)
        } else if depth.visible > 0 {
            line.append(", age of the oldest unknown", .faint)
        }
        return line
    }

    private var deadLetters: StyledLine {
        var line = Self.title("Dead letters")
        guard let depth = self.status.deadLetters else {
            line.append("unknown", .warning)
            return line
        }
        let count = depth.visible + depth.inFlight + depth.delayed
        line.append("\(count)", count == 0 ? .good : .bad)
        guard let letters = self.status.letters, letters.count > 0 else { return line }
        let reasons = letters.byReason.map { "\($0.reason) \($0.count)" }.joined(separator: ", ")
        line.append(": " + reasons)
        if let oldest = letters.oldest {
            line.append("; the oldest \(HumanUnits.duration(self.status.now - oldest))", .faint)
        }
        return line
    }

    /// The one line that says whether the databases could be restored as young as was promised.
    private var recovery: StyledLine? {
        let points = self.status.points.filter { $0.rpo != nil && $0.databases > 0 }
        let count = points.reduce(0) { $0 + $1.databases }
        guard count > 0 else { return nil }
        let breached = points.reduce(0) { $0 + $1.breachedCount }
        var line = Self.title("RPO")
        if breached == 0 {
            line.append("kept", .good)
            line.append(" for all \(count)")
        } else {
            line.append("broken", .bad)
            line.append(" for \(breached) of \(count)")
        }
        let worst = points.max { left, right in Self.excess(left) < Self.excess(right) }
        if let worst, let database = worst.worst, let age = worst.worstAge, let rpo = worst.rpo {
            line.append(": \(database.identifier) at \(worst.destination) is ")
            line.append(HumanUnits.hours(age), breached == 0 ? .plain : .bad)
            line.append(" old, \(HumanUnits.hours(rpo)) allowed")
        }
        return line
    }

    private static func excess(_ point: RoutePoint) -> Duration {
        (point.worstAge ?? .zero) - (point.rpo ?? .zero)
    }

    private static func heading(_ pool: FleetStatus.Pool) -> StyledLine {
        var line = StyledLine("\(pool.pool.destination)", .accent)
        line.append("  \(pool.pool.kind.rawValue)  ", .strong)
        guard pool.copies != nil else {
            line.append("unknown", .bad)
            return line
        }
        let tone: Tone = pool.taken >= pool.limit ? .warning : .good
        line.append(ProgressBar.slots(taken: pool.taken, limit: pool.limit, width: 20), tone)
        line.append(" \(pool.taken) of \(pool.limit) slots taken")
        if pool.others > 0 { line.append(", \(pool.others) not ours", .warning) }
        if pool.held > 0 { line.append(", \(pool.held) about to start or to end", .faint) }
        return line
    }

    private func table(_ copies: [Snapshot], width: Int) -> [StyledLine] {
        var table = TextTable(
            [
                TextTable.Column("COPY", minimum: 16), TextTable.Column("DATABASE", minimum: 8, dropOrder: 1),
                TextTable.Column("ENGINE", dropOrder: 5), TextTable.Column("SIZE", .right, dropOrder: 2),
                TextTable.Column("PROGRESS", minimum: 8), TextTable.Column("", .right), TextTable.Column("FOR", .right),
                TextTable.Column("RATE", .right, dropOrder: 4), TextTable.Column("DONE", .right, dropOrder: 3),
                TextTable.Column("ROUTE", dropOrder: 6),
            ],
            narrowing: .dropFirst
        )
        for copy in copies {
            let pace = CopyPace(copy, self.status.estimates[copy.arn], at: self.status.now)
            table.add([
                TextTable.Cell(copy.arn.identifier, .strong), TextTable.Cell(copy.database),
                TextTable.Cell(copy.engine, .faint), TextTable.Cell(HumanUnits.size(gibibytes: copy.sizeGiB)),
                TextTable.Cell(ProgressBar(percent: copy.percentProgress).text(width: 20), .accent),
                "\(copy.percentProgress ?? 0)%",
                TextTable.Cell(HumanUnits.short(copy.createdAt.map { self.status.now - $0 }), .faint),
                TextTable.Cell(pace.gibibytesPerHour.map { "\($0) GiB/h" } ?? "–", .faint),
                TextTable.Cell(pace.expected.map { "~\(self.clock($0))" } ?? "–"),
                copy.isOurs
                    ? TextTable.Cell(copy.tags[TagMerge.routeKey] ?? "") : TextTable.Cell("not ours", .warning),
            ])
        }
        return table.lines(width: width)
    }
}

/// How fast a copy goes, and when it will be whole, as far as its progress tells.
struct CopyPace: Sendable, Hashable {
    /// `nil` while there is no progress, or no size.
    var gibibytesPerHour: Int?
    /// Before this it can't be whole.
    var earliest: Instant?
    /// By then it should be.
    var latest: Instant?
    /// Between the two; `nil` where nothing tells.
    var expected: Instant?

    init(_ copy: Snapshot, _ estimate: FinishEstimate?, at now: Instant) {
        if let size = copy.sizeGiB, let percent = copy.percentProgress, percent > 0, let start = copy.createdAt,
            now > start
        {
            let done = Double(size) * Double(percent) / 100
            self.gibibytesPerHour = Int((done / (now - start).inSeconds * 3600).rounded())
        }
        self.earliest = estimate?.earliest
        self.latest = estimate?.latest
        if let earliest = self.earliest, let latest = self.latest {
            self.expected = max(now, earliest + (latest - earliest) / 2)
        }
    }
}
