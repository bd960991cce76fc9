// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What people do by hand.
@Suite struct OperatorTests {
    private static func run(_ arguments: [String], on stage: Stage) async throws -> ChildProcess.Ended {
        let ended = try await ChildProcess.run(arguments, environment: stage.environment) { child in
            try await eventually("\(arguments) ends") { child.hasEnded }
        }
        let said = ended.words.output + ended.words.errors
        #expect(!said.contains { $0.contains(SimulatedAWS.secretAccessKey) })
        return ended
    }

    @Test func snapshotThatIsAskedForByHandIsCarried() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            try await stage.createInstance("orders")
            let source = try await stage.snapInstance("orders", as: "orders-m")
            let copy = ["copy", source, "--to", SimulatedAWS.destination]
            let said = try await Self.run(copy, on: stage)
            #expect(said.status == .exited(0))
            #expect(said.words.output.last == "Nothing is sent yet; --yes sends it.")
            #expect(try await stage.queue().isEmpty)
            let done = try await Self.run(copy + ["--yes"], on: stage)
            #expect(done.status == .exited(0), "\(done.words.errors)")
            #expect(try await stage.queue().visible == 1)
            let run = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            #expect(try await stage.copies().first?.tags["snapferry:route"] == "environment")
        }
    }

    @Test(arguments: [
        ("arn:aws:rds:us-east-1", "eu-west-1"), ("arn:aws:rds:us-east-1:111122223333:snapshot:orders", "ap-south-1"),
    ])
    func whatThePolicyDoesNotLeadToIsRefused(snapshot: String, destination: String) async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            let said = try await Self.run(["copy", snapshot, "--to", destination, "--yes"], on: stage)
            #expect(said.status == .exited(1))
            #expect(said.words.errors.count == 1)
            #expect(try await stage.queue().isEmpty)
        }
    }

    @Test func statusTellsOfDeadLettersByItsExitStatus() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            let before = try await Self.run(["status", "--json"], on: stage)
            #expect(before.status == .exited(0), "\(before.words.errors)")
            _ = try JSONValue(parsing: before.words.output.joined())
            try await aws.session.sqs(region: SimulatedAWS.source)
                .sendMessage(queueURL: stage.deadLetterURL, body: "poison")
            let after = try await Self.run(["status"], on: stage)
            #expect(after.status == .exited(1))
            #expect(after.words.output.contains { $0.contains(SimulatedAWS.destination) })
        }
    }
}
