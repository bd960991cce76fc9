// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Drives a core through a story: each call is one thing that happens, and returns what the core wants done.
struct CoreHarness {
    static let start = Instant(iso8601: "2026-11-21T03:00:00Z") ?? Instant(microseconds: 0)
    static let account = "111122223333"
    static let ireland = Destination(account: account, region: "eu-west-1")

    var core: WorkerCore
    var now = Self.start
    var random = SeededGenerator(seed: 1)
    /// Everything the core has asked for so far.
    var actions: [CoreAction] = []
    private var deliveries = 0

    init(policy: String = Self.policy(), settings change: (inout CoreSettings) -> Void = { _ in }) throws {
        var settings = CoreSettings(ownAccount: Self.account)
        change(&settings)
        let document = try PolicyDocument.parse(Array(policy.utf8), source: "the test")
        let policy = try document.resolved(ownAccount: Self.account)
        self.core = WorkerCore(settings: settings, policy: policy)
    }

    static func policy(
        destinations: String = #"{"region": "eu-west-1", "kmsKey": "alias/dr"}"#,
        more: String = ""
    ) -> String {
        """
        { "routes": [ { "name": "dr", "source": { "regions": ["us-east-1"] }, "destinations": [\(destinations)] \(more) } ] }
        """
    }

    static func arn(_ name: String = "rds:orders-2026-11-21-03-00", kind: SnapshotKind = .instance) -> SnapshotARN {
        SnapshotARN(partition: "aws", region: "us-east-1", account: Self.account, kind: kind, identifier: name)
    }

    static func source(
        _ arn: SnapshotARN = Self.arn(),
        database: String = "orders",
        status: String = "available",
        encrypted: Bool = false,
        created: Instant = Self.start
    ) -> Snapshot {
        Snapshot(
            arn: arn,
            database: database,
            status: status,
            origin: .automated,
            engine: "postgres",
            isEncrypted: encrypted,
            createdAt: created
        )
    }

    static func job(_ arn: SnapshotARN = Self.arn(), to destination: Destination = Self.ireland) -> CopyJob {
        CopyJob(source: arn, destination: destination, route: "dr", firstSeen: Self.start)
    }

    static func target(
        of job: CopyJob,
        status: String = "copying",
        percent: Int? = 0,
        ours: Bool = true
    ) -> Snapshot {
        let identifier = TargetIdentifier.make(for: job.source, destination: job.destination)
        return Snapshot(
            arn: SnapshotARN(
                partition: "aws",
                region: job.destination.region,
                account: job.destination.account,
                kind: job.source.kind,
                identifier: identifier
            ),
            database: "orders",
            status: status,
            percentProgress: percent,
            tags: ours ? [TagMerge.sourceKey: job.source.description] : [:]
        )
    }

    /// An automated snapshot's event as EventBridge delivers it.
    static func event(_ arn: SnapshotARN = Self.arn()) -> String {
        let isCluster = arn.kind == .cluster
        return """
            {"version":"0","id":"1","detail-type":"RDS DB \(isCluster ? "Cluster " : "")Snapshot Event","source":"aws.rds",\
            "account":"\(arn.account)","time":"2026-11-21T03:00:00Z","region":"\(arn.region)","resources":["\(arn)"],\
            "detail":{"EventCategories":["creation"],"SourceType":"\(isCluster ? "CLUSTER_SNAPSHOT" : "SNAPSHOT")",\
            "SourceArn":"\(arn)","Date":"2026-11-21T03:00:00.000Z","SourceIdentifier":"\(arn.identifier)",\
            "Message":"Automated snapshot created","EventID":"\(isCluster ? "RDS-EVENT-0169" : "RDS-EVENT-0091")"}}
            """
    }

    @discardableResult
    mutating func happen(_ input: CoreInput) -> [CoreAction] {
        let actions = self.core.handle(input, at: self.now, using: &self.random)
        self.actions += actions
        #expect(self.core.countsRight)
        return actions
    }

    @discardableResult
    mutating func pass(_ duration: Duration) -> [CoreAction] {
        self.now = self.now + duration
        return self.happen(.tick)
    }

    @discardableResult
    mutating func deliver(_ bodies: String..., receiveCount: Int = 1, sentAt: Instant? = nil) -> [CoreAction] {
        self.happen(
            .received(
                bodies.map {
                    self.deliveries += 1
                    return Delivery(
                        messageID: "m\(self.deliveries)",
                        receiptHandle: "r\(self.deliveries)",
                        body: $0,
                        receiveCount: receiveCount,
                        sentAt: sentAt ?? self.now
                    )
                }
            )
        )
    }

    /// Brings one job to the point where RDS has accepted its copy.
    mutating func startCopying(_ job: CopyJob = Self.job(), receiveCount: Int = 1) {
        self.deliver(JobMessage.encode(job), receiveCount: receiveCount)
        self.describe(Self.source(job.source))
        self.happen(.poolSurveyed(job.pool, inProgress: []))
        self.happen(.slotGranted(job.id))
        self.happen(.copyStarted(job.id, Self.target(of: job)))
    }

    @discardableResult
    mutating func describe(_ sources: Snapshot...) -> [CoreAction] {
        self.happen(.sourcesDescribed(SourceGroup(sources[0].arn), asked: sources.map(\.arn), found: sources))
    }
}

extension [CoreAction] {
    var deletions: [MessageToken] {
        self.compactMap { if case .delete(let token, _) = $0 { token } else { nil } }
    }

    var requeues: [(token: MessageToken, after: Duration)] {
        self.compactMap { if case .requeue(let token, _, let after) = $0 { (token, after) } else { nil } }
    }

    var letters: [DeadLetter] {
        self.compactMap { if case .deadLetter(_, let letter) = $0 { letter } else { nil } }
    }

    var replacements: [(tokens: [MessageToken], messages: [OutgoingMessage])] {
        self.compactMap { if case .replace(let tokens, let messages) = $0 { (tokens, messages) } else { nil } }
    }

    var starts: [CopyRequest] {
        self.compactMap { if case .startCopy(let request) = $0 { request } else { nil } }
    }

    var acquisitions: [CopyJob.ID] {
        self.compactMap { if case .acquireSlot(let id, _, _) = $0 { id } else { nil } }
    }

    /// How many sources each question is about.
    var describedSources: [Int] {
        self.compactMap { if case .describeSources(_, let arns) = $0 { arns.count } else { nil } }
    }

    var releases: [String] {
        self.compactMap { if case .releaseSlot(_, let target, _) = $0 { target } else { nil } }
    }

    var extensions: [MessageToken] {
        self.flatMap { action -> [MessageToken] in
            if case .extend(let leases, _) = action { leases.keys.sorted() } else { [] }
        }
    }

    var confirmations: [ConfirmedCopy] {
        self.compactMap { if case .report(.confirmed(let confirmation)) = $0 { confirmation } else { nil } }
    }

    var looks: [[String]] {
        self.compactMap { if case .describeTargets(_, let targets) = $0 { targets } else { nil } }
    }
}

extension MessageToken {
    /// The tokens count from 1 in the order of receiving.
    static func number(_ number: UInt64) -> MessageToken { MessageToken(number: number) }
}
