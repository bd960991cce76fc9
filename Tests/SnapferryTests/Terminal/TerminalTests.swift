// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Testing

@testable import snapferry

@Suite("TextTable")
struct TextTableTests {
    private static let table: TextTable = {
        var table = TextTable([
            TextTable.Column("DATABASE", minimum: 8), TextTable.Column("ENGINE", minimum: 6, dropOrder: 1),
            TextTable.Column("SIZE", .right), TextTable.Column("WORKER", dropOrder: 2),
        ])
        table.add(["orders", "postgres", "400 GiB", "ferry-1"])
        table.add(["storefront", "aurora-postgresql", "1.5 TiB", "ferry-2"])
        return table
    }()

    private static func text(width: Int) -> [String] {
        self.table.lines(width: width).map { $0.rendered(.plain) }
    }

    @Test("columns are as wide as what stands in them") func natural() {
        #expect(
            Self.text(width: 80) == [
                "DATABASE    ENGINE                SIZE  WORKER",
                "orders      postgres           400 GiB  ferry-1",
                "storefront  aurora-postgresql  1.5 TiB  ferry-2",
            ]
        )
    }

    @Test("columns that may shrink do so first, and show that they did") func shrinks() {
        #expect(
            Self.text(width: 40) == [
                "DATABASE    ENGINE         SIZE  WORKER",
                "orders      postgres    400 GiB  ferry-1",
                "storefront  aurora-po…  1.5 TiB  ferry-2",
            ]
        )
    }

    @Test("then columns are left out, the most dispensable first") func drops() {
        #expect(
            Self.text(width: 20) == [
                "DATABASE       SIZE",
                "orders      400 GiB",
                "storefront  1.5 TiB",
            ]
        )
    }

    @Test("no line is ever wider than the terminal", arguments: 1...60)
    func fits(width: Int) {
        for line in Self.table.lines(width: width) { #expect(line.width <= width) }
    }

    @Test("a short row is filled up, a long one is cut") func ragged() {
        var table = TextTable([TextTable.Column("A"), TextTable.Column("B")])
        table.add(["1"])
        table.add(["1", "2", "3"])
        #expect(table.lines(width: 20).map { $0.rendered(.plain) } == ["A  B", "1", "1  2"])
    }
}

@Suite("StyledLine")
struct StyledLineTests {
    @Test("colours go around the text, and only where they are allowed") func colour() {
        var line = StyledLine("a", .good)
        line.append("b")
        #expect(line.rendered(Style(allowsColour: true)) == "\u{1B}[32ma\u{1B}[0mb")
        #expect(line.rendered(.plain) == "ab")
    }

    @Test("cutting keeps the tones and shows what is gone") func truncates() {
        var line = StyledLine("orders ", .good)
        line.append("waits")
        #expect(line.truncated(to: 12) == line)
        #expect(line.truncated(to: 9).text == "orders w…")
        #expect(line.truncated(to: 7).text == "orders…")
        #expect(line.truncated(to: 7).pieces.map(\.tone) == [.good])
        #expect(line.truncated(to: 1).text == "…")
        #expect(line.truncated(to: 0).text == "")
    }

    @Test("a cut line is never wider than asked", arguments: 0...14)
    func fits(width: Int) {
        var line = StyledLine("日本", .good)
        line.append("語 and", .bad)
        line.append(" more")
        #expect(line.truncated(to: width).width <= width)
    }

    @Test("blanks at the end are not written") func trims() {
        var line = StyledLine("a", .good)
        line.pad(to: 5)
        line.append("  ", .bad)
        #expect(line.rendered(Style(allowsColour: true)) == "\u{1B}[32ma\u{1B}[0m")
    }

    @Test("wide characters take two columns, marks none") func width() {
        #expect(DisplayWidth.of("orders") == 6)
        #expect(DisplayWidth.of("日本") == 4)
        #expect(DisplayWidth.of("e\u{301}") == 1)
        #expect(DisplayWidth.of("█░●") == 3)
        #expect(DisplayWidth.truncate("日本語", to: 4) == "日…")
    }
}

@Suite("Style")
struct StyleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let isTerminal: Bool
        let environment: [String: String]
        let allowed: Bool
        var testDescription: String { "\(self.isTerminal) \(self.environment)" }
    }

    @Test(
        "colour is for terminals whose owner has not said no",
        arguments: [
            Case(isTerminal: true, environment: ["TERM": "xterm-256color"], allowed: true),
            Case(isTerminal: true, environment: ["NO_COLOR": ""], allowed: true),
            Case(isTerminal: true, environment: ["NO_COLOR": "1"], allowed: false),
            Case(isTerminal: true, environment: ["TERM": "dumb"], allowed: false),
            Case(isTerminal: false, environment: [:], allowed: false),
        ]
    )
    func allowed(_ row: Case) {
        #expect(Style.allowed(isTerminal: row.isTerminal, environment: row.environment).allowsColour == row.allowed)
    }
}

@Suite("ProgressBar")
struct ProgressBarTests {
    @Test(
        "fills from the left in eighths",
        arguments: [
            (0.0, "░░░░"), (0.5, "██░░"), (0.54, "██▏░"), (0.999, "███▉"), (1, "████"), (7, "████"), (-1, "░░░░"),
        ]
    )
    func text(fraction: Double, expected: String) {
        #expect(ProgressBar(fraction: fraction).text(width: 4) == expected)
    }

    @Test("a number that is none counts as nothing") func notANumber() {
        #expect(ProgressBar(fraction: .nan).text(width: 3) == "░░░")
        #expect(ProgressBar(percent: nil).text(width: 3) == "░░░")
    }

    @Test("slots are shown one by one while there is room, then as a bar") func slots() {
        #expect(ProgressBar.slots(taken: 3, limit: 4, width: 8) == "■■■□")
        #expect(ProgressBar.slots(taken: 5, limit: 4, width: 8) == "■■■■■")
        #expect(ProgressBar.slots(taken: 10, limit: 20, width: 8) == "████░░░░")
        #expect(ProgressBar.slots(taken: 0, limit: 0, width: 8) == "")
    }
}

@Suite("HumanUnits")
struct HumanUnitsTests {
    @Test(
        "sizes",
        arguments: [(nil, "–"), (0, "0 GiB"), (80, "80 GiB"), (1024, "1 TiB"), (1536, "1.5 TiB"), (16_384, "16 TiB")]
    )
    func size(gibibytes: Int?, expected: String) {
        #expect(HumanUnits.size(gibibytes: gibibytes) == expected)
    }

    @Test(
        "durations, in two units and in one",
        arguments: [
            (0, "0s", "0s"), (59, "59s", "59s"), (60, "1m 00s", "1m"), (725, "12m 05s", "12m"),
            (7500, "2h 05m", "2h05"), (86_400, "1d 00h", "1d"), (273_600, "3d 04h", "3d"), (-90, "-1m 30s", "0s"),
        ]
    )
    func duration(seconds: Int, long: String, short: String) {
        #expect(HumanUnits.duration(.seconds(seconds)) == long)
        #expect(HumanUnits.short(.seconds(seconds)) == short)
    }

    @Test("what nobody knows is a dash") func unknown() {
        #expect(HumanUnits.duration(nil) == "–")
        #expect(HumanUnits.short(nil) == "–")
    }
}

@Suite("TerminalPainter")
struct TerminalPainterTests {
    @Test("a frame overwrites the one before, line by line, and scrolls nothing") func frame() {
        var painter = TerminalPainter(style: .plain)
        let text = painter.frame(["one", "two", "three"], height: 2)
        #expect(text == "\u{1B}[?2026h\u{1B}[Hone\u{1B}[K\r\ntwo\u{1B}[K\u{1B}[J\u{1B}[?2026l")
    }

    @Test("a frame that looks the same is not written again") func unchanged() {
        var painter = TerminalPainter(style: .plain)
        #expect(!painter.frame(["one"], height: 5).isEmpty)
        #expect(painter.frame(["one"], height: 5).isEmpty)
        #expect(!painter.frame(["two"], height: 5).isEmpty)
    }

    @Test("what was on the screen goes up into the scrollback") func begin() {
        #expect(TerminalPainter.begin(height: 2) == "\u{1B}[?25l\n\n\u{1B}[H\u{1B}[2J")
    }
}
