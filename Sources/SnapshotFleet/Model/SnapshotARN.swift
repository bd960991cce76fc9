// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The name of one snapshot in one account and Region.
///
/// The identifiers of automated snapshots hold a colon (`rds:orders-2026-11-21-03-10`), so the resource is whatever
/// follows the seventh field, not the last one.
package struct SnapshotARN: Hashable, Sendable, Comparable {
    /// The partition: `aws`, `aws-cn`, `aws-us-gov` and so on.
    package let partition: String
    package let region: String
    /// Twelve digits.
    package let account: String
    package let kind: SnapshotKind
    /// The snapshot's identifier with its prefix, as `rds:orders-2026-11-21-03-10`.
    package let identifier: String

    /// Names a snapshot.
    package init(partition: String, region: String, account: String, kind: SnapshotKind, identifier: String) {
        self.partition = partition
        self.region = region
        self.account = account
        self.kind = kind
        self.identifier = identifier
    }

    /// Reads `arn:aws:rds:us-east-1:111122223333:snapshot:rds:orders-2026-11-21-03-10`.
    ///
    /// - Returns: `nil` when the text is no ARN of an RDS snapshot of either kind.
    package init?(_ text: String) {
        let fields = text.split(separator: ":", maxSplits: 6, omittingEmptySubsequences: false)
        guard fields.count == 7, fields[0] == "arn", fields[1].hasPrefix("aws"), fields[2] == "rds",
            !fields[3].isEmpty, fields[4].utf8.count == 12, fields[4].utf8.allSatisfy({ (48...57).contains($0) }),
            let kind = SnapshotKind.allCases.first(where: { $0.arnResourceType == fields[5] }),
            !fields[6].isEmpty
        else { return nil }
        self.partition = String(fields[1])
        self.region = String(fields[3])
        self.account = String(fields[4])
        self.kind = kind
        self.identifier = String(fields[6])
    }

    package static func < (left: SnapshotARN, right: SnapshotARN) -> Bool {
        (left.partition, left.region, left.account, left.kind, left.identifier)
            < (right.partition, right.region, right.account, right.kind, right.identifier)
    }
}

extension SnapshotARN: CustomStringConvertible {
    package var description: String {
        "arn:\(self.partition):rds:\(self.region):\(self.account):\(self.kind.arnResourceType):\(self.identifier)"
    }
}
