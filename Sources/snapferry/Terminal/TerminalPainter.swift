// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Frames on a terminal, one over the other, without flicker.
///
/// A value: it says what to write and leaves the writing to its owner. What was on the screen before is pushed up into
/// the terminal's scrollback and not lost.
struct TerminalPainter: Sendable {
    private let style: Style
    private var last: [String]?

    init(style: Style) {
        self.style = style
    }

    /// What makes room for the first frame and hides the cursor.
    static func begin(height: Int) -> String {
        "\u{1B}[?25l" + String(repeating: "\n", count: max(0, height)) + "\u{1B}[H\u{1B}[2J"
    }

    /// What gives the terminal back: the frame is gone, the cursor visible, and all attributes are the terminal's own.
    static let end = "\u{1B}[0m\u{1B}[H\u{1B}[J\u{1B}[?25h"

    /// What shows the next frame; empty when it looks as the last one.
    ///
    /// Terminals that know synchronised updates (mode 2026) show the frame in one go; others ignore the mode.
    mutating func frame(_ lines: [StyledLine], height: Int) -> String {
        let shown = lines.prefix(max(1, height)).map { $0.rendered(self.style) }
        guard shown != self.last else { return "" }
        self.last = shown
        // No line break after the last line: it would scroll a full screen up.
        let body = shown.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
        return "\u{1B}[?2026h\u{1B}[H" + body + "\u{1B}[J\u{1B}[?2026l"
    }
}
