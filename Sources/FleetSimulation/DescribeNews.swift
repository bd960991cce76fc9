// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// What Describe does not know yet: RDS says that a call may be followed by an answer that is older than it.
struct DescribeNews {
    /// How old an answer may be; less than a worker waits before it believes that something is not there.
    private static let longest: Duration = .seconds(40)

    private struct Change {
        let at: Instant
        let arn: String
        let isNew: Bool
    }

    private var changes: [Change] = []
    private var known: Set<String> = []

    /// Takes note of the snapshots that were made or finished just now; must come before the journal is emptied.
    mutating func take(_ world: World, at now: Instant) {
        for change in world.snapshotChanges {
            guard let snapshot = change.snapshot else { continue }
            let isNew = self.known.insert(snapshot.arn).inserted
            self.changes.append(Change(at: now, arn: snapshot.arn, isNew: isNew))
        }
        if self.changes.count > 64 { self.changes.removeAll { now - $0.at > Self.longest } }
    }

    /// An answer as it was so long ago: what is newer is not in it, and what has finished since is not quite done.
    func ageing(_ answer: [Snapshot], by lag: Duration, at now: Instant) -> [Snapshot] {
        let recent = self.changes.filter { now - $0.at < lag }
        guard !recent.isEmpty else { return answer }
        let unseen = Set(recent.lazy.filter(\.isNew).map(\.arn))
        let changed = Set(recent.map(\.arn))
        return answer.compactMap { snapshot -> Snapshot? in
            let name = snapshot.arn.description
            guard changed.contains(name) else { return snapshot }
            guard !unseen.contains(name) else { return nil }
            guard snapshot.status == "available" else { return snapshot }
            var snapshot = snapshot
            snapshot.status = "copying"
            snapshot.percentProgress = 99
            return snapshot
        }
    }
}
