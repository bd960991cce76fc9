// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The name of one RDS resource.
///
/// Identifiers of automated snapshots hold a colon, so the identifier is whatever follows the sixth one.
struct RDSARN: Hashable, Sendable {
    var region: String
    var account: String
    /// `snapshot`, `cluster-snapshot`, `db`, `cluster`, `og`.
    var resource: String
    var identifier: String

    init(region: String, account: String, resource: String, identifier: String) {
        self.region = region
        self.account = account
        self.resource = resource
        self.identifier = identifier
    }

    /// Reads `arn:aws:rds:us-east-1:111122223333:snapshot:rds:orders-2026-11-21-03-10`.
    ///
    /// - Returns: `nil` when the text is no ARN of RDS, or its partition is not that of its Region.
    init?(_ text: String) {
        let fields = text.split(separator: ":", maxSplits: 6, omittingEmptySubsequences: false).map { String($0) }
        guard fields.count == 7, fields[0] == "arn", fields[2] == "rds", !fields[3].isEmpty,
            fields[1] == Self.partition(of: fields[3]), RDSIdentifier.isAccount(fields[4]), !fields[6].isEmpty
        else { return nil }
        self.init(region: fields[3], account: fields[4], resource: fields[5], identifier: fields[6].lowercased())
    }

    /// The name of the partition that a Region belongs to.
    static func partition(of region: String) -> String { Partition.of(region: region).id }
}

extension RDSARN: CustomStringConvertible {
    var description: String {
        "arn:\(Self.partition(of: self.region)):rds:\(self.region):\(self.account):\(self.resource):\(self.identifier)"
    }
}
