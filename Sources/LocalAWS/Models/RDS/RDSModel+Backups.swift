// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The part of the day in which the daily snapshot of a database is taken: `03:00-03:30`, UTC.
struct RDSBackupWindow {
    /// Seconds after midnight.
    let start: Int64

    /// Reads a window; `nil` when the text is none.
    init?(_ text: String) {
        let times = text.split(separator: "-").map { $0.split(separator: ":").map { Int64($0) } }
        guard times.count == 2, times.allSatisfy({ $0.count == 2 }) else { return nil }
        let numbers = times.map { $0.compactMap { $0 } }
        guard numbers.allSatisfy({ $0.count == 2 && (0..<24).contains($0[0]) && (0..<60).contains($0[1]) }) else {
            return nil
        }
        self.start = numbers[0][0] * 3600 + numbers[0][1] * 60
    }

    /// When the window next opens after a moment.
    func opening(after moment: Instant) -> Instant {
        let day: Int64 = 86_400
        let seconds = moment.wholeSeconds
        let midnight = seconds - ((seconds % day) + day) % day
        let today = midnight + self.start
        return Instant(microseconds: (today > seconds ? today : today + day) * 1_000_000)
    }
}

extension RDSModel {
    /// Plans the next daily snapshot of a database, where there are any.
    mutating func planBackup(of database: RDSDatabase, after now: Instant) {
        guard self.settings.automatedBackups, database.retention > 0, database.cluster == nil,
            let window = RDSBackupWindow(database.backupWindow)
        else { return }
        let change = Change.backup(database.name, resourceID: database.traits.resourceID, plan: self.backupPlan)
        self.timeline.plan(change, at: window.opening(after: now))
    }

    /// Plans the daily snapshots of all databases, after automated backups were switched on.
    mutating func planAllBackups(after now: Instant) {
        self.backupPlan += 1
        let all = self.databases.values.flatMap { $0.values }
        let ordered = all.sorted { ($0.arn, $0.traits.resourceID) < ($1.arn, $1.traits.resourceID) }
        for database in ordered { self.planBackup(of: database, after: now) }
    }

    mutating func takeBackup(of name: RDSName, resourceID: String, at now: Instant) {
        guard self.settings.automatedBackups, let database = self.databases[name.place]?[name.identifier],
            database.traits.resourceID == resourceID
        else { return }
        if database.status == "available" { self.beginAutomatedSnapshot(of: database, tags: [], at: now) }
        self.planBackup(of: database, after: now)
    }

    /// Plans the end of an automated snapshot's retention.
    mutating func planAging(of snapshot: RDSSnapshot) {
        guard self.settings.automatedBackups, snapshot.type == "automated", snapshot.retention > 0 else { return }
        let change = Change.snapshotAges(snapshot.name, created: snapshot.created)
        self.timeline.plan(change, at: snapshot.created + .seconds(snapshot.retention * 86_400))
    }
}
