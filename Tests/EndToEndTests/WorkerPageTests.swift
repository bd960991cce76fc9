// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What people and Prometheus see of a worker.
@Suite struct WorkerPageTests {
    @Test func metricsTellOfTheCopyThatWasMade() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.worker { worker in
                let page = try await WorkerPage(of: worker)
                try await stage.snapInstance("orders", as: "orders-m")
                try await stage.settled(copies: 1)
                try await eventually("the copy is counted") {
                    try await page.get("/metrics").body.contains("snapferry_copies_total{outcome=\"confirmed\"} 1\n")
                }
                let text = try await page.get("/metrics").body
                let place = "destination=\"\(SimulatedAWS.account)/\(SimulatedAWS.destination)\",kind=\"instance\""
                for line in [
                    "snapferry_ready 1", "snapferry_backlog_startable 0", "snapferry_slots_limit{\(place)} 20",
                    "snapferry_copy_duration_seconds_count 1", "snapferry_destinations_blocked 0",
                ] {
                    #expect(text.contains("\n\(line)\n"), "\(line) is missing")
                }
            }
        }
    }

    @Test func jobsThatWaitWhileEverySlotIsTakenAreNoStartableBacklog() async throws {
        // Copies take longer than the test.
        try await SimulatedAWS.run(settings: ["copyOverheadSeconds": 100_000]) { aws in
            let stage = try await Stage(on: aws)
            for number in 0..<3 { try await stage.createInstance("db-\(number)") }
            let policy = Stage.policy(destinations: [
                ["region": .string(SimulatedAWS.destination), "slots": ["instance": 1]]
            ])
            try await stage.worker(policy: policy) { worker in
                let page = try await WorkerPage(of: worker)
                for number in 0..<3 { try await stage.snapInstance("db-\(number)", as: "db-\(number)-m") }
                let place = "destination=\"\(SimulatedAWS.account)/\(SimulatedAWS.destination)\",kind=\"instance\""
                try await eventually("two wait for the one that is copied") {
                    let text = try await page.get("/metrics").body
                    return text.contains("snapferry_backlog_waiting{\(place)} 2\n")
                        && text.contains("snapferry_copies_active{\(place)} 1\n")
                }
                let text = try await page.get("/metrics").body
                #expect(text.contains("\nsnapferry_slots{\(place),holder=\"worker\"} 1\n"))
                // The other kind has slots, and no message waits on the queue.
                #expect(text.contains("\nsnapferry_backlog_startable 0\n"))
            }
        }
    }

    @Test func pageTellsHowTheFleetStandsToThoseWhoMayAsk() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.worker(["SNAPFERRY_ALLOWED_HOSTS": "fleet.example"]) { worker in
                let page = try await WorkerPage(of: worker)
                try await eventually("the worker works") { worker.hasLogged("Working") }
                try await eventually("the fleet is shown") { try await page.get("/api/fleet.json").status == 200 }
                let fleet = try JSONValue(parsing: try await page.get("/api/fleet.json").body)
                #expect(fleet["queueUrl"]?.string == stage.queueURL)
                #expect(fleet["worker"]?["ready"]?.bool == true)
                #expect(fleet["pools"]?.array?.count == 2)
                for host in ["localhost", "127.0.0.1:9400", "fleet.example", "FLEET.example:80"] {
                    #expect(try await page.get("/", host: host).status == 200, "\(host)")
                }
                for path in ["/", "/api/fleet.json", "/metrics", "/health/live"] {
                    let answer = try await page.get(path, host: "evil.example")
                    #expect(answer.status == 421)
                    #expect(!answer.body.contains("jobs"))
                }
            }
        }
    }
}
