// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("CloudWatch")
struct CloudWatchModelTests {
    private static let start = Instant(milliseconds: 1_795_000_020_000)

    private static func call(
        _ world: inout World,
        _ service: ServiceName,
        _ operation: String,
        _ parameters: JSONValue,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        let caller = ModelCaller(account: "111122223333", arn: "arn:aws:iam::111122223333:user/test")
        return try world.handle(
            ModelRequest(
                service: service,
                operation: operation,
                parameters: parameters,
                caller: caller,
                region: "us-east-1"
            ),
            at: now
        )
    }

    private static func ask(
        _ world: inout World,
        _ metric: String,
        of queue: String = "jobs",
        from: Duration = .seconds(-900),
        to: Duration = .seconds(60),
        at now: Instant
    ) throws(ModelFailure) -> [JSONValue]? {
        try self.call(
            &world,
            .monitoring,
            "GetMetricStatistics",
            [
                "Namespace": "AWS/SQS", "MetricName": .string(metric), "Period": "60", "Statistics": ["Maximum"],
                "Dimensions": [["Name": "QueueName", "Value": .string(queue)]],
                "StartTime": .string((now + from).iso8601), "EndTime": .string((now + to).iso8601),
            ],
            at: now
        )["Datapoints"]?.array
    }

    private static func world() throws -> (World, url: String) {
        var world = World()
        let made = try self.call(&world, .sqs, "CreateQueue", ["QueueName": "jobs"], at: self.start)
        return (world, try #require(made["QueueUrl"]?.string))
    }

    @Test("tells how old the oldest message is, and how many there are") func oldest() throws {
        var (world, url) = try Self.world()
        for second in [0, 50] {
            let message: JSONValue = ["QueueUrl": .string(url), "MessageBody": "x"]
            _ = try Self.call(&world, .sqs, "SendMessage", message, at: Self.start + .seconds(second))
        }
        let now = Self.start + .seconds(100)
        let age = try Self.ask(&world, "ApproximateAgeOfOldestMessage", at: now)
        #expect(age?.count == 1)
        #expect(age?.first?["Maximum"]?.string == "100.0")
        #expect(age?.first?["Unit"] == "Seconds")
        #expect(try Self.ask(&world, "ApproximateNumberOfMessagesVisible", at: now)?.first?["Maximum"]?.string == "2.0")
    }

    @Test("a message that was received more than three times is the oldest no more") func received() throws {
        var (world, url) = try Self.world()
        let message: JSONValue = ["QueueUrl": .string(url), "MessageBody": "x"]
        _ = try Self.call(&world, .sqs, "SendMessage", message, at: Self.start)
        let receive: JSONValue = ["QueueUrl": .string(url), "VisibilityTimeout": .integer(0)]
        let now = Self.start + .seconds(30)
        for times in 0...4 {
            let age = try Self.ask(&world, "ApproximateAgeOfOldestMessage", at: now)
            #expect(age?.first?["Maximum"]?.string == (times <= 3 ? "30.0" : "0.0"), "received \(times) times")
            _ = try Self.call(&world, .sqs, "ReceiveMessage", receive, at: now)
        }
    }

    @Test("has nothing of other times, queues and metrics") func nothing() throws {
        var (world, _) = try Self.world()
        let now = Self.start + .seconds(100)
        #expect(try Self.ask(&world, "ApproximateAgeOfOldestMessage", to: .seconds(-120), at: now) == [])
        #expect(try Self.ask(&world, "ApproximateAgeOfOldestMessage", of: "others", at: now) == [])
        #expect(try Self.ask(&world, "NumberOfMessagesSent", at: now) == [])
    }

    @Test("refuses what can't be asked", arguments: ["MetricName", "StartTime", "EndTime", "Namespace", "Period"])
    func missing(parameter: String) throws {
        var (world, _) = try Self.world()
        var parameters: [String: JSONValue] = [
            "Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent", "Period": "60", "Statistics": ["Sum"],
            "StartTime": .string(Self.start.iso8601), "EndTime": .string((Self.start + .seconds(60)).iso8601),
        ]
        parameters[parameter] = nil
        let failure = #expect(throws: ModelFailure.self) {
            try Self.call(&world, .monitoring, "GetMetricStatistics", .object(parameters), at: Self.start)
        }
        #expect(failure?.code == "MissingParameter")
    }
}
