// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension Instant {
    /// Reads a date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// The day of the week is not compared with the date. The two obsolete forms of RFC 9110 are not read.
    ///
    /// - Returns: `nil` when the text is anything else, or names a day or an hour that does not exist.
    package init?(httpDate text: String) {
        let words = text.split(separator: " ")
        guard words.count == 6, words[0].count == 4, words[0].hasSuffix(","), words[5] == "GMT" || words[5] == "UTC",
            let day = Self.number(words[1], 1...2), let month = Self.months.firstIndex(of: String(words[2])),
            let year = Self.number(words[3], 4...4)
        else { return nil }
        let time = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 3, let hour = Self.number(time[0], 2...2), let minute = Self.number(time[1], 2...2),
            let second = Self.number(time[2], 2...2), hour < 24, minute < 60, second <= 60
        else { return nil }
        let civil = CivilTime(
            year: year,
            month: month + 1,
            day: day,
            hour: hour,
            minute: minute,
            second: min(second, 59),
            microsecond: 0
        )
        self.init(civil)
        // A day that the month does not have turns up as another date.
        guard self.civil == civil else { return nil }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func number(_ text: Substring, _ lengths: ClosedRange<Int>) -> Int? {
        guard lengths.contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
