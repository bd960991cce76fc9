// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// The preflight by the command line.
@Suite struct CheckTests {
    /// What `check --json` says, and how it ended.
    private struct Check {
        let ended: ChildProcess.Ended
        let findings: [JSONValue]

        /// Severity and subject of what is not fine, in order.
        var problems: [String] {
            self.findings.compactMap { finding in
                guard let severity = finding["severity"]?.string, severity != "ok" else { return nil }
                return "\(severity) \(finding["subject"]?.string ?? "?")"
            }
        }

        func found(_ subject: String) -> String {
            self.findings.first { $0["subject"]?.string == subject && $0["severity"]?.string != "ok" }?["found"]?.string
                ?? ""
        }
    }

    private static func check(
        _ policy: JSONValue,
        on stage: Stage,
        _ changes: [String: String] = [:]
    ) async throws -> Check {
        try await withTemporaryFile(policy.description) { path in
            let arguments = ["check", "--json", "--policy", path]
            let environment = stage.environment.merging(changes) { _, new in new }
            let ended = try await ChildProcess.run(arguments, environment: environment) { child in
                try await eventually("\(arguments) ends") { child.hasEnded }
            }
            let document = try JSONValue(parsing: ended.words.output.joined(separator: "\n"))
            return Check(ended: ended, findings: try #require(document["findings"]?.array))
        }
    }

    private static func policy(
        _ destination: [String: JSONValue] = [:],
        source: [String: JSONValue] = [:],
        match: JSONValue = [:]
    ) -> JSONValue {
        let place: [String: JSONValue] = ["region": .string(SimulatedAWS.destination), "kmsKey": "alias/dr"]
        let origin: [String: JSONValue] = ["regions": [.string(SimulatedAWS.source)]]
        let route: JSONValue = [
            "name": "all", "source": .object(origin.merging(source) { _, new in new }), "match": match,
            "destinations": [.object(place.merging(destination) { _, new in new })],
            "retention": ["keepNewest": 7],
        ]
        return ["routes": [route]]
    }

    @Test func stageThatIsReadyIsFine() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.setRetention(days: 14, ofDeadLetters: true)
            try await stage.createInstance("orders", isEncrypted: true)
            try await stage.createCluster("crm")
            try await stage.createSlotTable("slots")
            let check = try await Self.check(Self.policy(), on: stage, ["SNAPFERRY_SLOT_TABLE": "slots"])
            #expect(check.problems == [], "\(check.findings)")
            #expect(check.ended.status == .exited(0))
            let subjects = Set(check.findings.compactMap { $0["subject"]?.string })
            #expect(
                subjects.isSuperset(of: [
                    "policy", "identity", "queue", "dead-letter-queue", "slot-table", "source", "databases",
                    "destination",
                    "key", "quota", "retention", "slots",
                ])
            )
            // It looks, and changes nothing.
            let changing = ["Copy", "Delete", "Send", "Receive", "Create", "Put", "Modify", "Update", "Add"]
            let journal = try await aws.journal()
            let began = try #require(journal.last { $0.operation == "GetCallerIdentity" }?.sequence)
            let wrote = journal.filter { entry in
                entry.sequence >= began && changing.contains { entry.operation.hasPrefix($0) }
            }
            #expect(wrote.map(\.operation).isEmpty)
        }
    }

    @Test func everythingThatIsWrongIsNamedAtOnce() async throws {
        try await SimulatedAWS.run(settings: ["manualSnapshotLimit": 2]) { aws in
            let stage = try await Stage(on: aws, maxReceiveCount: 1)
            try await stage.createInstance("orders", isEncrypted: true)
            let key = try #require(stage.keys[SimulatedAWS.destination])
            try await stage.disableKey(key, region: SimulatedAWS.destination)
            let policy = Self.policy(["optionGroups": ["tde": "tde-dr"], "slots": ["cluster": 10]])
            let check = try await Self.check(policy, on: stage, ["SNAPFERRY_SLOT_TABLE": "nowhere"])
            #expect(check.ended.status == .exited(1))
            #expect(
                check.problems == [
                    "error queue", "warning dead-letter-queue", "error slot-table", "warning databases", "error key",
                    "error option-group", "error retention", "warning slots",
                ],
                "\(check.findings)"
            )
            #expect(check.found("key") == "is disabled")
            #expect(check.found("retention") == "with a snapshot a day retention keeps about 7 copies, where 2 fit")
            #expect(check.found("databases") == "none of 0 clusters is for route all")
            #expect(check.findings.allSatisfy { $0["severity"]?.string == "ok" || $0["remedy"]?.string != nil })
        }
    }

    @Test func defaultKeyAndRoleOfAnotherAccount() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders", isEncrypted: true)
            let role = "arn:aws:iam::\(SimulatedAWS.otherAccount):role/dr"
            let kms = try aws.session(account: SimulatedAWS.otherAccount).kms(region: SimulatedAWS.destination)
            try await kms.createAlias("alias/dr", targetKeyID: kms.createKey().keyID)
            let policy = Self.policy(["role": .string(role)], match: ["kinds": ["instance"]])
            let check = try await Self.check(policy, on: stage)
            #expect(check.problems == ["warning dead-letter-queue", "error source-key"], "\(check.findings)")
            #expect(check.found("source-key").hasPrefix("is AWS's own and can't be shared: nothing of orders"))
            // With a key for hops that the other account may not use, that is what is wrong.
            let home = try aws.session.kms(region: SimulatedAWS.source)
            try await home.createAlias("alias/hop", targetKeyID: home.createKey().keyID)
            let hops = Self.policy(
                ["role": .string(role)],
                source: ["hopKey": "alias/hop"],
                match: ["kinds": ["instance"]]
            )
            let closed = try await Self.check(hops, on: stage)
            #expect(closed.problems == ["warning dead-letter-queue", "error source-key"], "\(closed.findings)")
            #expect(closed.found("source-key").hasPrefix("account \(SimulatedAWS.otherAccount) may not use it"))
        }
    }

    @Test func roleThatCanNotBeAssumedIsNamedAndTheOthersAreLookedAt() async throws {
        try await Accounts.run { aws, stage in
            try await stage.createInstance("orders", isEncrypted: true)
            try await stage.createCluster("crm")
            var dublin = Accounts.dublin.object ?? [:]
            dublin["externalId"] = "another"
            let policy = Accounts.policy(.object(dublin), Accounts.oregon)
            let check = try await Self.check(policy, on: stage)
            #expect(check.ended.status == .exited(1))
            #expect(check.problems.filter { $0.hasPrefix("error") } == ["error destination"], "\(check.findings)")
            #expect(
                check.found("destination").hasPrefix("the role \(Accounts.role("dr", of: Accounts.recovery)) can't")
            )
            let places = check.findings.filter { $0["subject"]?.string == "key" }.compactMap { $0["name"]?.string }
            #expect(places == ["\(Accounts.vault)/us-west-2 alias/dr"])
            let right = try await Self.check(Accounts.policy(Accounts.dublin, Accounts.oregon), on: stage)
            #expect(right.problems.filter { $0.hasPrefix("error") } == [], "\(right.findings)")
        }
    }

    @Test func keyThatIsNewMakesAFullCopy() async throws {
        try await SimulatedAWS.run(speed: 60) { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders", isEncrypted: true)
            let policy = Self.policy(match: ["kinds": ["instance"]])
            try await stage.worker(policy: policy) { _ in
                try await stage.snapInstance("orders", as: "orders-1")
                try await stage.settled(copies: 1)
            }
            #expect(try await Self.check(policy, on: stage).problems == ["warning dead-letter-queue"])
            let kms = try aws.session.kms(region: SimulatedAWS.destination)
            try await kms.createAlias("alias/new", targetKeyID: kms.createKey().keyID)
            let changed = Self.policy(["kmsKey": "alias/new"], match: ["kinds": ["instance"]])
            let check = try await Self.check(changed, on: stage)
            #expect(check.problems == ["warning dead-letter-queue", "warning key"])
            #expect(check.found("key").contains("The next copy of 1 database is a full one, 20 GiB together"))
            #expect(check.ended.status == .exited(0))
        }
    }

    @Test func serviceThatDoesNotAnswerHidesNothingElse() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            let refusal: JSONValue = ["type": "error", "code": "AccessDenied", "message": "not yours", "status": 403]
            let outage: JSONValue = ["type": "error", "code": "InternalFailure", "message": "down", "status": 500]
            try await aws.setFaults([
                ["operation": "DescribeAccountAttributes", "fault": refusal],
                ["operation": "GetQueueAttributes", "fault": outage],
            ])
            let check = try await Self.check(
                Self.policy(match: ["kinds": ["instance"]]),
                on: stage,
                ["AWS_MAX_ATTEMPTS": "1"]
            )
            #expect(check.problems == ["unknown queue", "warning quota"], "\(check.findings)")
            #expect(check.ended.status == .exited(2))
        }
    }

    @Test func policyThatIsWrongIsToldFirst() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            let check = try await Self.check(["routes": [["name": "a"]]], on: stage)
            #expect(check.problems == ["error policy", "error policy"])
            #expect(check.findings.map { $0["name"]?.string } == ["routes[0].source", "routes[0].destinations"])
            #expect(check.ended.status == .exited(1))
        }
    }

    @Test func peopleGetATable() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.createInstance("orders")
            let ended = try await ChildProcess.run(["check", "--problems"], environment: stage.environment) { child in
                try await eventually("check ends") { child.hasEnded }
            }
            #expect(ended.status == .exited(0), "\(ended.words)")
            let lines = ended.words.output
            #expect(lines.first?.hasPrefix("warning  dead-letter-queue") == true, "\(lines)")
            #expect(lines.last?.hasSuffix("0 unknown, 0 errors") == true)
            #expect(lines.allSatisfy { $0.count <= 160 })
        }
    }
}

extension Stage {
    /// Sets how long the dead-letter queue, or the job queue, keeps messages.
    fileprivate func setRetention(days: Int, ofDeadLetters: Bool) async throws {
        let body = ServiceCall.Body.json(
            [
                "QueueUrl": .string(ofDeadLetters ? self.deadLetterURL : self.queueURL),
                "Attributes": ["MessageRetentionPeriod": .string("\(days * 86_400)")],
            ],
            target: "AmazonSQS.SetQueueAttributes",
            version: "1.0"
        )
        let caller = try self.aws.session.caller(for: .sqs, region: SimulatedAWS.source)
        try await caller.send(ServiceCall(operation: "SetQueueAttributes", body: body)) { _ in }
    }
}
