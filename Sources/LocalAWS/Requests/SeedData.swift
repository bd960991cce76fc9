// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What an embedded AWS has from the start.
///
///     { "accounts": [ { "id": "111122223333",
///                       "keys": [ { "accessKeyId": "AKIAEXAMPLE", "secretAccessKey": "…", "user": "ops" } ],
///                       "roles": [ { "name": "dr", "trusts": ["444455556666"], "externalId": "x",
///                                    "maxSessionSeconds": 3600 } ] } ],
///       "kmsKeys":   [ { "account": "…", "region": "eu-west-1", "alias": "alias/dr", "policy": { } } ],
///       "instances": [ { "account": "…", "region": "us-east-1", "id": "orders", "engine": "postgres",
///                        "gib": 100, "encrypted": true, "kmsKey": "alias/prod", "tags": { "dr": "true" } } ],
///       "clusters":  [ … the same … ],
///       "snapshots": [ { "account": "…", "region": "us-east-1", "kind": "instance", "database": "orders",
///                        "id": "orders-before-upgrade", "type": "manual", "tags": { } } ],
///       "queues":    [ { "account": "…", "region": "us-east-1", "name": "jobs", "attributes": { },
///                        "deadLetterQueue": "jobs-dead", "maxReceiveCount": 5 } ],
///       "rules":     [ { "account": "…", "region": "us-east-1", "name": "snapshots", "pattern": { },
///                        "schedule": "rate(1 hour)", "queue": "jobs", "input": { } } ],
///       "requests":  [ { "account": "…", "region": "us-east-1", "service": "dynamodb",
///                        "operation": "CreateTable", "parameters": { } } ] }
///
/// Every list may be left out. All of it is applied by requests, so that it goes through the rules that hold for clients:
/// databases are made two hours ago, their snapshots one hour ago, and everything else now, in the order above. So
/// the seed's own snapshots raise no events on the seed's rules. `requests` is for whatever has no list of its own.
package struct SeedData: Sendable {
    private static let members: Set<String> = [
        "accounts", "kmsKeys", "instances", "clusters", "snapshots", "queues", "rules", "requests",
    ]

    private let document: JSONValue

    /// Makes seed data without anything in it.
    package init() { self.document = .object([:]) }

    /// Takes a document.
    ///
    /// - Throws: ``DocumentError`` for a member that is unknown. The rest shows when the data is applied.
    package init(_ document: JSONValue) throws(DocumentError) {
        _ = try DocumentReader(document, at: "", members: Self.members)
        self.document = document
    }

    /// Puts everything into a world.
    ///
    /// - Throws: ``DocumentError`` with the path of the first thing that is wrong, or that a service refused.
    package func apply(to world: inout World, keys: inout AccessKeyRegistry, at now: Instant) throws(DocumentError) {
        let reader = try DocumentReader(self.document, at: "", members: Self.members)
        for (index, account) in try reader.array("accounts").enumerated() {
            try Self.apply(account: account, at: "accounts[\(index)]", to: &world, keys: &keys)
        }
        var planter = SeedPlanter(world: world, now: now - .seconds(7200))
        try planter.plant(try reader.array("kmsKeys"), at: "kmsKeys") { (planter, item) throws(DocumentError) in
            try planter.plantKey(item)
        }
        try planter.plant(try reader.array("instances"), at: "instances") { (planter, item) throws(DocumentError) in
            try planter.plantDatabase(item, kind: "Instance")
        }
        try planter.plant(try reader.array("clusters"), at: "clusters") { (planter, item) throws(DocumentError) in
            try planter.plantDatabase(item, kind: "Cluster")
        }
        planter.now = now - .seconds(3600)
        try planter.plant(try reader.array("snapshots"), at: "snapshots") { (planter, item) throws(DocumentError) in
            try planter.plantSnapshot(item)
        }
        planter.world.advance(to: now)
        planter.now = now
        try planter.plant(try reader.array("queues"), at: "queues") { (planter, item) throws(DocumentError) in
            try planter.plantQueue(item)
        }
        try planter.plant(try reader.array("rules"), at: "rules") { (planter, item) throws(DocumentError) in
            try planter.plantRule(item)
        }
        try planter.plant(try reader.array("requests"), at: "requests") { (planter, item) throws(DocumentError) in
            try planter.plantRequest(item)
        }
        world = planter.world
    }

    private static func apply(
        account document: JSONValue,
        at path: String,
        to world: inout World,
        keys: inout AccessKeyRegistry
    ) throws(DocumentError) {
        let account = try DocumentReader(document, at: path, members: ["id", "keys", "roles"])
        let id = try account.required("id")
        for (index, key) in try account.array("keys").enumerated() {
            let reader = try DocumentReader(
                key,
                at: "\(path).keys[\(index)]",
                members: ["accessKeyId", "secretAccessKey", "user"]
            )
            let arn = "arn:aws:iam::\(id):user/\(try reader.text("user") ?? "local")"
            keys.add(
                try reader.required("accessKeyId"),
                AccessKeyRegistry.AccessKey(
                    secretAccessKey: try reader.required("secretAccessKey"),
                    caller: ModelCaller(account: id, arn: arn)
                )
            )
        }
        for (index, role) in try account.array("roles").enumerated() {
            let place = "\(path).roles[\(index)]"
            let reader = try DocumentReader(
                role,
                at: place,
                members: ["name", "trusts", "externalId", "maxSessionSeconds"]
            )
            world.sts.declare(
                STSModel.Role(
                    arn: "arn:aws:iam::\(id):role/\(try reader.required("name"))",
                    trusted: try reader.array("trusts").compactMap(\.string),
                    externalID: try reader.text("externalId"),
                    maxSessionSeconds: try reader.int("maxSessionSeconds") ?? 3600
                )
            )
        }
    }
}
