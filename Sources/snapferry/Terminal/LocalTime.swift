// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Moments as the reader calls them, by `TZ` or the machine's zone.
///
/// Programs get UTC.
enum LocalTime {
    /// `14:05`.
    static func timeOfDay(_ instant: Instant) -> String {
        let parts = self.parts(instant)
        return "\(self.two(parts.tm_hour)):\(self.two(parts.tm_min))"
    }

    /// `2026-11-21 14:05`.
    static func dateAndTime(_ instant: Instant) -> String {
        let parts = self.parts(instant)
        return "\(parts.tm_year + 1900)-\(self.two(parts.tm_mon + 1))-\(self.two(parts.tm_mday)) "
            + self.timeOfDay(instant)
    }

    /// The minute with its zone: `2026-11-21T04:10+01:00`, and `2026-11-21T03:10Z` in UTC.
    static func minute(_ instant: Instant) -> String {
        let parts = self.parts(instant)
        let day = "\(parts.tm_year + 1900)-\(self.two(parts.tm_mon + 1))-\(self.two(parts.tm_mday))"
        return "\(day)T\(self.timeOfDay(instant))\(self.zone(parts.tm_gmtoff))"
    }

    private static func zone(_ offset: Int) -> String {
        if offset == 0 { return "Z" }
        let minutes = Int32(abs(offset) / 60)
        return "\(offset < 0 ? "-" : "+")\(self.two(minutes / 60)):\(self.two(minutes % 60))"
    }

    private static func parts(_ instant: Instant) -> tm {
        var seconds = time_t(instant.wholeSeconds)
        var parts = tm()
        // Unlike localtime, localtime_r need not look for the zone.
        tzset()
        localtime_r(&seconds, &parts)
        return parts
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
