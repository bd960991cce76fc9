// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// When a rule fires by itself.
///
/// Source: "Creating an Amazon EventBridge rule that runs on a schedule", Amazon EventBridge User Guide.
enum EventSchedule: Hashable, Sendable {
    /// `rate(5 minutes)`.
    case rate(Duration)
    /// `cron(0 12 * * ? *)`, in UTC.
    case cron(CronExpression)

    /// Reads a schedule expression; `nil` when it is none.
    init?(_ text: String) {
        guard text.hasSuffix(")") else { return nil }
        if text.hasPrefix("rate(") {
            let words = text.dropFirst(5).dropLast().split(separator: " ")
            guard words.count == 2, let count = Int(words[0]), (1...1_000_000).contains(count) else { return nil }
            let units = ["minute": 60, "hour": 3600, "day": 86_400]
            // AWS insists on the singular for one and the plural for more.
            let unit = count == 1 ? words[1] : words[1].hasSuffix("s") ? words[1].dropLast() : ""
            guard let seconds = units[String(unit)] else { return nil }
            self = .rate(.seconds(count * seconds))
        } else if text.hasPrefix("cron(") {
            guard let cron = CronExpression(String(text.dropFirst(5).dropLast())) else { return nil }
            self = .cron(cron)
        } else {
            return nil
        }
    }

    /// The first firing after a moment; a rate counts from that moment.
    ///
    /// `nil` when there is none any more.
    func next(after moment: Instant) -> Instant? {
        switch self {
        case .rate(let period): moment + period
        case .cron(let cron): cron.next(after: moment)
        }
    }
}

/// AWS's cron: minutes, hours, day of month, month, day of week and year.
///
/// One of the two days must be `?`. Names of months and weekdays are understood, and `L`, `W` and `#` in the days.
struct CronExpression: Hashable, Sendable {
    private let minutes: Set<Int>
    private let hours: Set<Int>
    private let months: Set<Int>
    private let years: Set<Int>
    private let days: [Day]

    /// Which days of a month fit.
    private enum Day: Hashable, Sendable {
        case ofMonth(Set<Int>)
        case last
        case lastWeekday
        case nearestWeekday(Int)
        /// 1 is Sunday.
        case ofWeek(Set<Int>)
        case lastOfWeek(Int)
        case nthOfWeek(Int, Int)
    }

    private static let monthNames = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ]
    private static let weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

    /// Reads the six fields; `nil` when they are none.
    init?(_ text: String) {
        let fields = text.split(separator: " ").map { $0.uppercased() }
        guard fields.count == 6, (fields[2] == "?") != (fields[4] == "?"),
            let minutes = Self.numbers(fields[0], 0...59), let hours = Self.numbers(fields[1], 0...23),
            let months = Self.numbers(fields[3], 1...12, names: Self.monthNames),
            let years = Self.numbers(fields[5], 1970...2199)
        else { return nil }
        let days = fields[4] == "?" ? Self.daysOfMonth(fields[2]) : Self.daysOfWeek(fields[4])
        guard let days else { return nil }
        self.minutes = minutes
        self.hours = hours
        self.months = months
        self.years = years
        self.days = days
    }

    // MARK: - Reading

    /// A list of `*`, numbers, ranges, and steps within either.
    private static func numbers(_ field: String, _ range: ClosedRange<Int>, names: [String] = []) -> Set<Int>? {
        var numbers: Set<Int> = []
        for item in field.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = item.split(separator: "/", omittingEmptySubsequences: false)
            guard let first = halves.first, halves.count <= 2 else { return nil }
            let step = halves.count == 2 ? Int(halves[1]) : 1
            guard let step, step >= 1,
                let span = self.span(first, range, names: names, isOpen: halves.count == 2)
            else { return nil }
            numbers.formUnion(span.enumerated().filter { $0.offset.isMultiple(of: step) }.map(\.element))
        }
        return numbers
    }

    private static func span(
        _ text: Substring,
        _ range: ClosedRange<Int>,
        names: [String],
        isOpen: Bool
    ) -> [Int]? {
        if text == "*" { return Array(range) }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { end in
            names.firstIndex(of: String(end)).map { $0 + 1 } ?? Int(end)
        }
        guard let start = ends.first ?? nil, let end = ends.last ?? nil, ends.count <= 2, range.contains(start),
            range.contains(end)
        else { return nil }
        if ends.count == 1 { return isOpen ? Array(start...range.upperBound) : [start] }
        // FRI-MON goes around the end.
        return start <= end ? Array(start...end) : Array(start...range.upperBound) + Array(range.lowerBound...end)
    }

    private static func daysOfMonth(_ field: String) -> [Day]? {
        var days: [Day] = []
        for item in field.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            if item == "L" {
                days.append(.last)
            } else if item == "LW" {
                days.append(.lastWeekday)
            } else if item.hasSuffix("W") {
                guard let day = Int(item.dropLast()), (1...31).contains(day) else { return nil }
                days.append(.nearestWeekday(day))
            } else {
                guard let numbers = self.numbers(item, 1...31) else { return nil }
                days.append(.ofMonth(numbers))
            }
        }
        return days
    }

    private static func daysOfWeek(_ field: String) -> [Day]? {
        func weekday(_ text: some StringProtocol) -> Int? {
            let number = self.weekdayNames.firstIndex(of: String(text)).map { $0 + 1 } ?? Int(text)
            return number.flatMap { (1...7).contains($0) ? $0 : nil }
        }
        var days: [Day] = []
        for item in field.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            let halves = item.split(separator: "#", omittingEmptySubsequences: false)
            if item == "L" {
                days.append(.ofWeek([7]))
            } else if halves.count == 2 {
                guard let day = weekday(halves[0]), let count = Int(halves[1]), (1...5).contains(count) else {
                    return nil
                }
                days.append(.nthOfWeek(day, count))
            } else if item.hasSuffix("L") {
                guard let day = weekday(item.dropLast()) else { return nil }
                days.append(.lastOfWeek(day))
            } else {
                guard let numbers = self.numbers(item, 1...7, names: self.weekdayNames) else { return nil }
                days.append(.ofWeek(numbers))
            }
        }
        return days
    }

    // MARK: - Evaluating

    /// The first minute after a moment that fits; `nil` when none does up to the year 2199.
    func next(after moment: Instant) -> Instant? {
        // Years begin with 1970, so nothing fits before.
        let minute = max(moment.wholeSeconds, -1) / 60 + 1
        var day = minute / 1440
        var earliest = Int(minute - day * 1440)
        guard let lastYear = self.years.max() else { return nil }
        while true {
            let date = Instant(microseconds: day * 86_400_000_000).civil
            guard date.year <= lastYear else { return nil }
            if self.years.contains(date.year), self.months.contains(date.month), self.fits(day, date),
                let time = self.firstTime(from: earliest)
            {
                return Instant(microseconds: (day * 1440 + Int64(time)) * 60_000_000)
            }
            earliest = 0
            day += 1
        }
    }

    private func firstTime(from earliest: Int) -> Int? {
        for hour in self.hours.sorted() where hour >= earliest / 60 {
            for minute in self.minutes.sorted() where hour * 60 + minute >= earliest {
                return hour * 60 + minute
            }
        }
        return nil
    }

    private func fits(_ day: Int64, _ date: CivilTime) -> Bool {
        let next = date.month == 12 ? (date.year + 1, 1) : (date.year, date.month + 1)
        let length = Int(
            CivilTime.days(year: next.0, month: next.1, day: 1)
                - CivilTime.days(year: date.year, month: date.month, day: 1)
        )
        let weekday = Self.weekday(day)
        for rule in self.days {
            let isFit: Bool
            switch rule {
            case .ofMonth(let numbers): isFit = numbers.contains(date.day)
            case .last: isFit = date.day == length
            case .lastWeekday: isFit = date.day == Self.workday(nearest: length, to: day, date, length)
            case .nearestWeekday(let wanted):
                isFit = wanted <= length && date.day == Self.workday(nearest: wanted, to: day, date, length)
            case .ofWeek(let numbers): isFit = numbers.contains(weekday)
            case .lastOfWeek(let wanted): isFit = weekday == wanted && date.day + 7 > length
            case .nthOfWeek(let wanted, let count): isFit = weekday == wanted && (date.day - 1) / 7 + 1 == count
            }
            if isFit { return true }
        }
        return false
    }

    /// 1 for Sunday to 7 for Saturday; the first of January 1970 was a Thursday.
    private static func weekday(_ day: Int64) -> Int {
        Int((day + 4) % 7) + 1
    }

    /// The working day nearest to a day of the same month, never leaving the month.
    private static func workday(nearest wanted: Int, to day: Int64, _ date: CivilTime, _ length: Int) -> Int {
        switch self.weekday(day - Int64(date.day) + Int64(wanted)) {
        case 7: wanted == 1 ? 3 : wanted - 1
        case 1: wanted == length ? wanted - 2 : wanted + 1
        default: wanted
        }
    }
}
