// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What a sweep remembers of one database and one destination.
struct SweepLane: Sendable {
    /// Where a wanted copy stands at its destination.
    enum Standing: Sendable {
        case absent, failed, inProgress, available, nameTaken
    }

    /// One snapshot that is to be there.
    struct Wanted: Sendable {
        let source: SnapshotARN
        let takenAt: Instant
        let route: String
        let newestOnly: Bool
        var standing = Standing.absent

        func example(_ destination: Destination) -> String { "\(self.source) -> \(destination)" }
    }

    /// A copy of ours that nothing in this lane wants: retention counts it.
    struct Other: Sendable {
        let route: String
        let takenAt: Instant
    }

    let database: SourceDatabase
    let destination: Destination
    var wanted: [Wanted] = []
    var others: [Other] = []
    /// The newest of those that are older than the horizon.
    var old: Wanted?

    init(database: SourceDatabase, destination: Destination) {
        self.database = database
        self.destination = destination
    }

    /// Takes what bears the name of a wanted copy.
    mutating func take(_ target: Snapshot, at position: Int) {
        let source = self.wanted[position].source
        self.wanted[position].standing =
            switch target.phase {
            case _ where !target.isCopy(of: source): .nameTaken
            case .available: .available
            case .inProgress: .inProgress
            // What failed and does not carry our tag is not ours to clean up.
            case .failed: TagMerge.marks(target.tags, copyOf: source) ? .failed : .nameTaken
            }
    }

    /// Takes what our tag calls a wanted copy, though it has another name.
    mutating func takeOther(_ target: Snapshot, at position: Int) {
        guard [.absent, .failed].contains(self.wanted[position].standing) else { return }
        self.wanted[position].standing = target.phase == .available ? .available : .inProgress
    }

    /// Adds to a report what is missing of this lane, and why the rest is not.
    func judge(into report: inout SweepReport, rules: [String: RetentionRule], now: Instant) {
        let ordered = self.wanted.sorted { ($0.takenAt, $0.source) > ($1.takenAt, $1.source) }
        let unwanted = self.unwantedByRetention(rules: rules, now: now)
        for (index, wanted) in ordered.enumerated() {
            switch wanted.standing {
            case .available: report.available += 1
            case .inProgress: report.inProgress += 1
            case .nameTaken: report.skip(.nameTaken, wanted.example(self.destination))
            case .absent, .failed:
                if wanted.newestOnly, index > 0 {
                    report.skip(.superseded, wanted.example(self.destination))
                } else if unwanted.contains(wanted.source) {
                    report.skip(.retention, wanted.example(self.destination))
                } else {
                    report.missing.append(self.missing(wanted, isNewest: index == 0, at: now))
                }
            }
        }
    }

    private func missing(_ wanted: Wanted, isNewest: Bool, at now: Instant) -> SweepReport.Missing {
        SweepReport.Missing(
            job: CopyJob(
                source: wanted.source,
                destination: self.destination,
                route: wanted.route,
                firstSeen: now
            ),
            database: self.database,
            takenAt: wanted.takenAt == .distantPast ? nil : wanted.takenAt,
            isNewest: isNewest,
            cause: wanted.standing == .failed ? .copyFailed : .noCopy
        )
    }

    /// The sources whose copies retention would let go at once: a sweep must not fetch what `prune` has just deleted.
    private func unwantedByRetention(rules: [String: RetentionRule], now: Instant) -> Set<SnapshotARN> {
        guard self.wanted.contains(where: { rules[$0.route] != nil && [.absent, .failed].contains($0.standing) }) else {
            return []
        }
        let uncapped = rules.mapValues { rule in
            var rule = rule
            rule.maxDeletesPerRun = .max
            return rule
        }
        // As it will be once all are there.
        let copies = self.wanted.map { self.copy(of: $0.source, route: $0.route, takenAt: $0.takenAt) }
        let others = self.others.enumerated().map { number, other in
            let source = SnapshotARN(
                partition: RegionName.partition(of: self.database.region) ?? "aws",
                region: self.database.region,
                account: self.database.account,
                kind: self.database.kind,
                identifier: "other-\(number)"
            )
            return self.copy(of: source, route: other.route, takenAt: other.takenAt)
        }
        let plan = RetentionPlan(copies + others, at: self.destination, rules: uncapped, now: now)
        return Set(plan.deletions.compactMap { $0.snapshot.tags[TagMerge.sourceKey].flatMap { SnapshotARN($0) } })
    }

    private func copy(of source: SnapshotARN, route: String, takenAt: Instant) -> Snapshot {
        Snapshot(
            arn: SnapshotARN(
                partition: source.partition,
                region: self.destination.region,
                account: self.destination.account,
                kind: source.kind,
                identifier: TargetIdentifier.make(for: source, destination: self.destination)
            ),
            database: self.database.identifier,
            status: "available",
            tags: [TagMerge.sourceKey: source.description, TagMerge.routeKey: route],
            createdAt: takenAt,
            originalCreatedAt: takenAt
        )
    }
}
