// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// What people do.
extension Simulation {
    /// After how long somebody cancels a copy that stands still.
    private static let tolerance: Duration = .seconds(5 * 3600)

    /// Plans snapshots, and what people do to them.
    func planPeople() {
        self.planSnapshots()
        self.planAgain(.deletedCopies) { [unowned self] in self.deleteCopy() }
        self.planAgain(.deletedSources) { [unowned self] in self.deleteSource() }
        self.planAgain(.agedSources) { [unowned self] in self.ageSource() }
        self.planAgain(.foreignCopies) { [unowned self] in self.copyByHand() }
        self.planAgain(.takenNames) { [unowned self] in self.takeName() }
        self.planAgain(.heldCopies) { [unowned self] in self.holdCopy() }
        if self.scenario.faults[.stalledCopies] > 0 { self.lookForStalledCopies() }
    }

    private func planSnapshots() {
        let databases = self.scenario.databases
        switch self.scenario.schedule {
        case .scattered(let count):
            let seconds = self.scenario.duration.inSeconds
            for number in 0..<count {
                let database = databases[number % databases.count]
                let isAutomated = self.random.happens(0.5)
                self.plan(after: self.random.duration(1...seconds * 0.9)) { [unowned self] in
                    self.takeSnapshot(of: database, number: number, isAutomated: isAutomated)
                }
            }
        case .daily(let hours):
            for database in databases {
                let first = self.random.duration(1...hours * 3600)
                self.plan(after: first) { [unowned self] in self.takeDaily(of: database) }
            }
        case .atOnce:
            for (number, database) in databases.enumerated() {
                self.plan(after: self.random.duration(0...30)) { [unowned self] in
                    self.takeSnapshot(of: database, number: number, isAutomated: false)
                }
            }
        case .backlog(let count): self.enqueue(count)
        }
    }

    private func takeDaily(of database: Scenario.Database) {
        guard self.now - Scenario.start < self.scenario.duration else { return }
        self.takeSnapshot(of: database, number: 0, isAutomated: true)
        self.plan(after: .seconds(86_400)) { [unowned self] in self.takeDaily(of: database) }
    }

    private func takeSnapshot(of database: Scenario.Database, number: Int, isAutomated: Bool) {
        let kind = database.kind == .instance ? "Instance" : "Cluster"
        let name = JSONValue.string(database.identifier)
        self.note("people: snapshot of \(database.identifier)")
        if isAutomated {
            self.must(.rds, "LocalCreateAutomatedSnapshot", ["DB\(kind)Identifier": name], Scenario.home)
            return
        }
        let snapshot = database.kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        let parameters: JSONValue = [
            "\(snapshot)Identifier": .string("\(database.identifier)-\(number)"), "DB\(kind)Identifier": name,
        ]
        // Where there is no room for it, people take none.
        guard self.world.rds.settings.manualSnapshotLimit == Scenario.manualSnapshotLimit else {
            self.ask(.rds, "Create\(snapshot)", parameters, Scenario.home, by: "people")
            return
        }
        self.must(.rds, "Create\(snapshot)", parameters, Scenario.home)
    }

    /// Takes so many snapshots right now.
    private func enqueue(_ count: Int) {
        let databases = self.scenario.databases
        let digits = "\(count)".utf8.count
        for number in 0..<count {
            // In the order of their names, as a sorted list takes them best.
            let padding = String(repeating: "0", count: digits - "\(number)".utf8.count)
            self.must(
                .rds,
                "CreateDBSnapshot",
                [
                    "DBSnapshotIdentifier": .string("backlog-\(padding)\(number)"),
                    "DBInstanceIdentifier": .string(databases[number % databases.count].identifier),
                ],
                Scenario.home
            )
        }
    }

    private func deleteCopy() {
        let copies = self.checks.targetsOfCopies
        guard !copies.isEmpty else { return }
        // Often what has just come, while the fleet is still about it.
        if self.dice.happens(.deletedCopies, 0.5), let latest = self.checks.latestCopy {
            return self.delete(latest.target, kind: latest.id.source.kind, region: latest.id.destination.region)
        }
        let copy = copies[self.dice.pick(.deletedCopies, 0..<copies.count)]
        self.delete(copy.target, kind: copy.pool.kind, region: copy.pool.destination.region)
    }

    /// Tags a copy so that it is kept, whatever else is pruned.
    private func holdCopy() {
        let copies = self.checks.targetsOfCopies
        guard !copies.isEmpty else { return }
        let (pool, target) = copies[self.dice.pick(.heldCopies, 0..<copies.count)]
        guard
            let copy = self.world.snapshot(
                target,
                account: Scenario.account,
                region: pool.destination.region,
                kind: pool.kind.model
            )
        else { return }
        self.note("people: hold \(copy.arn)")
        let tags: JSONValue = [["Key": .string(CopyRecord.holdKey), "Value": "incident"]]
        let request: JSONValue = ["ResourceName": .string(copy.arn), "Tags": tags]
        self.ask(.rds, "AddTagsToResource", request, pool.destination.region, by: "people")
        self.checks.takeHold(on: target, in: pool, at: self.now)
    }

    private func sources(where isWanted: (World.SnapshotSight) -> Bool) -> [(SnapshotKind, World.SnapshotSight)] {
        SnapshotKind.allCases.flatMap { kind in
            self.world.snapshots(account: Scenario.account, region: Scenario.home, kind: kind.model)
                .filter { $0.sourceARN == nil && isWanted($0) }.map { (kind, $0) }
        }
    }

    private func deleteSource() {
        let manual = self.sources { $0.type == "manual" }
        guard !manual.isEmpty else { return }
        let (kind, source) = manual[self.dice.pick(.deletedSources, 0..<manual.count)]
        guard let arn = SnapshotARN(source.arn) else { return }
        self.delete(arn.identifier, kind: kind, region: Scenario.home)
    }

    private func ageSource() {
        let automated = self.sources { $0.type == "automated" && $0.status == "available" }
        guard !automated.isEmpty else { return }
        let (kind, source) = automated[self.dice.pick(.agedSources, 0..<automated.count)]
        guard let arn = SnapshotARN(source.arn) else { return }
        self.note("time: \(source.arn) has reached its age")
        self.world.ageOut(
            arn.identifier,
            account: Scenario.account,
            region: Scenario.home,
            kind: kind.model,
            at: self.now
        )
        self.worldWasTouched = true
    }

    private func delete(_ identifier: String, kind: SnapshotKind, region: String) {
        self.note("people: delete \(identifier) in \(region)")
        let snapshot = kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        let parameters: JSONValue = ["\(snapshot)Identifier": .string(identifier)]
        self.ask(.rds, "Delete\(snapshot)", parameters, region, by: "people")
    }

    private func copyByHand() {
        let sources = self.sources { $0.status == "available" }
        guard !sources.isEmpty else { return }
        let (kind, source) = sources[self.dice.pick(.foreignCopies, 0..<sources.count)]
        let destination = self.dice.happens(.foreignCopies, 0.5) ? Scenario.near : Scenario.far
        self.foreignCopies += 1
        self.copyByHand(source, kind, to: "by-hand-\(self.foreignCopies)", in: destination.region)
    }

    /// Copies something under the name that one of our targets is to have.
    private func takeName() {
        let wanted = self.checks.targetsToCome
        guard !wanted.isEmpty else { return }
        let id = wanted[self.dice.pick(.takenNames, 0..<wanted.count)]
        let others = self.sources { $0.status == "available" && $0.arn != id.source.description }
            .filter { $0.0 == id.source.kind }
        guard !others.isEmpty, let target = self.checks.target(of: id) else { return }
        let (kind, source) = others[self.dice.pick(.takenNames, 0..<others.count)]
        // A copy of other people may fail like any other.
        if self.dice.happens(.takenNames, 0.3) { self.world.rds.settings.failCopies = ["*"] }
        self.copyByHand(source, kind, to: target, in: id.destination.region)
        self.world.rds.settings.failCopies = []
    }

    private func copyByHand(
        _ source: World.SnapshotSight,
        _ kind: SnapshotKind,
        to target: String,
        in region: String
    ) {
        self.note("people: copy \(source.arn) to \(target) in \(region)")
        let snapshot = kind == .instance ? "DBSnapshot" : "DBClusterSnapshot"
        let request: JSONValue = .compact([
            "Source\(snapshot)Identifier": .string(source.arn), "Target\(snapshot)Identifier": .string(target),
            "KmsKeyId": source.isEncrypted ? .string(Scenario.key) : nil,
        ])
        self.ask(.rds, "Copy\(snapshot)", request, region, by: "people")
    }

    /// Cancels the copies that have stood still for hours, as somebody who reads the log would.
    private func lookForStalledCopies() {
        self.plan(after: .seconds(3600)) { [unowned self] in
            for pool in self.checks.pools {
                let snapshots = self.world.snapshots(
                    account: Scenario.account,
                    region: pool.destination.region,
                    kind: pool.kind.model
                )
                for copy in snapshots
                where copy.isRemoteCopyInProgress && self.now - copy.created > Self.tolerance {
                    guard let arn = SnapshotARN(copy.arn) else { continue }
                    self.delete(arn.identifier, kind: pool.kind, region: pool.destination.region)
                }
            }
            self.lookForStalledCopies()
        }
    }
}
