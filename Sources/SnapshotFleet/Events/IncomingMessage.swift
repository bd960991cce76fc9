// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What a message from the job queue asks for.
package enum IncomingMessage: Hashable, Sendable {
    /// RDS made a snapshot.
    case snapshot(SnapshotEvent)
    /// Somebody or a schedule asks to compare sources with destinations.
    case sweep(SweepRequest)
    /// One snapshot to carry to one destination.
    case job(CopyJob)
    /// Well formed, and nothing to do.
    case ignored(reason: IgnoreReason, detail: String)
    /// Nothing the fleet understands; the reason is for the operator who finds it in the dead-letter queue.
    case malformed(reason: String)
}

/// Why a well-formed message asks for nothing; the raw values are bounded and safe as a metric label.
package enum IgnoreReason: String, Hashable, Sendable, CaseIterable {
    /// RDS has begun to make a snapshot; another event follows when it is there.
    case snapshotStillCreating = "snapshot-still-creating"
    /// A copy was started, finished or cancelled; Describe tells more, and of both kinds.
    case copyProgress = "copy-progress"
    case snapshotDeleted = "snapshot-deleted"
    case snapshotRestored = "snapshot-restored"
    case snapshotExport = "snapshot-export"
    /// The snapshot carries the fleet's own tags: a copy of a copy is never started by accident.
    case ownCopy = "own-copy"
    /// The snapshot is a hop: what the fleet makes in the source's account on the way to another one.
    case ownHop = "own-hop"
    /// Another event about a snapshot.
    case otherSnapshotEvent = "other-snapshot-event"
    /// An event about something else: the rule's pattern lets more through than snapshots.
    case otherEvent = "other-event"
}

/// A request to compare sources with destinations and enqueue what is missing.
package struct SweepRequest: Hashable, Sendable {
    /// The one route to look at; `nil` for all.
    package var route: String?
    /// The source Regions to look at; empty for all that the routes name.
    package var regions: [String]

    /// How far to look back; `nil` for the standard.
    ///
    /// The newest snapshot of each database counts whatever its age.
    package var horizon: Duration?
    /// How many jobs to enqueue at the most, 1 or more; `nil` for the standard.
    package var limit: Int?

    /// A long weekend on which no event arrived.
    package static let standardHorizon = Duration.seconds(3 * 86_400)
    /// As many as a night brings to a large fleet.
    package static let standardLimit = 1000
    /// What a request may ask for.
    package static let horizons: ClosedRange<Duration> = .seconds(60)...(.seconds(100 * 366 * 86_400))
    package static let limits = 1...100_000

    package init(route: String? = nil, regions: [String] = [], horizon: Duration? = nil, limit: Int? = nil) {
        self.route = route
        self.regions = regions
        self.horizon = horizon
        self.limit = limit
    }
}
