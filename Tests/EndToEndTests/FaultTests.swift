// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// AWS and the network at their worst: nothing is lost, nothing is done twice.
@Suite struct FaultTests {
    private static func fault(_ type: String, _ service: String, _ operation: String, count: Int) -> JSONValue {
        [
            "service": .string(service), "operation": .string(operation), "count": .integer(Int64(count)),
            "fault": ["type": .string(type)],
        ]
    }

    private static func http(_ status: Int, _ service: String, _ operation: String, count: Int) -> JSONValue {
        [
            "service": .string(service), "operation": .string(operation), "count": .integer(Int64(count)),
            "fault": ["type": "http", "status": .integer(Int64(status))],
        ]
    }

    @Test func throttledCopyIsGivenBackAndConfirmedLater() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            // More than the attempts that one call makes.
            try await aws.setFaults([Self.fault("throttle", "rds", "CopyDBSnapshot", count: 4)])
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            #expect(run.values(of: "reason", where: "Given back to the queue").contains("throttled"))
            let journal = try await aws.journal()
            let throttled = try #require(journal.requests("CopyDBSnapshot").first { $0.outcome == "Throttling" })
            let copied = try #require(journal.acceptedCopies.first)
            let back = journal.requests("ChangeMessageVisibility").first { $0.sequence > throttled.sequence }
            #expect(try #require(back).sequence < copied.sequence)
            #expect(journal.acceptedCopies.count == 1)
        }
    }

    @Test func waitingNeverSpendsTheLastReceive() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws, maxReceiveCount: 3)
            try await stage.createInstance("orders")
            // Four receives' worth, where the queue moves a message away after three.
            try await aws.setFaults([Self.fault("throttle", "rds", "CopyDBSnapshot", count: 12)])
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            #expect(try await aws.faultsStruck() == [12])
            let renewals = try await aws.journal().requests("SendMessageBatch")
            #expect(renewals.count >= 1)
        }
    }

    @Test(arguments: ["resetAfter", "truncate"])
    func copyWhoseAnswerGetsLostIsAdopted(fault: String) async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await aws.setFaults([Self.fault(fault, "rds", "CopyDBSnapshot", count: 1)])
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(try await aws.faultsStruck() == [1])
            #expect(run.confirmed == ["orders-m-us-east-1"])
            let copies = try await aws.journal().acceptedCopies
            #expect(copies.map(\.fault) == [fault])
        }
    }

    @Test func anythingButAnAnswerIsSurvived() async throws {
        let faults = [
            Self.http(503, "sts", "GetCallerIdentity", count: 1), Self.http(502, "sqs", "GetQueueAttributes", count: 1),
            Self.http(200, "rds", "DescribeDBSnapshots", count: 2), Self.http(500, "sqs", "ReceiveMessage", count: 2),
            Self.fault("truncate", "rds", "DescribeDBClusterSnapshots", count: 2),
            Self.http(503, "rds", "CopyDBClusterSnapshot", count: 4),
            Self.fault("resetBefore", "rds", "CopyDBSnapshot", count: 1),
            Self.fault("resetAfter", "sqs", "DeleteMessageBatch", count: 1),
            Self.fault("truncate", "sqs", "ChangeMessageVisibilityBatch", count: 1),
        ]
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.createCluster("crm")
            try await aws.setFaults(faults)
            try await stage.snapInstance("orders", as: "orders-m")
            try await stage.snapCluster("crm", as: "crm-m")
            let run = try await stage.worker { _ in try await stage.settled(copies: 2) }
            #expect(Set(run.confirmed) == ["orders-m-us-east-1", "crm-m-us-east-1"])
            #expect(run.confirmed.count == 2)
            #expect(run.status == .exited(0))
            // All of them were met, but for the one that only a requeue meets.
            #expect(try await aws.faultsStruck().dropLast().allSatisfy { $0 > 0 })
            #expect(try await aws.journal().acceptedCopies.count == 2)
        }
    }

    @Test func queueThatDeliversTwiceStillMakesOneCopy() async throws {
        try await SimulatedAWS.run(settings: ["duplicateEvery": 1]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            #expect(try await aws.journal().acceptedCopies.count == 1)
        }
    }

    @Test func copyThatFailsInRDSIsMadeAnew() async throws {
        try await SimulatedAWS.run(settings: ["failCopies": [["pattern": "orders-m*", "times": 1]]]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(run.confirmed == ["orders-m-us-east-1"])
            let journal = try await aws.journal()
            #expect(journal.acceptedCopies.count == 2)
            #expect(journal.requests("DeleteDBSnapshot").count == 1)
        }
    }
}
