// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import LocalAWSServer
import Logging
import Testing

@Suite("LocalAWSServer", .timeLimit(.minutes(5)))
struct LocalAWSServerTests {
    @Test("a message goes in and comes out, in both protocols of SQS")
    func queue() async throws {
        try await withLocalAWS { (_, client) async throws in
            let created = try await client.json("AmazonSQS.CreateQueue", ["QueueName": "jobs"])
            let url = try #require(created.document?["QueueUrl"]?.string)
            #expect(url == "\(client.url)/111122223333/jobs")
            let sent = try await client.form(
                "Action=SendMessage&Version=2012-11-05&MessageBody=a%26b&MessageAttribute.1.Name=n"
                    + "&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v",
                service: "sqs",
                path: "/111122223333/jobs"
            )
            #expect(sent.status == 200, "\(sent.text)")
            let received = try await client.json(
                "AmazonSQS.ReceiveMessage",
                ["QueueUrl": .string(url), "MessageAttributeNames": ["All"], "VisibilityTimeout": 0]
            )
            let message = received.document?["Messages"]?.array?.first
            #expect(message?["Body"] == "a&b")
            #expect(message?["MessageAttributes"]?["n"]?["StringValue"] == "v")
            let old = try await client.form(
                "Action=ReceiveMessage&Version=2012-11-05&MessageAttributeName.1=All&QueueUrl=\(url)",
                service: "sqs"
            )
            #expect(old.text.contains("<Body>a&amp;b</Body>"))
            #expect(old.text.contains("<MessageAttribute><Name>n</Name><Value>"))
        }
    }

    @Test("every answer is dated and numbered")
    func headers() async throws {
        try await withLocalAWS { (_, client) async throws in
            let answer = try await client.form("Action=GetCallerIdentity&Version=2011-06-15", service: "sts")
            #expect(answer.text.contains("<Arn>arn:aws:iam::111122223333:user/local</Arn>"))
            let id = try #require(answer.response.header("x-amzn-RequestId"))
            #expect(answer.text.contains("<RequestId>\(id)</RequestId>"))
            #expect(answer.response.header("Date")?.hasSuffix(" GMT") == true)
        }
    }

    @Test("a long poll is woken by a send")
    func longPoll() async throws {
        // The poll would last for more than half an hour of this machine's.
        var configuration = LocalAWSConfiguration()
        configuration.time = SystemTimeSource(speed: 0.01)
        try await withLocalAWS(configuration) { (_, client) async throws in
            _ = try await client.json("AmazonSQS.CreateQueue", ["QueueName": "jobs"])
            let url = JSONValue.string("\(client.url)/111122223333/jobs")
            async let poll = client.json("AmazonSQS.ReceiveMessage", ["QueueUrl": url, "WaitTimeSeconds": 20])
            _ = try await client.json("AmazonSQS.SendMessage", ["QueueUrl": url, "MessageBody": "x"])
            let received = try await poll
            #expect(received.document?["Messages"]?.array?.count == 1)
        }
    }

    @Test("a long poll ends empty when the world's clock says so")
    func longPollEnds() async throws {
        var configuration = LocalAWSConfiguration()
        configuration.time = SystemTimeSource(speed: 100)
        try await withLocalAWS(configuration) { (_, client) async throws in
            _ = try await client.json("AmazonSQS.CreateQueue", ["QueueName": "jobs"])
            let url = JSONValue.string("\(client.url)/111122223333/jobs")
            let clock = ContinuousClock()
            let start = clock.now
            let received = try await client.json("AmazonSQS.ReceiveMessage", ["QueueUrl": url, "WaitTimeSeconds": 20])
            #expect(received.document == [:])
            #expect(clock.now - start >= .milliseconds(190))
        }
    }

    @Test("a long poll gets the message whose hiding ends meanwhile")
    func longPollVisibility() async throws {
        var configuration = LocalAWSConfiguration()
        configuration.time = SystemTimeSource(speed: 20)
        try await withLocalAWS(configuration) { (_, client) async throws in
            _ = try await client.json("AmazonSQS.CreateQueue", ["QueueName": "jobs"])
            let url = JSONValue.string("\(client.url)/111122223333/jobs")
            _ = try await client.json(
                "AmazonSQS.SendMessage",
                ["QueueUrl": url, "MessageBody": "x", "DelaySeconds": 10]
            )
            let received = try await client.json("AmazonSQS.ReceiveMessage", ["QueueUrl": url, "WaitTimeSeconds": 20])
            #expect(received.document?["Messages"]?.array?.count == 1)
        }
    }

    @Test("graceful shutdown answers an open long poll at once")
    func shutdown() async throws {
        let (polls, poll) = AsyncStream<Task<LocalClient.Answer, any Error>>.makeStream()
        // The poll would last for more than half an hour of this machine's.
        var configuration = LocalAWSConfiguration()
        configuration.time = SystemTimeSource(speed: 0.01)
        try await withLocalAWS(configuration) { (server, client) async throws in
            _ = try await client.json("AmazonSQS.CreateQueue", ["QueueName": "jobs"])
            let url = JSONValue.string("\(client.url)/111122223333/jobs")
            poll.yield(
                Task { try await client.json("AmazonSQS.ReceiveMessage", ["QueueUrl": url, "WaitTimeSeconds": 20]) }
            )
            // The poll is in once the connection that it came by has been waited for; a request behind it shows that.
            for _ in 0..<20 { _ = try await client.plain("GET", "/_local/health") }
        }
        for await task in polls {
            // Answered empty, or refused where the port closed before it got in; never left hanging.
            if let answer = try? await task.value { #expect(answer.document == [:]) }
            break
        }
    }

    @Test("a port that is taken is named in the error")
    func takenPort() async throws {
        try await withLocalAWS { (_, client) async throws in
            var configuration = LocalAWSConfiguration()
            configuration.port = try #require(client.url.split(separator: ":").last.flatMap { Int($0) })
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let text = "can't listen on 127.0.0.1 port \(configuration.port): the port is taken"
            let failure = await #expect(throws: ListenFailure.self) {
                try await LocalAWSServer(configuration: configuration, logger: logger).run()
            }
            #expect(failure?.description == text)
        }
    }

    @Test(
        "what is no request gets a refusal, and the server lives on",
        arguments: [
            ("", 400), ("garbage", 400), ("Action=Nonsense", 400), ("\u{0}\u{FF}", 400),
            ("Action=DescribeDBSnapshots&Version=2014-10-31", 403),
        ]
    )
    func garbage(body: String, status: Int) async throws {
        try await withLocalAWS { (_, client) async throws in
            let answer = try await client.plain("POST", "/", body)
            #expect(answer.status == status)
            #expect(answer.text.contains("<ErrorResponse"))
            #expect(try await client.plain("GET", "/_local/health").status == 200)
        }
    }

    @Test(
        "an unknown operation is refused in the service's own words",
        arguments: [
            ("AmazonSQS.Nonsense", "sqs", "InvalidAction"),
            ("DynamoDB_20120810.Nonsense", "dynamodb", "UnknownOperationException"),
            ("TrentService.Nonsense", "kms", "UnknownOperationException"),
            ("AWSEvents.Nonsense", "events", "UnknownOperationException"),
        ]
    )
    func unknownJSON(target: String, service: String, code: String) async throws {
        try await withLocalAWS { (_, client) async throws in
            let answer = try await client.json(target, [:], service: service)
            #expect(answer.status == 400)
            #expect(answer.document?["__type"]?.string?.hasSuffix(code) == true, "\(answer.text)")
        }
    }

    @Test("an unknown operation of a form is refused", arguments: [("rds", "2014-10-31"), ("sts", "2011-06-15")])
    func unknownForm(service: String, version: String) async throws {
        try await withLocalAWS { (_, client) async throws in
            let answer = try await client.form("Action=Nonsense&Version=\(version)", service: service)
            #expect(answer.status == 400)
            #expect(answer.text.contains("<Code>InvalidAction</Code>"))
        }
    }

    @Test("a body of more than two MiB is refused")
    func largeBody() async throws {
        try await withLocalAWS { (_, client) async throws in
            let body = String(repeating: "x", count: 2 * 1024 * 1024 + 1)
            #expect(try await client.plain("POST", "/", body).status == 413)
            #expect(try await client.plain("GET", "/_local/health").status == 200)
        }
    }

    @Test("a snapshot copied abroad is seen by the rule, the queue, the summary and the journal")
    func wholeWay() async throws {
        try await withLocalAWS { (server, client) async throws in
            var configuration = client
            configuration.region = "eu-west-1"
            let abroad = configuration
            let arn = "arn:aws:sqs:us-east-1:111122223333:jobs"
            let policy =
                #"{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"#
                + #""Action":"sqs:SendMessage","Resource":"\#(arn)"}]}"#
            _ = try await client.json(
                "AmazonSQS.CreateQueue",
                ["QueueName": "jobs", "Attributes": ["Policy": .string(policy)]]
            )
            let pattern = #"{"source":["aws.rds"],"detail":{"EventID":["RDS-EVENT-0042"]}}"#
            let rule: JSONValue = ["Name": "snapshots", "EventPattern": .string(pattern)]
            #expect(try await client.json("AWSEvents.PutRule", rule, service: "events").status == 200)
            let targets: JSONValue = ["Rule": "snapshots", "Targets": [["Id": "1", "Arn": .string(arn)]]]
            #expect(try await client.json("AWSEvents.PutTargets", targets, service: "events").status == 200)
            let version = "&Version=2014-10-31"
            let database = try await client.form(
                "Action=CreateDBInstance\(version)&DBInstanceIdentifier=orders&Engine=postgres&AllocatedStorage=20"
                    + "&DBInstanceClass=db.t4g.medium&MasterUsername=u&MasterUserPassword=password-x",
                service: "rds"
            )
            #expect(database.status == 200, "\(database.text)")
            let snapshot = try await client.form(
                "Action=CreateDBSnapshot\(version)&DBInstanceIdentifier=orders&DBSnapshotIdentifier=one",
                service: "rds"
            )
            #expect(snapshot.status == 200, "\(snapshot.text)")
            #expect(try await client.plain("POST", "/_local/advance", #"{"seconds": 3600}"#).status == 200)
            let url = JSONValue.string("\(client.url)/111122223333/jobs")
            let received = try await client.json("AmazonSQS.ReceiveMessage", ["QueueUrl": url, "WaitTimeSeconds": 5])
            let body = try #require(received.document?["Messages"]?.array?.first?["Body"]?.string)
            #expect(try JSONValue(parsing: body)["detail"]?["SourceIdentifier"] == "one")
            let copied = try await abroad.form(
                "Action=CopyDBSnapshot\(version)&TargetDBSnapshotIdentifier=two"
                    + "&SourceDBSnapshotIdentifier=arn%3Aaws%3Ards%3Aus-east-1%3A111122223333%3Asnapshot%3Aone",
                service: "rds"
            )
            #expect(copied.status == 200, "\(copied.text)")
            let summary = try await client.plain("GET", "/_local/state").document
            #expect(summary?["copies"]?.array?.first?["arn"] == "arn:aws:rds:eu-west-1:111122223333:snapshot:two")
            let last = server.journal().last
            #expect(last?.operation == "CopyDBSnapshot")
            #expect(last?.region == "eu-west-1")
            #expect(last?.outcome == "OK")
            #expect(last?.parameters["TargetDBSnapshotIdentifier"] == "two")
            #expect(try await client.plain("POST", "/_local/advance", #"{"seconds": 3600}"#).status == 200)
            let ended = server.journal().last
            #expect(ended?.service == "local")
            #expect(ended?.operation == "CopyEnded")
            #expect(ended?.region == "eu-west-1")
            #expect(ended?.outcome == "available")
            #expect(ended?.parameters["TargetDBSnapshotIdentifier"] == "two")
            #expect(ended?.parameters["SourceDBSnapshotIdentifier"]?.string?.hasSuffix(":snapshot:one") == true)
            let password = try await client.plain("GET", "/_local/journal").text
            #expect(!password.contains("password-x"))
        }
    }

    @Test("the journal tells which messages were sent, received, hidden and deleted")
    func journalOfMessages() async throws {
        try await withLocalAWS { (server, client) async throws in
            _ = try await client.json("AmazonSQS.CreateQueue", ["QueueName": "jobs"])
            let url = JSONValue.string("\(client.url)/111122223333/jobs")
            let entries: JSONValue = [["Id": "a", "MessageBody": "first"]]
            _ = try await client.json("AmazonSQS.SendMessageBatch", ["QueueUrl": url, "Entries": entries])
            let received = try await client.json("AmazonSQS.ReceiveMessage", ["QueueUrl": url])
            let message = try #require(received.document?["Messages"]?.array?.first)
            let id = try #require(message["MessageId"])
            let handle = try #require(message["ReceiptHandle"])
            let hidden: JSONValue = ["QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 60]
            _ = try await client.json("AmazonSQS.ChangeMessageVisibility", hidden)
            // The second deletion succeeds as on the real service, and finds nothing.
            for _ in 1...2 {
                _ = try await client.json("AmazonSQS.DeleteMessage", ["QueueUrl": url, "ReceiptHandle": handle])
            }
            let body: JSONValue = ["MessageId": id, "Body": "first"]
            #expect(
                server.journal().map(\.messages) == [
                    nil, [body], [body], [["MessageId": id, "VisibilityTimeout": 60]], [["MessageId": id]], nil,
                ]
            )
        }
    }

    @Test("the paths beside AWS answer loopback hosts only")
    func hosts() async throws {
        try await withLocalAWS { (_, client) async throws in
            for host in ["example.com", "127.0.0.1.example.com", "10.0.0.1", ""] {
                #expect(try await client.plain("GET", "/_local/health", host: host).status != 200, "\(host)")
            }
            #expect(try await client.plain("GET", "/_local/health", host: "localhost:80").status == 200)
            #expect(try await client.plain("GET", "/_local/nothing").status == 404)
            #expect(try await client.plain("DELETE", "/_local/state").status == 405)
            #expect(try await client.plain("PUT", "/_local/settings", #"{"nonsense": 1}"#).status == 400)
            #expect(try await client.plain("PUT", "/_local/settings", #"{"instanceCopyLimit": 2}"#).status == 200)
            #expect(try await client.plain("POST", "/_local/advance", #"{"seconds": -1}"#).status == 400)
        }
    }
}
