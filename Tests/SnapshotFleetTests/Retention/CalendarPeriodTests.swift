// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Calendar periods")
struct CalendarPeriodTests {
    private static func instant(_ text: String) throws -> Instant { try #require(Instant(iso8601: text)) }

    @Test(
        "two moments are in the same period or not",
        arguments: [
            ("2026-03-29T00:00:00Z", "2026-03-29T23:59:59Z", [CalendarPeriod.day, .week, .month, .year]),
            // The clocks of Europe go forward in this night, and back in the next; UTC's do not.
            ("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", [.day, .week, .month, .year]),
            ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", [.day, .week, .month, .year]),
            ("2026-11-22T23:59:59Z", "2026-11-23T00:00:00Z", [.month, .year]),
            ("2024-02-28T12:00:00Z", "2024-02-29T12:00:00Z", [.week, .month, .year]),
            ("2024-02-29T23:59:59Z", "2024-03-01T00:00:00Z", [.week, .year]),
            ("2023-02-28T23:59:59Z", "2023-03-01T00:00:00Z", [.week, .year]),
            ("1900-02-28T23:59:59Z", "1900-03-01T00:00:00Z", [.week, .year]),
            ("2000-02-29T00:00:00Z", "2000-02-28T00:00:00Z", [.week, .month, .year]),
            // An ISO week may reach into the next year.
            ("2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z", [.week]),
            ("2026-12-31T00:00:00Z", "2027-01-03T23:59:59Z", [.week]),
            ("2027-01-03T23:59:59Z", "2027-01-04T00:00:00Z", [.month, .year]),
            ("1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", [.week]),
        ]
    )
    func same(left: String, right: String, same: [CalendarPeriod]) throws {
        let (left, right) = (try Self.instant(left), try Self.instant(right))
        for period in CalendarPeriod.allCases {
            #expect((period.number(of: left) == period.number(of: right)) == same.contains(period), "\(period)")
        }
    }

    @Test("every day of eight centuries agrees with a calendar that counts month by month")
    func centuries() {
        var (year, month, day) = (1600, 1, 1)
        // 1600-01-01 is 135,140 days before 1970-01-01, and a Saturday.
        for number in -135_140..<157_054 {
            let noon = Instant(microseconds: (Int64(number) * 86_400 + 43_200) * 1_000_000)
            guard CalendarPeriod.day.number(of: noon) == number,
                CalendarPeriod.month.number(of: noon) == Int64(year * 12 + month - 1),
                CalendarPeriod.year.number(of: noon) == Int64(year)
            else {
                Issue.record("\(year)-\(month)-\(day)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect((year, month, day) == (2400, 1, 1))
    }
}
