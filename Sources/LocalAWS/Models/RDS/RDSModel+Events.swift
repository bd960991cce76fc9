// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSModel {
    mutating func raise(_ life: RDSEvent.Life, _ snapshot: RDSSnapshot, at now: Instant) {
        if let event = RDSEvent(life, snapshot, at: now) { self.raise(event, in: snapshot.name.place) }
    }

    mutating func raiseCopy(
        _ copying: RDSEvent.Copying,
        _ snapshot: RDSSnapshot,
        copy: RDSSnapshot.Copy,
        at now: Instant
    ) {
        if let event = RDSEvent(copying, snapshot, copy: copy, at: now) { self.raise(event, in: snapshot.name.place) }
    }

    private mutating func raise(_ event: RDSEvent, in place: RDSPlace) {
        self.eventsRaised += 1
        let digest = Digest.hex(Digest.sha256(Array("rds event \(self.eventsRaised)".utf8)))
        let envelope = event.envelope(id: KMSModel.uuid(digest), account: place.account, region: place.region)
        self.effects.append(.event(account: place.account, region: place.region, envelope: envelope))
        let region = RDSRegion(account: place.account, region: place.region)
        self.history[region, default: []].append(event)
        // RDS keeps two weeks of events. They are dropped in batches, so that raising one stays cheap.
        let oldest = event.date - .seconds(14 * 86_400)
        if let first = self.history[region]?.first, first.date < oldest - .seconds(86_400) {
            self.history[region]?.removeAll { $0.date < oldest }
        }
    }

    func describeEvents(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let page = try RDSPage(call)
        let sourceType = call.text("SourceType")
        let source = call.text("SourceIdentifier")?.lowercased()
        guard source == nil || sourceType != nil else {
            throw .invalidCombination("SourceType must be specified with SourceIdentifier.")
        }
        let categories = Set(call.texts("EventCategories"))
        let end = call.text("EndTime").flatMap { Instant(iso8601: $0) } ?? call.now
        let minutes = call.parameters["Duration"]?.lenientInt ?? 60
        let start = call.text("StartTime").flatMap { Instant(iso8601: $0) } ?? end - .seconds(60 * minutes)
        let events = self.history[RDSRegion(account: call.account, region: call.region)] ?? []
        let found = events.enumerated().filter { _, event in
            event.date >= start && event.date <= end
                && (sourceType == nil || sourceType == event.kind.eventSourceType)
                && (source == nil || source == event.identifier)
                && (categories.isEmpty || categories.contains(event.category))
        }
        let cut = page.cut(found) { Self.position($0.offset) }
        return .compact([
            "Events": .array(cut.elements.map { $0.element.json }), "Marker": cut.marker.map { .string($0) },
        ])
    }

    /// A text that sorts as the number does.
    private static func position(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }

    func describeAccountAttributes(_ call: RDSCall) -> JSONValue {
        let quotas = [
            ("DBInstances", self.databases[call.place(.instance)]?.count ?? 0, 40),
            ("DBClusters", self.databases[call.place(.cluster)]?.count ?? 0, 40),
            (
                "ManualSnapshots", self.shelves[call.place(.instance)]?.countedSnapshots ?? 0,
                self.settings.manualSnapshotLimit
            ),
            (
                "ManualClusterSnapshots", self.shelves[call.place(.cluster)]?.countedSnapshots ?? 0,
                self.settings.manualSnapshotLimit
            ),
            ("OptionGroups", self.optionGroups[RDSRegion(account: call.account, region: call.region)]?.count ?? 0, 20),
        ]
        return [
            "AccountQuotas": .array(
                quotas.map { name, used, limit in
                    [
                        "AccountQuotaName": .string(name), "Used": .integer(Int64(used)), "Max": .integer(Int64(limit)),
                    ]
                }
            )
        ]
    }
}
