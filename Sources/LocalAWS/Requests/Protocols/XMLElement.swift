// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// An XML element to be written.
struct XMLElement {
    /// What the elements of a list are called.
    enum ListNames {
        /// `member`, as most of the query protocol's services have it.
        case members
        /// By the name of the list, as RDS has it.
        case byTable
    }

    private let name: String
    private var text: String?
    private let children: [XMLElement]
    private var attributes = ""

    /// Makes an element of other elements.
    init(_ name: String, namespace: String? = nil, children: [XMLElement]) {
        self.name = name
        self.children = children
        if let namespace { self.attributes = " xmlns=\"\(namespace)\"" }
    }

    /// Makes an element of a value: members by name, lists as one element inside for each of theirs.
    init(_ name: String, _ value: JSONValue, lists: ListNames) {
        self.name = name
        switch value {
        case .object(let members):
            self.children = members.sorted { $0.key < $1.key }
                .filter { $0.value != .null }
                .map { XMLElement($0.key, $0.value, lists: lists) }
        case .array(let elements):
            let element = lists == .byTable ? Self.elementNames[name] ?? "member" : "member"
            self.children = elements.map { XMLElement(element, $0, lists: lists) }
        case .string(let text):
            self.children = []
            self.text = text
        case .null: self.children = []
        case .bool, .integer, .double:
            self.children = []
            self.text = value.description
        }
    }

    /// The document as UTF-8.
    func document() -> [UInt8] {
        var output = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
        self.write(to: &output)
        return output
    }

    private func write(to output: inout [UInt8]) {
        output += "<\(self.name)\(self.attributes)".utf8
        if self.children.isEmpty, (self.text ?? "").isEmpty {
            output += "/>".utf8
            return
        }
        output.append(UInt8(ascii: ">"))
        if let text = self.text { Self.write(escaped: text, to: &output) }
        for child in self.children { child.write(to: &output) }
        output += "</\(self.name)>".utf8
    }

    private static func write(escaped text: String, to output: inout [UInt8]) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;".utf8
            case "<": output += "&lt;".utf8
            case ">": output += "&gt;".utf8
            case "\"": output += "&quot;".utf8
            case "\r": output += "&#xD;".utf8
            // XML 1.0 has no way to write these.
            case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}":
                output += "\u{FFFD}".utf8
            default: output += String(scalar).utf8
            }
        }
    }

    /// The names that RDS gives to the elements of its lists.
    private static let elementNames = [
        "AccountQuotas": "AccountQuota", "AssociatedRoles": "DBInstanceRole", "AttributeValues": "AttributeValue",
        "AvailabilityZones": "AvailabilityZone", "Certificates": "Certificate",
        "DBClusterAutomatedBackups": "DBClusterAutomatedBackup", "DBClusterMembers": "DBClusterMember",
        "DBClusterOptionGroupMemberships": "DBClusterOptionGroup",
        "DBClusterParameterGroups": "DBClusterParameterGroup",
        "DBClusterSnapshotAttributes": "DBClusterSnapshotAttribute", "DBClusterSnapshots": "DBClusterSnapshot",
        "DBClusters": "DBCluster", "DBEngineVersions": "DBEngineVersion",
        "DBInstanceAutomatedBackups": "DBInstanceAutomatedBackup", "DBInstances": "DBInstance",
        "DBParameterGroups": "DBParameterGroup", "DBSecurityGroups": "DBSecurityGroup",
        "DBSnapshotAttributes": "DBSnapshotAttribute", "DBSnapshots": "DBSnapshot", "DBSubnetGroups": "DBSubnetGroup",
        "DomainMemberships": "DomainMembership", "EventCategories": "EventCategory",
        "EventCategoriesList": "EventCategory", "EventCategoriesMapList": "EventCategoriesMap",
        "EventSubscriptionsList": "EventSubscription", "Events": "Event", "ExportTasks": "ExportTask",
        "GlobalClusters": "GlobalClusterMember", "OptionGroupMemberships": "OptionGroupMembership",
        "OptionGroupsList": "OptionGroup", "OptionSettings": "OptionSetting", "Options": "Option",
        "Parameters": "Parameter", "ProcessorFeatures": "ProcessorFeature",
        "ReadReplicaDBClusterIdentifiers": "ReadReplicaDBClusterIdentifier",
        "ReadReplicaDBInstanceIdentifiers": "ReadReplicaDBInstanceIdentifier",
        "ReadReplicaIdentifiers": "ReadReplicaIdentifier", "SourceIdsList": "SourceId",
        "SourceRegions": "SourceRegion", "StatusInfos": "DBInstanceStatusInfo", "Subnets": "Subnet", "TagList": "Tag",
        "Tags": "Tag", "VpcSecurityGroups": "VpcSecurityGroupMembership",
    ]
}
