// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Asks every destination, and the sources where they answer, for what a report tells.
struct ReportSurvey: Sendable {
    /// How long one call may take: somebody is waiting.
    private static let patience = Duration.seconds(15)

    let post: OperatorPost
    /// Where to look.
    let destinations: [Destination]
    /// Whether to ask for how long copies took.
    let asksForDurations: Bool

    /// Looks once.
    ///
    /// - Returns: The page; what could not be looked at is on it.
    /// - Throws: ``AWSError`` for a role that is none, or `CancellationError`.
    func look(at now: Instant) async throws -> ReportPage {
        let policy = self.post.policy
        let service = try RDSSnapshotService(session: self.post.session, ownAccount: self.post.account, policy: policy)
        let survey = RecoverySurvey(policy: policy, destinations: self.destinations, patience: Self.patience)
        async let durations = self.durations(service)
        var (points, _) = try await survey.look(with: service, sources: true, at: now)
        for (pool, found) in await durations { points.take(found, at: pool) }
        let report = points.report()
        return ReportPage(report: report, problems: Self.problems(of: report))
    }

    /// How long copies took, where RDS's events tell.
    ///
    /// They are a nicety: a role that may not ask for them has a report without.
    private func durations(_ service: RDSSnapshotService) async -> [SlotPool: [String: Duration]] {
        guard self.asksForDurations else { return [:] }
        let pools = self.destinations.map { SlotPool(destination: $0, kind: .instance) }
        return await withTaskGroup(of: (SlotPool, [String: Duration]).self) { group in
            var found: [SlotPool: [String: Duration]] = [:]
            for (number, pool) in pools.enumerated() {
                if number >= 8, let (pool, durations) = await group.next() { found[pool] = durations }
                group.addTask {
                    (
                        pool,
                        (try? await Patience.wait(Self.patience) { try await service.finishedCopies(in: pool) }) ?? [:]
                    )
                }
            }
            for await (pool, durations) in group { found[pool] = durations }
            return found
        }
    }

    /// One line for each destination that is missing, and one for each source Region that did not answer.
    private static func problems(of report: RecoveryReport) -> [String] {
        var lines = report.gaps.map(\.description)
        var regions: [String: (count: Int, detail: String)] = [:]
        for gap in report.unreadSources {
            guard case .own(let group, _) = gap.listing else { continue }
            let place = "\(group.account)/\(group.region)"
            regions[place] = ((regions[place]?.count ?? 0) + 1, gap.trouble.detail)
        }
        for (place, gap) in regions.sorted(by: { $0.key < $1.key }) {
            lines.append("the source \(place), so databases that were never copied are not listed: \(gap.detail)")
        }
        return lines
    }
}
