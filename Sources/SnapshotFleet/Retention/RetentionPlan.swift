// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Which copies at one destination stay, which go, and why.
///
/// What holds whatever the rules say: only copies that are ours by tag and by name are judged at all; the newest available
/// copy of a database stays, and so do the newest ``RetentionRule/minimum`` available ones; a copy that is not available
/// neither goes nor counts, so that nothing goes on the strength of a newer copy that is not confirmed; and a run
/// deletes no more than its cap, the oldest data first.
package struct RetentionPlan: Hashable, Sendable {
    package let destination: Destination
    /// By database, the newest data first.
    package let verdicts: [RetentionVerdict]

    /// Plans.
    ///
    /// - Parameters:
    ///   - snapshots: All manual snapshots at the destination, or at least all of each database that is to be judged.
    ///   - destination: Where they are.
    ///   - rules: The retention of each route by its name; a route that is not in it keeps everything.
    ///   - now: What ages count up to.
    package init(_ snapshots: [Snapshot], at destination: Destination, rules: [String: RetentionRule], now: Instant) {
        self.destination = destination
        let copies = snapshots.compactMap { CopyRecord($0, at: destination) }
        var verdicts: [RetentionVerdict] = []
        for (_, group) in Dictionary(grouping: copies, by: \.database).sorted(by: { $0.key < $1.key }) {
            verdicts += Self.judge(group, rules: rules, now: now)
        }
        self.verdicts = Self.capped(verdicts, rules: rules)
    }

    /// The copies that go, the oldest data first.
    package var deletions: [CopyRecord] {
        self.verdicts.filter(\.isDeletion).map(\.copy).sorted(by: Self.isOlder)
    }

    // MARK: - One database

    private static func judge(
        _ group: [CopyRecord],
        rules: [String: RetentionRule],
        now: Instant
    ) -> [RetentionVerdict] {
        let ordered = group.sorted { self.isOlder($1, $0) }
        // Only these can stand in for a copy that goes.
        let countable = ordered.filter { $0.snapshot.phase == .available && $0.takenAt != nil }
        var wanted: [CopyRecord: [KeepReason]] = [:]
        if let newest = countable.first { wanted[newest] = [.newest] }
        // By its own clock a destination may know better than the tags which copy came last.
        if let latest = countable.max(by: { ($0.created, $0.name) < ($1.created, $1.name) }), wanted[latest] == nil {
            wanted[latest] = [.newest]
        }
        for (route, copies) in Dictionary(grouping: countable, by: \.route) {
            guard let rule = rules[route] else { continue }
            for (copy, reasons) in self.wanted(copies, by: rule, now: now) { wanted[copy, default: []] += reasons }
        }
        return ordered.map { copy in
            RetentionVerdict(copy: copy, reasons: self.obstacles(copy, rules: rules) + (wanted[copy] ?? []))
        }
    }

    /// What keeps a copy whatever the rules of its route.
    private static func obstacles(_ copy: CopyRecord, rules: [String: RetentionRule]) -> [KeepReason] {
        var reasons: [KeepReason] = []
        if copy.isHeld { reasons.append(.held) }
        if copy.snapshot.phase != .available { reasons.append(.notAvailable(status: copy.snapshot.status)) }
        if copy.takenAt == nil { reasons.append(.ageUnknown) }
        if rules[copy.route] == nil { reasons.append(.noRule(route: copy.route)) }
        return reasons
    }

    /// What a route's rule keeps of its copies of one database, which come newest first and all have an age.
    private static func wanted(
        _ copies: [CopyRecord],
        by rule: RetentionRule,
        now: Instant
    ) -> [CopyRecord: [KeepReason]] {
        var reasons: [CopyRecord: [KeepReason]] = [:]
        for copy in copies.prefix(max(1, rule.minimum)) { reasons[copy, default: []].append(.minimum) }
        for copy in copies.prefix(max(0, rule.keepNewest)) { reasons[copy, default: []].append(.keepNewest) }
        if let span = rule.keepFor {
            for copy in copies where copy.taken > now - span { reasons[copy, default: []].append(.keepFor) }
        }
        let counts: [(CalendarPeriod, Int)] = [
            (.day, rule.daily), (.week, rule.weekly), (.month, rule.monthly), (.year, rule.yearly),
        ]
        for (period, count) in counts {
            var seen: Set<Int64> = []
            for copy in copies {
                let number = period.number(of: copy.taken)
                if seen.contains(number) { continue }
                if seen.count >= count { break }
                seen.insert(number)
                reasons[copy, default: []].append(.period(period))
            }
        }
        return reasons
    }

    // MARK: - All together

    /// Keeps what goes beyond each route's cap: the youngest data.
    private static func capped(_ verdicts: [RetentionVerdict], rules: [String: RetentionRule]) -> [RetentionVerdict] {
        var spared: [CopyRecord: Int] = [:]
        let going = verdicts.filter(\.isDeletion).map(\.copy)
        for (route, copies) in Dictionary(grouping: going, by: \.route) {
            let cap = max(0, rules[route]?.maxDeletesPerRun ?? 0)
            for copy in copies.sorted(by: self.isOlder).dropFirst(cap) { spared[copy] = cap }
        }
        return verdicts.map { verdict in
            spared[verdict.copy].map { RetentionVerdict(copy: verdict.copy, reasons: [.cap($0)]) } ?? verdict
        }
    }

    /// Older data first; what has no age comes last of all, as if it were the newest.
    private static func isOlder(_ left: CopyRecord, _ right: CopyRecord) -> Bool {
        (left.taken, left.created, left.name) < (right.taken, right.created, right.name)
    }
}

extension CopyRecord {
    fileprivate var taken: Instant { self.takenAt ?? Instant(microseconds: .max) }
    fileprivate var created: Instant { self.snapshot.createdAt ?? .distantPast }
    fileprivate var name: String { self.snapshot.arn.identifier }
}
