// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// How many columns of a terminal text takes, told simply.
///
/// Counts Unicode's wide East Asian blocks and emoji as two, combining marks and control characters as nothing, and
/// everything else as one. Right for what AWS names and what this program prints.
enum DisplayWidth {
    static func of(_ text: some StringProtocol) -> Int {
        text.reduce(0) { $0 + self.of($1) }
    }

    static func of(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        if scalar.value < 0x7F { return scalar.value >= 0x20 ? 1 : 0 }
        switch scalar.properties.generalCategory {
        case .control, .format, .nonspacingMark, .enclosingMark, .lineSeparator, .paragraphSeparator: return 0
        default: break
        }
        return self.wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// The blocks of Unicode's East Asian Width "W" and "F" that are in common use.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
        0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]

    /// The text cut to `width` columns; what is cut shows as `…`.
    static func truncate(_ text: String, to width: Int) -> String {
        guard self.of(text) > width else { return text }
        guard width > 0 else { return "" }
        var result = ""
        var taken = 0
        for character in text {
            let more = self.of(character)
            guard taken + more <= width - 1 else { break }
            result.append(character)
            taken += more
        }
        return result + "…"
    }
}
