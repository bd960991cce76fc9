// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What operators see of a world that is known: `report` and `status`, word for word.
@Suite struct ReportTests {
    /// Copies as the fleet would have made them, their data so many minutes old, and databases two hours old.
    private static func seed(copies: [String: [Int]], atSource names: [String]) -> [String: JSONValue] {
        // Of clusters our tag alone tells the age.
        let now = SystemTimeSource.systemNow()
        let at = { (region: String) -> [String: JSONValue] in
            ["account": .string(SimulatedAWS.account), "region": .string(region)]
        }
        let databases = [(SimulatedAWS.source, names), (SimulatedAWS.destination, copies.keys.sorted())]
        let clusters = databases.flatMap { region, names in
            names.map { name -> JSONValue in
                .object(at(region).merging(["id": .string(name), "engine": "aurora-postgresql"]) { $1 })
            }
        }
        let snapshots = copies.sorted { $0.key < $1.key }.flatMap { name, ages in
            ages.enumerated().map { number, minutes -> JSONValue in
                let source = "\(name)-\(number)"
                let arn = "arn:aws:rds:\(SimulatedAWS.source):\(SimulatedAWS.account):cluster-snapshot:\(source)"
                let taken = now - .seconds(60 * minutes + 5)
                let tags: JSONValue = [
                    "snapferry:source": .string(arn), "snapferry:source-created": .string(taken.iso8601),
                    "snapferry:route": "all",
                ]
                let copy: [String: JSONValue] = [
                    "kind": "cluster", "database": .string(name), "type": "manual",
                    "id": .string("\(source)-\(SimulatedAWS.source)"), "tags": tags,
                ]
                return .object(at(SimulatedAWS.destination).merging(copy) { $1 })
            }
        }
        return ["clusters": .array(clusters), "snapshots": .array(snapshots)]
    }

    private static func policy(rpo: JSONValue) -> JSONValue {
        let route: JSONValue = [
            "name": "all", "source": ["regions": [.string(SimulatedAWS.source)]], "rpo": rpo,
            "match": ["exclude": ["*-scratch"]], "destinations": [["region": .string(SimulatedAWS.destination)]],
        ]
        return ["routes": [route]]
    }

    private static func run(
        _ arguments: [String],
        rpo: JSONValue = "90m",
        with environment: [String: String]
    ) async throws -> ChildProcess.Ended {
        try await withTemporaryFile(Self.policy(rpo: rpo).description) { path in
            try await ChildProcess.run(arguments + ["--policy", path], environment: environment) { child in
                try await eventually("\(arguments) ends") { child.hasEnded }
            }
        }
    }

    private static var world: [String: JSONValue] {
        Self.seed(
            copies: ["orders": [65, 200], "billing": [300], "archive": [6000]],
            atSource: ["orders", "billing", "ledger", "dev-scratch"]
        )
    }

    @Test func tableOfWhatCouldBeRecovered() async throws {
        try await SimulatedAWS.run(speed: 1, seed: Self.world) { aws in
            let said = try await Self.run(["report"], with: SimulatedAWS.environment(url: aws.url))
            #expect(said.status == .exited(1), "\(said.words.errors)")
            // The date at the end of the first line is today's.
            var lines = said.words.output
            lines[0] = String(lines[0].prefix { $0 != "," })
            #expect(
                lines == [
                    "2 of 3 recovery points break their RPO; 4 confirmed copies",
                    "",
                    "STANDING      DATABASE  KIND     TO                           AGE     RPO  COPIES  NEWEST COPY            SIZE  KEY   TOOK  ROUTE",
                    "never copied  ledger    cluster  111122223333/eu-west-1  > 2h 00m  1h 30m       0  –                         –  –        –  all",
                    "too old       billing   cluster  111122223333/eu-west-1    5h 00m  1h 30m       1  billing-0-us-east-1  20 GiB  none     –  all",
                    "in time       orders    cluster  111122223333/eu-west-1    1h 05m  1h 30m       2  orders-0-us-east-1   20 GiB  none     –  all",
                    "source gone   archive   cluster  111122223333/eu-west-1  100h 00m  1h 30m       1  archive-0-us-east-1  20 GiB  none     –  all",
                    "",
                    "Databases that no route takes",
                    "DATABASE     WHERE                           ENGINE             WHY",
                    "dev-scratch  111122223333/us-east-1/cluster  aurora-postgresql  all: exclude: dev-scratch is like *-scratch",
                ]
            )
        }
    }

    @Test func documentOfWhatCouldBeRecovered() async throws {
        try await SimulatedAWS.run(speed: 1, seed: Self.world) { aws in
            let environment = SimulatedAWS.environment(url: aws.url)
            let said = try await Self.run(["report", "--json"], with: environment)
            let document = try JSONValue(parsing: said.words.output.joined())
            let rows = try #require(document["rows"]?.array)
            #expect(
                rows.map { [$0["database"]?["id"], $0["standing"], $0["breach"]] } == [
                    ["ledger", "never-copied", true], ["billing", "overdue", true], ["orders", "in-time", false],
                    ["archive", "source-gone", false],
                ]
            )
            #expect(rows[2]["previous"]?.array?.count == 1)
            #expect(rows[2]["newest"]?["id"] == "orders-0-us-east-1")
            #expect(rows[1]["rpoSeconds"] == 5400)
            let age = try #require(rows[1]["ageSeconds"]?.int)
            #expect((18_005..<18_065).contains(age))
            #expect(document["uncovered"]?.array?.map { $0["database"]?["id"] } == ["dev-scratch"])
            #expect(document["problems"] == [])
            let sheet = try await Self.run(["report", "--csv", "--breaches"], with: environment)
            #expect(sheet.words.output.count == 1 + 2)
            #expect(sheet.words.output[1].hasPrefix("never-copied,true,cluster,111122223333,us-east-1,ledger,"))
            // All is well where nobody expects more.
            #expect(try await Self.run(["report"], rpo: "30d", with: environment).status == .exited(0))
        }
    }

    @Test func sourceThatCannotBeReachedCostsOneLine() async throws {
        try await SimulatedAWS.run(speed: 1, seed: Self.world) { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            try await aws.setFaults([["region": .string(SimulatedAWS.source), "fault": ["type": "resetBefore"]]])
            let report = try await Self.run(["report"], with: stage.environment)
            // What a disaster leaves: the copies, and nothing that tells which databases are gone.
            #expect(report.status == .exited(1), "\(report.words.errors)")
            let lines = report.words.output
            #expect(lines.contains { $0.hasPrefix("too old") && $0.contains("archive") })
            #expect(!lines.contains { $0.contains("ledger") })
            let unread = lines.filter { $0.hasPrefix("could not look: the source 111122223333/us-east-1, so") }
            #expect(unread.count == 1)
            let status = try await Self.run(["status"], with: stage.environment)
            #expect(status.status == .exited(2))
            let missed = status.words.output.filter { $0.hasPrefix("could not look: ") }
            #expect(missed.count == 1)
            #expect(missed.first?.contains("us-east-1, where the queues are") == true)
            #expect(status.words.output.contains { $0.hasPrefix("RPO           broken for 2 of 3") })
        }
    }

    @Test func destinationThatCannotBeReadIsNotReportedOn() async throws {
        try await SimulatedAWS.run(speed: 1, seed: Self.world) { aws in
            try await aws.setFaults([
                [
                    "service": "rds", "operation": "DescribeDBClusterSnapshots",
                    "region": .string(SimulatedAWS.destination),
                    "fault": ["type": "error", "code": "AccessDenied", "message": "not you", "status": 403],
                ]
            ])
            let said = try await Self.run(["report"], with: SimulatedAWS.environment(url: aws.url))
            #expect(said.status == .exited(2))
            #expect(said.words.output.contains { $0.hasPrefix("could not look: 111122223333/eu-west-1/cluster: ") })
            #expect(!said.words.output.contains { $0.contains("never copied") })
        }
    }

    @Test func statusOfAFleetAtWork() async throws {
        try await SimulatedAWS.run(speed: 1, settings: ["copyOverheadSeconds": 36_000]) { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            try await stage.createInstance("orders")
            let source = try await stage.snapInstance("orders", as: "orders-m")
            let rds = try aws.session.rds(region: SimulatedAWS.destination)
            for (name, tags) in [("orders-m-us-east-1", true), ("somebody-s", false)] {
                let own = [
                    RDSClient.Tag(key: "snapferry:source", value: source),
                    RDSClient.Tag(key: "snapferry:route", value: "all"),
                ]
                try await eventually("\(name) is under way") {
                    do {
                        _ = try await rds.copyDBSnapshot(.init(source: source, target: name, tags: tags ? own : []))
                        return true
                    } catch let error as AWSError where error.serviceCode == "InvalidDBSnapshotState" {
                        return false
                    }
                }
            }
            let sqs = try aws.session.sqs(region: SimulatedAWS.source)
            try await sqs.sendMessage(queueURL: stage.queueURL, body: "{}")
            for _ in 0..<3 { try await sqs.sendMessage(queueURL: stage.deadLetterURL, body: "poison") }
            let said = try await Self.run(["status"], with: stage.environment)
            #expect(said.status == .exited(1), "\(said.words.errors)")
            let lines = said.words.output
            let queue = try Regex("^Queue         1 visible, 0 in flight, 0 delayed, the oldest [0-9dhmins ]+$")
            #expect(try queue.wholeMatch(in: lines[0]) != nil, "\(lines[0])")
            #expect(lines[1].hasPrefix("Dead letters  3: unstated 3; the oldest "))
            #expect(lines.contains("111122223333/eu-west-1  cluster  □□□□□ 0 of 5 slots taken"))
            #expect(
                lines.contains(
                    "111122223333/eu-west-1  instance  ■■□□□□□□□□□□□□□□□□□□ 2 of 20 slots taken, 1 not ours"
                )
            )
            let copies = lines.filter { $0.contains("░") }
            #expect(copies.map { $0.prefix { $0 != " " } } == ["orders-m-us-east-1", "somebody-s"])
            #expect(copies.last?.hasSuffix("not ours") == true)
            // Whoever looked at the dead letters gave them back.
            #expect(try await stage.deadLetterQueue().visible == 3)
            let watch = try await Self.run(["status", "--json"], with: stage.environment)
            let document = try JSONValue(parsing: watch.words.output.joined())
            let pool = try #require(document["pools"]?.array?.last)
            #expect([pool["ours"], pool["others"], pool["held"], pool["limit"]] == [1, 1, .null, 20])
            #expect(document["deadLetters"]?.array?.first?["count"] == 3)
        }
    }

    @Test func watchGoesOnUntilItIsTold() async throws {
        try await SimulatedAWS.run(speed: 1) { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            let ended = try await ChildProcess.run(
                ["status", "--json", "--watch", "1"],
                environment: stage.environment
            ) { child in
                try await eventually("there are two looks") { child.words.output.count >= 2 }
            }
            #expect(ended.status == .exited(0), "\(ended.words.errors)")
            for line in ended.words.output { _ = try JSONValue(parsing: line) }
        }
    }
}
