// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSModel {
    mutating func copySnapshot(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let place = call.place(kind)
        let named = try call.required("Source" + kind.snapshotParameter)
        let targetParameter = "Target" + kind.snapshotParameter
        let identifier = try RDSIdentifier.checked(
            try call.required(targetParameter),
            parameter: targetParameter,
            limit: kind.longestSnapshotIdentifier
        )
        let tags = try call.tags()
        let source = try self.source(named, kind, call)
        if self.shelves[place]?[identifier] != nil { throw kind.snapshotExists(identifier) }
        guard source.status == "available" else {
            throw kind.invalidSnapshotState(
                "The source snapshot \(source.identifier) must be available to be copied, but it is \(source.status)."
            )
        }
        let key = try self.keyOfCopy(of: source, call)
        try self.checkPresignedURL(source, call)
        let optionGroup = try self.optionGroupOfCopy(of: source, call)
        let copiedTags = try Self.tagsOfCopy(of: source, tags, call)
        try self.checkManualQuota(place)
        try self.checkCopyQuota(place, source: source)
        if kind == .instance, call.flag("CopyOptionGroup") { self.carryOver(optionGroupOf: source, to: call) }
        // Begun before `json` is called: a call holds a copy of the model, and every snapshot would be copied with it.
        let copy = self.beginCopy(
            of: source,
            to: RDSName(place: place, identifier: identifier),
            key: key,
            optionGroup: optionGroup,
            tags: copiedTags,
            at: call.now
        )
        return [kind.snapshotElement: self.json(copy, at: call.now)]
    }

    private mutating func beginCopy(
        of source: RDSSnapshot,
        to target: RDSName,
        key: String?,
        optionGroup: String?,
        tags: [RDSTag],
        at now: Instant
    ) -> RDSSnapshot {
        let from = source.name.place
        let lane = RDSLane(
            sourceAccount: from.account,
            sourceRegion: from.region,
            database: source.traits.resourceID,
            destination: target.place
        )
        let duration = self.settings.copyDuration(
            gibibytes: source.traits.allocatedStorage,
            from: from.region,
            to: target.place.region
        )
        let copy = RDSSnapshot.Copy(source: source.name, lane: lane, requested: now)
        self.resourcesMade += 1
        let snapshot = RDSSnapshot(
            name: target,
            arn: target.snapshotARN,
            database: source.database,
            traits: source.traits,
            type: "manual",
            status: target.place.kind == .instance ? "pending" : "copying",
            created: now,
            originallyCreated: source.originallyCreated,
            keyARN: key,
            optionGroup: optionGroup,
            tags: tags,
            retention: source.retention,
            backupWindow: source.backupWindow,
            sourceARN: source.arn,
            sourceRegion: from.region,
            work: .init(
                token: self.resourcesMade,
                duration: duration,
                ending: self.ending(of: target, source: source),
                begun: nil,
                copy: copy
            )
        )
        self.put(snapshot)
        self.enqueue(copy, target, at: now)
        return self.snapshot(target) ?? snapshot
    }

    // MARK: - The source

    /// Finds the snapshot that a copy is to be made of, where the caller may copy it.
    private func source(_ named: String, _ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> RDSSnapshot {
        guard named.hasPrefix("arn:") else {
            let name = RDSName(place: call.place(kind), identifier: named.lowercased())
            guard let snapshot = self.snapshot(name) else { throw kind.snapshotNotFound(named) }
            return snapshot
        }
        guard let arn = RDSARN(named), arn.resource == kind.snapshotResource,
            RDSARN.partition(of: arn.region) == RDSARN.partition(of: call.region)
        else { throw .invalidValue("Invalid snapshot identifier: \(named)") }
        let place = RDSPlace(account: arn.account, region: arn.region, kind: kind)
        guard let snapshot = self.snapshot(RDSName(place: place, identifier: arn.identifier)),
            Self.isVisible(snapshot, to: call.account)
        else { throw kind.snapshotNotFound(named) }
        return snapshot
    }

    /// Whether an account owns a snapshot or was given it.
    static func isVisible(_ snapshot: RDSSnapshot, to account: String) -> Bool {
        snapshot.name.place.account == account || snapshot.sharedWith.contains(account)
            || snapshot.sharedWith.contains("all")
    }

    private func checkCopyQuota(_ place: RDSPlace, source: RDSSnapshot) throws(ModelFailure) {
        guard source.name.place.region != place.region else { return }
        let limit = self.settings.copyLimit(place.kind)
        guard self.shelves[place]?.remoteCopies ?? 0 < limit else {
            throw ModelFailure("SnapshotQuotaExceeded", "Cannot copy more than \(limit) snapshots across regions")
        }
    }

    // MARK: - Keys

    /// Decides what the copy is encrypted with.
    ///
    /// The two kinds have opposite rules for a key and an unencrypted source: the copy of an instance becomes
    /// encrypted, that of a cluster is refused.
    private func keyOfCopy(of source: RDSSnapshot, _ call: RDSCall) throws(ModelFailure) -> String? {
        let named = call.text("KmsKeyId")
        guard let sourceKey = source.keyARN else {
            guard let named else { return nil }
            guard source.kind == .instance else {
                throw .invalidCombination(
                    "KmsKeyId can't be specified for the copy of an unencrypted DB cluster snapshot."
                )
            }
            return try call.usableKey(named, role: "The target KMS key")
        }
        let from = source.name.place
        if named == nil {
            guard from.region == call.region else {
                throw .invalidValue("Must specify new KMS key for cross region encrypted snapshot copy.")
            }
            guard from.account == call.account else {
                throw .invalidValue("Must specify new KMS key for cross account encrypted snapshot copy.")
            }
        }
        guard let key = call.keys.key(sourceKey, account: from.account, region: from.region), key.isEnabled,
            key.allowsUse(by: call.account)
        else { throw .keyNotAccessible("The source snapshot KMS key", sourceKey) }
        guard let named else { return sourceKey }
        return try call.usableKey(named, role: "The target KMS key")
    }

    // MARK: - Tags

    /// Decides the tags of a copy: those asked for, or else, if asked to, those of the source.
    private static func tagsOfCopy(
        of source: RDSSnapshot,
        _ tags: [RDSTag],
        _ call: RDSCall
    ) throws(ModelFailure) -> [RDSTag] {
        guard tags.isEmpty, call.flag("CopyTags") else { return tags }
        return source.tags.filter { !$0.isReserved }
    }

    // MARK: - Signed URLs

    /// Checks the signed URL that copies of encrypted snapshots need between the GovCloud Regions.
    private func checkPresignedURL(_ source: RDSSnapshot, _ call: RDSCall) throws(ModelFailure) {
        let region = source.name.place.region
        guard RDSARN.partition(of: call.region) == "aws-us-gov", source.isEncrypted, region != call.region else {
            return
        }
        let problem = ModelFailure.invalidValue("PreSignedUrl could not be authenticated.")
        guard let url = call.text("PreSignedUrl"), let parts = RDSPresignedURL(url) else { throw problem }
        let parameters = parts.parameters
        let sourceParameter = "Source" + source.kind.snapshotParameter
        guard !parts.host.hasSuffix(".amazonaws.com") || parts.host == "rds.\(region).amazonaws.com",
            parameters["Action"] == call.request.operation, parameters["DestinationRegion"] == call.region,
            parameters["KmsKeyId"] == call.text("KmsKeyId"), parameters[sourceParameter] == call.text(sourceParameter),
            parameters[sourceParameter]?.hasPrefix("arn:") == true, parameters["X-Amz-Signature"] != nil,
            parameters["X-Amz-Credential"]?.contains("/\(region)/rds/") == true
        else { throw problem }
        guard self.settings.presignedURLCheck?(url, call.request) ?? true else { throw problem }
    }

    // MARK: - Option groups

    private func optionGroupOfCopy(of source: RDSSnapshot, _ call: RDSCall) throws(ModelFailure) -> String? {
        guard source.kind == .instance else { return nil }
        let from = source.name.place
        let isCrossAccount = from.account != call.account
        if call.flag("CopyOptionGroup") {
            guard isCrossAccount else {
                throw .invalidCombination("CopyOptionGroup can be specified only for copies across accounts.")
            }
            return source.optionGroup
        }
        if let named = call.text("OptionGroupName") { return try self.existingOptionGroup(named, call) }
        guard let group = source.optionGroup, !group.hasPrefix("default:"), from.region != call.region || isCrossAccount
        else { return source.optionGroup }
        let options = self.optionGroups[RDSRegion(account: from.account, region: from.region)]?[group]?.options ?? []
        throw .invalidValue(
            "The snapshot requires a target option group with the following options: "
                + (options.isEmpty ? [group] : options).joined(separator: ", ")
        )
    }

    /// Makes the option group of a foreign snapshot in the caller's account, unless it has one of that name.
    private mutating func carryOver(optionGroupOf source: RDSSnapshot, to call: RDSCall) {
        let from = RDSRegion(account: source.name.place.account, region: source.name.place.region)
        let here = RDSRegion(account: call.account, region: call.region)
        guard let name = source.optionGroup, var group = self.optionGroups[from]?[name],
            self.optionGroups[here]?[name] == nil
        else { return }
        group.place = here
        self.optionGroups[here, default: [:]][name] = group
    }
}
