// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The name of one snapshot in one account and Region.
///
/// The identifiers of automated snapshots hold a colon (`rds:orders-2026-11-21-03-10`), so the resource is whatever
/// follows the seventh field, not the last one.
package struct SnapshotARN: Hashable, Sendable, Comparable {
    private struct Parts: Hashable, Sendable {
        let partition: String
        let region: String
        let account: String
        let kind: SnapshotKind
        let identifier: String
    }

    private let name: SharedName<Parts>

    /// The partition: `aws`, `aws-cn`, `aws-us-gov` and so on.
    package var partition: String { self.name.parts.partition }
    package var region: String { self.name.parts.region }
    /// Twelve digits.
    package var account: String { self.name.parts.account }
    package var kind: SnapshotKind { self.name.parts.kind }
    /// The snapshot's identifier with its prefix, as `rds:orders-2026-11-21-03-10`.
    package var identifier: String { self.name.parts.identifier }

    /// Names a snapshot.
    package init(partition: String, region: String, account: String, kind: SnapshotKind, identifier: String) {
        self.name = SharedName(
            Parts(partition: partition, region: region, account: account, kind: kind, identifier: identifier)
        )
    }

    /// Reads `arn:aws:rds:us-east-1:111122223333:snapshot:rds:orders-2026-11-21-03-10`.
    ///
    /// - Returns: `nil` when the text is no ARN of an RDS snapshot of either kind.
    package init?(_ text: String) {
        // Field by field, since every answer of RDS names several.
        var rest = text[...].utf8
        guard let prefix = Self.field(of: &rest), prefix.elementsEqual("arn".utf8),
            let partition = Self.field(of: &rest), partition.starts(with: "aws".utf8),
            let service = Self.field(of: &rest), service.elementsEqual("rds".utf8),
            let region = Self.field(of: &rest), !region.isEmpty,
            let account = Self.field(of: &rest), account.count == 12,
            account.allSatisfy({ (48...57).contains($0) }), let resource = Self.field(of: &rest),
            let kind = SnapshotKind.allCases.first(where: { resource.elementsEqual($0.arnResourceType.utf8) }),
            !rest.isEmpty
        else { return nil }
        self.init(
            partition: String(Substring(partition)),
            region: String(Substring(region)),
            account: String(Substring(account)),
            kind: kind,
            identifier: String(Substring(rest))
        )
    }

    /// Cuts off what comes before the next colon; `nil` when there is none.
    private static func field(of rest: inout Substring.UTF8View) -> Substring.UTF8View? {
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        defer { rest = rest[rest.index(after: colon)...] }
        return rest[..<colon]
    }

    package static func < (left: SnapshotARN, right: SnapshotARN) -> Bool {
        let (one, other) = (left.name.parts, right.name.parts)
        if one.partition != other.partition { return one.partition < other.partition }
        if one.region != other.region { return one.region < other.region }
        if one.account != other.account { return one.account < other.account }
        if one.kind != other.kind { return one.kind < other.kind }
        return one.identifier < other.identifier
    }
}

extension SnapshotARN: CustomStringConvertible {
    package var description: String {
        let parts = self.name.parts
        var text = ""
        // Written part by part: interpolation takes several times as long, and every job is named a dozen times.
        text.reserveCapacity(80 + parts.identifier.utf8.count)
        text += "arn:"
        text += parts.partition
        text += ":rds:"
        text += parts.region
        text += ":"
        text += parts.account
        text += parts.kind == .cluster ? ":cluster-snapshot:" : ":snapshot:"
        text += parts.identifier
        return text
    }
}
