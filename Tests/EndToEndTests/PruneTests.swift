// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// Retention by the command line.
@Suite struct PruneTests {
    private static func policy(_ retention: JSONValue?) -> String {
        let destination: JSONValue = ["region": .string(SimulatedAWS.destination), "kmsKey": "alias/dr"]
        let route: JSONValue = .compact([
            "name": "all", "source": ["regions": [.string(SimulatedAWS.source)]], "destinations": [destination],
            "retention": retention,
        ])
        return JSONValue.object(["routes": [route]]).description
    }

    private static func prune(
        _ arguments: [String] = [],
        retention: JSONValue? = ["keepNewest": 1],
        on stage: Stage
    ) async throws -> ChildProcess.Ended {
        try await withTemporaryFile(Self.policy(retention)) { path in
            let arguments = ["prune", "--policy", path, "--clock", stage.aws.clock] + arguments
            return try await ChildProcess.run(arguments, environment: stage.environment) { child in
                try await eventually("\(arguments) ends") { child.hasEnded }
            }
        }
    }

    /// Three copies of an instance and two of a cluster, the fleet's own, oldest first.
    private static func copied(_ body: @Sendable (Stage) async throws -> Void) async throws {
        try await SimulatedAWS.run(speed: 60) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            try await stage.createCluster("crm")
            let destination: JSONValue = ["region": .string(SimulatedAWS.destination), "kmsKey": "alias/dr"]
            let route: JSONValue = [
                "name": "all", "source": ["regions": [.string(SimulatedAWS.source)]], "destinations": [destination],
            ]
            try await stage.worker(policy: ["routes": [route]]) { _ in
                for number in 1...3 {
                    try await stage.snapInstance("orders", as: "orders-\(number)")
                    if number < 3 { try await stage.snapCluster("crm", as: "crm-\(number)") }
                    try await stage.settled(copies: number + min(number, 2))
                }
            }
            try await body(stage)
        }
    }

    private static func names(_ stage: Stage) async throws -> [String] {
        try await stage.aws.state().copies.compactMap { $0.arn.split(separator: ":").last.map(String.init) }.sorted()
    }

    @Test func planIsShownAndCarriedOutOnlyOnYes() async throws {
        try await Self.copied { stage in
            let all = [
                "crm-1-us-east-1", "crm-2-us-east-1", "orders-1-us-east-1", "orders-2-us-east-1", "orders-3-us-east-1",
            ]
            let plan = try await Self.prune(on: stage)
            #expect(plan.status == .exited(0), "\(plan.words.errors)")
            #expect(plan.words.output.first == "111122223333/eu-west-1  2 stay, 3 go")
            #expect(plan.words.output.last == "Nothing is deleted yet; --yes deletes.")
            #expect(try await Self.names(stage) == all)
            // Somebody wants to keep one of them.
            let held = try #require(
                try await stage.aws.state().copies.first { $0.arn.hasSuffix(":orders-1-us-east-1") }
            )
            try await stage.aws.session.rds(region: SimulatedAWS.destination)
                .addTagsToResource(arn: held.arn, tags: [RDSClient.Tag(key: "snapferry:hold", value: "audit")])
            let done = try await Self.prune(["--yes", "--json"], on: stage)
            #expect(done.status == .exited(0), "\(done.words.errors)")
            let lines = try done.words.output.map { try JSONValue(parsing: $0) }
            #expect(lines.first?["copies"]?.array?.count == 5)
            #expect(lines.dropFirst().map { $0["outcome"]?.string } == ["deleted", "deleted"])
            #expect(try await Self.names(stage) == ["crm-2-us-east-1", "orders-1-us-east-1", "orders-3-us-east-1"])
            let calls = try await stage.aws.journal().filter {
                $0.operation.hasPrefix("Delete") && $0.region == "eu-west-1"
            }
            #expect(calls.map(\.operation).sorted() == ["DeleteDBClusterSnapshot", "DeleteDBSnapshot"])
            // Once more, and there is nothing left to do.
            let again = try await Self.prune(["--yes", "--deletions"], on: stage)
            #expect(again.words.output.first == "111122223333/eu-west-1  3 stay, 0 go")
        }
    }

    @Test func deletionThatIsRefusedIsTroubleAndEndsNothing() async throws {
        try await Self.copied { stage in
            let refusal: JSONValue = [
                "type": "error", "code": "InvalidDBSnapshotState", "message": "in use",
            ]
            try await stage.aws.setFaults([["operation": "DeleteDBSnapshot", "fault": refusal]])
            let run = try await Self.prune(["--yes"], on: stage)
            #expect(run.status == .exited(1), "\(run.words.errors)")
            #expect(run.words.output.count { $0.hasPrefix("refused orders-") } == 2)
            #expect(run.words.output.contains("deleted crm-1-us-east-1 at 111122223333/eu-west-1"))
            #expect(try await Self.names(stage).count == 4)
        }
    }

    @Test func nothingIsPrunedWithoutARule() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            let run = try await Self.prune(["--yes"], retention: nil, on: stage)
            #expect(run.status == .exited(1))
            #expect(run.words.errors == ["snapferry: no route of the policy has a retention: every copy is kept"])
            let elsewhere = try await Self.prune(["--to", "ap-south-1"], on: stage)
            #expect(elsewhere.status == .exited(2))
            #expect(elsewhere.words.errors.first?.contains("is no destination of the policy") == true)
        }
    }
}
