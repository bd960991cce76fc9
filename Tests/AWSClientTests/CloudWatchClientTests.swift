// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("CloudWatch client")
struct CloudWatchClientTests {
    @Test("asks for a metric, and gives its periods in order") func statistics() async throws {
        let transport = CannedTransport([
            .body(
                """
                <GetMetricStatisticsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">
                <GetMetricStatisticsResult><Datapoints>
                <member><Timestamp>2026-11-21T03:02:00Z</Timestamp><Maximum>61.5</Maximum><Unit>Seconds</Unit></member>
                <member><Timestamp>2026-11-21T03:01:00Z</Timestamp><Maximum>1.0</Maximum><Unit>Seconds</Unit></member>
                <member><Timestamp>2026-11-21T03:00:00Z</Timestamp><Unit>Seconds</Unit></member>
                </Datapoints><Label>ApproximateAgeOfOldestMessage</Label></GetMetricStatisticsResult>
                </GetMetricStatisticsResponse>
                """
            )
        ])
        let start = try #require(Instant(iso8601: "2026-11-21T02:50:00Z"))
        let points = try await AWSSession(transport).cloudWatch(region: "us-east-1").getMetricStatistics(
            namespace: "AWS/SQS",
            metric: "ApproximateAgeOfOldestMessage",
            dimensions: ["QueueName": "jobs"],
            statistic: .maximum,
            times: start..<start + .seconds(900)
        )
        #expect(points.map(\.value) == [1, 61.5])
        #expect(points.map(\.timestamp.iso8601) == ["2026-11-21T03:01:00Z", "2026-11-21T03:02:00Z"])
        #expect(
            transport.form() == [
                "Action=GetMetricStatistics", "Version=2010-08-01", "Namespace=AWS/SQS",
                "MetricName=ApproximateAgeOfOldestMessage", "Dimensions.member.1.Name=QueueName",
                "Dimensions.member.1.Value=jobs", "StartTime=2026-11-21T02:50:00Z", "EndTime=2026-11-21T03:05:00Z",
                "Period=60", "Statistics.member.1=Maximum",
            ]
        )
    }
}
