// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What the policy says to an event before its snapshot is described.
enum EventVerdict: Sendable {
    /// No route takes snapshots of this account and Region at all.
    case foreign(String)
    /// Some routes take snapshots from there, but none takes this one.
    case ignored(String)
    case describe
}

/// What a core asks a policy whose accounts are filled in.
extension Policy {
    func verdict(on event: SnapshotEvent) -> EventVerdict {
        guard self.takes(from: event.arn) else {
            return .foreign("no route takes snapshots from account \(event.arn.account) in \(event.arn.region)")
        }
        let facts = SnapshotFacts(event)
        return self.match(facts).isEmpty ? .ignored(self.explain(facts).explanation) : .describe
    }

    /// The rule for a job that came as a message; `nil` when no route leads from its source to its destination.
    func plannedCopy(for job: CopyJob) -> PlannedCopy? {
        self.takes(from: job.source) ? self.plan(for: job) : nil
    }

    /// The copies that the policy asks for, all facts being known.
    func plan(_ source: Snapshot) -> [PlannedCopy] {
        self.match(SnapshotFacts(source)).filter(\.isCertain)
    }

    /// Whether the fleet can work in a source's account: it is the fleet's own, or a route names a role there.
    func worksIn(account: String, ownAccount: String) -> Bool {
        account == ownAccount
            || self.routes.contains { $0.source.role.flatMap(PolicyRules.account(ofRole:)) == account }
    }

    private func takes(from source: SnapshotARN) -> Bool {
        self.routes.contains { route in
            route.source.regions.contains(source.region)
                && (route.source.accounts.isEmpty || route.source.accounts.contains(source.account))
        }
    }
}
