// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Facts of accounts in which everything is fine, to be spoilt by tests.
enum PreflightWorld {
    static let account = "111122223333"
    static let other = "444455556666"
    static let source = Destination(account: Self.account, region: "us-east-1")
    static let destination = Destination(account: Self.account, region: "eu-west-1")
    static let away = Destination(account: Self.other, region: "eu-west-1")
    static let sourceKey = "arn:aws:kms:us-east-1:111122223333:key/1"

    static func policy(_ change: (inout Route) -> Void = { _ in }) -> Policy {
        var route = Route(
            name: "dr",
            source: SourceSelection(regions: ["us-east-1"], accounts: [Self.account]),
            destinations: [DestinationRule(region: "eu-west-1", account: Self.account, kmsKey: "alias/dr")],
            retention: RetentionRule(keepNewest: 7)
        )
        change(&route)
        return Policy(routes: [route])
    }

    /// The same into another account, with a role there.
    static func awayPolicy(hopKey: String? = nil) -> Policy {
        Self.policy {
            $0.destinations[0].account = Self.other
            $0.destinations[0].role = "arn:aws:iam::444455556666:role/dr"
            $0.source.hopKey = hopKey
        }
    }

    static func key(
        _ id: String = "2",
        in region: String = "eu-west-1",
        account: String = Self.account,
        state: String = "Enabled",
        manager: String = "CUSTOMER",
        spec: String = "SYMMETRIC_DEFAULT",
        usage: String = "ENCRYPT_DECRYPT",
        multiRegion: Bool = false
    ) -> KMSClient.KeyMetadata {
        KMSClient.KeyMetadata(
            keyID: id,
            arn: "arn:aws:kms:\(region):\(account):key/\(id)",
            keyState: state,
            keyManager: manager,
            keyUsage: usage,
            keySpec: spec,
            multiRegion: multiRegion
        )
    }

    static func facts(_ policy: Policy = Self.policy()) -> PreflightFacts {
        var facts = PreflightFacts(
            policy: policy,
            account: Self.account,
            identity: "arn:aws:iam::111122223333:user/fleet"
        )
        let day = Duration.seconds(86_400)
        facts.queues = PreflightFacts.Queues(
            url: "https://sqs.us-east-1.amazonaws.com/111122223333/jobs",
            jobs: .success(
                PreflightFacts.Queue(
                    visibilityTimeout: .seconds(30),
                    retention: day * 4,
                    redriveTarget: "jobs-dead",
                    maxReceiveCount: 10
                )
            ),
            deadLetterURL: "https://sqs.us-east-1.amazonaws.com/111122223333/jobs-dead",
            deadLetters: .success(PreflightFacts.Queue(retention: day * 14))
        )
        facts.slotTable = PreflightFacts.SlotTable(name: "slots")
        var source = PreflightFacts.Source(account: .success(Self.account))
        source.databases[.instance] = .success([
            PreflightFacts.Database(name: "orders", engine: "postgres", key: Self.sourceKey),
            PreflightFacts.Database(name: "stock", engine: "mysql"),
        ])
        source.databases[.cluster] = .success([PreflightFacts.Database(name: "crm", engine: "aurora-mysql")])
        source.keys[Self.sourceKey] = .success(Self.key("1", in: "us-east-1"))
        facts.sources[Self.source] = source
        for rule in policy.routes.flatMap(\.destinations) {
            let account = rule.account ?? Self.account
            var target = PreflightFacts.Target(account: .success(account))
            target.keys["alias/dr"] = .success(Self.key(in: rule.region, account: account))
            target.sourceKeys[Self.sourceKey] = .success(Self.key("1", in: "us-east-1"))
            target.quotas = .success([
                .instance: PreflightFacts.Quota(name: "ManualSnapshots", used: 14, max: 100),
                .cluster: PreflightFacts.Quota(name: "ManualClusterSnapshots", used: 0, max: 100),
            ])
            target.snapshots[.instance] = .success([])
            facts.targets[Destination(account: account, region: rule.region)] = target
        }
        return facts
    }
}
