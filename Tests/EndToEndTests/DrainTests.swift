// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// A drain ends within ten seconds whatever hangs, and what was not started is there for others at once.
@Suite struct DrainTests {
    /// Makes every answer come far too late.
    private static func hang(_ service: String, _ operation: String = "*") -> JSONValue {
        [
            "service": .string(service), "operation": .string(operation),
            "fault": ["type": "latency", "seconds": 60],
        ]
    }

    @Test func fullWaitingRoomGoesBackWhileADescribeHangs() async throws {
        try await SimulatedAWS.run(speed: 1) { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            try await aws.setFaults([Self.hang("rds", "DescribeDBSnapshots")])
            for number in 1...200 { try await stage.send(Self.job("db\(number)")) }
            // What SQS has handed out and the worker has not heard of yet would stay hidden when it stops.
            let run = try await stage.worker { worker in
                try await eventually("the worker holds all of them") { worker.messagesReceived == 200 }
            }
            #expect(run.status == .exited(0))
            #expect(run.stopping < WorkerProcess.drainLimit)
            #expect(try await stage.queue() == WorldState.Queue(visible: 200, inFlight: 0, delayed: 0))
        }
    }

    @Test func queueThatHangsDelaysNoExit() async throws {
        try await SimulatedAWS.run(speed: 1) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker { _ in
                try await stage.copying()
                try await aws.setFaults([Self.hang("sqs")])
            }
            #expect(run.status == .exited(0))
            #expect(run.stopping < WorkerProcess.drainLimit)
        }
    }

    @Test func copyCallThatHangsIsHandedOverAndAdopted() async throws {
        try await SimulatedAWS.run(speed: 1, settings: ["copyOverheadSeconds": 2]) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await aws.setFaults([Self.hang("rds", "CopyDBSnapshot")])
            try await stage.snapInstance("orders", as: "orders-m")
            let first = try await stage.worker { _ in
                try await eventually("RDS is asked to copy") {
                    try await aws.faultsStruck() == [1]
                }
            }
            #expect(first.status == .exited(0))
            #expect(first.stopping < WorkerProcess.drainLimit)
            #expect(try await stage.queue() == WorldState.Queue(visible: 1, inFlight: 0, delayed: 0))
            try await aws.setFaults([])
            let second = try await stage.worker { _ in try await stage.settled(copies: 1) }
            #expect(second.confirmed == ["orders-m-us-east-1"])
            #expect(try await aws.journal().acceptedCopies.count == 1)
        }
    }

    @Test func slotTableThatHangsKeepsNoMessageBack() async throws {
        try await SimulatedAWS.run(speed: 1) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createSlotTable("slots")
            try await stage.createInstance("orders")
            try await aws.setFaults([Self.hang("dynamodb", "PutItem")])
            try await stage.snapInstance("orders", as: "orders-m")
            let run = try await stage.worker(["SNAPFERRY_SLOT_TABLE": "slots"]) { _ in
                try await eventually("a slot is asked for") { try await aws.faultsStruck() == [1] }
            }
            #expect(run.status == .exited(0))
            #expect(run.stopping < WorkerProcess.drainLimit)
            #expect(try await stage.queue() == WorldState.Queue(visible: 1, inFlight: 0, delayed: 0))
            #expect(try await aws.journal().acceptedCopies.isEmpty)
        }
    }

    private static func job(_ name: String) -> JSONValue {
        [
            "snapferry": "job", "source": .string("arn:aws:rds:us-east-1:\(SimulatedAWS.account):snapshot:\(name)"),
            "destination": ["region": .string(SimulatedAWS.destination)],
        ]
    }
}
