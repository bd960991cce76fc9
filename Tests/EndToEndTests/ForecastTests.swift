// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What a planner asks of an account.
@Suite struct ForecastTests {
    private static func forecast(_ arguments: [String], on stage: Stage) async throws -> ChildProcess.Ended {
        try await ChildProcess.run(
            ["forecast", "--clock", stage.aws.clock] + arguments,
            environment: stage.environment
        ) { child in
            try await eventually("the forecast ends") { child.hasEnded }
        }
    }

    @Test func anAccountIsAskedForItsDatabasesItsCopiesAndHowLongTheyTook() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.createCluster("stock")
            try await stage.snapAutomatically(instance: "orders")
            try await stage.snapAutomatically(cluster: "stock")
            try await stage.worker { _ in try await stage.settled(copies: 2) }
            try await stage.createInstance("late")
            let ended = try await Self.forecast(["--json", "--days", "2"], on: stage)
            #expect(ended.status == .exited(0), "\(ended.words.errors)")
            let document = try JSONValue(parsing: ended.words.output.joined())
            #expect(document["problems"]?.array?.isEmpty == true)
            let databases = try #require(document["databases"]?.array)
            #expect(Set(databases.compactMap { $0["name"]?.string }) == ["late", "orders", "stock"])
            let orders = try #require(databases.first { $0["name"] == "orders" })
            #expect(orders["copies"]?.array?.first?["basis"] == "measured")
            // The copy that is there counts: tomorrow's is a day younger.
            #expect((orders["worstRpoSeconds"]?.int ?? 0) > 86_000)
            #expect(orders["destination"]?["region"]?.string == SimulatedAWS.destination)
            let said = try await Self.forecast(["--rpo", "1h"], on: stage)
            #expect(said.status == .exited(1))
            #expect(said.words.output.contains { $0.contains("orders") && $0.contains("later than 1h 00m") })
        }
    }

    @Test func whatCanNotBeAskedIsNamed() async throws {
        let environment = [
            "SNAPFERRY_SOURCE_REGIONS": "us-east-1", "SNAPFERRY_DESTINATIONS": "eu-west-1",
            "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x",
        ]
        let arguments = ["forecast", "--file", "/nonexistent.csv"]
        let ended = try await ChildProcess.run(arguments, environment: environment) { child in
            try await eventually("the forecast ends") { child.hasEnded }
        }
        #expect(ended.status == .exited(2))
        #expect(ended.words.errors.contains { $0.contains("/nonexistent.csv") })
    }
}
