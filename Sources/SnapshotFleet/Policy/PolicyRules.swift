// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What a policy's values have to be, each by itself and all together.
///
/// Empty texts are passed over: whoever made the policy has reported them.
struct PolicyRules {
    private(set) var problems: [PolicyProblem] = []

    init(_ policy: Policy) {
        var names: [String: Int] = [:]
        for (index, route) in policy.routes.enumerated() {
            let path = "routes[\(index)]"
            if route.name.unicodeScalars.count > 128 || !TagMerge.isLegal(value: route.name) {
                // The name becomes the value of a tag and a label of metrics.
                self.report(
                    "\(path).name",
                    "not a name that a tag can hold",
                    "use at most 128 letters, digits, - and _"
                )
            }
            if let first = names[route.name], !route.name.isEmpty {
                self.report(
                    "\(path).name",
                    "routes[\(first)] is called \(route.name) too",
                    "give each a name of its own"
                )
            }
            names[route.name] = names[route.name] ?? index
            self.check(route.source, at: "\(path).source")
            self.check(route.match, at: "\(path).match")
            if let retention = route.retention { self.check(retention, of: route, at: "\(path).retention") }
            for (number, rule) in route.destinations.enumerated() {
                self.check(rule, of: route, at: "\(path).destinations[\(number)]")
                self.compare(rule, number: number, of: route, at: path)
            }
        }
        self.compareRoles(policy)
    }

    mutating func report(_ path: String, _ problem: String, _ remedy: String) {
        self.problems.append(PolicyProblem(path: path, problem: problem, remedy: remedy))
    }

    // MARK: - Each by itself

    private mutating func check(_ source: SourceSelection, at path: String) {
        for (index, region) in source.regions.enumerated() {
            self.check(region: region, at: "\(path).regions[\(index)]")
            if source.regions.prefix(index).contains(region) {
                self.report("\(path).regions[\(index)]", "\(region) is there twice", "remove one of them")
            }
        }
        for (index, account) in source.accounts.enumerated() {
            self.check(account: account, at: "\(path).accounts[\(index)]")
        }
        self.checkAccess(source, at: path)
    }

    private mutating func check(_ match: SnapshotMatch, at path: String) {
        for (name, patterns) in [
            ("engines", match.engines), ("databases", match.databases), ("exclude", match.exclude),
            ("snapshots", match.snapshots), ("excludeSnapshots", match.excludeSnapshots),
        ] {
            let more = name.lowercased().hasSuffix("snapshots") ? ":" : ""
            for (index, pattern) in patterns.enumerated() where !Self.isPlausible(pattern, allowing: more) {
                self.report(
                    "\(path).\(name)[\(index)]",
                    "\(pattern.text.excerpt(60)) can't describe any name",
                    "use letters, digits and hyphens, * for any text and ? for one character"
                )
            }
        }
        self.check(match.databases, against: match.exclude, "exclude", at: path)
        self.check(match.snapshots, against: match.excludeSnapshots, "excludeSnapshots", at: path)
    }

    /// A pattern that another list takes back as it stands can take nothing.
    private mutating func check(
        _ patterns: [GlobPattern],
        against excluded: [GlobPattern],
        _ name: String,
        at path: String
    ) {
        guard !patterns.isEmpty, !excluded.isEmpty else { return }
        let texts = Set(excluded.map { $0.text.lowercased() })
        let isAll = excluded.contains(where: \.isUniversal)
        guard isAll || patterns.allSatisfy({ texts.contains($0.text.lowercased()) }) else { return }
        let remedy = "exclude less, or remove the route"
        self.report("\(path).\(name)", "it excludes everything that the route takes", remedy)
    }

    private static func isPlausible(_ pattern: GlobPattern, allowing more: String) -> Bool {
        pattern.text.utf8.allSatisfy {
            (97...122).contains($0 | 0x20) || (48...57).contains($0) || "-*?".utf8.contains($0)
                || more.utf8.contains($0)
        }
    }

    private mutating func check(_ rule: RetentionRule, of route: Route, at path: String) {
        if !rule.namesSomething {
            self.report(
                path,
                "it keeps nothing but the newest \(rule.minimum) of each database",
                #"say what to keep, such as "keepFor": "35d" or "keepNewest": 7"#
            )
        }
        if let keepFor = rule.keepFor, let rpo = route.rpo, keepFor < rpo {
            self.report(
                "\(path).keepFor",
                "\(keepFor.policyText), where the route's rpo is \(rpo.policyText): copies would go before the next is due",
                "write at least \(rpo.policyText)"
            )
        }
    }

    private mutating func check(_ rule: DestinationRule, of route: Route, at path: String) {
        self.check(region: rule.region, at: "\(path).region")
        if let account = rule.account { self.check(account: account, at: "\(path).account") }
        if let role = rule.role {
            self.check(role: role, in: rule.account, rule.region, what: "destination", at: "\(path).role")
        }
        if rule.externalID != nil, rule.role == nil {
            self.report(
                "\(path).externalId",
                "an external id without a role",
                "add the role that asks for it, or remove it"
            )
        }
        if let key = rule.kmsKey { self.check(key: key, in: rule.region, at: "\(path).kmsKey") }
        for kind in route.match.kinds.sorted() where rule.usableSlots(for: kind) == 0 {
            let slots = rule.slots[kind] ?? kind.defaultSlots
            self.report(
                "\(path).headroom",
                "\(rule.headroom) of \(slots) \(kind) slots leave the fleet none",
                "write less than \(slots), or raise slots.\(kind)"
            )
        }
        for (name, target) in rule.optionGroups.sorted(by: { $0.key < $1.key }) where name.isEmpty || target.isEmpty {
            self.report("\(path).optionGroups.\(name)", "an empty name", "name the option groups of both Regions")
        }
        for (key, value) in rule.tags.sorted(by: { $0.key < $1.key }) {
            let place = "\(path).tags.\(key.excerpt(60))"
            if TagMerge.isReserved(key) {
                self.report(place, "tags with this prefix are not yours to set", "choose another prefix")
            } else if !TagMerge.isLegal(key: key) || !TagMerge.isLegal(value: value) {
                let remedy =
                    "use letters, digits, spaces and _ . : / = + - @; at most 128 for the key, 256 for the value"
                self.report(place, "RDS does not take this tag", remedy)
            }
        }
        if rule.tags.count > TagMerge.limit - 4 {
            let most = TagMerge.limit - 4
            self.report(
                "\(path).tags",
                "\(rule.tags.count) tags, where RDS takes \(most) beside the fleet's own",
                "remove some"
            )
        }
    }

    private mutating func check(region: String, at path: String) {
        if region.isEmpty || KnownRegions.isPlausible(region) { return }
        let remedy = KnownRegions.nearest(to: region).map { "write \($0)" } ?? "write a name like eu-west-1"
        self.report(path, "\(region.excerpt(60)) is no Region", remedy)
    }

    private mutating func check(account: String, at path: String) {
        if account.isEmpty || account.isAccountID { return }
        self.report(path, "\(account.excerpt(60)) is no account", "write its twelve digits")
    }

    mutating func check(role: String, in wanted: String?, _ region: String, what: String, at path: String) {
        guard let account = Self.account(ofRole: role) else {
            self.report(path, "\(role.excerpt(80)) is no IAM role's ARN", "write arn:aws:iam::444455556666:role/name")
            return
        }
        if let wanted, wanted.isAccountID, wanted != account {
            self.report(
                path,
                "the role is in account \(account), not in \(wanted)",
                "name a role of the \(what)'s account"
            )
        }
        self.check(partitionOf: role, is: region, at: path)
    }

    private mutating func check(partitionOf arn: String, is region: String, at path: String) {
        let partition = arn.split(separator: ":", maxSplits: 2).dropFirst().first.map(String.init) ?? ""
        guard let wanted = RegionName.partition(of: region), partition != wanted else { return }
        self.report(
            path,
            "an ARN of partition \(partition), where \(region) is in \(wanted)",
            "begin it with arn:\(wanted):"
        )
    }

    /// The account of an IAM role; `nil` when the text is no role's ARN.
    static func account(ofRole arn: String) -> String? {
        let fields = arn.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0] == "arn", fields[1].hasPrefix("aws"), fields[2] == "iam", fields[3].isEmpty,
            fields[4].isAccountID, fields[5].hasPrefix("role/"), fields[5].utf8.count > 5, !fields[5].hasSuffix("/"),
            fields[5].utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return String(fields[4])
    }

    mutating func check(key: String, in region: String, of what: String = "destination", at path: String) {
        guard key.hasPrefix("arn:") else {
            if !Self.isKeyName(key) {
                let remedy = "write a key's id, alias/name, or the ARN of either"
                self.report(path, "\(key.excerpt(80)) is no KMS key", remedy)
            }
            return
        }
        let fields = key.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 6, fields[2] == "kms", RegionName.partition(of: fields[3]) != nil, fields[4].isAccountID,
            fields[5].hasPrefix("key/") ? Self.isKeyName(String(fields[5].dropFirst(4))) : Self.isAlias(fields[5])
        else {
            let remedy = "write arn:aws:kms:\(region):444455556666:key/… or …:alias/name"
            self.report(path, "\(key.excerpt(80)) is no KMS key's ARN", remedy)
            return
        }
        if fields[3] != region, RegionName.partition(of: region) != nil {
            let remedy = "name a key of \(region); a copy is encrypted with a key of its own Region"
            self.report(path, "the key is in \(fields[3]), the \(what) in \(region)", remedy)
        } else {
            self.check(partitionOf: key, is: region, at: path)
        }
    }

    /// Whether this is a key's id, which is a UUID or begins with `mrk-`, or an alias.
    private static func isKeyName(_ name: String) -> Bool {
        func isHex(_ text: Substring) -> Bool {
            text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0 | 0x20) }
        }
        if name.hasPrefix("mrk-") { return name.utf8.count == 36 && isHex(name.dropFirst(4)) }
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts.allSatisfy(isHex) || self.isAlias(name)
    }

    private static func isAlias(_ name: String) -> Bool {
        name.hasPrefix("alias/") && (7...256).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (97...122).contains($0 | 0x20) || (48...57).contains($0) || "/_-".utf8.contains($0)
            }
    }

    // MARK: - Together

    /// One account and Region is entered in one way: two routes that name different roles for it contradict each other.
    private mutating func compareRoles(_ policy: Policy) {
        var first: [String: (rule: DestinationRule, path: String)] = [:]
        for (index, route) in policy.routes.enumerated() {
            for (number, rule) in route.destinations.enumerated() {
                let place = "\(rule.account ?? "")/\(rule.region)"
                let path = "routes[\(index)].destinations[\(number)]"
                guard let known = first[place] else {
                    first[place] = (rule, path)
                    continue
                }
                // Twice in one route is a problem of its own.
                if known.path.hasPrefix("routes[\(index)].") { continue }
                if known.rule.role != rule.role {
                    let remedy = "write the same role in both"
                    self.report("\(path).role", "\(known.path), the same place, has another role, or none", remedy)
                } else if known.rule.externalID != rule.externalID {
                    let remedy = "write the same external id in both"
                    self.report("\(path).externalId", "\(known.path), the same role, has another, or none", remedy)
                }
            }
        }
    }

    private mutating func compare(_ rule: DestinationRule, number: Int, of route: Route, at path: String) {
        guard let partition = RegionName.partition(of: rule.region) else { return }
        let place = "\(path).destinations[\(number)]"
        let isSourceAccount = rule.account.map(route.source.accounts.contains) ?? route.source.accounts.isEmpty
        if isSourceAccount, route.source.regions.contains(rule.region) {
            self.report(
                "\(place).region",
                "the destination is one of the route's sources",
                "choose another Region or account, or make a route for each direction"
            )
        }
        self.checkOptionGroup(rule, of: route, at: place)
        if let other = route.destinations.prefix(number).firstIndex(where: {
            $0.region == rule.region && $0.account == rule.account
        }) {
            self.report(place, "the same as \(path).destinations[\(other)]", "remove one of them")
        }
        for region in route.source.regions {
            guard let origin = RegionName.partition(of: region), origin != partition else { continue }
            self.report(
                "\(place).region",
                "\(rule.region) is in partition \(partition), the source \(region) in \(origin)",
                "choose a Region of \(origin); nothing is copied between partitions"
            )
            break
        }
    }
}
