// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Where copies go: the way in, keys, option groups, and room for copies.
extension Preflight {
    mutating func judge(_ target: PreflightFacts.Target, at place: Destination) {
        guard self.judge(target.account, wanted: place, .destination) else { return }
        self.judgeKeys(target, at: place)
        self.judgeOptionGroups(target, at: place)
        for kind in SnapshotKind.allCases where self.routes(of: kind, to: place).isEmpty == false {
            self.judgeRoom(kind, target, at: place)
            self.judgeSlots(kind, at: place)
        }
    }

    private func routes(of kind: SnapshotKind, to place: Destination) -> [Route] {
        self.facts.policy.routes.filter { route in
            route.match.kinds.contains(kind) && route.destinations.contains { $0.leads(to: place) }
        }
    }

    private mutating func judgeOptionGroups(_ target: PreflightFacts.Target, at place: Destination) {
        let rules = self.facts.policy.routes.flatMap(\.destinations).filter { $0.leads(to: place) }
        let wanted = Set(rules.flatMap { $0.optionGroups.values }.map { $0.lowercased() })
            .filter { !$0.hasPrefix("default:") }
        guard !wanted.isEmpty, let answer = target.optionGroups else { return }
        switch answer {
        case .failure(let error):
            self.failed(error, .optionGroup, "\(place)", needs: "rds:DescribeOptionGroups", denied: .warning)
        case .success(let there):
            for name in wanted.sorted() {
                if there.contains(name) {
                    self.report(.ok, .optionGroup, "\(place) \(name)", "is there")
                } else {
                    let remedy =
                        "create it in \(place.region) with the options of the source's, or correct optionGroups"
                    self.report(.error, .optionGroup, "\(place) \(name)", "does not exist there", remedy: remedy)
                }
            }
        }
    }

    private mutating func judgeSlots(_ kind: SnapshotKind, at place: Destination) {
        let rules = self.facts.policy.routes.flatMap(\.destinations).filter { $0.leads(to: place) }
        let named = rules.compactMap { $0.slots[kind] }.min() ?? kind.defaultSlots
        let usable = self.facts.policy.usableSlots(in: SlotPool(destination: place, kind: kind))
        let name = "\(place)/\(kind)"
        if named > kind.defaultSlots {
            let found = "\(named) slots, where RDS takes \(kind.defaultSlots) copies at once unless AWS has raised that"
            let remedy =
                "have the quota raised, or leave slots.\(kind) out; until then refusals teach workers the limit"
            self.report(.warning, .slots, name, found, remedy: remedy)
        } else {
            self.report(.ok, .slots, name, "\(usable) of \(kind.defaultSlots) copies at once")
        }
    }

    // MARK: - Room

    /// How much of the quota of manual snapshots is left, and whether what retention keeps will fit.
    private mutating func judgeRoom(_ kind: SnapshotKind, _ target: PreflightFacts.Target, at place: Destination) {
        let name = "\(place)/\(kind)"
        guard let answer = target.quotas else { return }
        let quota: PreflightFacts.Quota
        switch answer {
        case .failure(let error):
            return self.failed(error, .quota, name, needs: "rds:DescribeAccountAttributes", denied: .warning)
        case .success(let quotas):
            guard let found = quotas[kind] else {
                let remedy = "look at \(kind.manualSnapshotQuota) in Service Quotas"
                return self.report(
                    .warning,
                    .quota,
                    name,
                    "RDS does not tell its quota of manual snapshots",
                    remedy: remedy
                )
            }
            quota = found
        }
        let load = self.load(kind, to: place)
        self.judge(
            quota,
            load,
            name,
            prunes: self.routes(of: kind, to: place).contains { $0.retention?.whenQuotaIsFull == true }
        )
        self.judgeRetention(quota, load, name)
    }

    private mutating func judge(_ quota: PreflightFacts.Quota, _ load: Load, _ name: String, prunes: Bool) {
        let left = quota.max - quota.used
        let found = "\(quota.used) of \(quota.max) manual snapshots, room for \(max(0, left))"
        let remedy = "delete old ones with snapferry prune, or have the quota \(quota.name) raised"
        if left <= 0 {
            self.report(prunes ? .warning : .error, .quota, name, found, remedy: remedy)
        } else if let databases = load.databases, left < databases {
            self.report(
                prunes ? .warning : .error,
                .quota,
                name,
                found + ", and \(Self.count(databases, "database")) to copy",
                remedy: remedy
            )
        } else if quota.used * 10 >= quota.max * 9 {
            self.report(.warning, .quota, name, found, remedy: remedy)
        } else {
            self.report(.ok, .quota, name, found)
        }
    }

    /// What the routes to a pool bring, with a snapshot a day of each database.
    private struct Load {
        /// `nil` where some source could not be looked at.
        var databases: Int?
        /// Copies that retention keeps in the end.
        var kept = 0
        /// Databases whose copies are kept for ever.
        var forever = 0
        /// Routes without retention.
        var withoutRetention: [String] = []
    }

    private func load(_ kind: SnapshotKind, to place: Destination) -> Load {
        var load = Load(databases: 0)
        for route in self.routes(of: kind, to: place) {
            if route.retention == nil { load.withoutRetention.append(route.name) }
            for region in route.source.regions {
                for account in route.source.accounts {
                    let source = Destination(account: account, region: region)
                    guard case .success(let databases) = self.facts.sources[source]?.databases[kind] else {
                        load.databases = nil
                        continue
                    }
                    let count = databases.count { route.wants($0, kind, at: source) }
                    load.databases = load.databases.map { $0 + count }
                    if let rule = route.retention {
                        load.kept += count * rule.copiesKept
                    } else {
                        load.forever += count
                    }
                }
            }
        }
        return load
    }

    private mutating func judgeRetention(_ quota: PreflightFacts.Quota, _ load: Load, _ name: String) {
        if load.kept > quota.max {
            self.report(
                .error,
                .retention,
                name,
                "with a snapshot a day retention keeps about \(load.kept) copies, where \(quota.max) fit",
                remedy: "keep fewer, or have the quota \(quota.name) raised"
            )
        } else if load.kept * 10 >= quota.max * 8 {
            self.report(
                .warning,
                .retention,
                name,
                "with a snapshot a day retention keeps about \(load.kept) copies of the \(quota.max) that fit",
                remedy: "keep fewer, or have the quota \(quota.name) raised before people need room for their own"
            )
        } else if load.kept > 0 {
            self.report(
                .ok,
                .retention,
                name,
                "keeps about \(load.kept) copies with a snapshot a day; \(quota.max) fit"
            )
        }
        guard !load.withoutRetention.isEmpty, load.forever > 0 || load.databases == nil else { return }
        let days = load.forever > 0 ? max(0, quota.max - quota.used) / load.forever : nil
        let until = days.map { "; with a snapshot a day that is full in about \(Self.count($0, "day"))" } ?? ""
        self.report(
            .warning,
            .retention,
            name,
            "no retention for route \(Self.list(load.withoutRetention)): every copy is kept\(until)",
            remedy: "give the route a retention"
        )
    }
}

extension RetentionRule {
    /// About how many copies of a database it keeps in the end, with a snapshot a day.
    package var copiesKept: Int {
        let days = self.keepFor.map { Int(($0.components.seconds + 86_399) / 86_400) } ?? 0
        var kept = max(self.keepNewest, self.minimum, self.daily, days)
        var span = kept
        for (count, length) in [(self.weekly, 7), (self.monthly, 30), (self.yearly, 365)] {
            // Those within the span of the finer rule are kept by it already.
            let more = count - (span + length - 1) / length
            guard more > 0 else { continue }
            kept += more
            span = count * length
        }
        return kept
    }
}
