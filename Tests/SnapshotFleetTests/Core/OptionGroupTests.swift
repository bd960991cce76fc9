// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Which option group a copy across accounts gets.
@Suite("Option groups of copies")
struct OptionGroupTests {
    private struct Row: Sendable {
        let account: String
        let group: String?
        let kind: SnapshotKind
        let name: String?
        let brings: Bool

        init(_ account: String, _ group: String?, _ kind: SnapshotKind = .instance, name: String? = nil, brings: Bool) {
            self.account = account
            self.group = group
            self.kind = kind
            self.name = name
            self.brings = brings
        }
    }

    private static let other = "444455556666"

    private static let rows = [
        Row(Self.other, "oracle-tde", name: "oracle-tde-dr", brings: false),
        Row(Self.other, "zones", brings: true), Row(Self.other, "default:postgres-16", brings: false),
        Row(Self.other, nil, brings: false), Row(Self.other, "zones", .cluster, brings: false),
    ]

    @Test("a name of the policy's goes first, then the source's group comes along, unless it is a default one")
    func groups() throws {
        for row in Self.rows {
            var harness = try CoreHarness(
                policy: """
                    { "routes": [ { "name": "dr", "source": { "regions": ["us-east-1"] }, "destinations": [
                        { "region": "eu-west-1", "account": "\(row.account)", "copyOptionGroup": true,
                          "optionGroups": { "oracle-tde": "oracle-tde-dr" } } ] } ] }
                    """
            )
            let arn = CoreHarness.arn("orders-m", kind: row.kind)
            var source = CoreHarness.source(arn)
            source.origin = .manual
            source.optionGroup = row.group
            let job = CoreHarness.job(arn, to: Destination(account: row.account, region: "eu-west-1"))
            harness.deliver(JobMessage.encode(job))
            harness.describe(source)
            harness.happen(.poolSurveyed(job.pool, inProgress: []))
            harness.happen(.handedOver(.inspected(job.id, HandoverFacts(sharedWith: [row.account]))))
            let request = try #require(harness.happen(.slotGranted(job.id)).starts.first)
            #expect(request.optionGroup == row.name, "\(row)")
            #expect(request.copyOptionGroup == row.brings, "\(row)")
        }
    }
}
