// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What no event told of, found by the command line and by workers.
@Suite struct SweepTests {
    private static func sweep(_ arguments: [String] = [], on stage: Stage) async throws -> ChildProcess.Ended {
        let arguments = ["sweep", "--clock", stage.aws.clock] + arguments
        return try await ChildProcess.run(arguments, environment: stage.environment) { child in
            try await eventually("\(arguments) ends") { child.hasEnded }
        }
    }

    /// Two databases with an automated and a manual snapshot each, of which no event tells.
    private static func unheard(_ body: @Sendable (Stage) async throws -> Void) async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            try await stage.createInstance("orders")
            try await stage.createCluster("crm")
            try await stage.snapAutomatically(instance: "orders")
            try await stage.snapInstance("orders", as: "orders-m")
            try await stage.snapAutomatically(cluster: "crm")
            try await stage.snapCluster("crm", as: "crm-m")
            try await eventually("all are taken") {
                let snapshots = try await aws.state().snapshots
                return snapshots.count == 4 && snapshots.allSatisfy { $0.status == "available" }
            }
            try await body(stage)
        }
    }

    @Test func whatIsMissingIsShownAndEnqueuedOnlyOnYes() async throws {
        try await Self.unheard { stage in
            for arguments in [["--dry-run"], [], ["--dry-run", "--yes"]] {
                let plan = try await Self.sweep(arguments, on: stage)
                #expect(plan.status == .exited(1), "\(plan.words.errors)")
                #expect(plan.words.output.first?.hasPrefix("4 missing, 0 available, 0 on their way; ") == true)
                #expect(plan.words.output.contains { $0.hasPrefix("orders") && $0.contains("no copy") })
                #expect(try await stage.queue().isEmpty)
            }
            // One for each list: two sources, two destinations.
            #expect(try await stage.aws.journal().requests("DescribeDB").count == 3 * 4)
            let some = try await Self.sweep(["--max", "3", "--yes"], on: stage)
            #expect(some.status == .exited(1))
            #expect(some.words.output.last == "Enqueued 3 on \(stage.queueURL)")
            // Again, while they wait: the same jobs a second time, which does no harm.
            let all = try await Self.sweep(["--yes", "--json"], on: stage)
            #expect(all.status == .exited(0), "\(all.words.errors)")
            let document = try JSONValue(parsing: all.words.output.joined())
            #expect(document["missing"]?.array?.count == 4)
            #expect(try await stage.queue().visible == 7)
            let run = try await stage.worker { _ in try await stage.settled(copies: 4) }
            #expect(Set(run.confirmed).count == 4)
            #expect(try await stage.aws.journal().acceptedCopies.count == 4)
            let nothing = try await Self.sweep(["--yes"], on: stage)
            #expect(nothing.status == .exited(0))
            #expect(nothing.words.output.first?.hasPrefix("0 missing, 4 available") == true)
            #expect(try await stage.queue().isEmpty)
        }
    }

    @Test func whatCanNotBeLookedAtIsNamedAndHidesNothingElse() async throws {
        try await Self.unheard { stage in
            try await stage.aws.setFaults([
                [
                    "operation": "DescribeDBClusterSnapshots", "region": .string(SimulatedAWS.source),
                    "fault": ["type": "error", "code": "AccessDenied", "message": "not authorized", "status": 403],
                ]
            ])
            let run = try await Self.sweep(["--yes"], on: stage)
            #expect(run.status == .exited(2))
            #expect(
                run.words.errors.first?.hasPrefix("snapferry: could not look: 111122223333/us-east-1/cluster") == true
            )
            #expect(run.words.output.last?.hasPrefix("Enqueued 2 on ") == true)
            for arguments in [["--route", "gone"], ["--region", "ap-south-1"], ["--since", "tomorrow"]] {
                #expect(try await Self.sweep(arguments, on: stage).status == .exited(2))
            }
        }
    }

    @Test func someoneElsesSnapshotUnderTheNameOfACopyIsLeftToPeople() async throws {
        try await Self.unheard { stage in
            let rds = try stage.aws.session.rds(region: SimulatedAWS.destination)
            _ = try await rds.createDBInstance(
                RDSClient.NewDatabase(identifier: "x", engine: "postgres", masterUserPassword: "not-a-secret")
            )
            _ = try await rds.createDBSnapshot(identifier: "orders-m-us-east-1", dbInstanceIdentifier: "x")
            let run = try await Self.sweep(["--yes"], on: stage)
            #expect(run.status == .exited(1), "\(run.words.errors)")
            #expect(run.words.output.contains { $0.contains("another snapshot has the copy's name") })
            #expect(run.words.output.last?.hasPrefix("Enqueued 3 on ") == true)
        }
    }

    @Test func twoWayRoutesCopyNoCopy() async throws {
        // RDS may tell of a finished copy as if somebody had made a snapshot.
        try await SimulatedAWS.run(settings: ["finishedCopiesRaiseCreated": true]) { aws in
            let stage = try await Stage(on: aws)
            let (here, there) = (SimulatedAWS.source, SimulatedAWS.destination)
            let route = { (name: String, from: String, to: String) -> JSONValue in
                [
                    "name": .string(name), "source": ["regions": [.string(from)]],
                    "destinations": [["region": .string(to)]],
                ]
            }
            let policy: JSONValue = ["routes": [route("there", here, there), route("back", there, here)]]
            try await stage.createInstance("orders")
            try await stage.snapInstance("orders", as: "orders-m")
            let rds = try aws.session.rds(region: there)
            _ = try await rds.createDBInstance(
                RDSClient.NewDatabase(identifier: "stock", engine: "postgres", masterUserPassword: "not-a-secret")
            )
            _ = try await rds.createDBSnapshot(identifier: "stock-m", dbInstanceIdentifier: "stock")
            try await eventually("both are taken") {
                try await aws.state().snapshots.allSatisfy { $0.status == "available" }
            }
            let run = try await stage.worker(policy: policy) { worker in
                try await stage.send(["snapferry": "sweep"])
                try await stage.settled(copies: 2)
                // Events of our own copies, one of them without its tags by now, and sweeps that see them.
                let copies = try await aws.state().copies.map(\.arn)
                let stripped = try #require(copies.first { $0.hasSuffix(":orders-m-us-east-1") })
                try await rds.removeTagsFromResource(
                    arn: stripped,
                    keys: ["snapferry:source", "snapferry:source-created", "snapferry:route", "snapferry:job"]
                )
                for copy in copies { try await stage.send(Self.created(copy)) }
                try await stage.send(["snapferry": "sweep"])
                try await eventually("both events and the sweep are through") {
                    let log = worker.log
                    return log.count { $0.message == "Sweep is over" } == 2
                        && log.count { $0.message == "Not copied" } >= 3
                }
                try await stage.settled(copies: 2)
            }
            #expect(try await aws.journal().acceptedCopies.count == 2)
            #expect(Set(run.confirmed) == ["orders-m-us-east-1", "stock-m-eu-west-1"])
            let reasons = run.values(of: "reason", where: "Not copied")
            #expect(reasons.contains { $0.hasPrefix("it is itself a copy, of arn:aws:rds:us-east-1:") })
            #expect(run.values(of: "sweep.skipped", where: "Sweep is over").last == "own-copy=2")
        }
    }

    /// The event of a manual snapshot, as EventBridge delivers it, without its tags.
    private static func created(_ arn: String) throws -> JSONValue {
        let fields = arn.split(separator: ":").map(String.init)
        let name = try #require(fields.last)
        return [
            "version": "0", "id": "1", "detail-type": "RDS DB Snapshot Event", "source": "aws.rds",
            "account": .string(SimulatedAWS.account), "time": "2026-11-21T03:00:00Z", "region": .string(fields[3]),
            "resources": [.string(arn)],
            "detail": [
                "EventCategories": ["creation"], "SourceType": "SNAPSHOT", "SourceArn": .string(arn),
                "Date": "2026-11-21T03:00:00.000Z", "SourceIdentifier": .string(name),
                "Message": "Manual snapshot created", "EventID": "RDS-EVENT-0042",
            ],
        ]
    }
}
