// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A worker in a container, as ECS and EKS run it: by their interfaces.
@Suite struct ContainerTests {
    /// A session of a quarter of an hour lasts for fifteen seconds of the wall clock's, and no copy can be waited for with
    /// one alone.
    private static let speed = 60
    private static let slow: [String: JSONValue] = ["copyOverheadSeconds": 2000]
    private static let longLease: [String: String?] = ["SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS": "3600"]

    @Test func taskWithASlotTableLivesThroughItsCredentials() async throws {
        let credentials = FleetCredentials()
        let agent = TaskAgent()
        defer {
            credentials.stop()
            agent.stop()
        }
        // Longer than a lease of a slot goes without being renewed.
        try await SimulatedAWS.run(speed: 2 * Self.speed, settings: ["copyOverheadSeconds": 4000]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createSlotTable("slots")
            try await credentials.rotate(in: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            var environment = Self.longLease.merging(credentials.environment) { _, new in new }
                .merging(agent.environment) { _, new in new }
            environment["SNAPFERRY_SLOT_TABLE"] = "slots"
            let run = try await stage.worker(environment) { _ in
                try await stage.copying()
                try await Self.rotating(credentials, in: aws, stage)
            }
            #expect(run.status == .exited(0))
            #expect(run.confirmed == ["orders-m-us-east-1"])
            let journal = try await aws.journal()
            #expect(journal.acceptedCopies.count == 1)
            #expect(journal.contains { $0.outcome.hasPrefix("ExpiredToken") })
            // The lease of the slot is renewed while the copy runs.
            #expect(journal.contains { $0.operation == "UpdateItem" && $0.outcome == "OK" })
            #expect(agent.asked.contains(["ProtectionEnabled": false]))
        }
    }

    @Test func taskThatIsKilledInItsDrainLosesNothing() async throws {
        let agent = TaskAgent()
        defer { agent.stop() }
        try await SimulatedAWS.run(settings: ["copyOverheadSeconds": 240]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            var environment = agent.environment
            environment["SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS"] = "120"
            let first = try await stage.worker(environment) { worker in
                try await stage.copying()
                // Nothing can be given back, so that the drain takes as long as it may.
                try await aws.setFaults([["service": "sqs", "fault": ["type": "latency", "seconds": 1200]]])
                try worker.terminate()
                try await eventually("it drains") { worker.hasLogged("Draining: nothing new is taken") }
                try worker.kill()
            }
            #expect(first.status == .signaled(9))
            try await aws.setFaults([])
            let second = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(second.adopted == ["orders-m-us-east-1"])
            #expect(second.confirmed == ["orders-m-us-east-1"])
            #expect(try await aws.journal().acceptedCopies.count == 1)
        }
    }

    @Test func podIdentityWhoseTokenRotatesShowsTheNewOne() async throws {
        let credentials = FleetCredentials(token: "first-token")
        defer { credentials.stop() }
        try await SimulatedAWS.run(speed: Self.speed, settings: Self.slow) { aws in
            let stage = try await Stage(on: aws)
            try await credentials.rotate(in: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            try await withTemporaryFile("first-token") { path in
                var environment = Self.longLease.merging(credentials.environment) { _, new in new }
                environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = path
                let run = try await stage.worker(environment) { _ in
                    try await stage.copying()
                    try overwriteFile(path, with: "second-token")
                    try await credentials.rotate(in: aws, token: "second-token")
                    try await Self.rotating(credentials, in: aws, stage)
                }
                #expect(run.status == .exited(0))
                #expect(run.confirmed == ["orders-m-us-east-1"])
                #expect(!run.words.output.joined().contains("-token"))
            }
            #expect(credentials.acceptedTokens == ["first-token", "second-token"])
            #expect(try await aws.journal().contains { $0.outcome.hasPrefix("ExpiredToken") })
        }
    }

    @Test func webIdentityWhoseTokenRotatesShowsTheNewOne() async throws {
        // A session of an hour lasts for fifteen seconds of the wall clock's.
        try await SimulatedAWS.run(speed: 240, settings: ["copyOverheadSeconds": 5400]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let start = try aws.worldClock.now()
            // The first is over before the session is, so that nobody gets far with it.
            try await withTemporaryFile(Self.webToken(endingAt: start + .seconds(1800))) { path in
                let environment: [String: String?] = [
                    "AWS_WEB_IDENTITY_TOKEN_FILE": path, "AWS_ACCESS_KEY_ID": nil, "AWS_SECRET_ACCESS_KEY": nil,
                    "AWS_ROLE_ARN": "arn:aws:iam::\(SimulatedAWS.account):role/fleet",
                    "SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS": "21600",
                ]
                let run = try await stage.worker(environment) { _ in
                    try await stage.copying()
                    try overwriteFile(path, with: Self.webToken(endingAt: start + .seconds(86_400)))
                    try await stage.settled(copies: 1)
                }
                #expect(run.status == .exited(0))
                #expect(run.confirmed == ["orders-m-us-east-1"])
            }
            let trades = try await aws.journal().requests("AssumeRoleWithWebIdentity")
            #expect(trades.count >= 2)
            #expect(trades.allSatisfy { $0.outcome == "OK" })
        }
    }

    /// A token as a cluster's issuer writes it; nobody checks its signature here.
    private static func webToken(endingAt end: Instant) -> String {
        let claims: JSONValue = ["sub": "system:serviceaccount:snapferry:snapferry", "exp": .integer(end.wholeSeconds)]
        let parts = [["alg": "RS256"] as JSONValue, claims].map { part in
            Data(part.serialized()).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: "")
        }
        return parts.joined(separator: ".") + ".c2ln"
    }

    /// Hands out new credentials each ten minutes of the world's time until the copy is confirmed.
    private static func rotating(_ credentials: FleetCredentials, in aws: SimulatedAWS, _ stage: Stage) async throws {
        let clock = try aws.worldClock
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try await clock.sleep(for: .seconds(600))
                    try await credentials.rotate(in: aws)
                }
            }
            group.addTask { try await stage.settled(copies: 1) }
            try await group.next()
            group.cancelAll()
        }
    }
}
