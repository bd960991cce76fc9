// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Whether a worker can work, and what keeps it from that.
///
/// A dependency counts as lost once its calls have failed for a while without one that worked in between; a single
/// failure is an everyday matter. It is back with the first call that works.
package struct Readiness: Sendable, Equatable {
    /// What a worker needs for its work.
    package enum Dependency: Hashable, Sendable {
        /// The fleet's own; those of a destination's role belong to the destination.
        case credentials
        case queue
        case ledger
        /// RDS where snapshots come from.
        case source(account: String, region: String)
        case destination(Destination)

        /// Whether nothing works without it; a source or a destination that is lost only makes its own jobs wait.
        package var isVital: Bool {
            switch self {
            case .credentials, .queue, .ledger: true
            case .source, .destination: false
            }
        }

        /// A bounded name, safe as a metric label.
        package var label: String {
            switch self {
            case .credentials: "credentials"
            case .queue: "queue"
            case .ledger: "ledger"
            case .source: "source"
            case .destination: "destination"
            }
        }
    }

    /// A dependency whose calls fail.
    package struct Outage: Sendable, Equatable {
        /// When the first of them failed.
        package var since: Instant
        /// What the last of them said.
        package var detail: String
        /// Whether it has lasted long enough to count.
        package var isLost: Bool
    }

    /// What somebody has to be told.
    package enum Change: Sendable, Equatable {
        case lost(Dependency, Outage)
        case back(Dependency, after: Duration)

        package var dependency: Dependency {
            switch self {
            case .lost(let dependency, _), .back(let dependency, _): dependency
            }
        }
    }

    /// How long calls have to fail before their dependency counts as lost.
    private let grace: Duration
    /// Everything that fails right now, lost or not yet.
    package private(set) var outages: [Dependency: Outage] = [:]

    /// Starts out ready.
    package init(grace: Duration = .seconds(10)) { self.grace = grace }

    /// Whether everything vital is there.
    package var isReady: Bool { !self.lost.contains { $0.dependency.isVital } }

    /// What counts as lost, the longest lost first.
    package var lost: [(dependency: Dependency, outage: Outage)] {
        self.outages.filter(\.value.isLost).map { (dependency: $0.key, outage: $0.value) }
            .sorted { ($0.outage.since, "\($0.dependency)") < ($1.outage.since, "\($1.dependency)") }
    }

    /// Notes that a call worked.
    package mutating func worked(_ dependency: Dependency, at now: Instant) -> Change? {
        guard let outage = self.outages.removeValue(forKey: dependency), outage.isLost else { return nil }
        return .back(dependency, after: now - outage.since)
    }

    /// Notes that a call failed for the dependency's sake.
    package mutating func failed(_ dependency: Dependency, detail: String, at now: Instant) -> Change? {
        var outage = self.outages[dependency] ?? Outage(since: now, detail: detail, isLost: false)
        let wasLost = outage.isLost
        outage.detail = detail
        outage.isLost = wasLost || now - outage.since >= self.grace
        self.outages[dependency] = outage
        return outage.isLost && !wasLost ? .lost(dependency, outage) : nil
    }
}

extension Readiness.Dependency: CustomStringConvertible {
    package var description: String {
        switch self {
        case .credentials, .queue, .ledger: self.label
        case .source(let account, let region): "source \(account)/\(region)"
        case .destination(let destination): "destination \(destination)"
        }
    }
}

/// What a call's failure says about what it depends on.
package enum DependencyFinding: Sendable, Equatable {
    /// It answered, if only to refuse.
    case works
    /// It can't be reached, or not be used.
    case fails(String)
    /// Credentials could not be had, or were not accepted.
    case credentialsFail(String)

    /// Reads a failure; `nil` where it says nothing, as a call that was given up does.
    package init?(_ error: any Error, of operation: FailureTable.Operation) {
        guard let error = error as? AWSError, error.code != .cancelled else { return nil }
        if FailureTable.concernsCredentials(error) {
            self = .credentialsFail(error.description)
        } else {
            let failure = FailureTable.classify(operation: operation, error: error)
            self = failure.class == .unavailable ? .fails(error.description) : .works
        }
    }
}
