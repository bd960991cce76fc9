// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// CloudWatch: what services tell it and nobody else.
///
/// Source: botocore, `cloudwatch/2010-08-01`, query protocol.
package struct CloudWatchClient: Sendable {
    /// What a metric came to in one period.
    package struct Datapoint: Sendable, Equatable {
        /// When the period began.
        package var timestamp: Instant
        /// In the metric's own unit.
        package var value: Double
    }

    /// How a period's measurements become one number.
    package enum Statistic: String, Sendable {
        case average = "Average"
        case maximum = "Maximum"
        case sum = "Sum"
    }

    private static let version = "2010-08-01"

    private let caller: ServiceCaller

    /// Makes a client that calls through `caller`.
    package init(_ caller: ServiceCaller) { self.caller = caller }

    /// The periods of a metric for which there are measurements.
    ///
    /// - Parameters:
    ///   - namespace: Such as `AWS/SQS`.
    ///   - metric: Its name.
    ///   - dimensions: All that the metric is told with; another set of them is another metric.
    ///   - statistic: What of each period.
    ///   - times: From when to when; whole minutes are best.
    ///   - period: A multiple of 60 seconds; there may be 1,440 periods in an answer.
    /// - Returns: The oldest first; none where nothing was told.
    /// - Throws: ``AWSError``.
    package func getMetricStatistics(
        namespace: String,
        metric: String,
        dimensions: [String: String],
        statistic: Statistic,
        times: Range<Instant>,
        period: Duration = .seconds(60)
    ) async throws(AWSError) -> [Datapoint] {
        var form = QueryForm(action: "GetMetricStatistics", version: Self.version)
        form.add("Namespace", namespace)
        form.add("MetricName", metric)
        form.addList("Dimensions", member: "member", dimensions.sorted { $0.key < $1.key }) { form, pair, prefix in
            form.add(prefix + "Name", pair.key)
            form.add(prefix + "Value", pair.value)
        }
        form.add("StartTime", times.lowerBound.iso8601)
        form.add("EndTime", times.upperBound.iso8601)
        form.add("Period", Int(period.components.seconds))
        form.addList("Statistics", member: "member", [statistic.rawValue])
        return try await self.caller.query(form, operation: "GetMetricStatistics") { result in
            result.list("Datapoints", of: "member").compactMap { point in
                guard let timestamp = point.instant("Timestamp"),
                    let value = point.string(statistic.rawValue).flatMap({ Double($0) })
                else { return nil }
                return Datapoint(timestamp: timestamp, value: value)
            }
            .sorted { $0.timestamp < $1.timestamp }
        }
    }
}
