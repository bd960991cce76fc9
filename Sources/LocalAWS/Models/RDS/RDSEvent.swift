// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// An account in a Region.
struct RDSRegion: Hashable, Sendable {
    var account: String
    var region: String
}

/// Something that happened to a snapshot.
struct RDSEvent: Sendable {
    /// What happens to snapshots other than copying.
    enum Life: Sendable {
        case creatingManual, createdManual, creatingAutomated, createdAutomated, deletedManual
    }

    /// What happens to the copy of an instance's snapshot.
    enum Copying: Sendable {
        case started, finished, canceled
    }

    /// `RDS-EVENT-0091`.
    var id: String
    var category: String
    var message: String
    var kind: RDSKind
    /// With its prefix: `rds:orders-2026-11-21-03-10`.
    var identifier: String
    var arn: String
    var date: Instant
    var tags: [RDSTag]

    /// The event of a snapshot's life; `nil` where RDS has none.
    init?(_ life: Life, _ snapshot: RDSSnapshot, at date: Instant) {
        let isCluster = snapshot.kind == .cluster
        let infix = isCluster ? "cluster snapshot" : "snapshot"
        switch life {
        case .creatingManual: self.id = isCluster ? "RDS-EVENT-0074" : "RDS-EVENT-0040"
        case .createdManual: self.id = isCluster ? "RDS-EVENT-0075" : "RDS-EVENT-0042"
        case .creatingAutomated: self.id = isCluster ? "RDS-EVENT-0168" : "RDS-EVENT-0090"
        case .createdAutomated: self.id = isCluster ? "RDS-EVENT-0169" : "RDS-EVENT-0091"
        case .deletedManual:
            guard !isCluster else { return nil }
            self.id = "RDS-EVENT-0041"
        }
        switch life {
        case .creatingManual: self.message = "Creating manual \(infix)"
        case .createdManual: self.message = "Manual \(infix) created"
        case .creatingAutomated: self.message = "Creating automated \(infix)"
        case .createdAutomated: self.message = "Automated \(infix) created"
        case .deletedManual: self.message = "Deleted user snapshot"
        }
        self.category = isCluster ? "backup" : life == .deletedManual ? "deletion" : "creation"
        self.kind = snapshot.kind
        self.identifier = snapshot.identifier
        self.arn = snapshot.arn
        self.date = date
        self.tags = snapshot.tags
    }

    /// The event of a copy, which is raised where the copy is; `nil` for clusters, whose copies have none.
    init?(_ copying: Copying, _ snapshot: RDSSnapshot, copy: RDSSnapshot.Copy, at date: Instant) {
        guard snapshot.kind == .instance else { return nil }
        let source = copy.source
        let isLocal = source.place.region == snapshot.name.place.region
        let place = "\(isLocal ? "in" : "from") region \(source.place.region)"
        switch copying {
        case .started:
            self.id = isLocal ? "RDS-EVENT-0196" : "RDS-EVENT-0059"
            self.message = "Started copy of snapshot \(source.identifier) \(place)"
        case .finished:
            self.id = isLocal ? "RDS-EVENT-0197" : "RDS-EVENT-0060"
            let minutes = Int(copy.requested.duration(to: date).inSeconds / 60)
            self.message = "Finished copy of snapshot \(source.identifier) \(place) in \(minutes) minutes"
        case .canceled:
            self.id = isLocal ? "RDS-EVENT-0190" : "RDS-EVENT-0061"
            self.message = "Canceled snapshot copy request of \(source.identifier) \(place)"
        }
        self.category = "notification"
        self.kind = .instance
        self.identifier = snapshot.identifier
        self.arn = snapshot.arn
        self.date = date
        self.tags = snapshot.tags
    }

    /// The event as EventBridge delivers it.
    func envelope(id: String, account: String, region: String) -> JSONValue {
        let isCluster = self.kind == .cluster
        var detail: [String: JSONValue] = [
            "EventCategories": [.string(self.category)],
            "SourceType": isCluster ? "CLUSTER_SNAPSHOT" : "SNAPSHOT",
            "SourceArn": .string(self.arn), "SourceIdentifier": .string(self.identifier),
            "Date": .string(self.date.iso8601), "Message": .string(self.message), "EventID": .string(self.id),
        ]
        if !self.tags.isEmpty {
            detail["Tags"] = .object(Dictionary(self.tags.map { ($0.key, .string($0.value)) }) { $1 })
        }
        return [
            "version": "0", "id": .string(id), "source": "aws.rds", "account": .string(account),
            "region": .string(region), "detail": .object(detail), "resources": [.string(self.arn)],
            "detail-type": isCluster ? "RDS DB Cluster Snapshot Event" : "RDS DB Snapshot Event",
            "time": .string(Instant(microseconds: self.date.wholeSeconds * 1_000_000).iso8601),
        ]
    }

    /// The event as `DescribeEvents` shows it, which leaves its number out.
    var json: JSONValue {
        [
            "SourceIdentifier": .string(self.identifier), "SourceType": .string(self.kind.eventSourceType),
            "Message": .string(self.message), "EventCategories": [.string(self.category)],
            "Date": .string(self.date.iso8601), "SourceArn": .string(self.arn),
        ]
    }
}
