// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// Retention carried out by workers.
@Suite struct WorkerPruneTests {
    private static func policy(_ retention: JSONValue) -> JSONValue {
        let destination: JSONValue = ["region": .string(SimulatedAWS.destination), "kmsKey": "alias/dr"]
        let route: JSONValue = [
            "name": "all", "source": ["regions": [.string(SimulatedAWS.source)]], "destinations": [destination],
            "retention": retention,
        ]
        return ["routes": [route]]
    }

    private static func names(_ stage: Stage) async throws -> [String] {
        try await stage.aws.state().copies.compactMap { $0.arn.split(separator: ":").last.map(String.init) }.sorted()
    }

    private static let deletion = "Copy deleted: retention keeps it no longer"

    @Test func oldCopiesGoAfterConfirms() async throws {
        try await SimulatedAWS.run(speed: 60) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.createCluster("crm")
            // Nobody prunes here: these are what is old.
            try await stage.worker(policy: Self.policy(["keepNewest": 2])) { _ in
                for number in 1...3 {
                    try await stage.snapInstance("orders", as: "orders-\(number)")
                    try await stage.settled(copies: number)
                }
                try await stage.snapCluster("crm", as: "crm-1")
                try await stage.settled(copies: 4)
            }
            let policy = Self.policy(["keepNewest": 2, "afterConfirm": true])
            let run = try await stage.worker(policy: policy) { worker in
                try await stage.snapInstance("orders", as: "orders-4")
                try await eventually("old copies are gone") { try await Self.names(stage).count == 3 }
            }
            #expect(try await Self.names(stage) == ["crm-1-us-east-1", "orders-3-us-east-1", "orders-4-us-east-1"])
            #expect(
                run.values(of: "snapshot.target", where: Self.deletion) == ["orders-1-us-east-1", "orders-2-us-east-1"]
            )
            #expect(Set(run.values(of: "retention", where: Self.deletion)) == ["keepNewest 2, minimum 1"])
            #expect(Set(run.values(of: "cause", where: Self.deletion)) == ["after-confirm"])
            #expect(try await stage.deadLetterQueue().isEmpty)
        }
    }

    @Test func fullDestinationGetsRoom() async throws {
        try await SimulatedAWS.run(speed: 60, settings: ["manualSnapshotLimit": 4]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.createInstance("stock")
            try await stage.worker(policy: Self.policy(["keepNewest": 1])) { _ in
                for number in 1...4 {
                    try await stage.snapInstance("orders", as: "orders-\(number)")
                    try await stage.settled(copies: number)
                }
            }
            let began = try aws.worldClock.now()
            // The quota counts the source's manual snapshots too: that is another Region's.
            try await stage.snapAutomatically(instance: "stock")
            let policy = Self.policy(["keepNewest": 1, "maxDeletesPerRun": 2, "whenQuotaIsFull": true])
            let run = try await stage.worker(policy: policy) { _ in try await stage.settled(copies: 3) }
            let names = try await Self.names(stage)
            #expect(names.filter { $0.hasPrefix("orders-") } == ["orders-3-us-east-1", "orders-4-us-east-1"])
            #expect(run.confirmed.count == 1 && run.confirmed.allSatisfy { $0.hasPrefix("stock-") })
            #expect(run.values(of: "cause", where: Self.deletion) == ["quota", "quota"])
            #expect(run.values(of: "count", where: "Destination has room again") == ["2"])
            // A destination that is full is otherwise left alone for half an hour.
            let copied = try #require(try await aws.journal().acceptedCopies.last)
            #expect(copied.time - began < .seconds(1500))
        }
    }

    @Test func fullDestinationStaysFullWhereThePolicyKeepsEverything() async throws {
        try await SimulatedAWS.run(speed: 60, settings: ["manualSnapshotLimit": 2]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.createInstance("stock")
            let policy = Self.policy(["keepNewest": 2, "whenQuotaIsFull": true])
            let run = try await stage.worker(policy: policy) { worker in
                for number in 1...2 {
                    try await stage.snapInstance("orders", as: "orders-\(number)")
                    try await stage.settled(copies: number)
                }
                try await stage.snapAutomatically(instance: "stock")
                try await eventually("RDS has refused") {
                    worker.hasLogged("No more manual snapshots fit into the destination")
                }
                try await eventually("the copies were looked through") {
                    try await aws.journal().contains {
                        $0.operation == "DescribeDBSnapshots" && $0.region == SimulatedAWS.destination
                            && $0.parameters["SnapshotType"]?.string == "manual" && $0.parameters["Filters"] == nil
                    }
                }
            }
            #expect(run.values(of: "cause", where: Self.deletion).isEmpty)
            #expect(try await Self.names(stage) == ["orders-1-us-east-1", "orders-2-us-east-1"])
            #expect(try await stage.deadLetterQueue().isEmpty)
        }
    }
}
