// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What the worker depends on is gone for a while: it says so, keeps what it can, and recovers by itself.
@Suite struct OutageTests {
    private static let lost = "Not ready: what the worker can't do without is lost"
    private static let back = "Back again"

    /// Five minutes of the world's, from now.
    private static func fiveMinutes(in aws: SimulatedAWS) async throws {
        let clock = try aws.worldClock
        let end = clock.now() + .seconds(300)
        try await eventually("five minutes are over") { clock.now() >= end }
    }

    @Test func endpointThatRefusesConnectionsForFiveMinutes() async throws {
        // Leases last for longer than the outage, and the copies end in it.
        try await SimulatedAWS.run(speed: 30, settings: ["copyOverheadSeconds": 150]) { aws in
            let stage = try await Stage(on: aws)
            for name in ["orders", "billing"] { try await stage.createInstance(name) }
            try await stage.snapInstance("orders", as: "orders-m")
            let gate = try Gate(to: aws.url)
            defer { gate.stop() }
            let environment = ["AWS_ENDPOINT_URL": gate.url, "SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS": "1200"]
            let run = try await stage.worker(environment) { worker in
                try await eventually("a copy is under way") { worker.hasLogged("Copy started") }
                gate.shut()
                try await stage.snapInstance("billing", as: "billing-m")
                try await Self.fiveMinutes(in: aws)
                #expect(worker.hasLogged(Self.lost))
                gate.open()
                try await stage.settled(copies: 2)
                try await eventually("the worker is ready again") { worker.hasLogged(Self.back) }
            }
            #expect(run.status == .exited(0))
            #expect(Set(run.confirmed) == ["orders-m-us-east-1", "billing-m-us-east-1"])
            #expect(run.confirmed.count == 2)
            // The lease outlived the outage: the copy was never anybody else's.
            #expect(run.adopted.isEmpty)
            #expect(run.values(of: "what", where: Self.lost) == ["queue"])
            #expect(run.values(of: "what", where: Self.back) == ["queue"])
            #expect(try await aws.journal().acceptedCopies.count == 2)
        }
    }

    @Test func leasesThatEndInAnOutageAreTakenUpAgain() async throws {
        try await SimulatedAWS.run(speed: 30, settings: ["copyOverheadSeconds": 400]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let gate = try Gate(to: aws.url)
            defer { gate.stop() }
            let environment = ["AWS_ENDPOINT_URL": gate.url, "SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS": "120"]
            let run = try await stage.worker(environment) { worker in
                try await eventually("a copy is under way") { worker.hasLogged("Copy started") }
                gate.shut()
                try await Self.fiveMinutes(in: aws)
                gate.open()
                try await stage.settled(copies: 1)
            }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            #expect(try await aws.journal().acceptedCopies.count == 1)
        }
    }

    @Test func destinationThatIsGoneMakesOnlyItsOwnJobsWait() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await aws.setFaults([
                ["service": "rds", "region": .string(SimulatedAWS.destination), "fault": ["type": "resetBefore"]]
            ])
            try await stage.snapInstance("orders", as: "orders-m")
            let destinations = "\(SimulatedAWS.destination),eu-central-1"
            let run = try await stage.worker(["SNAPFERRY_DESTINATIONS": destinations]) { worker in
                try await eventually("the loss is told") { worker.hasLogged("Can't be reached; its jobs wait") }
                try await eventually("the other destination has its copy") {
                    try await aws.state().copies.contains { $0.status == "available" }
                }
                try await aws.setFaults([])
                try await stage.settled(copies: 2)
            }
            #expect(run.confirmed.count == 2)
            #expect(!run.log.contains { $0.message == Self.lost })
            #expect(run.values(of: "ready", where: "Can't be reached; its jobs wait") == ["true"])
            #expect(run.values(of: "ready", where: "Can be reached again") == ["true"])
            #expect(try await aws.journal().acceptedCopies.count == 2)
        }
    }

    @Test func credentialsThatExpireWhileNoneCanBeHad() async throws {
        let credentials = FleetCredentials()
        defer { credentials.stop() }
        // A session of a quarter of an hour lasts for fifteen seconds of the wall clock's.
        try await SimulatedAWS.run(speed: 60, settings: ["copyOverheadSeconds": 1500]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            try await credentials.rotate(in: aws)
            var environment = credentials.environment
            environment["SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS"] = "3600"
            let run = try await stage.worker(environment) { worker in
                try await stage.copying()
                credentials.fail()
                try await eventually("the loss is told") { worker.hasLogged(Self.lost) }
                try await Self.fiveMinutes(in: aws)
                try await credentials.rotate(in: aws)
                try await eventually("the worker is ready again") { worker.hasLogged(Self.back) }
                try await stage.settled(copies: 1)
            }
            #expect(run.status == .exited(0))
            #expect(run.confirmed == ["orders-m-us-east-1"])
            #expect(run.values(of: "what", where: Self.lost) == ["credentials"])
            #expect(try await aws.journal().acceptedCopies.count == 1)
            #expect(try await aws.journal().contains { $0.outcome.hasPrefix("ExpiredToken") })
        }
    }

    @Test(arguments: [600, -600])
    func clockThatIsWrongByTenMinutes(seconds: Int64) async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            for name in ["orders", "billing"] { try await stage.createInstance(name) }
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker { worker in
                try await stage.copying()
                try await aws.change(settings: ["wallClockOffsetSeconds": .integer(seconds)])
                try await stage.snapInstance("billing", as: "billing-m")
                try await stage.settled(copies: 2)
            }
            #expect(run.confirmed.count == 2)
            #expect(!run.log.contains { $0.message == Self.lost })
            let journal = try await aws.journal()
            #expect(journal.acceptedCopies.count == 2)
            // It was refused for its date, and corrected itself.
            #expect(journal.contains { ["InvalidSignatureException", "SignatureDoesNotMatch"].contains($0.outcome) })
        }
    }

    @Test func clockThatIsWrongFromTheStartIsTold() async throws {
        try await SimulatedAWS.run(settings: ["wallClockOffsetSeconds": -600]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            let told = run.values(of: "offset.seconds", where: "This machine's clock is wrong; AWS's time is used")
            #expect(told.count == 1)
        }
    }
}
