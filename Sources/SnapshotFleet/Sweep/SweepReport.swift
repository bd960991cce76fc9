// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What a sweep found.
package struct SweepReport: Hashable, Sendable {
    /// Why a copy is missing.
    package enum Cause: String, Hashable, Sendable, CaseIterable {
        case noCopy = "no copy"
        /// A copy of ours is there, and failed.
        case copyFailed = "its copy failed"
    }

    /// A copy that the policy wants and that is not there, nor on its way.
    package struct Missing: Hashable, Sendable {
        package let job: CopyJob
        package let database: SourceDatabase
        /// When the data was taken; `nil` where RDS does not say.
        package let takenAt: Instant?
        /// Whether it is the newest that the policy wants of its database.
        package let isNewest: Bool
        package let cause: Cause

        /// The identifier that the copy will have.
        package var target: String {
            TargetIdentifier.make(for: self.job.source, destination: self.job.destination)
        }
    }

    /// How many snapshots were left out for one reason, and one of them.
    package struct Tally: Hashable, Sendable {
        package var count: Int
        package var example: String
    }

    /// A list that could not be read to its end; nothing is enqueued on the strength of what was not seen.
    package struct Gap: Hashable, Sendable, CustomStringConvertible {
        package let listing: SnapshotListing
        package let trouble: Trouble

        package var description: String { "\(self.listing): \(self.trouble.detail)" }
    }

    /// What is to be enqueued: the newest of each database first, then by age, no more than the request's limit.
    package var missing: [Missing] = []
    package var skipped: [SweepSkip: Tally] = [:]
    package var gaps: [Gap] = []
    /// How many snapshots of sources were looked at.
    package var sources = 0
    /// How many manual snapshots of destinations were looked at.
    package var targets = 0
    /// How many copies that the policy wants are available.
    package var available = 0
    /// How many are on their way.
    package var inProgress = 0

    package init() {}

    /// Missing copies that the limit left for the next run.
    package var beyondLimit: Int { self.skipped[.beyondLimit]?.count ?? 0 }

    /// Counts what was left out for a reason.
    package func count(of skip: SweepSkip) -> Int { self.skipped[skip]?.count ?? 0 }

    mutating func skip(_ reason: SweepSkip, _ example: @autoclosure () -> String) {
        if self.skipped[reason] == nil {
            self.skipped[reason] = Tally(count: 1, example: example())
        } else {
            self.skipped[reason]?.count += 1
        }
    }
}

/// Why a sweep leaves a snapshot, or its copy at one destination, out.
package enum SweepSkip: Hashable, Sendable {
    /// No route takes it; the test that it failed, of the route that came nearest.
    case noRoute(test: String)
    /// It is itself a copy of ours.
    case ownCopy
    case notReady
    /// It will never be available.
    case unusable
    /// Older than the horizon, and not the newest of its database.
    case tooOld
    /// Its route takes only the newest of each database.
    case superseded
    /// The route's retention would let the copy go again.
    case retention
    /// Somebody else's snapshot bears the name of the copy; people have to see to it.
    case nameTaken
    /// The destination could not be looked at.
    case notLooked
    /// Missing, and left for the next run.
    case beyondLimit

    /// A bounded name for programs and metrics.
    package var name: String {
        switch self {
        case .noRoute(let test): "no-route: \(test)"
        case .ownCopy: "own-copy"
        case .notReady: "not-ready"
        case .unusable: "unusable"
        case .tooOld: "too-old"
        case .superseded: "superseded"
        case .retention: "retention"
        case .nameTaken: "name-taken"
        case .notLooked: "not-looked"
        case .beyondLimit: "beyond-limit"
        }
    }

    /// Whether somebody should do something about it.
    package var isTrouble: Bool { self == .nameTaken || self == .notLooked || self == .beyondLimit }
}

extension SweepSkip: CustomStringConvertible {
    /// For people.
    package var description: String {
        switch self {
        case .noRoute(let test): "no route takes it: \(test)"
        case .ownCopy: "a copy of ours"
        case .notReady: "not available yet"
        case .unusable: "failed, or being deleted"
        case .tooOld: "older than the horizon"
        case .superseded: "the route takes only the newest"
        case .retention: "retention would delete the copy"
        case .nameTaken: "another snapshot has the copy's name"
        case .notLooked: "the destination could not be looked at"
        case .beyondLimit: "left for the next run"
        }
    }
}
