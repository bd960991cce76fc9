// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// One copy of this fleet's at a destination, as far as a recovery depends on it.
package struct RecoveryCopy: Hashable, Sendable {
    /// What the copy is called at the destination.
    package let identifier: String
    package let phase: Snapshot.Phase
    /// 0 to 100; `nil` where RDS says nothing.
    package let percent: Int?
    /// When the data was taken at the source; `nil` where nothing believable says so.
    package let takenAt: Instant?
    /// When the copy was made, by RDS's word.
    package let copiedAt: Instant?
    /// Allocated storage in GiB.
    package let sizeGiB: Int?
    /// The key's ARN; `nil` when unencrypted.
    package let kmsKeyID: String?
    /// The route that planned it.
    package let route: String
    /// The ARN of the snapshot it is a copy of.
    package let source: String
    /// Whether people asked for it to be kept.
    package let isHeld: Bool
    /// How long the copy took; `nil` where nobody knows.
    package internal(set) var took: Duration?

    init(_ record: CopyRecord) {
        let snapshot = record.snapshot
        self.identifier = snapshot.arn.identifier
        self.phase = snapshot.phase
        self.percent = snapshot.percentProgress
        self.takenAt = record.takenAt
        self.copiedAt = snapshot.createdAt
        self.sizeGiB = snapshot.sizeGiB
        self.kmsKeyID = snapshot.kmsKeyID
        self.route = record.route
        self.source = snapshot.tags[TagMerge.sourceKey] ?? ""
        self.isHeld = record.isHeld
    }

    /// How old its data is; a clock that is behind RDS's makes nothing younger than nothing.
    package func age(at now: Instant) -> Duration? { self.takenAt.map { max(.zero, now - $0) } }

    /// Older data first; what has no age comes first of all.
    static func isOlder(_ left: RecoveryCopy, _ right: RecoveryCopy) -> Bool {
        let (leftTaken, rightTaken) = (left.takenAt ?? .distantPast, right.takenAt ?? .distantPast)
        return (leftTaken, left.identifier) < (rightTaken, right.identifier)
    }
}
