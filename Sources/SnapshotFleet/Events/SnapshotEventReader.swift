// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Reads one RDS event about a snapshot, in any of the shapes that AWS has used.
///
/// Old samples and emulators leave out the event's id or the account, or give an ARN of the database instead of the
/// snapshot's. What is missing is put together from the rest; what is there and well formed is believed.
struct SnapshotEventReader {
    private let kind: SnapshotKind?
    private let account: String?
    private let region: String?
    private let sourceARNs: [String]
    private let sourceIdentifier: String?
    private let eventID: String?
    private let message: String?
    private let time: Instant?
    private let tags: [String: String]?

    /// Takes apart an event from EventBridge.
    init(event: JSONValue, kind: SnapshotKind) {
        let detail = event["detail"] ?? .null
        self.kind = kind
        self.account = event["account"]?.string
        self.region = event["region"]?.string
        let resources = (event["resources"]?.array ?? []).compactMap(\.string)
        self.sourceARNs = [detail["SourceArn"]?.string].compactMap { $0 } + resources
        self.sourceIdentifier = detail["SourceIdentifier"]?.string
        self.eventID = detail["EventID"]?.string.flatMap(Self.eventID)
        self.message = detail["Message"]?.string
        self.time = (detail["Date"]?.string ?? event["time"]?.string).flatMap { Instant(iso8601: $0) }
        self.tags = (detail["Tags"] ?? detail["TagList"]).flatMap(Self.tags)
    }

    /// Takes apart a notification of an RDS event subscription.
    init(notification: JSONValue) {
        switch notification["Event Source"]?.string {
        case "db-snapshot": self.kind = .instance
        case "db-cluster-snapshot": self.kind = .cluster
        default: self.kind = nil
        }
        self.account = nil
        self.region = nil
        self.sourceARNs = [notification["Source ARN"]?.string].compactMap { $0 }
        self.sourceIdentifier = notification["Source ID"]?.string
        self.eventID = notification["Event ID"]?.string.flatMap(Self.eventID)
        self.message = notification["Event Message"]?.string
        self.time = notification["Event Time"]?.string.flatMap { Instant(iso8601: $0) }
        self.tags = nil
    }

    func read() -> IncomingMessage {
        guard let kind = self.kind ?? self.sourceARNs.lazy.compactMap({ SnapshotARN($0)?.kind }).first else {
            return .ignored(reason: .otherEvent, detail: (self.message ?? self.eventID ?? "").excerpt())
        }
        let meaning: SnapshotEventMeaning
        switch (self.eventID, self.message) {
        case (.some(let id), _): meaning = .of(eventID: id)
        case (nil, .some(let text)):
            guard let known = SnapshotEventMeaning.of(message: text) else {
                return .malformed(reason: "an RDS event without EventID whose text is not known: \(text)".excerpt())
            }
            meaning = known
        case (nil, nil): return .malformed(reason: "an RDS event with neither EventID nor Message")
        }
        guard case .created(let origin) = meaning else {
            return self.ignored(meaning)
        }
        guard let arn = self.arn(of: kind) else {
            let shown = (self.sourceARNs.first ?? "none").excerpt(100)
            return .malformed(
                reason: "an RDS event that names no snapshot: SourceArn is \(shown), and account, region and "
                    + "SourceIdentifier do not make one"
            )
        }
        if HopIdentifier.isOne(arn.identifier) || self.tags?[HandoverTags.hopKey] != nil {
            return .ignored(reason: .ownHop, detail: "\(arn) is a hop that this fleet made".excerpt())
        }
        if self.tags?[TagMerge.sourceKey] != nil {
            return .ignored(reason: .ownCopy, detail: "\(arn) is a copy that this fleet made".excerpt())
        }
        return .snapshot(
            SnapshotEvent(arn: arn, eventID: self.eventID, time: self.time, origin: origin, tags: self.tags)
        )
    }

    private func ignored(_ meaning: SnapshotEventMeaning) -> IncomingMessage {
        guard case .nothing(let reason) = meaning else { return .malformed(reason: "unknown event") }
        let parts = [self.eventID, self.message, self.sourceIdentifier].compactMap { $0 }
        return .ignored(reason: reason, detail: parts.joined(separator: ": ").excerpt())
    }

    /// The snapshot's ARN as it stands, or put together.
    private func arn(of kind: SnapshotKind) -> SnapshotARN? {
        for text in self.sourceARNs where text.utf8.count <= 400 {
            if let arn = SnapshotARN(text), Self.isPlausible(arn) { return arn }
        }
        let fields = (self.sourceARNs.first ?? "").prefix(400).split(
            separator: ":",
            maxSplits: 6,
            omittingEmptySubsequences: false
        ).map(String.init)
        func field(_ index: Int) -> String? { index < fields.count && !fields[index].isEmpty ? fields[index] : nil }
        guard let region = self.region ?? field(3), let account = self.account ?? field(4),
            let identifier = self.sourceIdentifier ?? field(6), let partition = RegionName.partition(of: region),
            identifier.utf8.count <= 300,
            // Reading it back is what checks the account.
            let arn = SnapshotARN("arn:\(partition):rds:\(region):\(account):\(kind.arnResourceType):\(identifier)"),
            Self.isPlausible(arn)
        else { return nil }
        return arn
    }

    private static func isPlausible(_ arn: SnapshotARN) -> Bool {
        RegionName.partition(of: arn.region) != nil && arn.identifier.utf8.count <= 300
            && arn.identifier.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Finds `RDS-EVENT-0091`, alone or at the end of a link as SNS gives it.
    private static func eventID(in text: String) -> String? {
        let mark = Array("RDS-EVENT-".utf8)
        let bytes = Array(text.utf8.suffix(mark.count + 4))
        guard bytes.count == mark.count + 4, bytes.starts(with: mark),
            bytes.suffix(4).allSatisfy({ (48...57).contains($0) })
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads tags as a map, or as the list of pairs that RDS's own API uses.
    private static func tags(in value: JSONValue) -> [String: String]? {
        switch value {
        case .object(let members): members.compactMapValues(\.string)
        case .array(let pairs):
            Dictionary(
                pairs.compactMap { pair in pair["Key"]?.string.map { ($0, pair["Value"]?.string ?? "") } },
                uniquingKeysWith: { _, last in last }
            )
        default: nil
        }
    }
}
