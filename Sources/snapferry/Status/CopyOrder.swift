// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// One snapshot to one destination, as an operator asks for it and the policy allows it.
struct CopyOrder: Sendable, Equatable {
    /// Why there will be no such copy, in words that say what to change.
    struct Refusal: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    let source: SnapshotARN
    let plan: PlannedCopy

    /// Checks an order.
    ///
    /// - Parameters:
    ///   - snapshot: An ARN.
    ///   - destination: `eu-west-1` or `444455556666/eu-west-1`.
    ///   - route: The one route to go by; `nil` for any.
    ///   - policy: The policy, its accounts filled in.
    ///   - ownAccount: What a destination without an account means.
    /// - Throws: ``Refusal``.
    init(
        snapshot: String,
        destination: String,
        route: String?,
        policy: Policy,
        ownAccount: String
    ) throws(Refusal) {
        guard let source = SnapshotARN(snapshot) else {
            throw Refusal(
                description: "\(snapshot.excerpt()) is no ARN of a snapshot; one looks like "
                    + "arn:aws:rds:us-east-1:111122223333:snapshot:rds:orders-2026-11-21-03-10"
            )
        }
        let place = try Self.destination(destination, ownAccount: ownAccount)
        if place == Destination(account: source.account, region: source.region) {
            throw Refusal(description: "the snapshot is in \(place) already")
        }
        var policy = policy
        if let route {
            policy.routes = policy.routes.filter { $0.name == route }
            guard !policy.routes.isEmpty else { throw Refusal(description: "the policy has no route \"\(route)\"") }
        }
        policy.routes = policy.routes.filter { route in
            route.source.regions.contains(source.region) && route.source.accounts.contains(source.account)
        }
        guard !policy.routes.isEmpty else {
            throw Refusal(
                description: "\(route.map { "the route \"\($0)\" takes" } ?? "no route takes") "
                    + "\(route == nil ? "" : "no ")snapshots from account \(source.account) in \(source.region)"
            )
        }
        let job = CopyJob(source: source, destination: place, route: route ?? "", firstSeen: Instant(microseconds: 0))
        guard let plan = policy.plan(for: job) else {
            let known = policy.destinations.map(\.description).joined(separator: ", ")
            throw Refusal(description: "no route leads from there to \(place); the policy knows \(known)")
        }
        self.source = source
        self.plan = plan
    }

    private static func destination(_ text: String, ownAccount: String) throws(Refusal) -> Destination {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let account = parts.count == 2 ? String(parts[0]) : ownAccount
        guard (1...2).contains(parts.count), account.isAccountID, let region = parts.last.map({ String($0) }),
            RegionName.partition(of: region) != nil
        else {
            throw Refusal(
                description: "\(text.excerpt()) is no destination; one looks like eu-west-1 or 444455556666/eu-west-1"
            )
        }
        return Destination(account: account, region: region)
    }

    /// The job to enqueue.
    func job(at now: Instant) -> CopyJob {
        CopyJob(source: self.source, destination: self.plan.destination, route: self.plan.route, firstSeen: now)
    }

    /// What will happen, for people.
    func announcement(queueURL: String) -> [String] {
        let target = TargetIdentifier.make(for: self.source, destination: self.plan.destination)
        return [
            "Copy   \(self.source)",
            "to     \(self.plan.destination) as \(target)",
            "by     route \(self.plan.route)" + (self.plan.rule.kmsKey.map { ", key \($0) where encrypted" } ?? ""),
            "on     \(queueURL)",
        ]
    }
}
