// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The name of a copy.
///
/// A snapshot and a destination name one target identifier, always the same, so that a duplicate event or a second
/// worker meets the copy that is there already.
package enum TargetIdentifier {
    /// Names the copy of a snapshot in a destination of the source's own account.
    ///
    /// See ``make(for:destination:)``.
    package static func make(for source: SnapshotARN) -> String {
        self.make(for: source, destination: Destination(account: source.account, region: ""))
    }

    /// Names the copy of a snapshot: `orders-2026-11-21-03-10-us-east-1`.
    ///
    /// That is the source's identifier without `rds:` or `awsbackup:`, then the source's Region. A short hash of the
    /// source's ARN follows wherever two sources could otherwise come to the same name: where characters were replaced,
    /// the name was cut, the source is in another account, or a manual snapshot is named like an automated one. The
    /// result is legal for RDS, lower case, and never longer than the kind allows.
    package static func make(for source: SnapshotARN, destination: Destination) -> String {
        let name = Name(source.identifier)
        let isKnownRegion = RegionName.partition(of: source.region) != nil
        let region = isKnownRegion ? source.region : String(Name.folded(source.region).prefix(20)).trimmingHyphens()
        let plain = self.joined([name.body, name.date, region])
        let limit = source.kind.identifierLimit
        if name.isFaithful, isKnownRegion, source.account == destination.account, plain.utf8.count <= limit {
            return plain
        }
        // Identifiers are case-insensitive in RDS: a different case must not make a different copy.
        let hash = ShortHash.of(source.description.lowercased())
        let tail = self.joined([name.date, region, hash])
        let body = String(name.body.prefix(max(1, limit - tail.utf8.count - 1))).trimmingHyphens()
        return self.joined([body, tail])
    }

    private static func joined(_ parts: [String]) -> String {
        parts.filter { !$0.isEmpty }.joined(separator: "-")
    }
}

/// A source's identifier, taken apart.
private struct Name {
    /// What comes before the date; begins with a letter.
    var body: String
    /// `2026-11-21-03-10`, or nothing; kept whole when the name is cut.
    var date: String
    /// Whether no other identifier comes to the same body and date.
    var isFaithful: Bool

    init(_ identifier: String) {
        let lowered = identifier.lowercased()
        let isAutomated = lowered.hasPrefix("rds:")
        let isBackup = lowered.hasPrefix("awsbackup:")
        let bare = String(isAutomated ? lowered.dropFirst(4) : isBackup ? lowered.dropFirst(10) : lowered[...])
        var folded = Self.folded(bare)
        if folded.utf8.first.map({ !(97...122).contains($0) }) ?? true { folded = folded.isEmpty ? "s" : "s-" + folded }
        let date = Self.date(endOf: folded)
        self.date = date
        self.body = date.isEmpty ? folded : String(folded.dropLast(date.utf8.count + 1))
        // `rds:orders-<date>` is automated. A manual snapshot may be called `orders-<date>` as well; it is the rare one.
        self.isFaithful = folded == bare && !isBackup && isAutomated == !date.isEmpty
    }

    /// Lower case, with everything but letters and digits made single hyphens, and none at either end.
    static func folded(_ text: String) -> String {
        if self.isFolded(text) { return text }
        let words = text.lowercased().utf8.split { !(97...122).contains($0) && !(48...57).contains($0) }
        return words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
    }

    /// Whether folding would change nothing, as with nearly every name that RDS gives.
    private static func isFolded(_ text: String) -> Bool {
        var last = UInt8(ascii: "-")
        for byte in text.utf8 {
            guard (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-") && last != byte
            else { return false }
            last = byte
        }
        return last != UInt8(ascii: "-") || text.isEmpty
    }

    /// The date an automated snapshot's name ends with; empty when it does not, or when nothing stands before it.
    private static func date(endOf name: String) -> String {
        let end = name.utf8.suffix(17)
        let shape = "-0000-00-00-00-00".utf8
        guard name.utf8.count > 17,
            zip(end, shape).allSatisfy({ $1 == UInt8(ascii: "-") ? $0 == $1 : (48...57).contains($0) })
        else { return "" }
        return String(Substring(end.dropFirst()))
    }
}

extension String {
    fileprivate func trimmingHyphens() -> String {
        var text = self[...]
        while text.hasSuffix("-") { text.removeLast() }
        return String(text)
    }
}
