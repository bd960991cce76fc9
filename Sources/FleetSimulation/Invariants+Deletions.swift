// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// Pruning can't hurt: what workers may delete.
extension Invariants {
    /// How much earlier a worker may have seen what it deletes by.
    ///
    /// A look and its answer, the delay of Describe, and the attempts at the deletion come to no more. RDS deletes without
    /// any condition, so nobody can do better than be quick.
    private static let oldestSight: Duration = .seconds(180)

    /// Checks a deletion by a worker: failed targets of ours, or what retention lets go.
    func checkDeletion(_ snapshot: World.SnapshotSight, by policy: Policy, at now: Instant) -> Violation? {
        guard let source = snapshot.tag(TagMerge.sourceKey) else {
            return ("only ours is deleted", "\(snapshot.arn) is none of the fleet's, and was deleted")
        }
        guard snapshot.status == "available" else { return nil }
        let destination = Destination(account: Scenario.account, region: snapshot.region)
        let place = SnapshotARN(source).flatMap { self.places[CopyJob.ID(source: $0, destination: destination)] }
        guard let place,
            let rule = policy.routes.first(where: { $0.name == snapshot.tag(TagMerge.routeKey) })?.retention
        else {
            return ("pruning can't hurt", "\(snapshot.arn) was deleted, and no rule says so")
        }
        let pool = SlotPool(destination: destination, kind: self.jobs[place].id.source.kind)
        if let held = self.heldSince(snapshot.identifier, in: pool), now - held > Self.oldestSight {
            return ("pruning can't hurt", "\(snapshot.arn) was deleted, which people had asked to keep")
        }
        return self.check(rule, lets: self.jobs[place], go: snapshot.arn, at: now)
    }

    /// Checks that so much newer data is left as a rule says, whole and at the same destination.
    private func check(_ rule: RetentionRule, lets job: WantedJob, go arn: String, at now: Instant) -> Violation? {
        let newer = self.jobs.count { other in
            other.database == job.database && other.id.destination == job.id.destination
                && other.id.source.kind == job.id.source.kind && other.takenAt > job.takenAt
                && (other.isWhole || other.wholeUntil.map { now - $0 <= Self.oldestSight } ?? false)
        }
        let least = max(1, rule.minimum, rule.keepNewest)
        guard newer >= least else {
            return ("pruning can't hurt", "\(arn) was deleted where \(newer) newer copies were whole, not \(least)")
        }
        let mostSkew = Duration.seconds(self.scenario.faults[.clockSkew])
        guard let span = rule.keepFor, now - job.takenAt < span - mostSkew else { return nil }
        return ("pruning can't hurt", "\(arn) was deleted at the age of \(now - job.takenAt)")
    }

    /// Checks how many copies of a route one run of a worker asks to be deleted.
    func checkCap(_ route: String, asked: Int, by policy: Policy) -> Violation? {
        let cap = policy.routes.first { $0.name == route }?.retention?.maxDeletesPerRun ?? 0
        guard asked > cap else { return nil }
        return ("pruning can't hurt", "one run deletes \(asked) copies of route \(route), and \(cap) is the most")
    }
}
