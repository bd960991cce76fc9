// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("EventBridgeModel rules and targets")
struct EventBridgeRuleTests {
    private static let snapshot: JSONValue = [
        "source": "aws.rds", "detail-type": "RDS DB Snapshot Event",
        "resources": ["arn:aws:rds:us-east-1:111122223333:snapshot:rds:db-1"],
        "detail": ["EventID": "RDS-EVENT-0091", "SourceIdentifier": "rds:db-1", "Size": 3],
    ]
    private static let pattern: JSONValue = ["EventPattern": #"{"source":["aws.rds"]}"#]

    @Test("an event that matches is delivered as AWS writes it")
    func delivery() throws {
        var bench = EventBridgeBench()
        try bench.putRule(Self.pattern)
        let delivery = try #require(bench.publish(Self.snapshot).first)
        #expect(delivery.queue == EventBridgeBench.queue)
        let prefix = #"{"version":"0","id":""#
        #expect(delivery.body.hasPrefix(prefix))
        let tail = [
            #"","detail-type":"RDS DB Snapshot Event","source":"aws.rds","account":"111122223333","#,
            #""time":"2027-01-15T08:00:00Z","region":"us-east-1","#,
            #""resources":["arn:aws:rds:us-east-1:111122223333:snapshot:rds:db-1"],"#,
            #""detail":{"EventID":"RDS-EVENT-0091","Size":3,"SourceIdentifier":"rds:db-1"}}"#,
        ].joined()
        #expect(delivery.body.dropFirst(prefix.count + 36) == tail)
        let other = bench.publish(["source": "aws.ec2", "detail-type": "x", "detail": [:]])
        #expect(other == [])
    }

    @Test(
        "targets get the event, a constant, a part of it or a text made of it",
        arguments: [
            (["Input": #"{"job":"sweep"}"#], #"{"job":"sweep"}"#),
            (["InputPath": "$.detail"], #"{"EventID":"RDS-EVENT-0091","Size":3,"SourceIdentifier":"rds:db-1"}"#),
            (["InputPath": "$.detail.EventID"], #""RDS-EVENT-0091""#),
            (["InputPath": "$.resources[0]"], #""arn:aws:rds:us-east-1:111122223333:snapshot:rds:db-1""#),
            (["InputPath": "$['detail-type']"], #""RDS DB Snapshot Event""#),
            (["InputPath": "$.absent.member"], "null"),
            (
                [
                    "InputTransformer": [
                        "InputPathsMap": [
                            "id": "$.detail.SourceIdentifier", "size": "$.detail.Size", "no": "$.resources[9]",
                        ],
                        "InputTemplate":
                            #"{"id":"<id>","bare":<id>,"size":<size>,"text":"<size> GB <no>","no":<no>,"x":"<other>"}"#,
                    ]
                ], #"{"id":"rds:db-1","bare":"rds:db-1","size":3,"text":"3 GB ","no":"","x":"<other>"}"#
            ),
            (
                ["InputTransformer": ["InputTemplate": #""<aws.events.rule-name>""#]], #""r""#
            ),
        ] as [(JSONValue, String)]
    )
    func inputs(target: JSONValue, body: String) throws {
        var bench = EventBridgeBench()
        try bench.putRule(Self.pattern, target: target)
        let bodies = bench.publish(Self.snapshot).map(\.body)
        #expect(bodies == [body])
    }

    @Test("PutEvents delivers the good entries and names the bad")
    func putEvents() throws {
        var bench = EventBridgeBench()
        try bench.putRule(Self.pattern)
        let entries: JSONValue = [
            ["Source": "aws.rds", "DetailType": "x", "Detail": #"{"n":1}"#, "Time": 1_700_000_000],
            ["Source": "aws.rds", "DetailType": "x", "Detail": "nonsense"],
            ["DetailType": "x", "Detail": "{}"],
            ["Source": "aws.rds", "DetailType": "x", "Detail": "{}", "EventBusName": "absent"],
            ["Source": "other", "DetailType": "x", "Detail": "{}"],
        ]
        let (result, effects) = try bench.answer("PutEvents", ["Entries": entries])
        #expect(result["FailedEntryCount"] == 2)
        #expect(
            result["Entries"]?.array?.map { $0["ErrorCode"] } == [nil, "MalformedDetail", "InvalidArgument", nil, nil]
        )
        let deliveries = EventBridgeBench.deliveries(effects)
        #expect(deliveries.count == 1)
        let event = try JSONValue(parsing: try #require(deliveries.first).body)
        #expect(event["detail"] == ["n": 1])
        #expect(event["time"] == "2023-11-14T22:13:20Z")
        #expect(event["id"] == result["Entries"]?.array?.first?["EventId"])
        bench.model.allowsServiceSources = false
        let refused = try bench.call("PutEvents", ["Entries": entries])
        #expect(refused["Entries"]?.array?.first?["ErrorCode"] == "NotAuthorizedForSourceException")
    }

    @Test("PutEvents takes one to ten entries of a limited size")
    func putEventsLimits() {
        var bench = EventBridgeBench()
        let entry: JSONValue = ["Source": "s", "DetailType": "x", "Detail": "{}"]
        #expect(bench.refusal("PutEvents", ["Entries": []])?.code == "ValidationException")
        #expect(bench.refusal("PutEvents", ["Entries": .array(Array(repeating: entry, count: 10))]) == nil)
        #expect(bench.refusal("PutEvents", ["Entries": .array(Array(repeating: entry, count: 11))]) != nil)
        let long = "{\"x\":\"\(String(repeating: "x", count: 262_144))\"}"
        let big: JSONValue = ["Source": "s", "DetailType": "x", "Detail": .string(long)]
        #expect(bench.refusal("PutEvents", ["Entries": [big]])?.code == "ValidationException")
    }

    @Test("a rule is described, listed, disabled, enabled and deleted without targets only")
    func rules() throws {
        var bench = EventBridgeBench()
        try bench.putRule(["EventPattern": #"{"source":["aws.rds"]}"#, "Description": "snapshots"])
        let described = try bench.call("DescribeRule", ["Name": "r"])
        #expect(described["Arn"] == "arn:aws:events:us-east-1:111122223333:rule/r")
        #expect(described["EventPattern"] == #"{"source":["aws.rds"]}"#)
        #expect(described["State"] == "ENABLED")
        #expect(described["EventBusName"] == "default")
        #expect(try bench.call("ListRules", ["NamePrefix": "r"])["Rules"]?.array?.count == 1)
        #expect(try bench.call("ListRules", ["NamePrefix": "s"])["Rules"] == [])
        try bench.call("DisableRule", ["Name": "r"])
        let silent = bench.publish(Self.snapshot)
        #expect(silent == [])
        try bench.call("EnableRule", ["Name": "r"])
        let loud = bench.publish(Self.snapshot)
        #expect(loud.count == 1)
        #expect(bench.refusal("DeleteRule", ["Name": "r"])?.code == "ValidationException")
        let names = try bench.call("ListRuleNamesByTarget", ["TargetArn": .string(EventBridgeBench.queue)])
        #expect(names["RuleNames"] == ["r"])
        let removed = try bench.call("RemoveTargets", ["Rule": "r", "Ids": ["1", "2"]])
        #expect(removed["FailedEntryCount"] == 1)
        #expect(removed["FailedEntries"]?.array?.first?["TargetId"] == "2")
        try bench.call("DeleteRule", ["Name": "r"])
        try bench.call("DeleteRule", ["Name": "r"])
        #expect(bench.refusal("DescribeRule", ["Name": "r"])?.code == "ResourceNotFoundException")
    }

    @Test("putting a rule again keeps its targets")
    func putAgain() throws {
        var bench = EventBridgeBench()
        try bench.putRule(Self.pattern)
        try bench.call("PutRule", ["Name": "r", "EventPattern": #"{"source":["other"]}"#])
        #expect(try bench.call("ListTargetsByRule", ["Rule": "r"])["Targets"]?.array?.count == 1)
        let deliveries = bench.publish(Self.snapshot)
        #expect(deliveries == [])
    }

    @Test("a rule has five targets at most, and a queue elsewhere fails alone")
    func targets() throws {
        var bench = EventBridgeBench()
        try bench.putRule(Self.pattern)
        let four: JSONValue = .array((2...5).map { ["Id": "\($0)", "Arn": .string(EventBridgeBench.queue)] })
        #expect(try bench.call("PutTargets", ["Rule": "r", "Targets": four])["FailedEntryCount"] == 0)
        let sixth: JSONValue = ["Rule": "r", "Targets": [["Id": "6", "Arn": .string(EventBridgeBench.queue)]]]
        #expect(bench.refusal("PutTargets", sixth)?.code == "LimitExceededException")
        let elsewhere: JSONValue = [["Id": "5", "Arn": "arn:aws:sqs:eu-west-1:111122223333:jobs"]]
        let result = try bench.call("PutTargets", ["Rule": "r", "Targets": elsewhere])
        #expect(result["FailedEntryCount"] == 1)
        let deliveries = bench.publish(Self.snapshot)
        #expect(deliveries.count == 5)
    }

    @Test(
        "bad requests are refused",
        arguments: [
            ("PutRule", ["Name": "r"], "ValidationException"),
            ("PutRule", ["Name": "r r", "ScheduleExpression": "rate(1 day)"], "ValidationException"),
            ("PutRule", ["Name": "r", "ScheduleExpression": "rate(1 days)"], "ValidationException"),
            ("PutRule", ["Name": "r", "ScheduleExpression": "rate(2 day)"], "ValidationException"),
            ("PutRule", ["Name": "r", "ScheduleExpression": "rate(0 days)"], "ValidationException"),
            ("PutRule", ["Name": "r", "ScheduleExpression": "cron(0 12 * * * *)"], "ValidationException"),
            ("PutRule", ["Name": "r", "ScheduleExpression": "cron(60 12 * * ? *)"], "ValidationException"),
            ("PutRule", ["Name": "r", "ScheduleExpression": "cron(0 12 * * ?)"], "ValidationException"),
            ("PutRule", ["Name": "r", "ScheduleExpression": "at noon"], "ValidationException"),
            (
                "PutRule", ["Name": "r", "EventBusName": "no", "ScheduleExpression": "rate(1 day)"],
                "ResourceNotFoundException"
            ),
            ("PutTargets", ["Rule": "absent", "Targets": []], "ResourceNotFoundException"),
            ("PutTargets", ["Rule": "old", "Targets": []], "ValidationException"),
            ("PutTargets", ["Rule": "old", "Targets": [["Id": "1", "Arn": "jobs"]]], "ValidationException"),
            (
                "PutTargets",
                [
                    "Rule": "old",
                    "Targets": [
                        ["Id": "1", "Arn": .string(EventBridgeBench.queue), "Input": "{}", "InputPath": "$.x"]
                    ],
                ], "ValidationException"
            ),
            (
                "PutTargets",
                ["Rule": "old", "Targets": [["Id": "1", "Arn": .string(EventBridgeBench.queue), "Input": "{"]]],
                "ValidationException"
            ),
            (
                "PutTargets",
                ["Rule": "old", "Targets": [["Id": "1", "Arn": .string(EventBridgeBench.queue), "InputPath": "x"]]],
                "ValidationException"
            ),
            ("Dance", [:], "UnknownOperationException"),
        ] as [(String, JSONValue, String)]
    )
    func badRequests(operation: String, parameters: JSONValue, code: String) throws {
        var bench = EventBridgeBench()
        try bench.call("PutRule", ["Name": "old", "ScheduleExpression": "rate(1 day)"])
        #expect(bench.refusal(operation, parameters)?.code == code)
    }

    @Test("buses are created, listed and used; events go on to buses of other accounts")
    func buses() throws {
        var bench = EventBridgeBench()
        let bus = try bench.call("CreateEventBus", ["Name": "dr"])["EventBusArn"]
        #expect(bus == "arn:aws:events:us-east-1:111122223333:event-bus/dr")
        #expect(bench.refusal("CreateEventBus", ["Name": "dr"])?.code == "ResourceAlreadyExistsException")
        #expect(try bench.call("ListEventBuses", [:])["EventBuses"]?.array?.map { $0["Name"] } == ["default", "dr"])
        #expect(try bench.call("DescribeEventBus", [:])["Name"] == "default")
        #expect(bench.refusal("DescribeEventBus", ["Name": "no"])?.code == "ResourceNotFoundException")
        let scheduled: JSONValue = ["Name": "s", "EventBusName": "dr", "ScheduleExpression": "rate(1 day)"]
        #expect(bench.refusal("PutRule", scheduled)?.code == "ValidationException")
        try bench.call("PutRule", ["Name": "in", "EventBusName": "dr", "EventPattern": #"{"source":["mine"]}"#])
        let forward: JSONValue = [["Id": "1", "Arn": "arn:aws:events:us-east-1:444455556666:event-bus/default"]]
        try bench.call("PutTargets", ["Rule": "in", "EventBusName": "dr", "Targets": forward])
        let central = "444455556666"
        _ = try bench.answer(
            "PutRule",
            ["Name": "all", "EventPattern": #"{"account":["111122223333"]}"#],
            account: central
        )
        let queue: JSONValue = [["Id": "q", "Arn": "arn:aws:sqs:us-east-1:444455556666:jobs"]]
        _ = try bench.answer("PutTargets", ["Rule": "all", "Targets": queue], account: central)
        let entry: JSONValue = ["Source": "mine", "DetailType": "x", "Detail": "{}", "EventBusName": "dr"]
        let effects = try bench.answer("PutEvents", ["Entries": [entry]]).1
        #expect(EventBridgeBench.deliveries(effects).map(\.queue) == ["arn:aws:sqs:us-east-1:444455556666:jobs"])
        #expect(bench.refusal("DeleteEventBus", ["Name": "dr"])?.code == "ValidationException")
        #expect(bench.refusal("DeleteEventBus", ["Name": "default"])?.code == "ValidationException")
    }

    @Test("tags of rules are kept")
    func tags() throws {
        var bench = EventBridgeBench()
        try bench.putRule(Self.pattern)
        let arn: JSONValue = "arn:aws:events:us-east-1:111122223333:rule/r"
        try bench.call(
            "TagResource",
            ["ResourceARN": arn, "Tags": [["Key": "a", "Value": "1"], ["Key": "b", "Value": "2"]]]
        )
        try bench.call("UntagResource", ["ResourceARN": arn, "TagKeys": ["a"]])
        #expect(try bench.call("ListTagsForResource", ["ResourceARN": arn])["Tags"] == [["Key": "b", "Value": "2"]])
        #expect(
            bench.refusal("TagResource", ["ResourceARN": "arn:x", "Tags": []])?.code == "ResourceNotFoundException"
        )
    }
}

@Suite("EventBridgeModel schedules")
struct EventBridgeScheduleTests {
    @Test("a rate fires every period, also those that were missed")
    func rate() throws {
        var bench = EventBridgeBench()
        try bench.putRule(["ScheduleExpression": "rate(5 minutes)"])
        let start = bench.now
        #expect(bench.model.nextChange == start + .seconds(300))
        let early = bench.advance(.seconds(299))
        #expect(early == [])
        let first = bench.advance(.seconds(1))
        let event = try JSONValue(parsing: try #require(first.first).body)
        #expect(event["detail-type"] == "Scheduled Event")
        #expect(event["source"] == "aws.events")
        #expect(event["resources"] == ["arn:aws:events:us-east-1:111122223333:rule/r"])
        #expect(event["detail"] == [:])
        #expect(event["time"] == "2027-01-15T08:05:00Z")
        let missed = bench.advance(.seconds(1000))
        let times = try missed.map { try JSONValue(parsing: $0.body)["time"]?.string }
        #expect(times == ["2027-01-15T08:10:00Z", "2027-01-15T08:15:00Z", "2027-01-15T08:20:00Z"])
    }

    @Test("a schedule with constant input sends just that, and nothing while disabled")
    func constant() throws {
        var bench = EventBridgeBench()
        try bench.putRule(["ScheduleExpression": "rate(1 hour)"], target: ["Input": #"{"kind":"sweep"}"#])
        let fired = bench.advance(.seconds(3600))
        #expect(fired.map(\.body) == [#"{"kind":"sweep"}"#])
        try bench.call("DisableRule", ["Name": "r"])
        #expect(bench.model.nextChange == nil)
        let silent = bench.advance(.seconds(7200))
        #expect(silent == [])
        try bench.call("EnableRule", ["Name": "r"])
        #expect(bench.model.nextChange == bench.now + .seconds(3600))
    }

    @Test(
        "cron fires at the next time that fits",
        arguments: [
            ("0 10 * * ? *", "2027-01-15T10:00:00Z"),
            ("0 8 * * ? *", "2027-01-16T08:00:00Z"),
            ("15 12 * * ? *", "2027-01-15T12:15:00Z"),
            ("0 18 ? * MON-FRI *", "2027-01-15T18:00:00Z"),
            ("0 8 1 * ? *", "2027-02-01T08:00:00Z"),
            ("0/15 * * * ? *", "2027-01-15T08:15:00Z"),
            ("0/10 * ? * MON-FRI *", "2027-01-15T08:10:00Z"),
            ("0/5 9-17 ? * MON-FRI *", "2027-01-15T09:00:00Z"),
            ("30 0 ? * SAT,SUN *", "2027-01-16T00:30:00Z"),
            ("0 0 L * ? *", "2027-01-31T00:00:00Z"),
            ("0 0 LW * ? *", "2027-01-29T00:00:00Z"),
            ("0 0 16W * ? *", "2027-02-16T00:00:00Z"),
            ("0 0 1W 5 ? *", "2027-05-03T00:00:00Z"),
            ("0 0 ? * 6L *", "2027-01-29T00:00:00Z"),
            ("0 0 ? * L *", "2027-01-16T00:00:00Z"),
            ("0 0 ? * TUE#3 *", "2027-01-19T00:00:00Z"),
            ("0 0 29 2 ? *", "2028-02-29T00:00:00Z"),
            ("0 0 1 JAN ? 2030", "2030-01-01T00:00:00Z"),
            ("5 8 ? * FRI-MON *", "2027-01-15T08:05:00Z"),
        ]
    )
    func cron(expression: String, expected: String) throws {
        var bench = EventBridgeBench()
        try bench.putRule(["ScheduleExpression": .string("cron(\(expression))")])
        #expect(bench.model.nextChange?.iso8601 == expected)
    }

    @Test("a cron whose years are over never fires")
    func pastCron() throws {
        var bench = EventBridgeBench()
        try bench.putRule(["ScheduleExpression": "cron(0 0 1 1 ? 2020)"])
        #expect(bench.model.nextChange == nil)
    }
}
