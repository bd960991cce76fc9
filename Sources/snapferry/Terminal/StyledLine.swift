// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// One line for a terminal: pieces of text, each with a tone.
///
/// Widths are counted before the tones become escape sequences, so that columns stay in place.
struct StyledLine: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    struct Piece: Sendable, Hashable {
        var text: String
        var tone: Tone
    }

    private(set) var pieces: [Piece] = []

    init() {}

    init(_ text: String, _ tone: Tone = .plain) {
        self.append(text, tone)
    }

    init(stringLiteral value: String) {
        self.append(value)
    }

    /// How many columns it takes.
    var width: Int { self.pieces.reduce(0) { $0 + DisplayWidth.of($1.text) } }
    /// The text alone.
    var text: String { self.pieces.map(\.text).joined() }

    mutating func append(_ text: String, _ tone: Tone = .plain) {
        if !text.isEmpty { self.pieces.append(Piece(text: text, tone: tone)) }
    }

    mutating func append(_ line: StyledLine) {
        self.pieces += line.pieces
    }

    /// Adds blanks up to a column; a line that is there already stays as it is.
    mutating func pad(to width: Int) {
        self.append(String(repeating: " ", count: max(0, width - self.width)))
    }

    /// The line cut to `width` columns; what is cut shows as `…`.
    func truncated(to width: Int) -> StyledLine {
        guard self.width > width else { return self }
        var result = StyledLine()
        var left = width
        for piece in self.pieces {
            let needed = DisplayWidth.of(piece.text)
            guard needed < left || needed == left && piece == self.pieces.last else {
                // There is more than fits: leave room for the sign of it.
                let cut = DisplayWidth.truncate(piece.text, to: left)
                result.append(cut.hasSuffix("…") ? cut : DisplayWidth.truncate(piece.text + " ", to: left), piece.tone)
                break
            }
            result.append(piece.text, piece.tone)
            left -= needed
        }
        return result
    }

    /// The line with the escape sequences that the style allows, and no blanks at its end.
    func rendered(_ style: Style) -> String {
        var pieces = self.pieces
        while let last = pieces.last {
            guard let end = last.text.lastIndex(where: { $0 != " " }) else {
                pieces.removeLast()
                continue
            }
            pieces[pieces.count - 1].text = String(last.text[...end])
            break
        }
        return pieces.map { style.paint($0.text, $0.tone) }.joined()
    }
}
