// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Messages from the queue")
struct SQSMessageDecoderTests {
    private static let sentAt = Instant(microseconds: 1_795_291_828_000_000)
    private static let automated = "arn:aws:rds:us-east-1:123456789012:snapshot:rds:orders-2026-11-21-03-10"

    private func decode(_ body: String) -> IncomingMessage {
        SQSMessageDecoder(account: "444455556666").decode(body, sentAt: Self.sentAt)
    }

    private func event(_ body: String) -> SnapshotEvent? {
        guard case .snapshot(let event) = self.decode(body) else { return nil }
        return event
    }

    private static func event(
        id: String?,
        cluster: Bool = false,
        arn: String = Self.automated,
        message: String? = nil,
        more: [String: JSONValue] = [:]
    ) -> String {
        let detail = JSONValue.compact([
            "EventID": id.map { .string($0) }, "SourceArn": .string(arn), "Message": message.map { .string($0) },
            "SourceIdentifier": "rds:orders-2026-11-21-03-10", "Date": "2026-11-21T03:12:00.5Z",
        ])
        let document: [String: JSONValue] = [
            "source": "aws.rds", "detail-type": .string("RDS DB \(cluster ? "Cluster " : "")Snapshot Event"),
            "account": "123456789012", "region": "us-east-1", "time": "2026-11-21T03:12:00Z", "detail": detail,
        ]
        return JSONValue.object(document.merging(more) { _, new in new }).description
    }

    // MARK: - Events

    @Test(
        "announce a snapshot, automated only where the event proves it",
        arguments: [
            ("RDS-EVENT-0042", false, nil), ("RDS-EVENT-0091", false, .automated),
            ("RDS-EVENT-0075", true, nil), ("RDS-EVENT-0169", true, .automated),
        ] as [(String, Bool, Snapshot.Origin?)]
    )
    func created(id: String, cluster: Bool, origin: Snapshot.Origin?) throws {
        let type = cluster ? "cluster-snapshot" : "snapshot"
        let arn = "arn:aws:rds:us-east-1:123456789012:\(type):rds:orders-2026-11-21-03-10"
        let event = try #require(self.event(Self.event(id: id, cluster: cluster, arn: arn)))
        #expect(event.arn.description == arn)
        #expect(event.eventID == id)
        #expect(event.origin == origin)
        #expect(event.time == Instant(iso8601: "2026-11-21T03:12:00.5Z"))
        #expect(event.tags == nil)
    }

    @Test(
        "ask for nothing when they tell of anything else",
        arguments: [
            (["0040", "0090", "0074", "0168"], .snapshotStillCreating),
            (["0059", "0060", "0061", "0190", "0196", "0197"], .copyProgress),
            (["0041"], .snapshotDeleted), (["0043"], .snapshotRestored),
            (["0159", "0160", "0161", "0162", "0163", "0164", "0484", "0486", "0487", "0488"], .snapshotExport),
            (["0489", "0491", "0492", "0493"], .snapshotExport), (["0001", "9999"], .otherSnapshotEvent),
        ] as [([String], IgnoreReason)]
    )
    func nothing(numbers: [String], reason: IgnoreReason) {
        for number in numbers {
            let id = "RDS-EVENT-\(number)"
            let expected = "\(id): Text: rds:orders-2026-11-21-03-10"
            #expect(self.decode(Self.event(id: id, message: "Text")) == .ignored(reason: reason, detail: expected))
        }
    }

    @Test(
        "are told apart by their text where they have no id",
        arguments: [
            ("Automated snapshot created", nil), ("Manual snapshot created", nil),
            ("Automated cluster snapshot created", nil), ("Manual cluster snapshot created", nil),
            ("Creating automated snapshot", .snapshotStillCreating),
            ("Creating manual cluster snapshot", .snapshotStillCreating), ("Deleted user snapshot", .snapshotDeleted),
            ("Restored from snapshot x", .snapshotRestored),
            ("Started copy of snapshot x from region us-east-1", .copyProgress),
            ("Finished copy of snapshot x from region us-east-1 in 3 minutes", .copyProgress),
            ("Canceled snapshot copy request of x from region us-east-1", .copyProgress),
        ] as [(String, IgnoreReason?)]
    )
    func texts(message: String, reason: IgnoreReason?) {
        let result = self.decode(Self.event(id: nil, message: message))
        if let reason {
            guard case .ignored(let found, _) = result, found == reason else {
                Issue.record("\(result)")
                return
            }
        } else {
            guard case .snapshot(let event) = result else {
                Issue.record("\(result)")
                return
            }
            #expect(event.eventID == nil)
            #expect(event.origin == (message.hasPrefix("Automated") ? .automated : nil))
        }
    }

    @Test("are read as AWS documents them")
    func documented() {
        let body = """
            {"version":"0","id":"844e2571-85d4-695f-b930-0153b71dcb42",
             "detail-type":"RDS DB Cluster Snapshot Event","source":"aws.rds",
             "account":"123456789012","time":"2018-10-06T12:26:13Z","region":"us-east-1",
             "resources":["arn:aws:rds:us-east-1:123456789012:cluster-snapshot:rds:my-db-cluster-snapshot"],
             "detail":{"EventCategories":["backup"],"SourceType":"CLUSTER_SNAPSHOT",
              "SourceArn":"arn:aws:rds:us-east-1:123456789012:cluster-snapshot:rds:my-db-cluster-snapshot",
              "Date":"2018-10-06T12:26:13.882Z",
              "SourceIdentifier":"rds:my-db-cluster-snapshot",
              "Message":"Creating manual cluster snapshot","EventID":"RDS-EVENT-0074"}}
            """
        let detail = "RDS-EVENT-0074: Creating manual cluster snapshot: rds:my-db-cluster-snapshot"
        #expect(self.decode(body) == .ignored(reason: .snapshotStillCreating, detail: detail))
        let created = self.event(body.replacing("0074", with: "0075"))
        #expect(
            created?.arn.description
                == "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:rds:my-db-cluster-snapshot"
        )
    }

    @Test(
        "are put together where the ARN is wrong, short or missing",
        arguments: [
            "arn:aws:rds:us-east-1:123456789012:db:mysql-instance-2018-10-06-12-24", "arn:aws:rds:us-east-1", "", ":",
            "arn:aws:rds:::snapshot:x", "not an arn",
        ]
    )
    func rebuilt(arn: String) {
        #expect(self.event(Self.event(id: "RDS-EVENT-0091", arn: arn))?.arn.description == Self.automated)
    }

    @Test("need neither account nor Region where the ARN has them")
    func withoutAccount() {
        for arn in [Self.automated, Self.automated.replacing(":snapshot:", with: ":db:")] {
            let body = Self.event(id: "RDS-EVENT-0091", arn: arn, more: ["account": .null, "region": 7])
            #expect(self.event(body)?.arn.description == Self.automated)
        }
        #expect(
            self.event(Self.event(id: "RDS-EVENT-0091", arn: "", more: ["resources": [.string(Self.automated)]]))
                != nil
        )
    }

    @Test(
        "that name no snapshot are malformed",
        arguments: [
            ["account": "12345678901"], ["account": "12345678901x"], ["region": "../../etc"], ["region": ""],
            ["detail": ["EventID": "RDS-EVENT-0091"]],
            ["detail": ["EventID": "RDS-EVENT-0091", "SourceIdentifier": "a b"]],
            ["detail": ["EventID": "RDS-EVENT-0091", "SourceIdentifier": .string(String(repeating: "x", count: 301))]],
            ["detail": ["Message": "Something new", "SourceArn": .string(Self.automated)]],
            ["detail": ["SourceArn": .string(Self.automated)]], ["detail": "text"], ["detail": .null], ["detail": []],
        ] as [[String: JSONValue]]
    )
    func hopeless(more: [String: JSONValue]) {
        let result = self.decode(Self.event(id: "RDS-EVENT-0091", arn: "arn:aws:rds", more: more))
        guard case .malformed(let reason) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.hasPrefix("an RDS event "))
        #expect(reason.unicodeScalars.count <= 260)
    }

    @Test("tell the snapshot's tags in either shape, and a copy of ours is left alone")
    func tags() {
        for tags in [["env": "dr"], [["Key": "env", "Value": "dr"]]] as [JSONValue] {
            let detail: JSONValue = [
                "EventID": "RDS-EVENT-0042", "SourceArn": .string(Self.automated), "Tags": tags,
            ]
            let body = Self.event(id: nil, more: ["detail": detail])
            #expect(self.event(body)?.tags == ["env": "dr"])
        }
        let own: JSONValue = [
            "EventID": "RDS-EVENT-0042", "SourceArn": .string(Self.automated), "Tags": ["snapferry:source": "arn"],
        ]
        let result = self.decode(Self.event(id: nil, more: ["detail": own]))
        guard case .ignored(.ownCopy, _) = result else {
            Issue.record("\(result)")
            return
        }
    }

    @Test("of a hop are left alone, by its tag or by its name")
    func hops() {
        let named = "arn:aws:rds:us-east-1:111122223333:snapshot:snapferry-hop-orders-abc"
        let tagged: JSONValue = ["snapferry:hop": "444455556666/eu-west-1", "snapferry:source": "arn"]
        for (arn, tags) in [(named, JSONValue.object([:])), (Self.automated, tagged)] {
            let detail: JSONValue = ["EventID": "RDS-EVENT-0042", "SourceArn": .string(arn), "Tags": tags]
            let result = self.decode(Self.event(id: nil, more: ["detail": detail]))
            #expect(result == .ignored(reason: .ownHop, detail: "\(arn) is a hop that this fleet made"))
        }
    }

    @Test("about something else are ignored, and say what they are")
    func otherEvents() {
        let body = #"{"source":"aws.rds","detail-type":"RDS DB Instance Event","detail":{}}"#
        #expect(self.decode(body) == .ignored(reason: .otherEvent, detail: "aws.rds: RDS DB Instance Event"))
    }

    // MARK: - SNS

    @Test("are unwrapped once from a notification of SNS")
    func wrapped() {
        func wrap(_ text: String) -> String {
            JSONValue.object(["Type": "Notification", "Message": .string(text)]).description
        }
        #expect(self.event(wrap(Self.event(id: "RDS-EVENT-0091")))?.arn.description == Self.automated)
        #expect(
            self.decode(wrap(wrap("{}"))) == .malformed(reason: "an SNS notification inside an SNS notification")
        )
        #expect(self.decode(#"{"Type":"Notification"}"#).isMalformed)
        #expect(self.decode(#"{"Type":"SubscriptionConfirmation","Token":"secret"}"#).isMalformed)
    }

    @Test("are read in the shape of an RDS event subscription")
    func subscription() {
        let body = """
            {"Event Source":"db-cluster-snapshot","Event Time":"2026-11-21 03:12:00.500",
             "Source ID":"rds:a-2026-11-21-03-10",
             "Source ARN":"arn:aws:rds:us-east-1:123456789012:cluster-snapshot:rds:a-2026-11-21-03-10",
             "Event ID":"http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#RDS-EVENT-0169",
             "Event Message":"Automated cluster snapshot created"}
            """
        let event = self.event(body)
        #expect(event?.arn.kind == .cluster)
        #expect(event?.eventID == "RDS-EVENT-0169")
        #expect(event?.time == Instant(iso8601: "2026-11-21T03:12:00.5Z"))
        let instance = #"{"Event Source":"db-instance","Event ID":"x","Event Message":"DB instance restarted"}"#
        #expect(self.decode(instance) == .ignored(reason: .otherEvent, detail: "DB instance restarted"))
    }

    // MARK: - Sweeps and jobs

    @Test(
        "ask for a sweep",
        arguments: [
            (#"{"snapferry":"sweep"}"#, SweepRequest()),
            (#"{"snapferry":"sweep","route":null,"regions":null}"#, SweepRequest()),
            (
                #"{"snapferry":"sweep","route":"prod","regions":["us-east-1"]}"#,
                SweepRequest(route: "prod", regions: ["us-east-1"])
            ),
            (
                #"{"snapferry":"sweep","horizon":"7d","max":500}"#,
                SweepRequest(horizon: .seconds(7 * 86_400), limit: 500)
            ),
            (#"{"source":"aws.events","detail-type":"Scheduled Event","detail":{}}"#, SweepRequest()),
            (#"{"source":"aws.scheduler","detail-type":"Scheduled Event","detail":"{}"}"#, SweepRequest()),
        ]
    )
    func sweeps(body: String, request: SweepRequest) {
        #expect(self.decode(body) == .sweep(request))
    }

    @Test("carry a job there and back")
    func jobs() throws {
        let job = CopyJob(
            source: try #require(SnapshotARN(Self.automated)),
            destination: Destination(account: "999988887777", region: "eu-west-1"),
            route: "prod \"quoted\"",
            firstSeen: Instant(milliseconds: 1_795_291_828_618),
            failedCopies: 2
        )
        #expect(self.decode(JobMessage.encode(job)) == .job(job))
    }

    @Test("fill in what an operator's job leaves out")
    func shortJob() throws {
        let body = #"{"snapferry":"job","source":"\#(Self.automated)","destination":{"region":"eu-west-1"}}"#
        let expected = CopyJob(
            source: try #require(SnapshotARN(Self.automated)),
            destination: Destination(account: "444455556666", region: "eu-west-1"),
            route: "",
            firstSeen: Self.sentAt
        )
        #expect(self.decode(body) == .job(expected))
    }

    @Test(
        "that are no job say why",
        arguments: [
            (["version": 2], "a job of version 2; this worker reads 1"),
            (["version": "1"], #"a job of version "1"; this worker reads 1"#),
            (["source": 5], #"a job whose "source" is a number, not a string"#),
            (
                ["source": "arn:aws:rds:us-east-1:1:snapshot:x"],
                #"a job whose "source" is no ARN of an RDS snapshot or cluster snapshot: arn:aws:rds:us-east-1:1:snapshot:x"#
            ),
            (["source": .null], #"a job whose "source" is no ARN of an RDS snapshot or cluster snapshot: "#),
            (["destination": "eu-west-1"], #"a job whose "destination" is a string, not an object"#),
            (["destination": [:]], #"a job whose "destination.region" is no Region: "#),
            (["destination": ["region": "mars"]], #"a job whose "destination.region" is no Region: mars"#),
            (
                ["destination": ["region": "eu-west-1", "account": "12"]],
                #"a job whose "destination.account" is not 12 digits: 12"#
            ),
            (
                ["destination": ["region": "us-east-1", "account": "123456789012"]],
                "a job whose destination, 123456789012/us-east-1, is where the snapshot is already"
            ),
            (
                ["destination": ["region": "cn-north-1"]],
                "a job from us-east-1 to cn-north-1, which is in another partition of AWS"
            ),
            (["route": []], #"a job whose "route" is an array, not a string"#),
            (["firstSeen": "yesterday"], #"a job whose "firstSeen" is no ISO 8601 time: yesterday"#),
            (["failedCopies": -1], #"a job whose "failedCopies" is -1, not a count"#),
            (["failedCopies": 1.5], #"a job whose "failedCopies" is 1.5, not a count"#),
            (["snapferry": "jobs"], #""snapferry" must be "job" or "sweep", not "jobs""#),
            (["snapferry": .null], #""snapferry" must be "job" or "sweep", not null"#),
            (["snapferry": "sweep", "regions": "us-east-1"], #""regions" of a sweep must be an array, not a string"#),
            (["snapferry": "sweep", "regions": [1]], #""regions" of a sweep must name Regions; 1 is none"#),
            (
                ["snapferry": "sweep", "horizon": "soon"],
                #""horizon" of a sweep must be a duration such as 7d; "soon" is none"#
            ),
            (["snapferry": "sweep", "horizon": 7], #""horizon" of a sweep must be a duration such as 7d; 7 is none"#),
            (["snapferry": "sweep", "max": 0], #""max" of a sweep must be a whole number of 1 or more, not 0"#),
            (
                ["snapferry": "sweep", "max": "all"],
                #""max" of a sweep must be a whole number of 1 or more, not "all""#
            ),
            (["snapferry": "sweep", "route": ""], #""route" of a sweep must be a name, not a string"#),
        ] as [([String: JSONValue], String)]
    )
    func badJobs(more: [String: JSONValue], reason: String) {
        let job: [String: JSONValue] = [
            "snapferry": "job", "source": .string(Self.automated), "destination": ["region": "eu-west-1"],
        ]
        let body = JSONValue.object(job.merging(more) { _, new in new }).description
        #expect(self.decode(body) == .malformed(reason: reason))
    }

    // MARK: - Hostile input

    @Test(
        "of any kind are answered, never trapped on",
        arguments: [
            ("", "the message is empty"), ("null", "null where a JSON object should be"),
            ("[1]", "an array where a JSON object should be"), ("\"x\"", "a string where a JSON object should be"),
            ("{}", "neither an EventBridge event nor a message of this fleet; its members: "),
            (
                #"{"a":1,"b":2}"#,
                "neither an EventBridge event nor a message of this fleet; its members: a, b"
            ),
        ]
    )
    func nonsense(body: String, reason: String) {
        #expect(self.decode(body) == .malformed(reason: reason))
    }

    @Test("that are huge, deep or no text at all stay small in the log")
    func hostile() {
        let decoder = SQSMessageDecoder(account: "444455556666")
        let bodies: [[UInt8]] = [
            Array(repeating: UInt8(ascii: "["), count: 1 << 20), Array(repeating: 0xFF, count: 1 << 20),
            Array(#"{"a":"#.utf8) + Array(repeating: UInt8(ascii: "{"), count: 1 << 20),
            [0xC3, 0x28], [0, 0, 0], Array("{\"snapferry\":\"\u{1B}[2J\u{202E}".utf8) + [0xED, 0xA0, 0x80, 34, 125],
            Array((#"{"snapferry":"job","source":""# + String(repeating: "x", count: 1 << 20) + #""}"#).utf8),
            Array((#"{"Type":""# + String(repeating: "e\u{301}", count: 1 << 18) + #""}"#).utf8),
            Array((#"{""# + String(repeating: "\\u001b", count: 1 << 16) + #"":1}"#).utf8),
        ]
        for body in bodies {
            let result = decoder.decode(body, sentAt: Self.sentAt)
            guard case .malformed(let reason) = result else {
                Issue.record("\(result)")
                continue
            }
            #expect(reason.unicodeScalars.count <= 200)
            #expect(reason.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        }
    }

    @Test("survive any mutation of a good one", arguments: [1, 2] as [UInt64])
    func mutated(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let decoder = SQSMessageDecoder(account: "444455556666")
        let good = Array(Self.event(id: "RDS-EVENT-0091", message: "Automated snapshot created").utf8)
        var kinds: Set<Bool> = []
        for _ in 0..<3000 {
            var body = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: body[at] = UInt8.random(in: 0...255, using: &random)
                case 1: body.remove(at: at)
                default: body.insert(body[Int.random(in: 0..<body.count, using: &random)], at: at)
                }
            }
            let result = decoder.decode(body, sentAt: Self.sentAt)
            kinds.insert(result.isMalformed)
            if case .snapshot(let event) = result { #expect(event.arn.account.utf8.count == 12) }
        }
        #expect(kinds == [true, false])
    }
}

extension IncomingMessage {
    fileprivate var isMalformed: Bool {
        guard case .malformed = self else { return false }
        return true
    }
}
