// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// The quota of concurrent copies holds, whoever sets it.
@Suite struct QuotaTests {
    private static let names = (1...6).map { "orders-\($0)" }

    @Test func noMoreCopiesAreUnderWayThanThePolicyHasSlots() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await Self.takeSnapshots(on: stage)
            let policy = Stage.policy(destinations: [
                ["region": .string(SimulatedAWS.destination), "slots": ["instance": 2]]
            ])
            let run = try await stage.worker(policy: policy) { _ in try await stage.settled(copies: 6) }
            #expect(run.confirmed.sorted() == Self.names.map { "\($0)-m-us-east-1" })
            let journal = try await aws.journal()
            #expect(journal.mostCopiesAtOnce(each: Stage.copyDuration) == 2)
            // None of them was even tried beyond.
            #expect(journal.requests("CopyDBSnapshot").count == 6)
        }
    }

    @Test func limitOfRDSIsLearntWhereItIsLowerThanThePolicys() async throws {
        try await SimulatedAWS.run(settings: ["instanceCopyLimit": 2]) { aws in
            let stage = try await Stage(on: aws)
            try await Self.takeSnapshots(on: stage)
            let run = try await stage.worker { _ in try await stage.settled(copies: 6) }
            #expect(run.confirmed.sorted() == Self.names.map { "\($0)-m-us-east-1" })
            #expect(run.values(of: "limit", where: "RDS allows fewer copies at once").contains("2"))
            let journal = try await aws.journal()
            #expect(journal.mostCopiesAtOnce(each: Stage.copyDuration) == 2)
            #expect(journal.requests("CopyDBSnapshot").contains { $0.outcome.hasPrefix("SnapshotQuotaExceeded") })
        }
    }

    private static func takeSnapshots(on stage: Stage) async throws {
        for name in self.names {
            try await stage.createInstance(name)
            try await stage.snapInstance(name, as: "\(name)-m")
        }
        try await eventually("every event is on the queue") { try await stage.queue().visible == self.names.count }
    }
}
