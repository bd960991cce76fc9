// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// A worker that is a task of ECS.
@Suite struct TaskProtectionTests {
    private static let protect: JSONValue = ["ProtectionEnabled": true, "ExpiresInMinutes": 5]
    private static let unprotect: JSONValue = ["ProtectionEnabled": false]

    @Test func taskIsProtectedWhileItStartsCopiesAndNotWhileTheyRun() async throws {
        let agent = TaskAgent()
        defer { agent.stop() }
        // Longer than protection outlasts a start.
        try await SimulatedAWS.run(settings: ["copyOverheadSeconds": 200]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker(agent.environment) { _ in
                try await eventually("protection is over") { agent.asked.contains(Self.unprotect) }
                #expect(try await aws.state().copies.map(\.status) != ["available"])
                try await stage.settled(copies: 1)
            }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            #expect(agent.asked.last == Self.unprotect)
            #expect(agent.asked.dropLast().allSatisfy { $0 == Self.protect })
            #expect(agent.lines.allSatisfy { $0 == "PUT /api/task-1/task-protection/v1/state HTTP/1.1" })
        }
    }

    @Test func drainTakesProtectionAway() async throws {
        let agent = TaskAgent()
        defer { agent.stop() }
        // At the wall clock's speed protection would last for another minute.
        try await SimulatedAWS.run(speed: 1) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker(agent.environment) { _ in try await stage.copying() }
            #expect(run.status == .exited(0))
            #expect(agent.asked == [Self.protect, Self.unprotect])
        }
    }

    @Test func agentThatFailsIsOneWarningAndStopsNothing() async throws {
        let agent = TaskAgent(status: 500)
        defer { agent.stop() }
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker(agent.environment) { _ in
                try await stage.settled(copies: 1)
                try await eventually("it is asked again") { agent.asked.count >= 2 }
            }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            let warning = "Scale-in protection can't be set; ECS may end this task while it starts a copy"
            #expect(run.values(of: "detail", where: warning) == ["HTTP 500 ServerException the agent is out of order"])
        }
    }
}
