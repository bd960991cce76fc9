// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Compares sources with destinations and finds what is missing.
///
/// RDS delivers events on a best-effort basis; a sweep finds what none has told of. It looks at the newest automated
/// snapshot of each database that a route wants.
package struct Sweep: Sendable {
    package let policy: Policy
    package let request: SweepRequest

    package init(policy: Policy, request: SweepRequest) {
        self.policy = policy
        self.request = request
    }

    /// The sources to look through: every account, Region and kind that a route names and the request does not leave out.
    package var groups: [SourceGroup] {
        let routes = self.policy.routes.filter { self.request.route == nil || $0.name == self.request.route }
        let groups = routes.flatMap { route in
            route.source.regions.filter { self.request.regions.isEmpty || self.request.regions.contains($0) }
                .flatMap { region in
                    route.source.accounts.flatMap { account in
                        SnapshotKind.allCases.filter { route.match.kinds.contains($0) }
                            .map { SourceGroup(account: account, region: region, kind: $0) }
                    }
                }
        }
        return Set(groups).sorted()
    }

    /// Asks RDS and tells which jobs are missing, those of the newest snapshots first.
    package func missing(from service: any SnapshotService, at now: Instant) async throws -> [CopyJob] {
        var jobs: [CopyJob] = []
        for group in self.groups {
            let wanted = self.wanted(of: try await service.snapshots(in: group, origin: .automated), at: now)
            for (pool, wantedJobs) in Dictionary(grouping: wanted, by: \.pool).sorted(by: { $0.key < $1.key }) {
                let identifiers = wantedJobs.map { TargetIdentifier.make(for: $0.source, destination: $0.destination) }
                let found = try await service.describeTargets(identifiers, in: pool)
                jobs += self.missing(wantedJobs, found: found)
            }
        }
        return jobs
    }

    /// The jobs that the policy makes of these snapshots: the newest whole one of each database counts.
    package func wanted(of snapshots: [Snapshot], at now: Instant) -> [CopyJob] {
        var newest: [String: Snapshot] = [:]
        for snapshot in snapshots where snapshot.phase == .available {
            guard let known = newest[snapshot.database] else {
                newest[snapshot.database] = snapshot
                continue
            }
            let isNewer =
                (snapshot.createdAt ?? .distantPast, snapshot.arn) > (known.createdAt ?? .distantPast, known.arn)
            if isNewer { newest[snapshot.database] = snapshot }
        }
        let ordered = newest.values.sorted {
            ($0.createdAt ?? .distantPast, $0.arn) > ($1.createdAt ?? .distantPast, $1.arn)
        }
        return ordered.flatMap { snapshot in
            self.policy.plan(snapshot)
                .filter { self.request.route == nil || $0.route == self.request.route }
                .map { $0.job(firstSeen: now) }
        }
    }

    /// The jobs without a target that is whole, or on its way.
    package func missing(_ jobs: [CopyJob], found: [Snapshot]) -> [CopyJob] {
        let present = Set(found.filter { $0.phase != .failed }.map(\.arn.identifier))
        return jobs.filter { !present.contains(TargetIdentifier.make(for: $0.source, destination: $0.destination)) }
    }
}

extension Instant {
    /// Earlier than anything that happened.
    static let distantPast = Instant(microseconds: .min)
}
