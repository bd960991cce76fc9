// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension Duration {
    private static let units: [(letter: Character, seconds: Int64)] = [
        ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60),
    ]

    /// Reads a whole number and a unit: `m` minutes, `h` hours, `d` days of 24 hours, `w` weeks.
    ///
    /// - Returns: `nil` for anything else, and for more than 9,999,999 of a unit.
    package init?(policyText text: String) {
        guard let unit = Self.units.first(where: { $0.letter == text.last }) else { return nil }
        let digits = text.dropLast()
        guard (1...7).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let count = Int64(digits)
        else { return nil }
        self = .seconds(count * unit.seconds)
    }

    /// The duration as a policy writes it, in the largest unit that holds it whole; rounded up to minutes.
    package var policyText: String {
        let seconds = max(0, self.components.seconds + (self.components.attoseconds > 0 ? 1 : 0))
        let unit = Self.units.first { seconds > 0 && seconds % $0.seconds == 0 } ?? ("m", 60)
        return "\((seconds + unit.seconds - 1) / unit.seconds)\(unit.letter)"
    }
}
