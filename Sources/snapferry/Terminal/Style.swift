// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What a piece of text means; a terminal that shows colours shows it in one.
enum Tone: Sendable, Hashable {
    case plain
    /// Less important than what stands around it.
    case faint
    case strong
    case good
    case warning
    case bad
    case accent

    /// The parameters of ECMA-48's "select graphic rendition"; `nil` for the terminal's own look.
    fileprivate var rendition: String? {
        switch self {
        case .plain: nil
        case .faint: "2"
        case .strong: "1"
        case .good: "32"
        case .warning: "33"
        case .bad: "1;31"
        case .accent: "36"
        }
    }
}

/// How text may look where it goes.
struct Style: Sendable, Hashable {
    var allowsColour: Bool

    /// No escape sequences at all.
    static let plain = Style(allowsColour: false)

    /// Wraps text in the escape sequences of a tone.
    func paint(_ text: String, _ tone: Tone) -> String {
        guard self.allowsColour, let rendition = tone.rendition, !text.isEmpty else { return text }
        return "\u{1B}[\(rendition)m\(text)\u{1B}[0m"
    }

    /// Decides by the habits of terminals: `NO_COLOR` (no-color.org) and `TERM=dumb` forbid colour.
    static func allowed(isTerminal: Bool, environment: [String: String]) -> Style {
        let isRefused = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        return Style(allowsColour: isTerminal && !isRefused)
    }
}
