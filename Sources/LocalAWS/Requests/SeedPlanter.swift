// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Puts seed data into a world, one request after the other.
struct SeedPlanter {
    var world: World
    /// When the next requests are made.
    var now: Instant

    /// One thing to plant: its place in the document, its account and Region, and its own members.
    struct Item {
        let path: String
        let account: String
        let region: String
        let document: JSONValue

        /// Reads the members that an item of this kind may have beside `account` and `region`.
        func reader(_ members: Set<String>) throws(DocumentError) -> DocumentReader {
            try DocumentReader(self.document, at: self.path, members: members.union(["account", "region"]))
        }
    }

    /// Plants the items of a list.
    mutating func plant(
        _ documents: [JSONValue],
        at list: String,
        _ body: (inout SeedPlanter, Item) throws(DocumentError) -> Void
    ) throws(DocumentError) {
        for (index, document) in documents.enumerated() {
            let path = "\(list)[\(index)]"
            guard let region = document["region"]?.string, !region.isEmpty else {
                throw DocumentError("\(path).region", "missing")
            }
            let account = document["account"]?.string ?? AccessKeyRegistry.defaultAccount
            try body(&self, Item(path: path, account: account, region: region, document: document))
        }
    }

    mutating func plantKey(_ item: Item) throws(DocumentError) {
        let reader = try item.reader(["alias", "description", "multiRegion", "policy"])
        let key = try self.ask(
            .kms,
            "CreateKey",
            .compact([
                "Description": try reader.text("description").map { .string($0) },
                "MultiRegion": try reader.bool("multiRegion").map { .bool($0) },
                "Policy": try reader.object("policy").map { .string(JSONValue.object($0).description) },
            ]),
            for: item
        )
        guard let alias = try reader.text("alias"), let id = key["KeyMetadata"]?["KeyId"] else { return }
        try self.ask(.kms, "CreateAlias", ["AliasName": .string(alias), "TargetKeyId": id], for: item)
    }

    mutating func plantDatabase(_ item: Item, kind: String) throws(DocumentError) {
        let reader = try item.reader(["id", "engine", "gib", "encrypted", "kmsKey", "tags", "parameters"])
        let isCluster = kind == "Cluster"
        var parameters = try reader.object("parameters") ?? [:]
        parameters["DB\(kind)Identifier"] = .string(try reader.required("id"))
        parameters["Engine"] = .string(try reader.text("engine") ?? (isCluster ? "aurora-postgresql" : "postgres"))
        parameters["AllocatedStorage"] = .integer(Int64(try reader.int("gib") ?? 20))
        if !isCluster { parameters["DBInstanceClass"] = parameters["DBInstanceClass"] ?? "db.t4g.medium" }
        parameters["MasterUsername"] = "local"
        parameters["MasterUserPassword"] = "local-password"
        parameters["StorageEncrypted"] = .bool(try reader.bool("encrypted") ?? false)
        parameters["KmsKeyId"] = try reader.text("kmsKey").map { .string($0) }
        parameters["Tags"] = try Self.tags(reader)
        try self.ask(.rds, "CreateDB\(kind)", .object(parameters), for: item)
    }

    mutating func plantSnapshot(_ item: Item) throws(DocumentError) {
        let reader = try item.reader(["kind", "database", "id", "type", "tags"])
        let kind: String
        switch try reader.text("kind") ?? "instance" {
        case "instance": kind = "Instance"
        case "cluster": kind = "Cluster"
        default: throw DocumentError("\(item.path).kind", "\"instance\" or \"cluster\" belongs here")
        }
        let infix = kind == "Cluster" ? "Cluster" : ""
        let type = try reader.text("type") ?? "manual"
        guard ["manual", "automated", "awsbackup"].contains(type) else {
            throw DocumentError("\(item.path).type", "\"manual\", \"automated\" or \"awsbackup\" belongs here")
        }
        if type != "manual" {
            let parameters = JSONValue.compact([
                "DB\(kind)Identifier": .string(try reader.required("database")), "SnapshotType": .string(type),
                "Tags": try Self.tags(reader),
            ])
            try self.ask(.rds, "LocalCreateAutomatedSnapshot", parameters, for: item)
            return
        }
        let parameters = JSONValue.compact([
            "DB\(kind)Identifier": .string(try reader.required("database")),
            "DB\(infix)SnapshotIdentifier": .string(try reader.required("id")),
            "Tags": try Self.tags(reader),
        ])
        try self.ask(.rds, "CreateDB\(infix)Snapshot", parameters, for: item)
    }

    mutating func plantQueue(_ item: Item) throws(DocumentError) {
        let reader = try item.reader(["name", "attributes", "deadLetterQueue", "maxReceiveCount", "tags"])
        var attributes = try reader.object("attributes") ?? [:]
        if let dead = try reader.text("deadLetterQueue") {
            try self.ask(.sqs, "CreateQueue", ["QueueName": .string(dead)], for: item)
            let policy: JSONValue = [
                "deadLetterTargetArn": .string(Self.queueARN(dead, item)),
                "maxReceiveCount": .integer(Int64(try reader.int("maxReceiveCount") ?? 10)),
            ]
            attributes["RedrivePolicy"] = .string(policy.description)
        }
        let parameters = JSONValue.compact([
            "QueueName": .string(try reader.required("name")),
            "Attributes": .object(attributes.mapValues { $0.string == nil ? .string($0.description) : $0 }),
            "tags": try reader.object("tags").map { .object($0) },
        ])
        try self.ask(.sqs, "CreateQueue", parameters, for: item)
    }

    mutating func plantRule(_ item: Item) throws(DocumentError) {
        let reader = try item.reader(["name", "pattern", "schedule", "queue", "input"])
        let name = JSONValue.string(try reader.required("name"))
        let rule = JSONValue.compact([
            "Name": name,
            "EventPattern": try reader.object("pattern").map { .string(JSONValue.object($0).description) },
            "ScheduleExpression": try reader.text("schedule").map { .string($0) },
        ])
        try self.ask(.events, "PutRule", rule, for: item)
        let queue = try reader.required("queue")
        let target = JSONValue.compact([
            "Id": "1",
            "Arn": .string(queue.hasPrefix("arn:") ? queue : Self.queueARN(queue, item)),
            "Input": try reader.object("input").map { .string(JSONValue.object($0).description) },
        ])
        try self.ask(.events, "PutTargets", ["Rule": name, "Targets": [target]], for: item)
    }

    mutating func plantRequest(_ item: Item) throws(DocumentError) {
        let reader = try item.reader(["service", "operation", "parameters"])
        guard let service = ServiceName(rawValue: try reader.required("service")) else {
            let names = ServiceName.allCases.map(\.rawValue).joined(separator: ", ")
            throw DocumentError("\(item.path).service", "one of \(names) belongs here")
        }
        let parameters = JSONValue.object(try reader.object("parameters") ?? [:])
        try self.ask(service, try reader.required("operation"), parameters, for: item)
    }

    @discardableResult
    private mutating func ask(
        _ service: ServiceName,
        _ operation: String,
        _ parameters: JSONValue,
        for item: Item
    ) throws(DocumentError) -> JSONValue {
        let request = ModelRequest(
            service: service,
            operation: operation,
            parameters: parameters,
            caller: ModelCaller(account: item.account, arn: "arn:aws:iam::\(item.account):user/seed"),
            region: item.region,
            requestID: "seed"
        )
        do {
            return try self.world.handle(request, at: self.now)
        } catch {
            throw DocumentError(item.path, "\(operation) was refused: \(error.code): \(error.message)")
        }
    }

    private static func tags(_ reader: DocumentReader) throws(DocumentError) -> JSONValue? {
        guard let tags = try reader.object("tags") else { return nil }
        return .array(
            tags.sorted { $0.key < $1.key }.map { ["Key": .string($0.key), "Value": $0.value] }
        )
    }

    private static func queueARN(_ name: String, _ item: Item) -> String {
        let partition =
            item.region.hasPrefix("cn-") ? "aws-cn" : item.region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
        return "arn:\(partition):sqs:\(item.region):\(item.account):\(name)"
    }
}
