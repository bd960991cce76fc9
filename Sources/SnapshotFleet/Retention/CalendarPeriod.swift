// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// A stretch of the UTC calendar that retention keeps one copy of.
///
/// UTC has no daylight saving, so that every day has 24 hours and no copy falls into two of them.
package enum CalendarPeriod: String, Hashable, Sendable, CaseIterable {
    case day, week, month, year

    /// The number of the period that a moment is in; a later period has a higher number.
    package func number(of instant: Instant) -> Int64 {
        let day = instant.wholeSeconds.flooredQuotient(Self.secondsOfDay)
        switch self {
        case .day: return day
        // 1970-01-01 was a Thursday; ISO weeks begin on Mondays.
        case .week: return (day + 3).flooredQuotient(7)
        case .month:
            let date = Self.date(of: day)
            return date.year * 12 + date.month - 1
        case .year: return Self.date(of: day).year
        }
    }

    private static let secondsOfDay: Int64 = 86_400
    /// Days in 400 years, after which the Gregorian calendar repeats itself.
    private static let daysOfCycle: Int64 = 146_097

    /// The year and the month, 1 to 12, of a day counted from 1970-01-01.
    ///
    /// Years are counted from March, so that a leap day is the last of its year and the months' lengths follow a line of
    /// 153 days in five months.
    private static func date(of day: Int64) -> (year: Int64, month: Int64) {
        // From 0000-03-01.
        let shifted = day + 719_468
        let cycle = shifted.flooredQuotient(Self.daysOfCycle)
        let dayOfCycle = shifted - cycle * Self.daysOfCycle
        let leapDays = dayOfCycle / 1_460 - dayOfCycle / 36_524 + dayOfCycle / 146_096
        let yearOfCycle = (dayOfCycle - leapDays) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month)
    }
}
