// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// The snapshots that answers showed, as a client reads them: most are shown many times, and but for its progress a
/// snapshot is what it was until the world's journal names it.
struct Sightings {
    private var known: [SnapshotARN: Snapshot] = [:]

    /// A snapshot as an answer shows it.
    mutating func snapshot(_ sight: World.SnapshotSight, kind: SnapshotKind, at now: Instant) -> Snapshot {
        let arn = Self.arn(sight.identifier, in: sight.region, of: sight.account, kind)
        if var snapshot = self.known[arn] {
            snapshot.percentProgress = sight.progress(at: now)
            return snapshot
        }
        let snapshot = Snapshot(sight, kind: kind, at: now)
        self.known[arn] = snapshot
        return snapshot
    }

    /// Forgets what happened something to; must come before the journal is emptied.
    mutating func forget(_ changes: [World.SnapshotChange]) {
        guard !self.known.isEmpty else { return }
        for change in changes {
            let kind: SnapshotKind = change.kind == .instance ? .instance : .cluster
            self.known[Self.arn(change.identifier, in: change.region, of: Scenario.account, kind)] = nil
        }
    }

    private static func arn(
        _ identifier: String,
        in region: String,
        of account: String,
        _ kind: SnapshotKind
    ) -> SnapshotARN {
        SnapshotARN(partition: "aws", region: region, account: account, kind: kind, identifier: identifier)
    }
}
