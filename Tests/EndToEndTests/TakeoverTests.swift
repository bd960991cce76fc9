// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// One worker goes, another goes on.
@Suite struct TakeoverTests {
    /// Long enough to be still under way when the first worker is gone: twelve seconds of the wall clock's.
    private static let slow: [String: JSONValue] = ["copyOverheadSeconds": 240]

    /// What a worker that does not give its messages back leaves hidden: six seconds of the wall clock's.
    private static let shortLease: [String: String?] = ["SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS": "120"]

    @Test func workerThatIsKilledLeavesACopyThatAnotherAdopts() async throws {
        try await SimulatedAWS.run(settings: Self.slow) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let first = try await stage.worker(Self.shortLease) { worker in
                try await stage.copying()
                try worker.kill()
            }
            #expect(first.status == .signaled(9))
            #expect(first.confirmed.isEmpty)
            let second = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(second.adopted == ["orders-m-us-east-1"])
            #expect(second.confirmed == ["orders-m-us-east-1"])
            #expect(try await aws.journal().acceptedCopies.count == 1)
        }
    }

    @Test func workerThatIsAskedToStopGivesItsMessagesBackAtOnce() async throws {
        try await SimulatedAWS.run(settings: Self.slow) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createCluster("crm", isEncrypted: true)
            try await stage.snapCluster("crm", as: "crm-m")
            let first = try await stage.worker { _ in try await stage.copying() }
            #expect(first.status == .exited(0))
            #expect(first.stopping < WorkerProcess.drainLimit)
            #expect(first.confirmed.isEmpty)
            #expect(try await stage.queue() == WorldState.Queue(visible: 1, inFlight: 0, delayed: 0))
            let second = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(second.adopted == ["crm-m-us-east-1"])
            #expect(second.confirmed == ["crm-m-us-east-1"])
            #expect(try await aws.journal().acceptedCopies.count == 1)
        }
    }

    @Test func idleWorkerStopsInTheMiddleOfALongPoll() async throws {
        // At the wall clock's speed a poll lasts for twenty seconds.
        try await SimulatedAWS.run(speed: 1) { aws in
            let stage = try await Stage(on: aws)
            let run = try await stage.worker { worker in
                try await eventually("it works") { worker.hasLogged("Working") }
            }
            #expect(run.status == .exited(0))
            #expect(run.stopping < WorkerProcess.drainLimit)
            #expect(run.words.errors.isEmpty)
        }
    }

    @Test func workerWhoseAWSIsGoneStopsAllTheSame() async throws {
        try await SimulatedAWS.run(settings: Self.slow) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let first = try await stage.worker(Self.shortLease) { _ in
                try await stage.copying()
                try await aws.setFaults([["fault": ["type": "resetBefore"]]])
            }
            #expect(first.status == .exited(0))
            #expect(first.stopping < WorkerProcess.drainLimit)
            try await aws.setFaults([])
            // Its lease ends by itself.
            let second = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(second.confirmed == ["orders-m-us-east-1"])
            #expect(try await aws.journal().acceptedCopies.count == 1)
        }
    }

    @Test func workersSideBySideCopyEachSnapshotOnce() async throws {
        let names = (1...6).map { "orders-\($0)" }
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            for name in names {
                try await stage.createInstance(name)
                try await stage.snapInstance(name, as: "\(name)-m")
            }
            let confirmed = try await withThrowingTaskGroup(of: [String].self) { workers in
                for _ in 1...3 {
                    workers.addTask {
                        try await stage.worker { _ in try await stage.settled(copies: names.count) }.confirmed
                    }
                }
                return try await workers.reduce(into: []) { $0 += $1 }
            }
            #expect(confirmed.sorted() == names.map { "\($0)-m-us-east-1" })
            #expect(try await aws.journal().acceptedCopies.count == names.count)
        }
    }
}
