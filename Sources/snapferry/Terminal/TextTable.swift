// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A table for people: columns as wide as they need to be, and no wider than the terminal together.
struct TextTable: Sendable {
    enum Alignment: Sendable { case left, right }

    struct Column: Sendable {
        var title: String
        var alignment: Alignment
        /// How narrow it may become where there is no room; `nil` keeps it whole.
        var minimum: Int?
        /// How wide it is at least where there is room, so that it does not move about when its content changes.
        var atLeast: Int
        /// Whether it may be left out altogether, the highest first; `nil` keeps it.
        var dropOrder: Int?

        init(
            _ title: String,
            _ alignment: Alignment = .left,
            minimum: Int? = nil,
            atLeast: Int = 0,
            dropOrder: Int? = nil
        ) {
            self.title = title
            self.alignment = alignment
            self.minimum = minimum
            self.atLeast = atLeast
            self.dropOrder = dropOrder
        }
    }

    /// What stands in one place of the table.
    struct Cell: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
        var line: StyledLine

        init(_ text: String, _ tone: Tone = .plain) { self.line = StyledLine(text, tone) }
        init(stringLiteral value: String) { self.init(value) }
        init(_ line: StyledLine) { self.line = line }
    }

    /// What goes first where there is too little room.
    enum Narrowing: Sendable {
        /// Columns become narrower, and are left out only when that is not enough.
        case shrinkFirst
        /// Columns are left out, and become narrower only when that is not enough.
        case dropFirst
    }

    private static let gap = 2

    var columns: [Column]
    private let narrowing: Narrowing
    private(set) var rows: [[Cell]] = []

    init(_ columns: [Column], narrowing: Narrowing = .shrinkFirst) {
        self.columns = columns
        self.narrowing = narrowing
    }

    /// Adds a row; what is missing stays empty, what is too much is left out.
    mutating func add(_ cells: [Cell]) {
        let missing = max(0, self.columns.count - cells.count)
        self.rows.append(Array(cells.prefix(self.columns.count)) + Array(repeating: "", count: missing))
    }

    /// The heading and the rows, none of them wider than `width`.
    func lines(width: Int) -> [StyledLine] {
        var kept = Array(self.columns.indices)
        var widths = self.widths(of: kept, within: width)
        while widths == nil {
            let droppable = kept.filter { self.columns[$0].dropOrder != nil }
            guard let next = droppable.max(by: { self.columns[$0].dropOrder ?? 0 < self.columns[$1].dropOrder ?? 0 })
            else { break }
            kept.removeAll { $0 == next }
            widths = self.widths(of: kept, within: width)
        }
        let final = widths ?? kept.map { self.columns[$0].minimum ?? self.natural($0) }
        let heading = self.line(self.columns.map { Cell($0.title, .faint) }, kept, final)
        return ([heading] + self.rows.map { self.line($0, kept, final) }).map { $0.truncated(to: width) }
    }

    private func natural(_ column: Int) -> Int {
        self.rows.reduce(max(DisplayWidth.of(self.columns[column].title), self.columns[column].atLeast)) {
            max($0, $1[column].line.width)
        }
    }

    /// The columns' widths; `nil` when they can't be made to fit.
    private func widths(of kept: [Int], within limit: Int) -> [Int]? {
        var widths = kept.map { self.natural($0) }
        var excess = widths.reduce(0, +) + Self.gap * max(0, kept.count - 1) - limit
        let mayDrop = self.narrowing == .dropFirst && kept.contains { self.columns[$0].dropOrder != nil }
        if excess > 0, mayDrop { return nil }
        while excess > 0 {
            // Take from the one with the most to spare, so that columns shrink evenly.
            let spare = kept.indices.map { widths[$0] - (self.columns[kept[$0]].minimum ?? widths[$0]) }
            guard let widest = spare.indices.max(by: { spare[$0] < spare[$1] }), spare[widest] > 0 else { return nil }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func line(_ cells: [Cell], _ kept: [Int], _ widths: [Int]) -> StyledLine {
        var line = StyledLine()
        for (position, column) in kept.enumerated() {
            if position > 0 { line.append(String(repeating: " ", count: Self.gap)) }
            let cell = cells[column].line.truncated(to: widths[position])
            let blanks = String(repeating: " ", count: max(0, widths[position] - cell.width))
            if self.columns[column].alignment == .right { line.append(blanks) }
            line.append(cell)
            if self.columns[column].alignment == .left { line.append(blanks) }
        }
        return line
    }
}
