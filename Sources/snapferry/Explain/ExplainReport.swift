// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Why a snapshot was, or was not, copied, and where its jobs stand.
struct ExplainReport: Sendable {
    /// Where one copy stands.
    struct Place: Sendable {
        /// What is there under the copy's name.
        enum Standing: Sendable, Equatable {
            case absent
            case ours(Snapshot)
            /// Another snapshot bears the name.
            case taken(Snapshot)
            case notLooked
        }

        /// Who holds the copy's slot.
        enum Slot: Sendable, Equatable {
            case free
            case held(SlotItem)
            /// There is no shared table, or it could not be read.
            case unknown
        }

        let pool: SlotPool
        let target: String
        /// The plan that leads there; `nil` where only an earlier policy did.
        let plan: PlannedCopy?
        var standing = Standing.notLooked
        var slot = Slot.unknown
    }

    /// A message in the dead-letter queue that names the snapshot.
    struct Letter: Sendable, Equatable {
        let reason: String
        let detail: String
        let destination: String
    }

    let arn: SnapshotARN
    /// `nil` when it does not exist, or is not visible from here.
    let snapshot: Snapshot?
    let decision: PolicyDecision
    var places: [Place] = []
    /// How many messages the dead-letter queue holds, whatever they are about; `nil` when nobody could tell.
    var deadLetterCount: Int?
    /// Those that name the snapshot; `nil` when nobody looked.
    var letters: [Letter]?
    /// What could not be looked at, and why, one line each.
    var problems: [String] = []

    /// Judges a snapshot by a policy whose accounts are filled in; asks nobody.
    init(_ arn: SnapshotARN, snapshot: Snapshot?, policy: Policy) {
        self.arn = arn
        self.snapshot = snapshot
        let decision = policy.explain(snapshot.map { SnapshotFacts($0) } ?? SnapshotFacts(arn: arn))
        self.decision = decision
        let here = Destination(account: arn.account, region: arn.region)
        let planned = Set(decision.copies.map(\.destination))
        let others = policy.destinations.filter { !planned.contains($0) && $0 != here }
        let places: [(Destination, PlannedCopy?)] =
            decision.copies.map { ($0.destination, $0) } + others.map { ($0, nil) }
        self.places = places.map { destination, plan in
            Place(
                pool: SlotPool(destination: destination, kind: arn.kind),
                target: TargetIdentifier.make(for: arn, destination: destination),
                plan: plan
            )
        }
    }

    /// What stands under the name of a copy.
    static func standing(of target: String, copyOf source: SnapshotARN, among found: [Snapshot]) -> Place.Standing {
        guard let match = found.first(where: { $0.arn.identifier.lowercased() == target }) else { return .absent }
        return match.isCopy(of: source) ? .ours(match) : .taken(match)
    }

    /// 0 when a route takes it and every copy is there or on its way; 1 when not; 2 when something could not be looked at.
    var exitStatus: Int32 {
        if !self.problems.isEmpty { return 2 }
        let planned = self.places.filter { $0.plan != nil }
        let isFine = planned.allSatisfy { place in
            if case .ours(let copy) = place.standing { copy.phase != .failed } else { false }
        }
        return planned.isEmpty || !isFine || self.letters?.isEmpty == false ? 1 : 0
    }
}
