// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Which snapshots go where, and how.
package struct Policy: Hashable, Sendable {
    /// In the order of the document; each has a name of its own.
    package var routes: [Route]

    package init(routes: [Route]) {
        self.routes = routes
    }
}

/// Which snapshots go to which destinations, under which rules.
package struct Route: Hashable, Sendable {
    package var name: String
    /// The higher goes first; also decides which route plans a copy that two of them ask for.
    package var priority: Int
    package var source: SourceSelection
    package var match: SnapshotMatch
    /// At least one; no two the same.
    package var destinations: [DestinationRule]
    /// Whether a snapshot that a newer one of its database overtakes before its copy starts is dropped.
    package var newestOnly: Bool
    /// How old the data of a database's newest confirmed copy may get; `nil` where nobody has said.
    package var rpo: Duration?
    /// How long copies are kept; `nil` for ever.
    package var retention: RetentionRule?

    package init(
        name: String,
        priority: Int = 0,
        source: SourceSelection,
        match: SnapshotMatch = SnapshotMatch(),
        destinations: [DestinationRule],
        newestOnly: Bool = false,
        rpo: Duration? = nil,
        retention: RetentionRule? = nil
    ) {
        self.name = name
        self.priority = priority
        self.source = source
        self.match = match
        self.destinations = destinations
        self.newestOnly = newestOnly
        self.rpo = rpo
        self.retention = retention
    }
}

/// Where a route's snapshots come from.
package struct SourceSelection: Hashable, Sendable {
    /// At least one: the fleet has to know where to sweep.
    package var regions: [String]
    /// Empty for the account of the fleet's own credentials alone, which ``Policy/resolved(ownAccount:)`` fills in.
    package var accounts: [String]
    /// The ARN of the role to take on for calls there; `nil` for the fleet's own credentials.
    package var role: String?
    /// What the role's trust policy asks for.
    package var externalID: String?
    /// The key under which snapshots are encrypted anew where they can't leave their account as they are.
    ///
    /// A customer's key in the source's account and Region: its id, ARN, alias, or alias's ARN.
    package var hopKey: String?

    package init(
        regions: [String],
        accounts: [String] = [],
        role: String? = nil,
        externalID: String? = nil,
        hopKey: String? = nil
    ) {
        self.regions = regions
        self.accounts = accounts
        self.role = role
        self.externalID = externalID
        self.hopKey = hopKey
    }
}

/// Which of a source's snapshots a route takes; all of the tests have to agree.
package struct SnapshotMatch: Hashable, Sendable {
    package var kinds: Set<SnapshotKind>
    package var types: Set<Snapshot.Origin>
    /// One of them has to describe the engine, such as `aurora-*`.
    package var engines: [GlobPattern]
    /// One of them has to describe the DB instance's or DB cluster's identifier.
    package var databases: [GlobPattern]
    /// None of them may describe the database.
    package var exclude: [GlobPattern]
    /// One of them has to describe the snapshot's identifier, `rds:` and all.
    package var snapshots: [GlobPattern]
    /// None of them may describe the snapshot's identifier.
    package var excludeSnapshots: [GlobPattern]
    /// Tags that the snapshot has to carry; a pattern for each value.
    package var tags: [String: GlobPattern]
    /// Tags that the DB instance or DB cluster has to carry, which takes a call of its own to find out.
    package var databaseTags: [String: GlobPattern]

    package init(
        kinds: Set<SnapshotKind> = [.instance, .cluster],
        types: Set<Snapshot.Origin> = [.automated, .manual],
        engines: [GlobPattern] = ["*"],
        databases: [GlobPattern] = ["*"],
        exclude: [GlobPattern] = [],
        snapshots: [GlobPattern] = ["*"],
        excludeSnapshots: [GlobPattern] = [],
        tags: [String: GlobPattern] = [:],
        databaseTags: [String: GlobPattern] = [:]
    ) {
        self.kinds = kinds
        self.types = types
        self.engines = engines
        self.databases = databases
        self.exclude = exclude
        self.snapshots = snapshots
        self.excludeSnapshots = excludeSnapshots
        self.tags = tags
        self.databaseTags = databaseTags
    }
}

/// Where a route's copies go, and what they are like there.
package struct DestinationRule: Hashable, Sendable {
    package var region: String
    /// `nil` for the account of the fleet's own credentials, which ``Policy/resolved(ownAccount:)`` fills in.
    package var account: String?
    /// The ARN of the role to take on for calls there; `nil` for the fleet's own credentials.
    package var role: String?
    /// What the role's trust policy asks for.
    package var externalID: String?
    /// A key's id, ARN, alias, or alias's ARN, in the destination's Region; `nil` where nothing is encrypted.
    package var kmsKey: String?
    /// The destination's option group for each of the source's.
    package var optionGroups: [String: String]
    /// Whether copies into another account bring the source's option group with them, where ``optionGroups`` names none.
    package var copyOptionGroup: Bool
    /// How many copies RDS runs at once, where that is not ``SnapshotKind/defaultSlots``; 1 to 1000.
    package var slots: [SnapshotKind: Int]
    /// How many of them the fleet leaves to people.
    package var headroom: Int
    package var tags: [String: String]
    /// Whether copies carry the source's tags as well.
    package var copyTags: Bool

    package init(
        region: String,
        account: String? = nil,
        role: String? = nil,
        externalID: String? = nil,
        kmsKey: String? = nil,
        optionGroups: [String: String] = [:],
        copyOptionGroup: Bool = false,
        slots: [SnapshotKind: Int] = [:],
        headroom: Int = 0,
        tags: [String: String] = [:],
        copyTags: Bool = true
    ) {
        self.region = region
        self.account = account
        self.role = role
        self.externalID = externalID
        self.kmsKey = kmsKey
        self.optionGroups = optionGroups
        self.copyOptionGroup = copyOptionGroup
        self.slots = slots
        self.headroom = headroom
        self.tags = tags
        self.copyTags = copyTags
    }

    /// How many copies of a kind the fleet may have in progress there.
    package func usableSlots(for kind: SnapshotKind) -> Int {
        max(0, (self.slots[kind] ?? kind.defaultSlots) - self.headroom)
    }

    /// The option group for a copy; `nil` when the source's needs no replacement.
    package func optionGroup(for source: String) -> String? {
        // Names are case-insensitive in RDS.
        self.optionGroups.first { $0.key.lowercased() == source.lowercased() }?.value
    }
}

extension Policy {
    /// The policy with the fleet's own account wherever it names none.
    ///
    /// - Parameter ownAccount: The account of the fleet's own credentials, twelve digits.
    /// - Returns: A policy in which every account is named.
    /// - Throws: ``PolicyError`` when two destinations of a route turn out to be the same, or a destination a source.
    package func resolved(ownAccount: String) throws(PolicyError) -> Policy {
        var policy = self
        for route in policy.routes.indices {
            if policy.routes[route].source.accounts.isEmpty { policy.routes[route].source.accounts = [ownAccount] }
            for rule in policy.routes[route].destinations.indices
            where policy.routes[route].destinations[rule].account == nil {
                policy.routes[route].destinations[rule].account = ownAccount
            }
        }
        let problems = PolicyRules(policy).problems
        if !problems.isEmpty { throw PolicyError(source: "policy in account \(ownAccount)", problems: problems) }
        return policy
    }

    /// How many copies the fleet may have in progress in a pool; where routes disagree, the smallest counts.
    package func usableSlots(in pool: SlotPool) -> Int {
        let rules = self.routes.flatMap(\.destinations).filter { $0.leads(to: pool.destination) }
        return rules.map { $0.usableSlots(for: pool.kind) }.min() ?? pool.kind.defaultSlots
    }

    /// The destinations of all routes, each once, in order.
    ///
    /// Leaves out those that name no account: ``resolved(ownAccount:)`` comes first.
    package var destinations: [Destination] {
        let all = self.routes.flatMap(\.destinations).compactMap { rule in
            rule.account.map { Destination(account: $0, region: rule.region) }
        }
        return Set(all).sorted()
    }

    /// The pools of slots that the routes take from, each once, in order; leaves out what ``destinations`` does.
    package var pools: [SlotPool] {
        self.destinations.flatMap { destination in
            SnapshotKind.allCases.map { SlotPool(destination: destination, kind: $0) }
        }.sorted()
    }

    /// Whether any route leads to a pool, as far as kind and destination tell.
    func leads(to pool: SlotPool) -> Bool {
        self.routes.contains { route in
            route.match.kinds.contains(pool.kind) && route.destinations.contains { $0.leads(to: pool.destination) }
        }
    }
}

extension DestinationRule {
    /// Whether this is the rule for a destination; a rule without account is for any account.
    func leads(to destination: Destination) -> Bool {
        self.region == destination.region && (self.account ?? destination.account) == destination.account
    }
}
