// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A group of options of a database engine, such as transparent encryption.
struct RDSOptionGroup: Sendable {
    var place: RDSRegion
    var name: String
    var engine: String
    var majorVersion: String
    var summary: String
    /// Names, sorted.
    var options: [String]
    var tags: [RDSTag]

    var arn: String {
        RDSARN(region: self.place.region, account: self.place.account, resource: "og", identifier: self.name)
            .description
    }

    var json: JSONValue {
        [
            "OptionGroupName": .string(self.name), "OptionGroupDescription": .string(self.summary),
            "EngineName": .string(self.engine), "MajorEngineVersion": .string(self.majorVersion),
            "AllowsVpcAndNonVpcInstanceMemberships": true, "OptionGroupArn": .string(self.arn),
            "Options": .array(self.options.map { ["OptionName": .string($0)] }),
        ]
    }

    static func notFound(_ name: String) -> ModelFailure {
        ModelFailure("OptionGroupNotFoundFault", "Specified OptionGroupName: \(name) not found.", status: 404)
    }
}

extension RDSModel {
    /// Checks that an option group is there; the default ones always are.
    func existingOptionGroup(_ named: String, _ call: RDSCall) throws(ModelFailure) -> String {
        let name = named.lowercased()
        let place = RDSRegion(account: call.account, region: call.region)
        guard name.hasPrefix("default:") || self.optionGroups[place]?[name] != nil else {
            throw RDSOptionGroup.notFound(named)
        }
        return name
    }

    mutating func createOptionGroup(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let group = RDSOptionGroup(
            place: RDSRegion(account: call.account, region: call.region),
            name: try self.freeOptionGroupName("OptionGroupName", call),
            engine: try call.required("EngineName"),
            majorVersion: try call.required("MajorEngineVersion"),
            summary: try call.required("OptionGroupDescription"),
            options: [],
            tags: try call.tags()
        )
        self.optionGroups[group.place, default: [:]][group.name] = group
        return ["OptionGroup": group.json]
    }

    mutating func modifyOptionGroup(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        var group = try self.optionGroup("OptionGroupName", call)
        let included = call.parameters["OptionsToInclude"]?.lenientArray.compactMap { $0["OptionName"]?.string } ?? []
        let removed = Set(call.texts("OptionsToRemove"))
        group.options = Set(group.options + included).subtracting(removed).sorted()
        self.optionGroups[group.place]?[group.name] = group
        return ["OptionGroup": group.json]
    }

    mutating func copyOptionGroup(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        var group = try self.optionGroup("SourceOptionGroupIdentifier", call)
        group.name = try self.freeOptionGroupName("TargetOptionGroupIdentifier", call)
        group.summary = try call.required("TargetOptionGroupDescription")
        group.tags = try call.tags()
        self.optionGroups[group.place]?[group.name] = group
        return ["OptionGroup": group.json]
    }

    mutating func deleteOptionGroup(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let group = try self.optionGroup("OptionGroupName", call)
        let isUsed = self.databases[call.place(.instance)]?.values.contains { $0.optionGroup == group.name } ?? false
        guard !isUsed else {
            throw ModelFailure("InvalidOptionGroupStateFault", "The option group \(group.name) is in use.")
        }
        self.optionGroups[group.place]?[group.name] = nil
        return [:]
    }

    func describeOptionGroups(_ call: RDSCall) throws(ModelFailure) -> JSONValue {
        let page = try RDSPage(call)
        let all = self.optionGroups[RDSRegion(account: call.account, region: call.region)] ?? [:]
        var groups = all.values.sorted { $0.name < $1.name }
        if call.text("OptionGroupName") != nil { groups = [try self.optionGroup("OptionGroupName", call)] }
        if let engine = call.text("EngineName") { groups = groups.filter { $0.engine == engine } }
        let cut = page.cut(groups) { $0.name }
        return .compact([
            "OptionGroupsList": .array(cut.elements.map { $0.json }), "Marker": cut.marker.map { .string($0) },
        ])
    }

    private func optionGroup(_ parameter: String, _ call: RDSCall) throws(ModelFailure) -> RDSOptionGroup {
        let named = try call.required(parameter)
        let place = RDSRegion(account: call.account, region: call.region)
        guard let group = self.optionGroups[place]?[RDSARN(named)?.identifier ?? named.lowercased()] else {
            throw RDSOptionGroup.notFound(named)
        }
        return group
    }

    private func freeOptionGroupName(_ parameter: String, _ call: RDSCall) throws(ModelFailure) -> String {
        let name = try RDSIdentifier.checked(try call.required(parameter), parameter: parameter, limit: 255)
        guard self.optionGroups[RDSRegion(account: call.account, region: call.region)]?[name] == nil else {
            throw ModelFailure("OptionGroupAlreadyExistsFault", "An option group named \(name) already exists.")
        }
        return name
    }
}
