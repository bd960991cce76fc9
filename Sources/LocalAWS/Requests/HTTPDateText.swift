// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The date of answers, as HTTP writes it; all answers of a second share one text.
struct HTTPDateText: Sendable {
    private var second: Int64?
    private var text = ""

    /// `Sat, 21 Nov 2026 20:10:28 GMT`.
    ///
    /// Source: RFC 9110, section 5.6.7, "Date/Time Formats".
    mutating func text(at moment: Instant) -> String {
        let second = moment.wholeSeconds
        if second != self.second { (self.second, self.text) = (second, Self.write(moment)) }
        return self.text
    }

    private static func write(_ moment: Instant) -> String {
        let civil = moment.civil
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // 1970-01-01 was a Thursday.
        let weekday = Int(((CivilTime.days(year: civil.year, month: civil.month, day: civil.day) + 4) % 7 + 7) % 7)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        return "\(days[weekday]), \(two(civil.day)) \(months[civil.month - 1]) \(civil.year) "
            + "\(two(civil.hour)):\(two(civil.minute)):\(two(civil.second)) GMT"
    }
}
