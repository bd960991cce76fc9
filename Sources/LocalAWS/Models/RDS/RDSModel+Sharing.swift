// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSModel {
    mutating func modifyAttribute(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> JSONValue {
        var snapshot = try self.ownSnapshot(kind, call)
        let attribute = try call.required("AttributeName")
        guard attribute == "restore" else { throw .invalidValue("Invalid snapshot attribute \(attribute)") }
        let added = call.texts("ValuesToAdd")
        let removed = call.texts("ValuesToRemove")
        for value in added + removed where value != "all" && !RDSIdentifier.isAccount(value) {
            throw .invalidValue("Invalid account \(value): must be twelve digits, or all.")
        }
        guard Set(added).isDisjoint(with: removed) else {
            throw .invalidCombination("ValuesToAdd and ValuesToRemove can't hold the same value.")
        }
        guard snapshot.type == "manual" else {
            throw kind.invalidSnapshotState(
                "Only manual snapshots can be shared; \(snapshot.identifier) is of type \(snapshot.type)."
            )
        }
        if !added.isEmpty { try self.checkCanShare(snapshot, with: added, call) }
        let kept = snapshot.sharedWith.filter { !removed.contains($0) }
        snapshot.sharedWith = Set(kept + added).sorted()
        guard snapshot.sharedWith.count <= self.settings.sharedAccountLimit else {
            throw ModelFailure(
                "SharedSnapshotQuotaExceeded",
                "Cannot share a manual snapshot with more than \(self.settings.sharedAccountLimit) accounts."
            )
        }
        self.put(snapshot)
        if self.settings.unsharingFailsCopies {
            // Nobody but those who still see it goes on.
            self.failCopies(of: snapshot.name, at: call.now) { !Self.isVisible(snapshot, to: $0) }
        }
        if snapshot.sharedWith.isEmpty { self.shared.remove(snapshot.name) } else { self.shared.insert(snapshot.name) }
        return Self.attributes(of: snapshot)
    }

    func describeAttributes(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> JSONValue {
        Self.attributes(of: try self.ownSnapshot(kind, call))
    }

    private func ownSnapshot(_ kind: RDSKind, _ call: RDSCall) throws(ModelFailure) -> RDSSnapshot {
        let named = try call.required(kind.snapshotParameter)
        let place = call.place(kind)
        guard let snapshot = self.shelves[place]?[Self.ownIdentifier(named, in: place)] else {
            throw kind.snapshotNotFound(named)
        }
        return snapshot
    }

    private func checkCanShare(_ snapshot: RDSSnapshot, with accounts: [String], _ call: RDSCall) throws(ModelFailure) {
        guard let arn = snapshot.keyARN else { return }
        guard !accounts.contains("all") else {
            throw .invalidCombination("Encrypted snapshots can't be shared with all accounts.")
        }
        if call.keys.key(arn, account: call.account, region: call.region)?.isManagedByAWS == true {
            throw .invalidCombination("Snapshots encrypted with the default RDS encryption key can't be shared.")
        }
    }

    private static func attributes(of snapshot: RDSSnapshot) -> JSONValue {
        let element = snapshot.kind.snapshotElement
        return [
            element + "AttributesResult": [
                snapshot.kind.snapshotParameter: .string(snapshot.identifier),
                element + "Attributes": [
                    [
                        "AttributeName": "restore",
                        "AttributeValues": .array(snapshot.sharedWith.map { .string($0) }),
                    ]
                ],
            ]
        ]
    }
}
