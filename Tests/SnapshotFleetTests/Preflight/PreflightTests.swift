// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// What a preflight says to what it has seen.
@Suite struct PreflightTests {
    private typealias World = PreflightWorld

    /// What is not fine: severity, subject, and the beginning of what was found.
    private static func problems(_ facts: PreflightFacts) -> [Finding] {
        Preflight.findings(facts).filter { $0.severity != .ok }
    }

    /// The one problem that a change makes.
    private static func problem(
        of policy: Policy = World.policy(),
        _ change: (inout PreflightFacts) -> Void
    ) throws -> Finding {
        var facts = World.facts(policy)
        change(&facts)
        let problems = self.problems(facts)
        #expect(problems.count == 1, "\(problems)")
        let problem = try #require(problems.first)
        #expect(problem.remedy?.isEmpty == false, "a problem without a remedy: \(problem)")
        return problem
    }

    private static let denied = AWSError(.rejected, serviceCode: "AccessDeniedException", message: "not authorized")
    private static let lost = AWSError(.timedOut, message: "no answer within 20 s")
    private static let absent = AWSError(.rejected, serviceCode: "NotFoundException", message: "no such key")

    @Test func everythingFineIsSaidOfEachThing() {
        for policy in [World.policy(), World.awayPolicy()] {
            let findings = Preflight.findings(World.facts(policy))
            #expect(
                findings.allSatisfy { $0.severity == .ok && $0.remedy == nil },
                "\(Self.problems(World.facts(policy)))"
            )
            let subjects = Set(findings.map(\.subject))
            let all: [Finding.Subject] = [
                .policy, .identity, .queue, .deadLetterQueue, .slotTable, .source, .databases, .destination, .key,
                .quota,
                .retention, .slots,
            ]
            #expect(subjects.isSuperset(of: all), "\(subjects)")
            #expect(findings.exitStatus == 0)
        }
    }

    @Test func exitStatusIsThatOfTheWorst() {
        #expect([Finding(.warning, .key, "", "")].exitStatus == 0)
        #expect([Finding(.warning, .key, "", ""), Finding(.unknown, .key, "", "")].exitStatus == 2)
        #expect([Finding(.unknown, .key, "", ""), Finding(.error, .key, "", "")].exitStatus == 1)
    }

    @Test func mistakesOfThePolicyAreFindings() throws {
        let error = try #require(throws: PolicyError.self) {
            try PolicyDocument.parse(Array(#"{"routes":[]}"#.utf8), source: "p.json")
        }
        let findings = Preflight.findings(error)
        #expect(findings.map(\.name) == ["routes"] && findings.exitStatus == 1)
    }

    // MARK: - Queues and the table

    private static func queue(_ change: (inout PreflightFacts.Queue) -> Void) -> (inout PreflightFacts) -> Void {
        var queue = (try? World.facts().queues?.jobs.get()) ?? PreflightFacts.Queue()
        change(&queue)
        let changed = queue
        return { $0.queues?.jobs = .success(changed) }
    }

    @Test(arguments: [(1, Finding.Severity.error), (3, .warning), (500, .warning)])
    func receiveCount(count: Int, severity: Finding.Severity) throws {
        let problem = try Self.problem(Self.queue { $0.maxReceiveCount = count })
        #expect(problem.severity == severity && problem.subject == .queue)
        #expect(problem.found.hasPrefix("maxReceiveCount is \(count)"))
    }

    @Test func queueWithoutRedrivePolicy() throws {
        let fatal = try Self.problem {
            Self.queue { $0.redriveTarget = nil }(&$0)
            $0.queues?.deadLetterURL = nil
            $0.queues?.deadLetters = nil
        }
        #expect(fatal.severity == .error && fatal.found.hasPrefix("no redrive policy: workers refuse to start"))
        let doubtful = try Self.problem(Self.queue { $0.redriveTarget = nil })
        #expect(doubtful.severity == .warning && doubtful.found.contains("again for ever"))
    }

    @Test func queueThatIsAbsentForbiddenOrOutOfReach() throws {
        let codes = ["QueueDoesNotExist", "AccessDenied"].map {
            AWSError(.rejected, serviceCode: $0, message: "no")
        }
        for (error, severity) in zip(codes + [Self.lost], [Finding.Severity.error, .error, .unknown]) {
            let problem = try Self.problem { $0.queues?.jobs = .failure(error) }
            #expect(problem.severity == severity && problem.name == "jobs")
        }
    }

    @Test func noQueueAtAllIsAWarning() throws {
        #expect(try Self.problem { $0.queues = nil }.severity == .warning)
    }

    @Test func retentionOfTheQueues() throws {
        let day = Duration.seconds(86_400)
        let short = try Self.problem(Self.queue { $0.retention = day })
        #expect(short.found == "keeps messages for 1d; a job that waits longer is lost")
        let same = try Self.problem(Self.queue { $0.retention = day * 14 })
        #expect(same.subject == .deadLetterQueue && same.severity == .warning)
        #expect(same.remedy == "keep messages for 14 days there, and for 10 on the job queue")
        let shorter = try Self.problem { $0.queues?.deadLetters = .success(PreflightFacts.Queue(retention: day)) }
        #expect(shorter.remedy == "set MessageRetentionPeriod of the dead-letter queue to 14 days")
    }

    @Test func deadLetterQueueThatCanNotBeReached() throws {
        let absent = AWSError(.rejected, serviceCode: "QueueDoesNotExist", message: "no")
        #expect(try Self.problem { $0.queues?.deadLetters = .failure(absent) }.severity == .error)
        #expect(try Self.problem { $0.queues?.deadLetters = .failure(Self.lost) }.severity == .unknown)
        let itself = World.facts().queues?.url
        #expect(try Self.problem { $0.queues?.deadLetterURL = itself }.found == "it is the job queue itself")
    }

    @Test func fifoQueueIsNone() throws {
        #expect(try Self.problem(Self.queue { $0.isFIFO = true }).severity == .error)
    }

    @Test(arguments: [
        SlotTableProblem.absent(table: "slots"), .wrongKey(table: "slots", key: "id (number)"),
        .notReady(table: "slots", status: "CREATING"), .denied(table: "slots", detail: "no"),
    ])
    func slotTable(problem: SlotTableProblem) throws {
        let finding = try Self.problem { $0.slotTable?.problem = problem }
        #expect(finding.severity == .error && finding.found == "\(problem)")
    }

    // MARK: - The way in

    @Test func roleThatCanNotBeAssumedHidesNothingElse() throws {
        var facts = World.facts(World.awayPolicy())
        facts.targets[World.away]?.account = .failure(Self.denied)
        let findings = Preflight.findings(facts)
        let problem = try #require(findings.first { $0.severity == .error })
        #expect(problem.subject == .destination && problem.name == "444455556666/eu-west-1")
        #expect(problem.found.hasPrefix("the role arn:aws:iam::444455556666:role/dr can't be assumed"))
        #expect(problem.remedy?.contains("external id") == true)
        #expect(findings.contains { $0.subject == .databases } && findings.contains { $0.subject == .queue })
    }

    @Test func credentialsOfAnotherAccount() throws {
        let problem = try Self.problem { $0.targets[World.destination]?.account = .success(World.other) }
        #expect(problem.found == "the fleet's own credentials lead into account 444455556666")
    }

    @Test func sourceThatIsClosedToTheFleet() throws {
        let problem = try Self.problem { $0.sources[World.source] = PreflightFacts.Source() }
        #expect(problem.severity == .warning && problem.subject == .source)
    }

    // MARK: - Keys

    @Test(arguments: [
        (PreflightWorld.key(state: "Disabled"), "is disabled"),
        (PreflightWorld.key(state: "PendingDeletion"), "is going to be deleted, and can't be used"),
        (PreflightWorld.key(state: "PendingImport"), "is PendingImport"),
        (PreflightWorld.key(spec: "RSA_2048"), "is no symmetric key but RSA_2048"),
        (PreflightWorld.key(usage: "GENERATE_VERIFY_MAC"), "is for GENERATE_VERIFY_MAC"),
        (PreflightWorld.key(in: "us-east-1"), "is a key of us-east-1"),
    ])
    func keyThatCanNotEncrypt(key: KMSClient.KeyMetadata, found: String) throws {
        let problem = try Self.problem { $0.targets[World.destination]?.keys["alias/dr"] = .success(key) }
        #expect(problem.severity == .error && problem.subject == .key && problem.found == found)
        #expect(problem.name == "111122223333/eu-west-1 alias/dr")
    }

    @Test func keyThatIsAbsentForbiddenOrOutOfReach() throws {
        let expected: [(AWSError, Finding.Severity)] = [
            (Self.absent, .error), (Self.denied, .error), (Self.lost, .unknown),
        ]
        for (error, severity) in expected {
            let problem = try Self.problem { $0.targets[World.destination]?.keys["alias/dr"] = .failure(error) }
            #expect(problem.severity == severity)
        }
    }

    @Test func keyThatIsDoubtful() throws {
        let managed = try Self.problem {
            $0.targets[World.destination]?.keys["alias/dr"] = .success(World.key(manager: "AWS"))
        }
        #expect(managed.severity == .warning && managed.found.contains("can never be shared"))
        let foreign = try Self.problem {
            $0.targets[World.destination]?.keys["alias/dr"] = .success(World.key(account: World.other))
        }
        #expect(foreign.severity == .warning && foreign.found == "belongs to account 444455556666")
    }

    @Test func keyThatIsNewMakesFullCopies() throws {
        let problem = try Self.problem { facts in
            facts.targets[World.destination]?.snapshots[.instance] = .success([
                Self.copy("orders", key: "old"), Self.copy("stock", key: "old"),
            ])
        }
        #expect(problem.severity == .warning && problem.subject == .key)
        #expect(problem.found.contains("The next copy of 2 databases is a full one, 200 GiB together"))
        // Those under the same key, and those of others, say nothing.
        var facts = World.facts()
        facts.targets[World.destination]?.snapshots[.instance] = .success([
            Self.copy("orders", key: "2"), Self.copy("stock", key: "old"), Self.copy("x", key: "old", route: "other"),
        ])
        #expect(Self.problems(facts).isEmpty)
    }

    private static func copy(_ database: String, key: String, route: String = "dr") -> Snapshot {
        let source = SnapshotARN(
            partition: "aws",
            region: "us-east-1",
            account: World.account,
            kind: .instance,
            identifier: "\(database)-1"
        )
        return Snapshot(
            arn: SnapshotARN(
                partition: "aws",
                region: "eu-west-1",
                account: World.account,
                kind: .instance,
                identifier: TargetIdentifier.make(for: source, destination: World.destination)
            ),
            database: database,
            status: "available",
            isEncrypted: true,
            kmsKeyID: "arn:aws:kms:eu-west-1:111122223333:key/\(key)",
            tags: [TagMerge.sourceKey: source.description, TagMerge.routeKey: route],
            createdAt: CoreHarness.start,
            sizeGiB: 100
        )
    }

    // MARK: - Databases and their keys

    @Test func encryptedDatabaseNeedsAKey() throws {
        let policy = World.policy { $0.destinations[0].kmsKey = nil }
        let problem = try Self.problem(of: policy) { $0.targets[World.destination]?.keys = [:] }
        #expect(problem.severity == .error)
        #expect(problem.found == "encrypted: orders; route dr names no kmsKey for eu-west-1")
    }

    @Test func routeThatNoDatabaseMatches() throws {
        let policy = World.policy {
            $0.match.kinds = [.instance]
            $0.match.databases = ["prod-*"]
        }
        let problem = try Self.problem(of: policy) { _ in }
        #expect(problem.severity == .warning && problem.found == "none of 2 instances is for route dr")
        #expect(problem.remedy == "compare match with names such as orders, stock")
    }

    @Test func defaultKeyCanNotLeaveItsAccount() throws {
        let spoil: (inout PreflightFacts) -> Void = { facts in
            facts.sources[World.source]?.keys[World.sourceKey] = .success(
                World.key("1", in: "us-east-1", manager: "AWS")
            )
        }
        let problem = try Self.problem(of: World.awayPolicy(), spoil)
        #expect(problem.severity == .error && problem.subject == .sourceKey)
        #expect(problem.found == "is AWS's own and can't be shared: nothing of orders gets into another account")
        // Within the account it does no harm, and with a hop it is taken care of.
        var facts = World.facts()
        spoil(&facts)
        #expect(Self.problems(facts).isEmpty)
        facts = World.facts(World.awayPolicy(hopKey: "alias/hop"))
        spoil(&facts)
        facts.sources[World.source]?.keys["alias/hop"] = .success(World.key("3", in: "us-east-1"))
        #expect(Self.problems(facts).isEmpty)
    }

    @Test func hopKeyHasToBeUsableOnBothSides() throws {
        let policy = World.awayPolicy(hopKey: "alias/hop")
        let hop = World.key("3", in: "us-east-1")
        let off = try Self.problem(of: policy) {
            $0.sources[World.source]?.keys["alias/hop"] = .success(World.key("3", in: "us-east-1", state: "Disabled"))
        }
        #expect(off.subject == .hopKey && off.severity == .error)
        let closed = try Self.problem(of: policy) {
            $0.sources[World.source]?.keys["alias/hop"] = .success(hop)
            $0.targets[World.away]?.sourceKeys[hop.arn ?? ""] = .failure(Self.denied)
        }
        #expect(closed.subject == .sourceKey && closed.found.hasPrefix("account 444455556666 may not use it"))
    }

    @Test func keyThatTheDestinationMayNotUse() throws {
        let problem = try Self.problem(of: World.awayPolicy()) {
            $0.targets[World.away]?.sourceKeys[World.sourceKey] = .failure(Self.denied)
        }
        #expect(
            problem.severity == .error && problem.found.hasPrefix("account 444455556666 may not use it, for orders")
        )
    }

    @Test func keyOfADatabaseDoesNotMatterWhereEverythingIsEncryptedAnew() throws {
        var policy = World.awayPolicy(hopKey: "alias/hop")
        let spoil: (inout PreflightFacts) -> Void = { facts in
            facts.sources[World.source]?.keys["alias/hop"] = .success(World.key("3", in: "us-east-1"))
            facts.targets[World.away]?.sourceKeys[World.sourceKey] = .failure(Self.denied)
        }
        // Manual snapshots are shared as they are.
        #expect(try Self.problem(of: policy, spoil).severity == .warning)
        policy.routes[0].match.types = [.automated]
        var facts = World.facts(policy)
        spoil(&facts)
        #expect(Self.problems(facts).isEmpty)
    }

    @Test func databaseKeyThatIsOff() throws {
        let problem = try Self.problem {
            $0.sources[World.source]?.keys[World.sourceKey] = .success(
                World.key("1", in: "us-east-1", state: "PendingDeletion")
            )
        }
        #expect(problem.severity == .error && problem.found == "is PendingDeletion; orders are under it")
    }

    @Test func databasesThatMayNotBeListedAreAWarning() throws {
        let problem = try Self.problem { $0.sources[World.source]?.databases[.cluster] = .failure(Self.denied) }
        #expect(problem.severity == .warning && problem.remedy == "allow rds:DescribeDBClusters")
    }

    // MARK: - Room at the destination

    @Test func optionGroups() throws {
        let policy = World.policy { $0.destinations[0].optionGroups = ["tde": "TDE-dr", "a": "default:mysql-8-0"] }
        let problem = try Self.problem(of: policy) { $0.targets[World.destination]?.optionGroups = .success(["other"]) }
        #expect(problem.severity == .error && problem.name == "111122223333/eu-west-1 tde-dr")
        var facts = World.facts(policy)
        facts.targets[World.destination]?.optionGroups = .success(["tde-dr"])
        #expect(Self.problems(facts).isEmpty)
    }

    @Test(arguments: [
        (100, false, Finding.Severity.error), (100, true, .warning), (99, false, .error), (92, false, .warning),
    ])
    func roomForManualSnapshots(used: Int, prunes: Bool, severity: Finding.Severity) throws {
        let policy = World.policy {
            $0.match.kinds = [.instance]
            $0.retention?.whenQuotaIsFull = prunes
        }
        let problem = try Self.problem(of: policy) {
            $0.targets[World.destination]?.quotas = .success([
                .instance: PreflightFacts.Quota(name: "ManualSnapshots", used: used, max: 100)
            ])
        }
        #expect(problem.subject == .quota && problem.severity == severity)
        #expect(problem.found.hasPrefix("\(used) of 100 manual snapshots"))
    }

    @Test(arguments: [(60, Finding.Severity.error, 120), (45, .warning, 90)])
    func retentionThatDoesNotFit(keepNewest: Int, severity: Finding.Severity, kept: Int) throws {
        let policy = World.policy {
            $0.match.kinds = [.instance]
            $0.retention = RetentionRule(keepNewest: keepNewest)
        }
        let problem = try Self.problem(of: policy) { _ in }
        #expect(problem.subject == .retention && problem.severity == severity)
        #expect(problem.found.contains("about \(kept) copies"))
    }

    @Test func routeWithoutRetentionFillsUp() throws {
        let policy = World.policy {
            $0.match.kinds = [.instance]
            $0.retention = nil
        }
        let problem = try Self.problem(of: policy) { _ in }
        #expect(problem.severity == .warning)
        #expect(problem.found.hasSuffix("with a snapshot a day that is full in about 43 days"))
    }

    @Test func moreSlotsThanRDSHas() throws {
        let policy = World.policy { $0.destinations[0].slots = [.cluster: 10] }
        let problem = try Self.problem(of: policy) { _ in }
        #expect(problem.subject == .slots && problem.severity == .warning)
        #expect(problem.found.hasPrefix("10 slots, where RDS takes 5"))
    }

    @Test func quotaThatMayNotBeAskedForIsAWarning() throws {
        let policy = World.policy { $0.match.kinds = [.instance] }
        let problem = try Self.problem(of: policy) { $0.targets[World.destination]?.quotas = .failure(Self.denied) }
        #expect(problem.severity == .warning && problem.remedy == "allow rds:DescribeAccountAttributes")
    }

    // MARK: - What retention keeps

    @Test(arguments: [
        RetentionRule(keepNewest: 7), RetentionRule(keepFor: .seconds(35 * 86_400)),
        RetentionRule(daily: 7, weekly: 5, monthly: 12), RetentionRule(keepNewest: 3, weekly: 8, yearly: 2),
        RetentionRule(keepNewest: 2, minimum: 4), RetentionRule(keepFor: .seconds(40 * 86_400), weekly: 4, monthly: 6),
    ])
    func estimateIsNearWhatRetentionKeeps(rule: RetentionRule) {
        let now = CoreHarness.start
        let copies = (0..<1200).map { RetentionWorld.copy(taken: now - RetentionWorld.day * Double($0)) }
        var rule = rule
        rule.maxDeletesPerRun = 10_000
        let kept = RetentionWorld.plan(copies, rule, now: now).verdicts.count { !$0.isDeletion }
        #expect(abs(kept - rule.copiesKept) <= 3, "keeps \(kept), estimated \(rule.copiesKept)")
    }
}
