// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("SQSModel message-move tasks")
struct SQSMoveTaskTests {
    /// A bench whose dead-letter queue holds messages that were received once from `jobs`.
    private func bench(dead count: Int) throws -> SQSBench {
        var bench = SQSBench()
        try bench.createWithDeadLetters(after: 1)
        for number in 0..<count { try bench.send("m\(number)") }
        for _ in 0...(count / 10) { _ = try bench.receive(visibility: 1) }
        bench.wait(1)
        for _ in 0...(count / 10) { _ = try bench.receive() }
        #expect(try bench.counts(of: "dead") == ["\(count)", "0", "0"])
        return bench
    }

    private let source: JSONValue = ["SourceArn": .string(SQSBench.arn("dead"))]

    private func newest(_ bench: inout SQSBench) throws -> JSONValue {
        try #require(try bench.call("ListMessageMoveTasks", self.source)["Results"]?.array?.first)
    }

    @Test("messages go back where they came from, at the rate asked for, as new messages")
    func moveBack() throws {
        var bench = try self.bench(dead: 5)
        let started = bench.now
        let start: JSONValue = ["SourceArn": .string(SQSBench.arn("dead")), "MaxNumberOfMessagesPerSecond": 2]
        let handle = try bench.call("StartMessageMoveTask", start)["TaskHandle"]
        #expect(bench.model.nextChange == started)
        let running = try self.newest(&bench)
        #expect(running["Status"] == "RUNNING")
        #expect(running["TaskHandle"] == handle)
        #expect(running["ApproximateNumberOfMessagesToMove"] == 5)
        #expect(running["ApproximateNumberOfMessagesMoved"] == 1)
        #expect(running["StartedTimestamp"] == .integer(started.milliseconds))
        #expect(bench.model.nextChange == started + .milliseconds(500))
        bench.wait(1)
        let effects = bench.model.advance(to: bench.now)
        #expect(effects == [])
        #expect(try self.newest(&bench)["ApproximateNumberOfMessagesMoved"] == 3)
        bench.wait(1)
        let completed = try self.newest(&bench)
        #expect(completed["Status"] == "COMPLETED")
        #expect(completed["ApproximateNumberOfMessagesMoved"] == 5)
        #expect(completed["TaskHandle"] == nil)
        #expect(bench.model.nextChange == nil)
        let message = try #require(try bench.receive().first)
        #expect(message["Attributes"]?["ApproximateReceiveCount"] == "1")
        #expect(message["Attributes"]?["SentTimestamp"]?.string == String(started.milliseconds))
        #expect(message["Attributes"]?["DeadLetterQueueSourceArn"] == nil)
    }

    @Test("messages can be moved elsewhere")
    func moveElsewhere() throws {
        var bench = try self.bench(dead: 3)
        try bench.create("other")
        let start: JSONValue = [
            "SourceArn": .string(SQSBench.arn("dead")), "DestinationArn": .string(SQSBench.arn("other")),
        ]
        try bench.call("StartMessageMoveTask", start)
        bench.wait(1)
        #expect(try bench.counts(of: "other") == ["3", "0", "0"])
        #expect(try bench.counts(of: "dead") == ["0", "0", "0"])
    }

    @Test("one task a queue; a cancelled one stops, and what it moved stays moved")
    func cancel() throws {
        var bench = try self.bench(dead: 5)
        let start: JSONValue = ["SourceArn": .string(SQSBench.arn("dead")), "MaxNumberOfMessagesPerSecond": 1]
        let handle = try #require(try bench.call("StartMessageMoveTask", start)["TaskHandle"])
        #expect(bench.refusal("StartMessageMoveTask", start)?.code == "InvalidParameterValue")
        bench.wait(1)
        let result = try bench.call("CancelMessageMoveTask", ["TaskHandle": handle])
        #expect(result == ["ApproximateNumberOfMessagesMoved": 2])
        #expect(try self.newest(&bench)["Status"] == "CANCELLING")
        #expect(bench.refusal("CancelMessageMoveTask", ["TaskHandle": handle])?.code == "ResourceNotFoundException")
        bench.wait(10)
        #expect(try self.newest(&bench)["Status"] == "CANCELLED")
        #expect(try bench.counts(of: "dead") == ["3", "0", "0"])
        #expect(try bench.counts() == ["2", "0", "0"])
        try bench.call("StartMessageMoveTask", start)
        let both = try bench.call(
            "ListMessageMoveTasks",
            ["SourceArn": .string(SQSBench.arn("dead")), "MaxResults": 10]
        )["Results"]?.array
        #expect(both?.map { $0["Status"] } == ["RUNNING", "CANCELLED"])
    }

    @Test("a message that came from nowhere fails the task and stays")
    func unknownSource() throws {
        var bench = try self.bench(dead: 0)
        try bench.send("direct", to: "dead")
        try bench.call("StartMessageMoveTask", self.source)
        let task = try self.newest(&bench)
        #expect(task["Status"] == "FAILED")
        #expect(task["FailureReason"] == "CouldNotDetermineMessageSource")
        #expect(try bench.counts(of: "dead") == ["1", "0", "0"])
    }

    @Test(
        "what can't be moved is refused",
        arguments: [
            (["SourceArn": .string(SQSBench.arn("jobs"))], "InvalidParameterValue"),
            (["SourceArn": .string(SQSBench.arn("absent"))], "ResourceNotFoundException"),
            (
                ["SourceArn": .string(SQSBench.arn("dead")), "DestinationArn": .string(SQSBench.arn("absent"))],
                "ResourceNotFoundException"
            ),
            (
                ["SourceArn": .string(SQSBench.arn("dead")), "DestinationArn": .string(SQSBench.arn("dead"))],
                "InvalidParameterValue"
            ),
            (
                ["SourceArn": .string(SQSBench.arn("dead")), "MaxNumberOfMessagesPerSecond": 501],
                "InvalidParameterValue"
            ),
            ([:], "MissingParameter"),
        ] as [(JSONValue, String)]
    )
    func refusals(parameters: JSONValue, code: String) throws {
        var bench = try self.bench(dead: 1)
        #expect(bench.refusal("StartMessageMoveTask", parameters)?.code == code)
    }
}
