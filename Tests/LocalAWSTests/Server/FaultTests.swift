// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import LocalAWSServer
import Testing

@Suite("Faults", .timeLimit(.minutes(5)))
struct FaultTests {
    static let copy = FaultSubject(
        service: .rds,
        operation: "CopyDBSnapshot",
        region: "eu-west-1",
        account: "111122223333"
    )

    static let matches: [(rule: String, strikes: Bool)] = [
        ("{}", true), (#"{"service": "rds"}"#, true), (#"{"service": "sqs"}"#, false),
        (#"{"operation": "Copy*"}"#, true), (#"{"operation": "Copy"}"#, false),
        (#"{"operation": "CopyDBSnapshot", "region": "eu-west-1", "account": "111122223333"}"#, true),
        (#"{"region": "us-*"}"#, false), (#"{"account": "444455556666"}"#, false), (#"{"after": 1}"#, false),
        (#"{"count": 0}"#, false), (#"{"probability": 0}"#, false),
    ]

    @Test("a rule strikes what it matches", arguments: matches)
    func matching(rule: String, strikes: Bool) throws {
        guard case .object(var members) = try JSONValue(parsing: rule) else { return }
        members["fault"] = ["type": "throttle"]
        var injector = FaultInjector(try FaultScript(["rules": [.object(members)]]))
        #expect((injector.plan(for: Self.copy).strike == .throttle) == strikes)
    }

    @Test("a rule skips, strikes and ends by its counts")
    func counts() {
        var rule = FaultScript.Rule(.resetBefore)
        rule.after = 2
        rule.count = 3
        var injector = FaultInjector(FaultScript(rules: [rule]))
        let struck = (0..<8).map { _ in injector.plan(for: Self.copy).strike != nil }
        #expect(struck == [false, false, true, true, true, false, false, false])
        #expect(injector.struck == [3])
    }

    @Test("chance is the same for the same seed, and about as likely as asked")
    func chance() {
        var rule = FaultScript.Rule(.resetAfter)
        rule.probability = 0.25
        func run(seed: UInt64) -> [Bool] {
            var injector = FaultInjector(FaultScript(seed: seed, rules: [rule]))
            return (0..<2000).map { _ in injector.plan(for: Self.copy).strike != nil }
        }
        #expect(run(seed: 1) == run(seed: 1))
        #expect(run(seed: 1) != run(seed: 2))
        #expect((400...600).contains(run(seed: 3).filter { $0 }.count))
    }

    @Test("delays add up, and the first strike counts")
    func combining() {
        let rules = [
            FaultScript.Rule(.latency(.seconds(1))), FaultScript.Rule(.throttle),
            FaultScript.Rule(.latency(.seconds(2))),
            FaultScript.Rule(.resetBefore), FaultScript.Rule(.clockSkew(.seconds(-600))),
        ]
        var injector = FaultInjector(FaultScript(rules: rules))
        let plan = injector.plan(for: Self.copy)
        #expect(plan.latency == .seconds(3))
        #expect(plan.clockSkew == .seconds(-600))
        #expect(plan.strike == .throttle)
        #expect(plan.summary == "latency+clockSkew+throttle")
    }

    @Test(
        "a script that means nothing is refused where it goes wrong",
        arguments: [
            ("[]", "the document"), (#"{"rule": []}"#, "rule"), (#"{"rules": [{}]}"#, "rules[0]"),
            (#"{"rules": [{"fault": {"type": "flood"}}]}"#, "rules[0].fault.type"),
            (#"{"rules": [{"fault": {"type": "throttle"}, "opration": "x"}]}"#, "rules[0].opration"),
            (#"{"rules": [{"fault": {"type": "throttle"}, "probability": 2}]}"#, "rules[0].probability"),
            (#"{"rules": [{"fault": {"type": "http", "status": 9}}]}"#, "rules[0].fault.status"),
        ]
    )
    func refused(script: String, path: String) throws {
        let document = try JSONValue(parsing: script)
        let error = #expect(throws: DocumentError.self) { try FaultScript(document) }
        #expect(error?.path == path)
    }

    /// A fault, the answer that a client sees, and how many messages are on the queue afterwards.
    struct Strike: Sendable, CustomTestStringConvertible {
        let fault: String
        /// `nil` where no whole answer arrives.
        let status: Int?
        var contains = ""
        let messages: Int
        var testDescription: String { self.fault }
    }

    static let strikes: [Strike] = [
        Strike(fault: #"{"type": "throttle"}"#, status: 400, contains: "RequestThrottled", messages: 0),
        Strike(
            fault: #"{"type": "http", "status": 503, "body": "html"}"#,
            status: 503,
            contains: "<html>",
            messages: 0
        ),
        Strike(fault: #"{"type": "http", "status": 500, "body": "empty"}"#, status: 500, messages: 0),
        Strike(
            fault: #"{"type": "error", "code": "OverLimit", "message": "m", "status": 403}"#,
            status: 403,
            contains: "OverLimit",
            messages: 0
        ),
        Strike(fault: #"{"type": "expiredCredentials"}"#, status: 403, contains: "ExpiredToken", messages: 0),
        Strike(fault: #"{"type": "resetBefore"}"#, status: nil, messages: 0),
        Strike(fault: #"{"type": "resetAfter"}"#, status: nil, messages: 1),
        Strike(fault: #"{"type": "truncate"}"#, status: nil, messages: 1),
        Strike(fault: #"{"type": "latency", "seconds": 0.05}"#, status: 200, messages: 1),
    ]

    @Test("a fault shows to the client, and only those after the effect leave one", arguments: strikes)
    func overHTTP(_ strike: Strike) async throws {
        try await withLocalAWS { (server, client) async throws in
            _ = try await client.json("AmazonSQS.CreateQueue", ["QueueName": "jobs"])
            let script = #"{"rules": [{"operation": "SendMessage", "count": 1, "fault": \#(strike.fault)}]}"#
            #expect(try await client.plain("PUT", "/_local/faults", script).status == 200)
            let url = JSONValue.string("\(client.url)/111122223333/jobs")
            let message: JSONValue = ["QueueUrl": url, "MessageBody": "x"]
            // On a connection that it has used before, curl itself repeats a request whose answer never began.
            let fresh = LocalClient(url: client.url, transport: try TransferLoop())
            let answer = try? await fresh.json("AmazonSQS.SendMessage", message)
            fresh.transport.shutdown()
            #expect(answer?.status == strike.status)
            if let answer { #expect(answer.text.contains(strike.contains) || strike.contains.isEmpty) }
            let state = try await client.plain("GET", "/_local/state").document
            #expect(state?["queues"]?.array?.first?["visible"]?.int == strike.messages)
            #expect(server.journal().last?.fault != nil)
            #expect(try await client.json("AmazonSQS.SendMessage", message).status == 200)
        }
    }

    @Test("a duplicate is a message that two receivers hold")
    func duplicate() async throws {
        var configuration = LocalAWSConfiguration()
        configuration.faults = FaultScript(rules: [FaultScript.Rule(.duplicate, operation: "ReceiveMessage")])
        try await withLocalAWS(configuration) { (_, client) async throws in
            _ = try await client.json("AmazonSQS.CreateQueue", ["QueueName": "jobs"])
            let url = JSONValue.string("\(client.url)/111122223333/jobs")
            _ = try await client.json("AmazonSQS.SendMessage", ["QueueUrl": url, "MessageBody": "x"])
            var ids: [JSONValue?] = []
            for _ in 0..<2 {
                let received = try await client.json("AmazonSQS.ReceiveMessage", ["QueueUrl": url])
                ids.append(received.document?["Messages"]?.array?.first?["MessageId"])
            }
            #expect(ids[0] != nil)
            #expect(ids[0] == ids[1])
        }
    }

    @Test("a skewed answer is dated wrongly")
    func skew() async throws {
        var configuration = LocalAWSConfiguration()
        configuration.faults = FaultScript(rules: [FaultScript.Rule(.clockSkew(.seconds(86_400 * 400)))])
        try await withLocalAWS(configuration) { (_, client) async throws in
            let answer = try await client.form("Action=GetCallerIdentity&Version=2011-06-15", service: "sts")
            let date = try #require(answer.response.header("Date"))
            let year = String(SystemTimeSource.systemNow().civil.year)
            #expect(answer.status == 200)
            #expect(!date.contains(" \(year) "))
        }
    }
}
