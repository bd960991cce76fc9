// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// RDS in all accounts and Regions.
///
/// Snapshots and copies take time by size; what happens meanwhile is planned on a timeline and carried out when time
/// passes, at the moment it was due. Events for EventBridge leave through ``advance(to:)``.
package struct RDSModel: ServiceModel {
    /// What is going to happen without being asked.
    enum Change: Sendable {
        /// A snapshot's work ends.
        case workEnds(RDSName, token: Int)
        case databaseReady(RDSName, resourceID: String)
        case databaseGone(RDSName, resourceID: String)
        /// The daily backup of a database is due.
        case backup(RDSName, resourceID: String, plan: Int)
        /// An automated snapshot has reached its age.
        case snapshotAges(RDSName, created: Instant)
    }

    /// How RDS behaves; a change counts from the next request on.
    package var settings: RDSSettings {
        didSet {
            if self.settings.automatedBackups, !oldValue.automatedBackups { self.planAllBackups(after: self.clock) }
        }
    }

    var databases: [RDSPlace: [String: RDSDatabase]] = [:]
    var shelves: [RDSPlace: RDSShelf] = [:]
    var optionGroups: [RDSRegion: [String: RDSOptionGroup]] = [:]
    /// The snapshots that are shared with anybody, by the place that they are in, whatever the account.
    var shared: Set<RDSName> = []
    /// Copies that are not done, by what they wait for; the first of each lane is being made.
    var lanes: [RDSLane: [RDSName]] = [:]
    var timeline = RDSTimeline<Change>()
    /// What happened, for `DescribeEvents`; oldest first.
    var history: [RDSRegion: [RDSEvent]] = [:]
    /// What has not been collected yet.
    var effects: [ModelEffect] = []
    /// How copies ended, the latest of them; whoever keeps a journal collects them.
    var copyEndings: [RDSCopyEnding] = []
    /// Whether somebody collects what was touched.
    var isJournaled = false
    /// The snapshots that were made, changed or removed since somebody collected them.
    var touched: [RDSName] = []
    /// The latest moment that this model has seen.
    var clock = Instant(microseconds: 0)
    var eventsRaised = 0
    var resourcesMade = 0
    var copiesMade = 0
    /// How often automated backups were switched on; what was planned before the last time no longer counts.
    var backupPlan = 0
    /// How many copies each rule has spoilt, by its pattern.
    var faultsUsed: [String: Int] = [:]
    private var buckets: [RDSRegion: RDSRequestBucket] = [:]

    package init(settings: RDSSettings = .init()) {
        self.settings = settings
    }

    package var nextChange: Instant? {
        self.effects.isEmpty ? self.timeline.next : self.clock
    }

    package mutating func advance(to now: Instant) -> [ModelEffect] {
        self.settle(to: now)
        defer { self.effects = [] }
        return self.effects
    }

    /// Answers one request.
    ///
    /// - Parameters:
    ///   - request: What is asked.
    ///   - keys: The keys as they are now.
    ///   - now: The present moment.
    /// - Returns: The result without its wrapper: `{"DBSnapshot": {…}}`. Times are ISO 8601.
    /// - Throws: What RDS would answer.
    package mutating func handle(
        _ request: ModelRequest,
        keys: KMSModel,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        self.settle(to: now)
        if !request.operation.hasPrefix("Local") { try self.throttle(request, at: now) }
        let call = RDSCall(request: request, keys: keys, now: now)
        let result = try self.perform(call)
        self.settle(to: now)
        return result
    }

    /// Answers a describing request as ``handle(_:keys:at:)`` does, but for writing the answer down.
    mutating func describeSnapshots(
        _ request: ModelRequest,
        keys: KMSModel,
        at now: Instant
    ) throws(ModelFailure) -> (snapshots: [RDSSnapshot], marker: String?) {
        self.settle(to: now)
        try self.throttle(request, at: now)
        let kind: RDSKind = request.operation == "DescribeDBSnapshots" ? .instance : .cluster
        return try self.snapshots(kind, RDSCall(request: request, keys: keys, now: now))
    }

    /// Lets everything happen that is due.
    private mutating func settle(to now: Instant) {
        while let (moment, change) = self.timeline.popDue(by: now) {
            self.clock = max(self.clock, moment)
            self.carryOut(change, at: moment)
        }
        self.clock = max(self.clock, now)
    }

    private mutating func carryOut(_ change: Change, at moment: Instant) {
        switch change {
        case .workEnds(let name, let token): self.endWork(of: name, token: token, at: moment)
        case .databaseReady(let name, let resourceID):
            self.changeDatabase(name, resourceID: resourceID) { $0.status = "available" }
        case .databaseGone(let name, let resourceID):
            if self.databases[name.place]?[name.identifier]?.traits.resourceID == resourceID {
                self.databases[name.place]?[name.identifier] = nil
            }
        case .backup(let name, let resourceID, let plan):
            if plan == self.backupPlan { self.takeBackup(of: name, resourceID: resourceID, at: moment) }
        case .snapshotAges(let name, let created): self.ageOut(name, created: created, at: moment)
        }
    }

    private mutating func throttle(_ request: ModelRequest, at now: Instant) throws(ModelFailure) {
        guard let rate = self.settings.requestsPerSecond else { return }
        let place = RDSRegion(account: request.caller.account, region: request.region)
        let burst = max(1, self.settings.requestBurst ?? rate)
        var bucket = self.buckets[place] ?? RDSRequestBucket(tokens: burst, filled: now)
        let isAllowed = bucket.take(rate: rate, burst: burst, at: now)
        self.buckets[place] = bucket
        guard isAllowed else { throw ModelFailure("Throttling", "Rate exceeded") }
    }

    private mutating func perform(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        switch call.request.operation {
        case "CreateDBInstance": return try self.createDatabase(.instance, call)
        case "CreateDBCluster": return try self.createDatabase(.cluster, call)
        case "DescribeDBInstances": return try self.describeDatabases(.instance, call)
        case "DescribeDBClusters": return try self.describeDatabases(.cluster, call)
        case "DeleteDBInstance": return try self.deleteDatabase(.instance, call)
        case "DeleteDBCluster": return try self.deleteDatabase(.cluster, call)
        case "CreateDBSnapshot": return try self.createSnapshot(.instance, call)
        case "CreateDBClusterSnapshot": return try self.createSnapshot(.cluster, call)
        case "LocalCreateAutomatedSnapshot": return try self.createAutomatedSnapshot(call)
        case "DescribeDBSnapshots": return try self.describeSnapshots(.instance, call)
        case "DescribeDBClusterSnapshots": return try self.describeSnapshots(.cluster, call)
        case "CopyDBSnapshot": return try self.copySnapshot(.instance, call)
        case "CopyDBClusterSnapshot": return try self.copySnapshot(.cluster, call)
        case "DeleteDBSnapshot": return try self.deleteSnapshot(.instance, call)
        case "DeleteDBClusterSnapshot": return try self.deleteSnapshot(.cluster, call)
        default: return try self.performRest(call)
        }
    }

    private mutating func performRest(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        switch call.request.operation {
        case "ModifyDBSnapshotAttribute": return try self.modifyAttribute(.instance, call)
        case "ModifyDBClusterSnapshotAttribute": return try self.modifyAttribute(.cluster, call)
        case "DescribeDBSnapshotAttributes": return try self.describeAttributes(.instance, call)
        case "DescribeDBClusterSnapshotAttributes": return try self.describeAttributes(.cluster, call)
        case "AddTagsToResource": return try self.addTags(call)
        case "RemoveTagsFromResource": return try self.removeTags(call)
        case "ListTagsForResource": return try self.listTags(call)
        case "DescribeEvents": return try self.describeEvents(call)
        case "DescribeAccountAttributes": return self.describeAccountAttributes(call)
        case "ModifyDBInstance": return try self.renameDatabase(.instance, call)
        case "ModifyDBCluster": return try self.renameDatabase(.cluster, call)
        case "CreateOptionGroup": return try self.createOptionGroup(call)
        case "ModifyOptionGroup": return try self.modifyOptionGroup(call)
        case "CopyOptionGroup": return try self.copyOptionGroup(call)
        case "DeleteOptionGroup": return try self.deleteOptionGroup(call)
        case "DescribeOptionGroups": return try self.describeOptionGroups(call)
        default:
            throw ModelFailure(
                "InvalidAction",
                "Could not find operation \(call.request.operation) for version 2014-10-31"
            )
        }
    }
}

/// The requests that an account may still send in a Region.
struct RDSRequestBucket: Sendable {
    var tokens: Double
    var filled: Instant

    mutating func take(rate: Double, burst: Double, at now: Instant) -> Bool {
        self.tokens = min(burst, self.tokens + rate * max(0, (now - self.filled).inSeconds))
        self.filled = max(self.filled, now)
        // Rounding must not turn the one request a second that is allowed into none.
        guard self.tokens >= 1 - 1e-9 else { return false }
        self.tokens -= 1
        return true
    }
}
