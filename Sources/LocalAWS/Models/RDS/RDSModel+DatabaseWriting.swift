// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSModel {
    /// Writes a database as RDS shows it.
    func json(_ database: RDSDatabase) -> JSONValue {
        let traits = database.traits
        var members: [String: JSONValue?] = [
            "Engine": .string(traits.engine), "EngineVersion": .string(traits.engineVersion),
            "AllocatedStorage": .integer(Int64(traits.allocatedStorage)),
            "MasterUsername": .string(traits.masterUsername),
            "BackupRetentionPeriod": .integer(Int64(database.retention)),
            "PreferredBackupWindow": .string(database.backupWindow), "StorageType": .string(traits.storageType),
            "StorageEncrypted": .bool(database.keyARN != nil), "KmsKeyId": database.keyARN.map { .string($0) },
            "StorageEncryptionType": database.keyARN == nil ? "none" : "sse-kms",
            "DeletionProtection": .bool(database.isProtected), "CopyTagsToSnapshot": .bool(database.copiesTags),
            "TagList": .array(database.tags.map { $0.json }), "MultiAZ": false,
            "Iops": traits.iops.map { .integer(Int64($0)) },
        ]
        switch database.name.place.kind {
        case .instance: members.merge(self.instanceMembers(database)) { $1 }
        case .cluster: members.merge(self.clusterMembers(database)) { $1 }
        }
        return .compact(members)
    }

    private func instanceMembers(_ database: RDSDatabase) -> [String: JSONValue?] {
        let region = database.name.place.region
        let group = database.optionGroup
        return [
            "DBInstanceIdentifier": .string(database.name.identifier),
            "DBInstanceClass": .string(database.instanceClass), "DBInstanceStatus": .string(database.status),
            "DBInstanceArn": .string(database.arn), "DbiResourceId": .string(database.traits.resourceID),
            "InstanceCreateTime": .string(database.traits.databaseCreated.iso8601),
            "AvailabilityZone": .string(region + "a"), "DBClusterIdentifier": database.cluster.map { .string($0) },
            "LicenseModel": .string(database.traits.licenseModel),
            "Endpoint": [
                "Address": .string("\(database.name.identifier).local.\(region).rds.amazonaws.com"),
                "Port": .integer(Int64(database.traits.port)),
            ],
            "OptionGroupMemberships": .array(
                group.map { [["OptionGroupName": .string($0), "Status": "in-sync"]] } ?? []
            ),
        ]
    }

    private func clusterMembers(_ database: RDSDatabase) -> [String: JSONValue?] {
        let name = database.name
        let instances = RDSPlace(account: name.place.account, region: name.place.region, kind: .instance)
        let inCluster = (self.databases[instances] ?? [:]).values.filter { $0.cluster == name.identifier }
        let writers = inCluster.map { $0.name.identifier }.sorted().enumerated()
        return [
            "DBClusterIdentifier": .string(name.identifier), "Status": .string(database.status),
            "DBClusterArn": .string(database.arn), "DbClusterResourceId": .string(database.traits.resourceID),
            "ClusterCreateTime": .string(database.traits.databaseCreated.iso8601),
            "EngineMode": .string(database.traits.engineMode), "Port": .integer(Int64(database.traits.port)),
            "Endpoint": .string("\(name.identifier).cluster-local.\(name.place.region).rds.amazonaws.com"),
            "AvailabilityZones": .array(["a", "b", "c"].map { .string(name.place.region + $0) }),
            "DBClusterMembers": .array(
                writers.map { index, member in
                    ["DBInstanceIdentifier": .string(member), "IsClusterWriter": .bool(index == 0)]
                }
            ),
        ]
    }
}
