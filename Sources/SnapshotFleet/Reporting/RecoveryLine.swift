// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Where one database stands at one destination.
package enum RecoveryStanding: String, Hashable, Sendable, CaseIterable {
    /// No copy was ever confirmed, though the database is older than its RPO.
    case neverCopied = "never-copied"
    /// The newest confirmed copy is older than the RPO.
    case overdue
    /// Copies are there, but nothing believable says how old their data is.
    case ageUnknown = "age-unknown"
    /// No copy is confirmed yet, and the database is young enough for that.
    case firstCopyDue = "first-copy-due"
    case inTime = "in-time"
    /// A copy is confirmed; nobody has said how old it may get.
    case noRPO = "no-rpo"
    /// Copies are there, but no route of the policy asks for them any more.
    case noRoute = "no-route"
    /// The database is no longer at its source, so nothing newer can come.
    case sourceGone = "source-gone"
}

/// One database at one destination: what a recovery there would find.
package struct RecoveryLine: Hashable, Sendable {
    package let database: SourceDatabase
    package let destination: Destination
    /// The route that carries it; `nil` where none does any more.
    package let route: String?
    /// How old the data of the newest confirmed copy may get; `nil` where nobody has said.
    package let rpo: Duration?
    package let engine: String
    package let standing: RecoveryStanding
    /// Confirmed copies whose age is known, the newest data first.
    package let confirmed: [RecoveryCopy]
    /// How many confirmed copies there are, also those that are not in ``confirmed``.
    package let confirmedCount: Int
    /// Copies on their way, the newest data first; they count for nothing yet.
    package let inProgress: [RecoveryCopy]
    /// How many copies of ours are there that failed.
    package let failedCount: Int
    /// How old the data is that a recovery would have.
    ///
    /// Counted from when the source's snapshot was taken, not from when it was copied; `nil` where there is none.
    package let age: Duration?
    /// The same, or, where no copy is confirmed, for how long at least there has been something to lose; `nil` where
    /// nothing tells.
    package let exposure: Duration?

    /// The copy that a recovery would use.
    package var newest: RecoveryCopy? { self.confirmed.first }

    /// Whether the RPO is broken, or can't be shown to be kept.
    package var isBreach: Bool {
        switch self.standing {
        case .neverCopied, .overdue, .ageUnknown: self.rpo != nil
        case .firstCopyDue, .inTime, .noRPO, .noRoute, .sourceGone: false
        }
    }

    /// How far beyond the RPO it is; negative while there is time left.
    package var excess: Duration? {
        guard let rpo = self.rpo, let exposure = self.exposure else { return nil }
        return exposure - rpo
    }

    // MARK: - Order

    /// The worst first.
    package static func isWorse(_ left: RecoveryLine, _ right: RecoveryLine) -> Bool {
        if left.rank != right.rank { return left.rank < right.rank }
        let (leftSize, rightSize) = (left.size, right.size)
        if leftSize != rightSize { return leftSize > rightSize }
        return (left.database, left.destination) < (right.database, right.destination)
    }

    private var rank: Int {
        switch self.standing {
        case .neverCopied where self.isBreach: 0
        case .overdue, .ageUnknown: self.isBreach ? 1 : 4
        case .neverCopied: 2
        case .inTime, .firstCopyDue: 3
        case .noRPO: 4
        case .noRoute: 5
        case .sourceGone: 6
        }
    }

    /// Within a rank: beyond the RPO first by how much, then by age; what nobody knows is the worst.
    private var size: Duration {
        guard let exposure = self.exposure else { return .seconds(Int64.max / 4) }
        return exposure - (self.rpo ?? .zero)
    }
}
