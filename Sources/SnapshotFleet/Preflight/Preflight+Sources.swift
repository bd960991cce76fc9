// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Where snapshots come from: the way in, the databases, and the keys that they are under.
extension Preflight {
    mutating func judge(_ source: PreflightFacts.Source, at place: Destination) {
        guard let account = source.account else {
            return self.report(
                .warning,
                .source,
                "\(place)",
                "can't be looked at from account \(self.facts.account): only what its owner shares is copied",
                remedy: "name a role of that account in source.role, and whatever has to be shared is"
            )
        }
        guard self.judge(account, wanted: place, .source) else { return }
        for kind in SnapshotKind.allCases {
            guard let answer = source.databases[kind] else { continue }
            switch answer {
            case .success(let databases): self.judge(databases, kind, source, at: place)
            case .failure(let error):
                let permission = kind == .instance ? "rds:DescribeDBInstances" : "rds:DescribeDBClusters"
                self.failed(error, .databases, "\(place)/\(kind)", needs: permission, denied: .warning)
            }
        }
        self.judgeHopKeys(source, at: place)
    }

    /// Judges whether the credentials for a place are there, and are that account's.
    mutating func judge(
        _ account: PreflightFacts.Answer<String>,
        wanted place: Destination,
        _ subject: Finding.Subject
    ) -> Bool {
        let role = self.role(at: place, subject)
        switch account {
        case .failure(let error):
            if let role, error.isDenial {
                let remedy =
                    "let \(self.facts.identity) assume it, in its trust policy and by sts:AssumeRole; an external id has to "
                    + "be the one that the trust policy asks for"
                let found = "the role \(role) can't be assumed: \(error.message)"
                self.report(.error, subject, "\(place)", found, remedy: remedy)
            } else {
                self.failed(error, subject, "\(place)", needs: "sts:AssumeRole")
            }
            return false
        case .success(let found) where found != place.account:
            let whose = role.map { "the role \($0) leads" } ?? "the fleet's own credentials lead"
            let remedy = "name a role of account \(place.account)"
            self.report(.error, subject, "\(place)", "\(whose) into account \(found)", remedy: remedy)
            return false
        case .success:
            self.report(
                .ok,
                subject,
                "\(place)",
                role.map { "the role \($0) can be assumed" } ?? "by the fleet's own credentials"
            )
            return true
        }
    }

    private func role(at place: Destination, _ subject: Finding.Subject) -> String? {
        subject == .source
            ? self.facts.policy.routes.first { $0.source.accounts.first == place.account && $0.source.role != nil }?
                .source.role
            : self.facts.policy.routes.flatMap(\.destinations).first { $0.leads(to: place) && $0.role != nil }?.role
    }

    // MARK: - Databases

    private mutating func judge(
        _ databases: [PreflightFacts.Database],
        _ kind: SnapshotKind,
        _ source: PreflightFacts.Source,
        at place: Destination
    ) {
        for route in self.facts.policy.routes where route.takes(kind, from: place) {
            let name = "\(place)/\(kind)"
            let wanted = databases.filter { route.wants($0, kind, at: place) }
            guard !wanted.isEmpty else {
                self.report(
                    .warning,
                    .databases,
                    name,
                    "none of \(Self.count(databases.count, kind.rawValue)) is for route \(route.name)",
                    remedy: databases.isEmpty
                        ? "leave \(kind) out of match.kinds, if that is meant"
                        : "compare match with names such as \(Self.list(databases.map(\.name)))"
                )
                continue
            }
            let encrypted = wanted.filter { $0.key != nil }
            self.report(
                .ok,
                .databases,
                name,
                "\(wanted.count) of \(databases.count) for route \(route.name), \(encrypted.count) encrypted"
            )
            self.judgeWantOfKeys(encrypted, route, name)
            self.judgeKeys(encrypted, route, source, at: place)
        }
    }

    /// An encrypted snapshot can't be copied without a key at its destination.
    private mutating func judgeWantOfKeys(_ encrypted: [PreflightFacts.Database], _ route: Route, _ name: String) {
        let without = route.destinations.filter { $0.kmsKey == nil }
        guard !encrypted.isEmpty, !without.isEmpty else { return }
        self.report(
            .error,
            .databases,
            name,
            "encrypted: \(Self.list(encrypted.map(\.name))); route \(route.name) names no kmsKey for "
                + Self.list(without.map(\.region)),
            remedy: "name a key of that Region in the destination's kmsKey"
        )
    }

    /// The keys that databases are under: whether they can be used, and whether they can leave their account.
    private mutating func judgeKeys(
        _ encrypted: [PreflightFacts.Database],
        _ route: Route,
        _ source: PreflightFacts.Source,
        at place: Destination
    ) {
        let leaves = route.destinations.contains { $0.account != place.account }
        for (key, group) in Dictionary(grouping: encrypted, by: { $0.key ?? "" }).sorted(by: { $0.key < $1.key }) {
            let names = Self.list(group.map(\.name))
            switch source.keys[key] {
            case .success(let metadata):
                if let state = metadata.keyState, state != "Enabled" {
                    let remedy = "enable it, or cancel its deletion: snapshots under it can't be copied"
                    self.report(.error, .sourceKey, key, "is \(state); \(names) are under it", remedy: remedy)
                } else if leaves, metadata.keyManager == "AWS" {
                    self.judgeDefaultKey(key, names, route)
                } else if leaves, !route.hopsEverything {
                    // Of snapshots that take a hop only those under the hop's key cross over.
                    let severity: Finding.Severity = route.source.hopKey == nil ? .error : .warning
                    self.judgeGrant(of: key, names, route, at: place, severity)
                }
            case .failure(let error):
                self.failed(error, .sourceKey, key, needs: "kms:DescribeKey on the key of \(names)", denied: .warning)
            case nil: break
            }
        }
    }

    /// Nobody else can ever use AWS's own key, so its snapshots need a hop under another one.
    private mutating func judgeDefaultKey(_ key: String, _ names: String, _ route: Route) {
        if let hop = route.source.hopKey {
            let found = "is AWS's own and can't be shared: \(names) are encrypted anew under \(hop) on their way"
            return self.report(.ok, .sourceKey, key, found)
        }
        self.report(
            .error,
            .sourceKey,
            key,
            "is AWS's own and can't be shared: nothing of \(names) gets into another account",
            remedy:
                "name a key of the source's account in source.hopKey of route \(route.name), and let the destination use it"
        )
    }

    /// Whether the destinations may use a source's key, as far as describing it from there tells.
    mutating func judgeGrant(
        of key: String,
        _ names: String,
        _ route: Route,
        at place: Destination,
        _ severity: Finding.Severity = .error
    ) {
        for rule in route.destinations where rule.account != place.account {
            guard let account = rule.account,
                let answer = self.facts.targets[Destination(account: account, region: rule.region)]?.sourceKeys[key]
            else { continue }
            switch answer {
            case .success:
                self.report(.ok, .sourceKey, key, "account \(account) may describe it, for \(names)")
            case .failure(let error) where error.isDenial || error.serviceCode?.hasPrefix("NotFound") == true:
                self.report(
                    severity,
                    .sourceKey,
                    key,
                    "account \(account) may not use it, for \(names): \(error.message)",
                    remedy:
                        "let \(account) use it in its key policy, and its role in IAM: kms:DescribeKey, kms:CreateGrant"
                )
            case .failure(let error):
                self.failed(error, .sourceKey, key, needs: "kms:DescribeKey in account \(account)")
            }
        }
    }

    // MARK: - Hops

    private mutating func judgeHopKeys(_ source: PreflightFacts.Source, at place: Destination) {
        for route in self.facts.policy.routes {
            guard let hop = route.source.hopKey, route.source.accounts.contains(place.account),
                route.source.regions.contains(place.region),
                let answer = source.keys[hop]
            else { continue }
            guard let metadata = self.judge(key: hop, answer, .hopKey, at: place) else { continue }
            if metadata.keyManager == "AWS" {
                let remedy = "name a key of your own: no other account can use this one"
                self.report(.error, .hopKey, hop, "is AWS's own", remedy: remedy)
            } else {
                self.judgeGrant(of: metadata.arn ?? hop, "hops of route \(route.name)", route, at: place)
            }
        }
    }
}

extension Route {
    /// Whether every snapshot that leaves its account is encrypted anew on its way: only manual ones are shared as they are.
    var hopsEverything: Bool {
        self.source.hopKey != nil && self.match.types.isDisjoint(with: [.manual, .shared, .public])
    }

    /// Whether the route takes snapshots of a kind from a place, as far as their databases don't matter.
    func takes(_ kind: SnapshotKind, from place: Destination) -> Bool {
        self.match.kinds.contains(kind) && self.source.regions.contains(place.region)
            && self.source.accounts.contains(place.account)
    }

    /// Whether the route wants the snapshots of a database, as far as can be told before there is one.
    func wants(_ database: PreflightFacts.Database, _ kind: SnapshotKind, at place: Destination) -> Bool {
        var route = self
        route.match.snapshots = ["*"]
        route.match.excludeSnapshots = []
        route.match.tags = [:]
        let arn = SnapshotARN(
            partition: RegionName.partition(of: place.region) ?? "aws",
            region: place.region,
            account: place.account,
            kind: kind,
            identifier: "rds:\(database.name)-2026-01-01-00-00"
        )
        let types = route.match.types
        let facts = SnapshotFacts(
            arn: arn,
            database: database.name,
            origin: types.contains(.automated)
                ? .automated : types.map(\.rawValue).min().flatMap { .init(rawValue: $0) },
            engine: database.engine,
            tags: [:],
            databaseTags: database.tags,
            isDescribed: true
        )
        return !Policy(routes: [route]).match(facts).isEmpty
    }
}
