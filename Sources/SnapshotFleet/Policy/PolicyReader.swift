// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Turns a JSON document into a policy and collects what has the wrong shape.
///
/// Looks at names and types only; what the values mean is for ``PolicyRules``. What is wrong is replaced by something
/// that those rules pass over, so that nothing is reported twice.
struct PolicyReader {
    private(set) var fields = FieldReader()

    var problems: [PolicyProblem] { self.fields.problems }

    mutating func policy(_ document: JSONValue) -> Policy {
        guard let top = self.fields.object(document, at: "", known: ["routes", "$schema"]) else {
            return Policy(routes: [])
        }
        let routes = self.fields.objects(top, "routes", remedy: #"write "routes": [ { … } ] with at least one route"#)
        return Policy(routes: routes.map { self.route($0.value, at: $0.path) })
    }

    private mutating func route(_ value: JSONValue, at path: String) -> Route {
        var route = Route(name: "", source: SourceSelection(regions: []), destinations: [])
        let known = ["name", "priority", "source", "match", "destinations", "newestOnly", "rpo", "retention"]
        guard let object = self.fields.object(value, at: path, known: known) else { return route }
        route.name = self.fields.text(object, "name", remedy: "give the route a name of its own") ?? ""
        route.priority = self.fields.integer(object, "priority", in: -1000...1000) ?? 0
        route.newestOnly = self.fields.flag(object, "newestOnly") ?? false
        route.rpo = self.fields.duration(object, "rpo", in: .seconds(60)...RetentionRule.longest)
        if let retention = self.fields.member(object, "retention") {
            route.retention = self.retention(retention, at: object.path("retention"))
        }
        let source = self.fields.member(object, "source", remedy: #"write "source": { "regions": ["us-east-1"] }"#)
        if let source { route.source = self.source(source, at: object.path("source")) }
        if let match = self.fields.member(object, "match") {
            route.match = self.match(match, at: object.path("match"))
        }
        let remedy = #"write "destinations": [ { "region": "eu-west-1" } ] with at least one destination"#
        route.destinations = self.fields.objects(object, "destinations", remedy: remedy)
            .map { self.destination($0.value, at: $0.path) }
        return route
    }

    private mutating func source(_ value: JSONValue, at path: String) -> SourceSelection {
        var source = SourceSelection(regions: [])
        let known = ["regions", "accounts", "role", "externalId", "hopKey"]
        guard let object = self.fields.object(value, at: path, known: known) else { return source }
        let remedy = "name at least one Region that snapshots come from"
        source.regions = self.fields.texts(object, "regions", remedy: remedy) ?? []
        source.role = self.fields.text(object, "role")
        let account = source.role.flatMap(PolicyRules.account(ofRole:))
        source.accounts = self.fields.texts(object, "accounts") ?? account.map { [$0] } ?? []
        source.externalID = self.fields.text(object, "externalId")
        source.hopKey = self.fields.text(object, "hopKey")
        return source
    }

    private mutating func match(_ value: JSONValue, at path: String) -> SnapshotMatch {
        var match = SnapshotMatch()
        let known = [
            "kinds", "types", "engines", "databases", "exclude", "snapshots", "excludeSnapshots", "tags",
            "databaseTags",
        ]
        guard let object = self.fields.object(value, at: path, known: known) else { return match }
        if let kinds = self.fields.choices(object, "kinds", of: SnapshotKind.self) { match.kinds = kinds }
        if let types = self.fields.choices(object, "types", of: Snapshot.Origin.self) { match.types = types }
        match.engines = self.patterns(object, "engines") ?? match.engines
        match.databases = self.patterns(object, "databases") ?? match.databases
        match.exclude = self.patterns(object, "exclude", mayBeEmpty: true) ?? []
        match.snapshots = self.patterns(object, "snapshots") ?? match.snapshots
        match.excludeSnapshots = self.patterns(object, "excludeSnapshots", mayBeEmpty: true) ?? []
        match.tags = (self.fields.map(object, "tags") ?? [:]).mapValues { GlobPattern($0) }
        match.databaseTags = (self.fields.map(object, "databaseTags") ?? [:]).mapValues { GlobPattern($0) }
        return match
    }

    private mutating func patterns(
        _ object: FieldReader.Object,
        _ key: String,
        mayBeEmpty: Bool = false
    ) -> [GlobPattern]? {
        self.fields.texts(object, key, mayBeEmpty: mayBeEmpty)?.map { GlobPattern($0) }
    }

    private mutating func retention(_ value: JSONValue, at path: String) -> RetentionRule? {
        let known = [
            "keepNewest", "keepFor", "daily", "weekly", "monthly", "yearly", "minimum", "maxDeletesPerRun",
            "afterConfirm", "whenQuotaIsFull",
        ]
        guard let object = self.fields.object(value, at: path, known: known) else { return nil }
        var rule = RetentionRule()
        rule.keepNewest = self.fields.integer(object, "keepNewest", in: 0...10_000) ?? 0
        rule.keepFor = self.fields.duration(object, "keepFor", in: .seconds(3600)...RetentionRule.longest)
        rule.daily = self.fields.integer(object, "daily", in: 0...10_000) ?? 0
        rule.weekly = self.fields.integer(object, "weekly", in: 0...10_000) ?? 0
        rule.monthly = self.fields.integer(object, "monthly", in: 0...10_000) ?? 0
        rule.yearly = self.fields.integer(object, "yearly", in: 0...10_000) ?? 0
        rule.minimum = self.fields.integer(object, "minimum", in: 1...10_000) ?? rule.minimum
        let cap = self.fields.integer(object, "maxDeletesPerRun", in: 1...10_000)
        rule.maxDeletesPerRun = cap ?? rule.maxDeletesPerRun
        rule.afterConfirm = self.fields.flag(object, "afterConfirm") ?? false
        rule.whenQuotaIsFull = self.fields.flag(object, "whenQuotaIsFull") ?? false
        return rule
    }

    private mutating func destination(_ value: JSONValue, at path: String) -> DestinationRule {
        var rule = DestinationRule(region: "")
        let known = [
            "region", "account", "role", "externalId", "kmsKey", "optionGroups", "copyOptionGroup", "slots", "headroom",
            "tags", "copyTags",
        ]
        guard let object = self.fields.object(value, at: path, known: known) else { return rule }
        rule.region = self.fields.text(object, "region", remedy: "name the Region that copies go to") ?? ""
        rule.role = self.fields.text(object, "role")
        rule.account = self.fields.text(object, "account") ?? rule.role.flatMap(PolicyRules.account(ofRole:))
        rule.externalID = self.fields.text(object, "externalId")
        rule.kmsKey = self.fields.text(object, "kmsKey")
        rule.optionGroups = self.fields.map(object, "optionGroups") ?? [:]
        rule.copyOptionGroup = self.fields.flag(object, "copyOptionGroup") ?? false
        if let slots = self.fields.member(object, "slots"),
            let counts = self.fields.object(
                slots,
                at: object.path("slots"),
                known: SnapshotKind.allCases.map(\.rawValue)
            )
        {
            for kind in SnapshotKind.allCases {
                rule.slots[kind] = self.fields.integer(counts, kind.rawValue, in: 1...1000)
            }
        }
        rule.headroom = self.fields.integer(object, "headroom", in: 0...999) ?? 0
        rule.tags = self.fields.map(object, "tags") ?? [:]
        rule.copyTags = self.fields.flag(object, "copyTags") ?? true
        return rule
    }
}
