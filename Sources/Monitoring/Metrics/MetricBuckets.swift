// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet

/// The buckets that durations are sorted into.
enum MetricBuckets {
    /// Requests: milliseconds to the longest that one may take.
    private static let requests = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// Copies: seconds to a day.
    private static let copies: [Double] = [
        15, 60, 300, 600, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400,
    ]

    /// Upper bounds in seconds, ascending.
    static func bounds(of metric: FleetMetric) -> [Double] { metric == .copyDuration ? self.copies : self.requests }
}
