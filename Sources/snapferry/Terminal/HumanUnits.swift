// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Sizes and times as people say them.
enum HumanUnits {
    /// `80 GiB`, `1.5 TiB`; `–` where nobody knows.
    static func size(gibibytes: Int?) -> String {
        guard let gibibytes else { return "–" }
        guard gibibytes >= 1024 else { return "\(gibibytes) GiB" }
        let tenths = (gibibytes * 10 + 512) / 1024
        return tenths % 10 == 0 ? "\(tenths / 10) TiB" : "\(tenths / 10).\(tenths % 10) TiB"
    }

    /// The two largest units: `45s`, `12m 05s`, `2h 05m`, `3d 04h`; `–` where nobody knows.
    static func duration(_ duration: Duration?) -> String {
        guard let duration else { return "–" }
        let seconds = Int(duration.inSeconds.rounded())
        if seconds < 0 { return "-" + self.duration(.seconds(-seconds)) }
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m \(self.two(seconds % 60))s"
        case ..<86_400: return "\(seconds / 3600)h \(self.two(seconds / 60 % 60))m"
        default: return "\(seconds / 86_400)d \(self.two(seconds / 3600 % 24))h"
        }
    }

    /// Like ``duration(_:)``, but hours never become days: an RPO of 26 hours is compared with 25h 40m.
    static func hours(_ duration: Duration?) -> String {
        guard let duration, duration >= .seconds(86_400) else { return self.duration(duration) }
        let seconds = Int(duration.inSeconds.rounded())
        return "\(seconds / 3600)h \(self.two(seconds / 60 % 60))m"
    }

    /// A duration in about one unit: `45s`, `12m`, `2h05`, `3d`; for narrow columns.
    static func short(_ duration: Duration?) -> String {
        guard let duration else { return "–" }
        let seconds = max(0, Int(duration.inSeconds.rounded()))
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m"
        case ..<86_400: return "\(seconds / 3600)h\(self.two(seconds / 60 % 60))"
        default: return "\(seconds / 86_400)d"
        }
    }

    /// The time of day in UTC: `14:05`.
    static func timeOfDay(_ instant: Instant) -> String {
        String(instant.iso8601.dropFirst(11).prefix(5))
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
