// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// ARNs: one that is read says what was written, and copies of it have a name that RDS takes.
enum SnapshotARNPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = RegionName.partition(of: text)
        _ = Instant(iso8601: text)
        guard let arn = SnapshotARN(text) else { return }
        try require(arn.description.utf8.elementsEqual(text.utf8), "\(text) is \(arn)")
        try require(SnapshotARN(arn.description) == arn, "\(arn) reads as another")
        for destination in [
            Destination(account: arn.account, region: "eu-west-1"),
            Destination(account: "444455556666", region: "eu-west-1"),
        ] {
            let target = TargetIdentifier.make(for: arn, destination: destination)
            try require(self.isLegal(target, arn.kind), "\(arn) becomes \(target)")
            let again = TargetIdentifier.make(for: arn, destination: destination)
            try require(target == again, "\(arn) becomes \(target) and \(again)")
        }
    }

    /// Source: API Reference, `CopyDBSnapshot` and `CopyDBClusterSnapshot`, the target's identifier.
    private static func isLegal(_ identifier: String, _ kind: SnapshotKind) -> Bool {
        let bytes = Array(identifier.utf8)
        let isLetter = { (byte: UInt8) in (97...122).contains(byte) }
        return bytes.first.map(isLetter) == true && bytes.count <= kind.identifierLimit && bytes.last != 45
            && bytes.allSatisfy { isLetter($0) || (48...57).contains($0) || $0 == 45 }
            && !zip(bytes, bytes.dropFirst()).contains { $0 == 45 && $1 == 45 }
    }
}
