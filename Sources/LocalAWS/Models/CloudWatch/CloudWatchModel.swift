// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// CloudWatch: what SQS tells it of its queues, and of that the present minute alone.
///
/// It keeps nothing: an answer has one data point at the most, made from how the queue is right now. What the program
/// tells CloudWatch goes through its log, and is not read here.
///
/// Source: "Amazon CloudWatch API Reference", GetMetricStatistics; "Available CloudWatch metrics for Amazon SQS".
package struct CloudWatchModel: Sendable {
    /// A message that was received more often no longer counts as the oldest.
    private static let mostReceives = 3

    package init() {}

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: The request; its caller's account owns the queues it reaches.
    ///   - sqs: The queues, with time passed in them up to `now`.
    ///   - now: The moment of the request.
    /// - Returns: The result in CloudWatch's own spelling.
    /// - Throws: ``ModelFailure`` with CloudWatch's own code.
    package func handle(
        _ request: ModelRequest,
        sqs: SQSModel,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        guard request.operation == "GetMetricStatistics" else {
            throw ModelFailure(
                "InvalidAction",
                "Could not find operation \(request.operation) for version 2010-08-01"
            )
        }
        for name in ["Namespace", "MetricName", "StartTime", "EndTime", "Period"]
        where request.parameters[name]?.string?.isEmpty ?? true {
            throw ModelFailure("MissingParameter", "The parameter \(name) is required.")
        }
        let metric = request.parameters["MetricName"]?.string ?? ""
        var points: [JSONValue] = []
        let minute = Instant(milliseconds: now.milliseconds / 60_000 * 60_000)
        let times = try Self.times(request)
        if times.contains(minute), let value = Self.value(of: metric, request, sqs, now) {
            var point: [String: JSONValue] = [
                "Timestamp": .string(minute.iso8601),
                "Unit": .string(metric == "ApproximateAgeOfOldestMessage" ? "Seconds" : "Count"),
            ]
            for statistic in request.parameters["Statistics"]?.lenientArray ?? [] {
                if let statistic = statistic.string { point[statistic] = .string(String(value)) }
            }
            points.append(.object(point))
        }
        return ["Label": .string(metric), "Datapoints": .array(points)]
    }

    private static func times(_ request: ModelRequest) throws(ModelFailure) -> Range<Instant> {
        let times = ["StartTime", "EndTime"].map { request.parameters[$0]?.string.flatMap { Instant(iso8601: $0) } }
        guard let start = times[0], let end = times[1], start < end else {
            throw ModelFailure(
                "InvalidParameterValue",
                "The parameter StartTime must be less than the parameter EndTime."
            )
        }
        return start..<end
    }

    /// What a metric of a queue comes to; `nil` for what is not known.
    private static func value(of metric: String, _ request: ModelRequest, _ sqs: SQSModel, _ now: Instant) -> Double? {
        let dimensions = request.parameters["Dimensions"]?.lenientArray ?? []
        guard request.parameters["Namespace"]?.string == "AWS/SQS", dimensions.count == 1,
            dimensions[0]["Name"]?.string == "QueueName", let name = dimensions[0]["Value"]?.string,
            let queue = sqs.queues["arn:aws:sqs:\(request.region):\(request.caller.account):\(name)"]
        else { return nil }
        switch metric {
        case "ApproximateNumberOfMessagesVisible": return Double(queue.visibleCount)
        case "ApproximateNumberOfMessagesNotVisible": return Double(queue.inFlightCount)
        case "ApproximateNumberOfMessagesDelayed": return Double(queue.delayedCount)
        case "ApproximateAgeOfOldestMessage":
            let counted = queue.contents.lazy.filter { $0.receiveCount <= Self.mostReceives }
            return counted.map(\.enqueuedAt).min().map { (now - $0).inSeconds.rounded(.down) } ?? 0
        default: return nil
        }
    }
}
