// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What the screen shows beside the board: the state of things at one moment.
struct DemoScene: Sendable, Equatable {
    struct Slots: Sendable, Equatable {
        var pool: SlotPool
        var taken: Int
        var limit: Int
    }

    var now: Instant
    /// The midnight that begins the simulated day.
    var dayStart: Instant
    var length: Duration
    /// `nil` until the queue was asked for the first time.
    var queue: QueueDepth?
    var deadLetters: Int
    var slots: [Slots]
    /// Whether keys do something.
    var takesKeys: Bool
    /// What is going on while there is no fleet; `nil` during the day.
    var announcement: String?

    /// How much of the day is over, 0 to 1.
    var share: Double { min(max((self.now - self.dayStart) / self.length, 0), 1) }
}

/// Draws the demo: what is shown is a function of what is known and of the terminal's size.
struct DemoScreen: Sendable {
    var board: DemoBoard
    var scene: DemoScene
    var story: DemoStory

    /// The frame, at most `height` lines of at most `width` columns.
    func lines(width: Int, height: Int) -> [StyledLine] {
        let width = max(width, 20)
        var lines = [self.title(width), "", self.queue, self.slots(width), self.workers, self.totals]
        let rows = self.story.slots.values.reduce(0, +)
        // A low terminal keeps the numbers and the news, and loses the blank lines.
        let isLow = height < lines.count + rows + 8
        if isLow { lines.remove(at: 1) }
        if !isLow { lines.append("") }
        lines += self.copies(width, rows: isLow ? max(2, min(rows, height - lines.count - 7)) : rows)
        lines.append(self.waiting)
        if !isLow { lines.append("") }
        let footer = self.footer
        lines += self.news(rows: max(0, height - lines.count - 1))
        lines.append(footer)
        return lines.prefix(height).map { $0.truncated(to: width) }
    }

    private func title(_ width: Int) -> StyledLine {
        var line = StyledLine("snapferry", .strong)
        line.append("  \(self.story.source) → \(self.story.destination)", .accent)
        let percent = Int(self.scene.share * 100)
        let tail = " \(HumanUnits.timeOfDay(self.scene.now)) "
        let isEvening = self.scene.now < self.scene.dayStart
        let end = isEvening ? " the evening before" : " \(percent < 10 ? " " : "")\(percent)% of the day"
        let room = width - line.width - DisplayWidth.of(tail) - DisplayWidth.of(end) - 2
        guard room >= 6 else {
            line.append("  " + tail + end)
            return line
        }
        let bar = min(room, 30)
        line.pad(to: width - DisplayWidth.of(tail) - DisplayWidth.of(end) - bar)
        line.append(tail, .strong)
        line.append(ProgressBar(fraction: self.scene.share).text(width: bar), .accent)
        line.append(end, .faint)
        return line
    }

    private var queue: StyledLine {
        var line = Self.heading("Queue")
        guard let queue = self.scene.queue else {
            line.append("…", .faint)
            return line
        }
        line.append("\(queue.visible)", queue.visible > 0 ? .warning : .strong)
        line.append(" visible   ")
        line.append("\(queue.inFlight)", .strong)
        line.append(" in flight   ")
        line.append("\(queue.delayed)", .strong)
        line.append(" delayed   dead letters ")
        line.append("\(self.scene.deadLetters)", self.scene.deadLetters > 0 ? .bad : .strong)
        return line
    }

    private func slots(_ width: Int) -> StyledLine {
        var line = Self.heading("Slots")
        for slots in self.scene.slots {
            let isFull = slots.taken >= slots.limit
            line.append("\(slots.pool.kind.rawValue) ")
            line.append(
                ProgressBar.slots(taken: slots.taken, limit: slots.limit, width: 12),
                isFull ? .warning : .good
            )
            line.append(" \(slots.taken)/\(slots.limit)   ")
        }
        return line
    }

    private var workers: StyledLine {
        var line = Self.heading("Workers")
        for worker in self.board.workers {
            switch worker.condition {
            case .running:
                let copies = self.board.copies(of: worker.name)
                line.append("● ", .good)
                line.append("\(worker.name) ", .strong)
                line.append(copies == 1 ? "1 copy   " : "\(copies) copies   ")
            case .killed(let moment):
                line.append("✗ \(worker.name) killed \(HumanUnits.timeOfDay(moment))   ", .bad)
            case .stopped: line.append("○ \(worker.name) stopped   ", .faint)
            }
        }
        return line
    }

    private var totals: StyledLine {
        var line = Self.heading("Today")
        line.append("\(self.board.planned.union(self.board.done.keys).count)", .strong)
        line.append(" snapshots   ")
        line.append("\(self.board.done.count)", .good)
        line.append(" confirmed   ")
        line.append("\(self.board.adopted)", .strong)
        line.append(" adopted   ")
        line.append("\(self.board.requeues.values.reduce(0, +))", .strong)
        let throttled = self.board.requeues["throttled"] ?? 0
        line.append(" requeued" + (throttled > 0 ? " (\(throttled) throttled)" : ""))
        return line
    }

    private func copies(_ width: Int, rows: Int) -> [StyledLine] {
        let copies = self.board.copies.values.sorted { ($0.since, $0.target) < ($1.since, $1.target) }
        let isWide = width >= 100
        var table = TextTable(
            [
                TextTable.Column("COPYING", minimum: 10, atLeast: 17),
                TextTable.Column("KIND", atLeast: 8, dropOrder: 1),
                TextTable.Column("ENGINE", atLeast: 17, dropOrder: 3),
                TextTable.Column("SIZE", .right, atLeast: 7, dropOrder: 2), TextTable.Column(""),
                TextTable.Column("", .right, atLeast: 4), TextTable.Column("FOR", .right, atLeast: 4),
                TextTable.Column("WORKER", atLeast: 7),
            ],
            narrowing: .dropFirst
        )
        for copy in copies.prefix(rows) {
            let database = self.database(of: copy)
            let bar = ProgressBar(percent: copy.percent).text(width: isWide ? 30 : 12)
            table.add([
                TextTable.Cell(DemoBoard.label(copy.id), .strong), TextTable.Cell(copy.id.source.kind.rawValue, .faint),
                TextTable.Cell(database?.engine ?? "", .faint),
                TextTable.Cell(HumanUnits.size(gibibytes: database?.sizeGiB)),
                TextTable.Cell(bar, copy.worker == nil ? .warning : .accent), "\(copy.percent)%",
                TextTable.Cell(HumanUnits.short(self.scene.now - copy.since), .faint),
                copy.worker.map { TextTable.Cell($0) } ?? TextTable.Cell("nobody", .bad),
            ])
        }
        var lines = table.lines(width: width)
        if copies.isEmpty { lines = [StyledLine("COPYING", .faint), StyledLine("nothing right now", .faint)] }
        lines += Array(repeating: "", count: max(0, rows + 1 - lines.count))
        return lines
    }

    private var waiting: StyledLine {
        var line = Self.heading("Waiting")
        let names = self.board.waiting.sorted().map { DemoBoard.label($0) }
        line.append(
            names.isEmpty ? "nothing" : "\(names.count): " + names.joined(separator: ", "),
            .faint
        )
        return line
    }

    private func news(rows: Int) -> [StyledLine] {
        let notes = self.board.notes.suffix(rows)
        let lines = notes.map { Self.line(of: $0) }
        return lines + Array(repeating: "", count: rows - lines.count)
    }

    private var footer: StyledLine {
        if let announcement = self.scene.announcement { return StyledLine(announcement, .accent) }
        guard self.scene.takesKeys else { return "" }
        var line = StyledLine("k", .strong)
        line.append(" kills a worker   ", .faint)
        line.append("q", .strong)
        line.append(" ends the demo", .faint)
        return line
    }

    /// One line of what happened; the same for the screen and for `--plain`.
    static func line(of note: DemoBoard.Note) -> StyledLine {
        var line = StyledLine(HumanUnits.timeOfDay(note.at) + "  ", .faint)
        var who = StyledLine(note.worker.isEmpty ? "*" : note.worker, note.worker.isEmpty ? .strong : .plain)
        who.pad(to: 9)
        line.append(who)
        line.append(note.text, note.tone)
        return line
    }

    private static func heading(_ text: String) -> StyledLine {
        var line = StyledLine(text, .faint)
        line.pad(to: 9)
        return line
    }

    private func database(of copy: DemoBoard.Copy) -> DemoStory.Database? {
        self.story.database(ofSnapshot: copy.id.source.identifier)
    }
}
