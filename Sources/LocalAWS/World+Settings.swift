// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

extension World {
    private static let numbers = [
        "copySecondsPerGiB", "copyOverheadSeconds", "localCopySecondsPerGiB", "localCopyOverheadSeconds",
        "snapshotSecondsPerGiB", "snapshotOverheadSeconds", "databaseCreationSeconds", "databaseDeletionSeconds",
        "requestsPerSecond", "requestBurst",
    ]
    private static let counts = [
        "instanceCopyLimit", "clusterCopyLimit", "manualSnapshotLimit", "sharedAccountLimit", "failEveryNthCopy",
        "duplicateEvery", "inFlightLimit",
    ]
    /// Numbers that may be negative.
    private static let offsets = ["wallClockOffsetSeconds"]
    private static let switches = [
        "automatedBackups", "deletingSourceFailsCopies", "finishedCopiesRaiseCreated", "strictRoles",
        "unsharingFailsCopies",
    ]
    private static let lists = ["copyLatency", "failCopies", "stallCopies"]

    /// Changes how the services behave; what the document does not name stays as it is.
    ///
    /// - `copySecondsPerGiB`, `copyOverheadSeconds`: how long a copy into another Region takes.
    /// - `localCopy…`, `snapshot…`: the same of copies within a Region, and of taking a snapshot.
    /// - `copyLatency`: `[{"source": "us-east-1", "destination": "eu-west-1", "seconds": 30}]`, on top.
    /// - `databaseCreationSeconds`, `databaseDeletionSeconds`.
    /// - `instanceCopyLimit`, `clusterCopyLimit`, `manualSnapshotLimit`, `sharedAccountLimit`: quotas.
    /// - `requestsPerSecond` of RDS for each account and Region, 0 for no limit; `requestBurst`.
    /// - `failCopies`, `stallCopies`: `[{"pattern": "orders-*", "times": 2}]`; `failEveryNthCopy`, 0 for none.
    /// - `automatedBackups`, `deletingSourceFailsCopies`, `unsharingFailsCopies`, `finishedCopiesRaiseCreated`.
    /// - `duplicateEvery`: every so many messages SQS delivers one twice, 0 for never; `inFlightLimit`.
    /// - `strictRoles`: only declared roles can be assumed.
    /// - `wallClockOffsetSeconds`: how far the clock that signatures are dated by is ahead of the machine's; it shows in the
    ///   `Date` of answers too, so a client has what it needs to correct its own. The world's time stays as it is.
    ///
    /// - Throws: ``DocumentError`` for a member that is unknown or out of its range; nothing has changed then.
    package mutating func apply(settings document: JSONValue) throws(DocumentError) {
        let names = Self.numbers + Self.offsets + Self.counts + Self.switches + Self.lists
        let reader = try DocumentReader(document, at: "", members: Set(names))
        for name in Self.numbers where try (reader.number(name) ?? 0) < 0 {
            throw DocumentError(name, "a number that is not negative belongs here")
        }
        for name in Self.counts where try (reader.int(name) ?? 0) < 0 {
            throw DocumentError(name, "a number that is not negative belongs here")
        }
        var rds = self.rds.settings
        try Self.applyPaces(reader, to: &rds)
        try Self.applyLimits(reader, to: &rds)
        try Self.applyTrouble(reader, to: &rds)
        let duplicateEvery = try reader.int("duplicateEvery")
        let inFlightLimit = try reader.int("inFlightLimit")
        let wallClockOffset = try reader.number("wallClockOffsetSeconds")
        let strictRoles = try reader.bool("strictRoles")
        self.rds.settings = rds
        if let duplicateEvery { self.sqs.duplicateEvery = duplicateEvery == 0 ? nil : duplicateEvery }
        if let inFlightLimit { self.sqs.inFlightLimit = inFlightLimit }
        if let wallClockOffset { self.wallClockOffset = .seconds(wallClockOffset) }
        if let strictRoles { self.sts.allowsUndeclaredRoles = !strictRoles }
    }

    private static func applyPaces(
        _ reader: DocumentReader,
        to settings: inout RDSSettings
    ) throws(DocumentError) {
        let paces: [(prefix: String, path: WritableKeyPath<RDSSettings, RDSSettings.Pace>)] = [
            ("copy", \.copyPace), ("localCopy", \.localCopyPace), ("snapshot", \.snapshotPace),
        ]
        for pace in paces {
            if let seconds = try reader.number("\(pace.prefix)SecondsPerGiB") {
                settings[keyPath: pace.path].secondsPerGiB = seconds
            }
            if let seconds = try reader.number("\(pace.prefix)OverheadSeconds") {
                settings[keyPath: pace.path].overhead = .seconds(seconds)
            }
        }
        if let seconds = try reader.number("databaseCreationSeconds") { settings.databaseCreation = .seconds(seconds) }
        if let seconds = try reader.number("databaseDeletionSeconds") { settings.databaseDeletion = .seconds(seconds) }
        for (index, item) in try reader.array("copyLatency").enumerated() {
            let pair = try DocumentReader(
                item,
                at: "copyLatency[\(index)]",
                members: ["source", "destination", "seconds"]
            )
            let key = RDSSettings.RegionPair(
                source: try pair.required("source"),
                destination: try pair.required("destination")
            )
            settings.copyLatency[key] = .seconds(max(0, try pair.number("seconds") ?? 0))
        }
    }

    private static func applyLimits(
        _ reader: DocumentReader,
        to settings: inout RDSSettings
    ) throws(DocumentError) {
        if let limit = try reader.int("instanceCopyLimit") { settings.instanceCopyLimit = limit }
        if let limit = try reader.int("clusterCopyLimit") { settings.clusterCopyLimit = limit }
        if let limit = try reader.int("manualSnapshotLimit") { settings.manualSnapshotLimit = limit }
        if let limit = try reader.int("sharedAccountLimit") { settings.sharedAccountLimit = limit }
        if let rate = try reader.number("requestsPerSecond") { settings.requestsPerSecond = rate == 0 ? nil : rate }
        if let burst = try reader.number("requestBurst") { settings.requestBurst = burst == 0 ? nil : burst }
    }

    private static func applyTrouble(
        _ reader: DocumentReader,
        to settings: inout RDSSettings
    ) throws(DocumentError) {
        if let count = try reader.int("failEveryNthCopy") { settings.failEveryNthCopy = count }
        if reader.has("failCopies") { settings.failCopies = try self.copyFaults("failCopies", reader) }
        if reader.has("stallCopies") { settings.stallCopies = try self.copyFaults("stallCopies", reader) }
        if let value = try reader.bool("automatedBackups") { settings.automatedBackups = value }
        if let value = try reader.bool("deletingSourceFailsCopies") { settings.deletingSourceFailsCopies = value }
        if let value = try reader.bool("unsharingFailsCopies") { settings.unsharingFailsCopies = value }
        if let value = try reader.bool("finishedCopiesRaiseCreated") { settings.finishedCopiesRaiseCreated = value }
    }

    private static func copyFaults(
        _ name: String,
        _ reader: DocumentReader
    ) throws(DocumentError) -> [RDSSettings.CopyFault] {
        var faults: [RDSSettings.CopyFault] = []
        for (index, item) in try reader.array(name).enumerated() {
            let fault = try DocumentReader(item, at: "\(name)[\(index)]", members: ["pattern", "times"])
            faults.append(
                RDSSettings.CopyFault(pattern: try fault.required("pattern"), times: try fault.int("times"))
            )
        }
        return faults
    }
}
