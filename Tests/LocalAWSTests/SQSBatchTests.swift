// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("SQSModel batches")
struct SQSBatchTests {
    private func batch(_ entries: [JSONValue]) -> JSONValue {
        ["QueueUrl": .string(SQSBench.url("jobs")), "Entries": .array(entries)]
    }

    private func entry(_ id: String, _ body: String = "x") -> JSONValue {
        ["Id": .string(id), "MessageBody": .string(body)]
    }

    @Test(
        "whole batches are refused for their shape",
        arguments: ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"]
    )
    func shapes(operation: String) throws {
        var bench = SQSBench()
        try bench.create()
        let cases: [([JSONValue], String)] = [
            ([], "EmptyBatchRequest"),
            ((0...10).map { self.entry("e\($0)") }, "TooManyEntriesInBatchRequest"),
            ([self.entry("a"), self.entry("a")], "BatchEntryIdsNotDistinct"),
            ([self.entry("a b")], "InvalidBatchEntryId"),
            ([self.entry("")], "InvalidBatchEntryId"),
            ([self.entry(String(repeating: "a", count: 81))], "InvalidBatchEntryId"),
        ]
        for (entries, code) in cases {
            let failure = bench.refusal(operation, self.batch(entries))
            #expect(failure?.code == code)
            #expect(failure?.queryCode == "AWS.SimpleQueueService.\(code)")
        }
    }

    @Test("a batch that is too long as a whole is refused")
    func tooLong() throws {
        var bench = SQSBench()
        try bench.create()
        let half = String(repeating: "x", count: 524_288)
        #expect(bench.refusal("SendMessageBatch", self.batch([self.entry("a", half), self.entry("b", half)])) == nil)
        let failure = bench.refusal(
            "SendMessageBatch",
            self.batch([self.entry("a", half), self.entry("b", half + "x")])
        )
        #expect(failure?.code == "BatchRequestTooLong")
    }

    @Test("bad entries fail alone")
    func partialFailure() throws {
        var bench = SQSBench()
        try bench.create()
        let entries = [self.entry("good"), self.entry("bad", "\u{1}"), self.entry("fine", "y")]
        let result = try bench.call("SendMessageBatch", self.batch(entries))
        #expect(result["Successful"]?.array?.map { $0["Id"] } == ["good", "fine"])
        #expect(result["Successful"]?.array?.first?["MD5OfMessageBody"] == "9dd4e461268c8034f5c8564e155c67a6")
        let failed = result["Failed"]?.array
        #expect(failed?.count == 1)
        #expect(failed?.first?["Id"] == "bad")
        #expect(failed?.first?["SenderFault"] == true)
        #expect(failed?.first?["Code"] == "InvalidMessageContents")
        #expect(try bench.bodies() == ["x", "y"])
    }

    @Test("entries have their own delay")
    func delay() throws {
        var bench = SQSBench()
        try bench.create()
        let late: JSONValue = ["Id": "late", "MessageBody": "late", "DelaySeconds": 5]
        let result = try bench.call("SendMessageBatch", self.batch([late, self.entry("a", "now")]))
        #expect(result["Failed"] == nil)
        #expect(try bench.bodies() == ["now"])
        bench.wait(5)
        #expect(try bench.bodies() == ["late"])
    }

    @Test("messages are deleted and hidden in batches")
    func deleteAndChange() throws {
        var bench = SQSBench()
        try bench.create()
        for body in ["a", "b", "c"] { try bench.send(body) }
        let handles = try bench.receive().map { $0["ReceiptHandle"] ?? "" }
        let deletion = try bench.call(
            "DeleteMessageBatch",
            self.batch([
                ["Id": "1", "ReceiptHandle": handles[0]], ["Id": "2", "ReceiptHandle": "garbage"],
            ])
        )
        #expect(deletion["Successful"] == [["Id": "1"]])
        #expect(deletion["Failed"]?.array?.first?["Code"] == "ReceiptHandleIsInvalid")
        let change = try bench.call(
            "ChangeMessageVisibilityBatch",
            self.batch([
                ["Id": "1", "ReceiptHandle": handles[0], "VisibilityTimeout": 5],
                ["Id": "2", "ReceiptHandle": handles[1], "VisibilityTimeout": 0],
                ["Id": "3", "ReceiptHandle": handles[2], "VisibilityTimeout": "100"],
            ])
        )
        #expect(change["Successful"] == [["Id": "2"], ["Id": "3"]])
        #expect(change["Failed"]?.array?.first?["Code"] == "InvalidParameterValue")
        #expect(try bench.counts() == ["1", "1", "0"])
    }
}
