// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// How the embedded RDS behaves: speed, quotas and trouble.
package struct RDSSettings: Sendable {
    /// How long a piece of work takes: `overhead` and `secondsPerGiB` for each GiB of allocated storage.
    package struct Pace: Hashable, Sendable {
        package var overhead: Duration
        package var secondsPerGiB: Double

        package init(overhead: Duration, secondsPerGiB: Double) {
            self.overhead = overhead
            self.secondsPerGiB = secondsPerGiB
        }

        func duration(gibibytes: Int) -> Duration { self.overhead + .seconds(self.secondsPerGiB * Double(gibibytes)) }
    }

    /// One direction between two Regions.
    package struct RegionPair: Hashable, Sendable {
        package var source: String
        package var destination: String

        package init(source: String, destination: String) {
            self.source = source
            self.destination = destination
        }
    }

    /// A rule that spoils copies.
    package struct CopyFault: Hashable, Sendable, ExpressibleByStringLiteral {
        /// Matched against the identifier and the ARN of the source and of the target; `*` stands for anything.
        package var pattern: String
        /// How many copies it spoils; `nil` for every one.
        package var times: Int?

        package init(pattern: String, times: Int? = nil) {
            self.pattern = pattern
            self.times = times
        }

        package init(stringLiteral value: String) { self.init(pattern: value) }
    }

    /// How long a new database is `creating`.
    package var databaseCreation: Duration = .zero
    /// How long a database is `deleting`.
    package var databaseDeletion: Duration = .zero
    /// How long taking a snapshot takes.
    package var snapshotPace = Pace(overhead: .seconds(30), secondsPerGiB: 0.2)
    /// How long a copy within a Region takes.
    package var localCopyPace = Pace(overhead: .seconds(60), secondsPerGiB: 0.5)
    /// How long a copy into another Region takes.
    package var copyPace = Pace(overhead: .seconds(120), secondsPerGiB: 3)
    /// What a copy between two Regions takes on top.
    package var copyLatency: [RegionPair: Duration] = [:]

    /// Copies in progress from other Regions, for each destination account and Region: instances.
    package var instanceCopyLimit = 20
    /// Copies in progress from other Regions, for each destination account and Region: clusters.
    package var clusterCopyLimit = 5
    /// Manual snapshots for each account, Region and kind.
    package var manualSnapshotLimit = 100
    /// Accounts that a snapshot can be shared with.
    package var sharedAccountLimit = 20
    /// Requests a second for each account and Region; `nil` for no limit.
    package var requestsPerSecond: Double?
    /// How many requests a client that has been idle may send at once; `nil` for the requests of a second.
    package var requestBurst: Double?

    /// Whether a snapshot of each database is taken daily in its backup window, and kept for its retention period.
    package var automatedBackups = false
    /// Copies that end as `failed`.
    package var failCopies: [CopyFault] = []
    /// Every so many copies one ends as `failed`; 0 for none.
    package var failEveryNthCopy = 0
    /// Copies that begin and never end.
    package var stallCopies: [CopyFault] = []
    /// Whether deleting a snapshot fails the copies that are still being made of it.
    package var deletingSourceFailsCopies = true
    /// Whether taking a share back fails the copies that are still being made by the accounts that lose it.
    ///
    /// Whether RDS does is not known; a client has to stand both.
    package var unsharingFailsCopies = true
    /// Whether a finished copy also raises the event of a manual snapshot that was created.
    ///
    /// Whether RDS does is not known; a client has to stand both.
    package var finishedCopiesRaiseCreated = false
    /// Verifies the signature of a `PreSignedUrl`, after its content was found right; `nil` trusts it.
    ///
    /// Asked only in the GovCloud partition: elsewhere RDS ignores the parameter.
    package var presignedURLCheck: (@Sendable (_ url: String, _ request: ModelRequest) -> Bool)?

    package init() {}

    /// Copies in progress from other Regions that a destination takes.
    package func copyLimit(_ kind: RDSKind) -> Int {
        kind == .instance ? self.instanceCopyLimit : self.clusterCopyLimit
    }

    /// How long a copy takes once it has begun.
    func copyDuration(gibibytes: Int, from source: String, to destination: String) -> Duration {
        guard source != destination else { return self.localCopyPace.duration(gibibytes: gibibytes) }
        let latency = self.copyLatency[RegionPair(source: source, destination: destination)] ?? .zero
        return self.copyPace.duration(gibibytes: gibibytes) + latency
    }
}
