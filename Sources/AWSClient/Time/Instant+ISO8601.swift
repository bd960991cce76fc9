// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A date and a time of day in the proleptic Gregorian calendar, in UTC.
package struct CivilTime: Hashable, Sendable {
    package var year: Int
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    package var microsecond: Int

    /// Days since 1970-01-01 of a civil date.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    package static func days(year: Int, month: Int, day: Int) -> Int64 {
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let era = shifted.flooredQuotient(400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = Int64((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1)
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

extension Instant {
    /// The date and time of day in UTC.
    package var civil: CivilTime {
        let days = self.microseconds.flooredQuotient(86_400_000_000)
        let timeOfDay = self.microseconds - days * 86_400_000_000
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = Int(monthIndex < 10 ? monthIndex + 3 : monthIndex - 9)
        let seconds = timeOfDay / 1_000_000
        return CivilTime(
            year: Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0),
            month: month,
            day: Int(dayOfYear - (153 * monthIndex + 2) / 5 + 1),
            hour: Int(seconds / 3600),
            minute: Int(seconds / 60 % 60),
            second: Int(seconds % 60),
            microsecond: Int(timeOfDay % 1_000_000)
        )
    }

    /// Makes the moment that a civil time in UTC names.
    package init(_ civil: CivilTime) {
        let days = CivilTime.days(year: civil.year, month: civil.month, day: civil.day)
        let seconds = days * 86_400 + Int64(civil.hour * 3600 + civil.minute * 60 + civil.second)
        self.init(microseconds: seconds * 1_000_000 + Int64(civil.microsecond))
    }

    /// `2026-11-21T20:10:28.618Z`: UTC, milliseconds only where there are any.
    package var iso8601: String {
        let civil = self.civil
        return String(unsafeUninitializedCapacity: 40) { buffer in
            var digits = DigitWriter(buffer: buffer)
            digits.write(civil.year, 4)
            digits.write(civil.month, 2, after: "-")
            digits.write(civil.day, 2, after: "-")
            digits.write(civil.hour, 2, after: "T")
            digits.write(civil.minute, 2, after: ":")
            digits.write(civil.second, 2, after: ":")
            if civil.microsecond >= 1000 { digits.write(civil.microsecond / 1000, 3, after: ".") }
            digits.write("Z")
            return digits.count
        }
    }

    /// `20261121T201028Z`, as Signature Version 4 dates a request.
    package var iso8601Basic: String {
        let civil = self.civil
        return String(unsafeUninitializedCapacity: 40) { buffer in
            var digits = DigitWriter(buffer: buffer)
            digits.write(civil.year, 4)
            digits.write(civil.month, 2)
            digits.write(civil.day, 2)
            digits.write(civil.hour, 2, after: "T")
            digits.write(civil.minute, 2)
            digits.write(civil.second, 2)
            digits.write("Z")
            return digits.count
        }
    }

    /// Reads an ISO 8601 date and time: extended or basic form, a fraction of any length, `Z`, an offset, or nothing
    /// for UTC.
    ///
    /// - Returns: `nil` when the text is anything else, or names a day or an hour that does not exist.
    package init?(iso8601 text: some StringProtocol) {
        self.init(iso8601: String(text).utf8.span)
    }

    /// Reads the same out of bytes.
    package init?(iso8601 text: Span<UInt8>) {
        var reader = DigitReader()
        guard let year = reader.digits(4, of: text) else { return nil }
        let isExtended = reader.skip("-", in: text)
        guard let month = reader.digits(2, of: text), !isExtended || reader.skip("-", in: text),
            let day = reader.digits(2, of: text), reader.skip("T", in: text) || reader.skip(" ", in: text),
            let hour = reader.digits(2, of: text), !isExtended || reader.skip(":", in: text),
            let minute = reader.digits(2, of: text), !isExtended || reader.skip(":", in: text),
            let second = reader.digits(2, of: text)
        else { return nil }
        let hasFraction = reader.skip(".", in: text) || reader.skip(",", in: text)
        guard let microsecond = hasFraction ? reader.fraction(of: text) : 0, let offset = reader.offset(in: text),
            reader.position == text.count,
            (1...12).contains(month), (1...Self.length(ofMonth: month, year: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let civil = CivilTime(
            year: year,
            month: month,
            day: day,
            hour: hour,
            minute: minute,
            second: second,
            microsecond: microsecond
        )
        self.init(microseconds: Instant(civil).microseconds - Int64(offset) * 1_000_000)
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Instant: CustomStringConvertible {
    package var description: String { self.iso8601 }
}

/// Reads digits and separators, one after the other.
private struct DigitReader {
    private(set) var position = 0

    mutating func skip(_ character: Unicode.Scalar, in text: Span<UInt8>) -> Bool {
        guard self.position < text.count, text[self.position] == UInt8(ascii: character) else { return false }
        self.position += 1
        return true
    }

    private func digit(of text: Span<UInt8>) -> Int? {
        guard self.position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[self.position])
        else { return nil }
        return Int(text[self.position] - UInt8(ascii: "0"))
    }

    mutating func digits(_ count: Int, of text: Span<UInt8>) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let digit = self.digit(of: text) else { return nil }
            value = value * 10 + digit
            self.position += 1
        }
        return value
    }

    /// Reads a fraction of a second of any length and cuts it to microseconds.
    mutating func fraction(of text: Span<UInt8>) -> Int? {
        var (value, unit) = (0, 100_000)
        let start = self.position
        while let digit = self.digit(of: text) {
            value += digit * unit
            unit /= 10
            self.position += 1
        }
        return self.position > start ? value : nil
    }

    /// Reads `Z`, `+hh:mm`, `-hhmm` or nothing, as seconds east of UTC.
    mutating func offset(in text: Span<UInt8>) -> Int? {
        if self.position == text.count || self.skip("Z", in: text) { return 0 }
        let sign = self.skip("-", in: text) ? -1 : self.skip("+", in: text) ? 1 : 0
        guard sign != 0, let hours = self.digits(2, of: text) else { return nil }
        _ = self.skip(":", in: text)
        guard let minutes = self.digits(2, of: text) else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}

/// Writes numbers of a fixed width, one after the other.
private struct DigitWriter {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    mutating func write(_ character: Unicode.Scalar) {
        self.buffer[self.count] = UInt8(ascii: character)
        self.count += 1
    }

    /// Writes a number with at least so many digits.
    ///
    /// An instant reaches some 292,000 years to either side, so that a year has six digits and a sign at the most.
    mutating func write(_ number: Int, _ width: Int, after separator: Unicode.Scalar? = nil) {
        if let separator { self.write(separator) }
        var unit = 1
        for _ in 1..<width { unit *= 10 }
        guard (0..<unit * 10).contains(number) else {
            for byte in String(number).utf8 { self.write(Unicode.Scalar(byte)) }
            return
        }
        while unit > 0 {
            self.write(Unicode.Scalar(UInt8(ascii: "0") + UInt8(number / unit % 10)))
            unit /= 10
        }
    }
}
