// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("SQSModel visibility")
struct SQSVisibilityTests {
    @Test("a received message is hidden until its timeout ends, and each receive counts")
    func visibilityTimeout() throws {
        var bench = SQSBench()
        try bench.create()
        try bench.send("a")
        let first = try #require(try bench.receive().first)
        #expect(try bench.counts() == ["0", "1", "0"])
        bench.wait(29.999)
        #expect(try bench.bodies() == [])
        bench.wait(0.001)
        let second = try #require(try bench.receive().first)
        #expect(second["Attributes"]?["ApproximateReceiveCount"] == "2")
        #expect(second["Attributes"]?["ApproximateFirstReceiveTimestamp"] == "1800000000000")
        #expect(second["MessageId"] == first["MessageId"])
        #expect(second["ReceiptHandle"] != first["ReceiptHandle"])
    }

    @Test("a stale handle deletes nothing and says nothing, the newest deletes")
    func staleDelete() throws {
        var bench = SQSBench()
        try bench.create()
        try bench.send("a")
        let first = try bench.receive(visibility: 5).first
        bench.wait(5)
        let second = try bench.receive(visibility: 5).first
        #expect(try bench.delete(first) == [:])
        #expect(try bench.counts() == ["0", "1", "0"])
        bench.wait(5)
        #expect(try bench.counts() == ["1", "0", "0"])
        try bench.delete(second)
        #expect(try bench.counts() == ["0", "0", "0"])
        #expect(try bench.delete(second) == [:])
    }

    @Test("handles of nobody and of other queues are invalid")
    func garbageHandles() throws {
        var bench = SQSBench()
        try bench.create()
        try bench.create("other")
        try bench.send("a", to: "other")
        let foreign = try bench.receive(from: "other").first
        for handle in ["garbage", "AAAA", foreign?["ReceiptHandle"]?.string ?? ""] {
            let message: JSONValue = ["ReceiptHandle": .string(handle)]
            let failure = #expect(throws: ModelFailure.self) { try bench.delete(message) }
            #expect(failure?.code == "ReceiptHandleIsInvalid")
            #expect(bench.change(message, to: 10)?.code == "ReceiptHandleIsInvalid")
        }
    }

    @Test("the timeout can be changed while in flight, and nought brings the message back")
    func change() throws {
        var bench = SQSBench()
        try bench.create()
        try bench.send("a")
        let message = try bench.receive().first
        #expect(bench.change(message, to: 100) == nil)
        bench.wait(99)
        #expect(try bench.bodies() == [])
        #expect(bench.change(message, to: 0) == nil)
        #expect(try bench.bodies() == ["a"])
    }

    @Test("the three texts of a lost lease")
    func lostLease() throws {
        var bench = SQSBench()
        try bench.create()
        try bench.send("a")
        let first = try bench.receive(visibility: 5).first
        bench.wait(5)
        let expired = bench.change(first, to: 10)
        #expect(expired?.code == "MessageNotInflight")
        #expect(expired?.queryCode == "AWS.SimpleQueueService.MessageNotInflight")
        let second = try bench.receive(visibility: 5).first
        let gone = "Message does not exist or is not available for visibility timeout change."
        let stale = bench.change(first, to: 10)
        #expect(stale?.code == "InvalidParameterValue")
        #expect(stale?.message.hasSuffix("for parameter ReceiptHandle is invalid. Reason: \(gone)") == true)
        try bench.delete(second)
        #expect(bench.change(second, to: 10)?.message.hasSuffix(gone) == true)
        try bench.send("b")
        let long = try bench.receive(visibility: 43_200).first
        bench.wait(43_200.5)
        let failure = #expect(throws: ModelFailure.self) { try bench.delete(long) }
        #expect(failure?.code == "InvalidParameterValue")
        #expect(failure?.message.hasSuffix("Reason: The receipt handle has expired.") == true)
    }

    @Test("twelve hours from the receive are the limit, and are counted anew by each receive")
    func twelveHours() throws {
        var bench = SQSBench()
        try bench.create()
        try bench.send("a")
        let first = try bench.receive(visibility: 60).first
        bench.wait(5)
        #expect(bench.change(first, to: 43_195) == nil)
        let failure = bench.change(first, to: 43_196)
        #expect(failure?.code == "InvalidParameterValue")
        #expect(
            failure?.message == "Value 43196 for parameter VisibilityTimeout is invalid. Reason: "
                + "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
        )
        #expect(bench.change(first, to: 43_201)?.code == "InvalidParameterValue")
        #expect(bench.change(first, to: 0) == nil)
        bench.wait(40_000)
        let second = try bench.receive(visibility: 60).first
        #expect(bench.change(second, to: 43_200) == nil)
    }

    @Test("a message received too often goes to the dead-letter queue, where the count goes on")
    func redrive() throws {
        var bench = SQSBench()
        try bench.createWithDeadLetters(after: 2)
        let id = try bench.send("a")
        for _ in 1...2 {
            #expect(try bench.bodies(visibility: 0) == ["a"])
            bench.wait(1)
        }
        #expect(try bench.counts() == ["1", "0", "0"])
        #expect(try bench.bodies() == [])
        #expect(try bench.counts() == ["0", "0", "0"])
        let dead = try #require(try bench.receive(from: "dead").first)
        #expect(dead["MessageId"]?.string == id)
        #expect(dead["Attributes"]?["ApproximateReceiveCount"] == "3")
        #expect(dead["Attributes"]?["SentTimestamp"] == "1800000000000")
        #expect(dead["Attributes"]?["DeadLetterQueueSourceArn"]?.string == SQSBench.arn("jobs"))
    }

    @Test("a full queue refuses short polls and answers long ones with nothing")
    func inFlightLimit() throws {
        var bench = SQSBench()
        bench.model.inFlightLimit = 2
        try bench.create()
        for body in ["a", "b", "c"] { try bench.send(body) }
        #expect(try bench.bodies() == ["a", "b"])
        let url: JSONValue = .string(SQSBench.url("jobs"))
        #expect(bench.refusal("ReceiveMessage", ["QueueUrl": url])?.code == "OverLimit")
        #expect(try bench.call("ReceiveMessage", ["QueueUrl": url, "WaitTimeSeconds": 1]) == [:])
        bench.wait(30)
        #expect(try bench.bodies() == ["c", "a"])
    }

    @Test("every third delivery is repeated while in flight when that is asked for")
    func duplicates() throws {
        var bench = SQSBench()
        bench.model.duplicateEvery = 3
        try bench.create()
        for body in ["a", "b", "c", "d"] { try bench.send(body) }
        let first = try bench.receive()
        #expect(first.compactMap { $0["Body"]?.string } == ["a", "b", "c", "d"])
        let again = try bench.receive()
        #expect(again.compactMap { $0["Body"]?.string } == ["c"])
        #expect(again.first?["Attributes"]?["ApproximateReceiveCount"] == "2")
        #expect(again.first?["ReceiptHandle"] != first[2]["ReceiptHandle"])
        #expect(try bench.counts() == ["0", "4", "0"])
        #expect(try bench.bodies() == [])
    }

    @Test("the next visibility follows changes and deletions")
    func nextVisibility() throws {
        var bench = SQSBench()
        try bench.create()
        let url = SQSBench.url("jobs")
        #expect(bench.model.nextVisibility(queueURL: url, after: bench.now) == nil)
        try bench.send("a")
        try bench.send("b")
        let messages = try bench.receive()
        #expect(bench.model.nextVisibility(queueURL: url, after: bench.now) == bench.now + .seconds(30))
        #expect(bench.change(messages[0], to: 50) == nil)
        try bench.delete(messages[1])
        #expect(bench.model.nextVisibility(queueURL: url, after: bench.now) == bench.now + .seconds(50))
        #expect(bench.model.nextVisibility(queueURL: "https://host/111122223333/no", after: bench.now) == nil)
        #expect(bench.model.nextVisibility(queueURL: "nonsense", after: bench.now) == nil)
    }

    @Test("twenty thousand messages are received once each, oldest first")
    func manyMessages() throws {
        var bench = SQSBench()
        try bench.create("jobs", ["VisibilityTimeout": "43200"])
        let count = 20_000
        for number in 0..<count {
            let isDelivered = bench.deliver("\(number)")
            #expect(isDelivered)
        }
        var expected = 0
        while true {
            let messages = try bench.receive()
            if messages.isEmpty { break }
            for message in messages {
                #expect(message["Body"]?.string == "\(expected)")
                expected += 1
                if expected.isMultiple(of: 2) { try bench.delete(message) }
            }
        }
        #expect(expected == count)
        #expect(try bench.counts() == ["0", "\(count / 2)", "0"])
    }
}
