// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Where copies go: an account and a Region.
package struct Destination: Hashable, Sendable, Comparable, CustomStringConvertible {
    private struct Parts: Hashable, Sendable {
        let account: String
        let region: String
    }

    private let name: SharedName<Parts>

    /// Twelve digits.
    package var account: String { self.name.parts.account }
    package var region: String { self.name.parts.region }

    package init(account: String, region: String) {
        self.name = SharedName(Parts(account: account, region: region))
    }

    /// The destination for people: `444455556666/eu-west-1`.
    package var description: String { "\(self.account)/\(self.region)" }

    package static func < (left: Destination, right: Destination) -> Bool {
        (left.account, left.region) < (right.account, right.region)
    }
}

/// One concurrent-copy quota: RDS counts by destination account, Region and kind.
package struct SlotPool: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let destination: Destination
    package let kind: SnapshotKind

    package init(destination: Destination, kind: SnapshotKind) {
        self.destination = destination
        self.kind = kind
    }

    /// The pool for people: `444455556666/eu-west-1/cluster`.
    package var description: String { "\(self.destination)/\(self.kind.rawValue)" }

    package static func < (left: SlotPool, right: SlotPool) -> Bool {
        (left.destination, left.kind) < (right.destination, right.kind)
    }
}
