// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSModel {
    mutating func addTags(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let added = try call.tags()
        try self.changeTags(call) { (tags) throws(ModelFailure) in
            tags.removeAll { tag in added.contains { $0.key == tag.key } }
            tags += added
            try RDSTag.checkCount(tags)
        }
        return [:]
    }

    mutating func removeTags(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let removed = Set(call.texts("TagKeys"))
        try self.changeTags(call) { (tags) throws(ModelFailure) in tags.removeAll { removed.contains($0.key) } }
        return [:]
    }

    func listTags(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let tags: [RDSTag]
        switch try self.taggedResource(call) {
        case .snapshot(let snapshot): tags = snapshot.tags
        case .database(let database): tags = database.tags
        case .optionGroup(let group): tags = group.tags
        }
        return ["TagList": .array(tags.map { $0.json })]
    }

    private enum TaggedResource {
        case snapshot(RDSSnapshot)
        case database(RDSDatabase)
        case optionGroup(RDSOptionGroup)
    }

    private func taggedResource(_ call: RDSCall) throws(ModelFailure) -> TaggedResource {
        let text = try call.required("ResourceName")
        guard let arn = RDSARN(text), arn.region == call.region, arn.account == call.account else {
            throw .invalidValue("Invalid resource name: \(text)")
        }
        if arn.resource == "og" {
            let region = RDSRegion(account: arn.account, region: arn.region)
            guard let group = self.optionGroups[region]?[arn.identifier] else {
                throw RDSOptionGroup.notFound(arn.identifier)
            }
            return .optionGroup(group)
        }
        for kind in RDSKind.allCases {
            if arn.resource == kind.snapshotResource {
                guard let snapshot = self.shelves[call.place(kind)]?[arn.identifier] else {
                    throw kind.snapshotNotFound(arn.identifier)
                }
                return .snapshot(snapshot)
            }
            if arn.resource == kind.databaseResource {
                guard let database = self.databases[call.place(kind)]?[arn.identifier] else {
                    throw kind.databaseNotFound(arn.identifier)
                }
                return .database(database)
            }
        }
        throw .invalidValue("Invalid resource name: \(text)")
    }

    private mutating func changeTags(
        _ call: RDSCall,
        _ change: (inout [RDSTag]) throws(ModelFailure) -> Void
    ) throws(ModelFailure) {
        switch try self.taggedResource(call) {
        case .snapshot(var snapshot):
            try change(&snapshot.tags)
            self.put(snapshot)
        case .database(var database):
            try change(&database.tags)
            self.databases[database.name.place]?[database.name.identifier] = database
        case .optionGroup(var group):
            try change(&group.tags)
            self.optionGroups[group.place]?[group.name] = group
        }
    }
}
