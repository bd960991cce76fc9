// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// The policy's own commands, and why a snapshot was, or was not, copied.
@Suite struct PolicyCommandTests {
    private static func run(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> ChildProcess.Ended {
        try await ChildProcess.run(arguments, environment: environment) { child in
            try await eventually("\(arguments) ends") { child.hasEnded }
        }
    }

    private static let good =
        #"{"routes": [{"name": "a", "source": {"regions": ["us-east-1"]}, "#
        + #""destinations": [{"region": "eu-west-1"}]}]}"#

    @Test func lintNamesEveryMistakeAtOnce() async throws {
        let bad = Self.good.replacing("eu-west-1", with: "eu-wets-1").replacing("\"name\"", with: "\"nmae\"")
        try await withTemporaryFile(bad) { path in
            let said = try await Self.run(["policy", "lint", path])
            #expect(said.status == .exited(1))
            #expect(
                said.words.output == [
                    #"\#(path): routes[0].nmae: "nmae" is not known here; write "name", or remove it"#,
                    "\(path): routes[0].name: missing; give the route a name of its own",
                    "\(path): routes[0].destinations[0].region: eu-wets-1 is no Region; write eu-west-1",
                    "\(path): 3 mistakes",
                ]
            )
            let json = try await Self.run(["policy", "lint", "--json", path])
            let document = try JSONValue(parsing: json.words.output.joined())
            #expect(document["problems"]?.array?.count == 3)
            // A worker says the same before it starts.
            let worker = try await Self.run(
                ["work"],
                environment: [
                    "SNAPFERRY_POLICY": path, "AWS_REGION": "us-east-1",
                    "SNAPFERRY_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/jobs",
                ]
            )
            #expect(worker.status == .exited(2))
            for line in said.words.output.dropLast() {
                #expect((worker.words.errors + worker.words.output).joined(separator: "\n").contains(line))
            }
        }
        let fine = try await withTemporaryFile(Self.good) { try await Self.run(["policy", "lint", $0]) }
        #expect(fine.status == .exited(0))
        let inVariable = try await Self.run(["policy", "lint"], environment: ["SNAPFERRY_POLICY": Self.good])
        #expect(inVariable.words.output == ["SNAPFERRY_POLICY: nothing is wrong: 1 route to 1 destination"])
        #expect(try await Self.run(["policy", "lint"]).status == .exited(2))
        #expect(try await Self.run(["policy", "lint", "/nonexistent/policy.json"]).status == .exited(2))
        // Standard input is empty here.
        let empty = try await Self.run(["policy", "lint", "-"])
        #expect(empty.words.output.first?.hasPrefix("standard input: line 1, column 1: ") == true)
    }

    @Test func schemaIsPrinted() async throws {
        let said = try await Self.run(["policy", "schema"])
        #expect(said.status == .exited(0))
        let schema = try JSONValue(parsing: said.words.output.joined(separator: "\n"))
        #expect(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema")
    }

    private static func explain(_ arguments: [String], on stage: Stage) async throws -> ChildProcess.Ended {
        var environment = stage.environment
        environment["SNAPFERRY_SLOT_TABLE"] = "slots"
        return try await self.run(["explain", "--clock", stage.aws.clock] + arguments, environment: environment)
    }

    @Test func everyTestOfEveryRouteIsExplainedAndWhereTheCopyStands() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            try await stage.createSlotTable("slots")
            try await stage.createInstance("orders")
            try await stage.snapAutomatically(instance: "orders")
            let source = try await stage.snapInstance("orders", as: "orders-m")
            try await eventually("both are taken") {
                let snapshots = try await aws.state().snapshots
                return snapshots.count == 2 && snapshots.allSatisfy { $0.status == "available" }
            }
            let before = try await Self.explain(["orders-m"], on: stage)
            #expect(before.status == .exited(1), "\(before.words.errors)")
            #expect(before.words.output.first == source)
            #expect(before.words.output.contains { $0.contains("route environment  takes it") })
            #expect(before.words.output.contains { $0.contains("orders-m-us-east-1") && $0.contains("not there") })
            #expect(before.words.output.contains("The dead-letter queue is empty."))
            // By a worker's hand, while the copy runs.
            try await stage.worker(["SNAPFERRY_SLOT_TABLE": "slots"]) { _ in
                try await stage.send([
                    "snapferry": "job", "version": 1, "source": .string(source),
                    "destination": ["region": .string(SimulatedAWS.destination)],
                ])
                try await stage.copying()
                try await eventually("the slot shows") {
                    let during = try await Self.explain([source, "--json"], on: stage)
                    let place = try JSONValue(parsing: during.words.output.joined())["copies"]?.array?.first
                    guard place?["standing"] == "copy", place?["slot"]?["number"]?.int != nil else { return false }
                    return during.status == .exited(0)
                }
                try await stage.settled(copies: 1)
            }
            let after = try await Self.explain([source], on: stage)
            #expect(after.status == .exited(0))
            #expect(after.words.output.contains { $0.contains("orders-m-us-east-1") && $0.contains("available") })
            // The copy itself is a copy of ours, and goes nowhere.
            let copy = try await Self.explain(["orders-m-us-east-1", "--region", SimulatedAWS.destination], on: stage)
            #expect(copy.status == .exited(1))
            #expect(
                copy.words.output.contains {
                    $0.contains("not a copy of ours") && $0.contains("it is a copy of \(source)")
                }
            )
            #expect(copy.words.output.contains("No route takes it: it is not copied."))
            #expect(try await Self.explain(["nothing-of-the-kind"], on: stage).status == .exited(1))
            #expect(try await Self.explain(["arn:aws:rds:us-east-1"], on: stage).status == .exited(2))
            // What a dead letter says of it.
            try await stage.send([
                "snapferry": "job", "version": 1,
                "source": "arn:aws:rds:us-east-1:111122223333:snapshot:rds:long-gone-2026-01-01-00-00",
                "destination": ["region": .string(SimulatedAWS.destination)], "firstSeen": "2026-01-01T00:00:00Z",
            ])
            try await stage.worker { _ in
                try await eventually("it is dead") { try await stage.deadLetterQueue().visible == 1 }
            }
            let gone = "arn:aws:rds:us-east-1:111122223333:snapshot:rds:long-gone-2026-01-01-00-00"
            let dead = try await Self.explain([gone, "--dead-letters"], on: stage)
            #expect(dead.status == .exited(1), "\(dead.words.errors)")
            #expect(
                dead.words.output.contains { $0.hasPrefix("In the dead-letter queue") && $0.contains("source-gone") }
            )
        }
    }
}
