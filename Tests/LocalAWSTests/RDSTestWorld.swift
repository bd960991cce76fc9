// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

/// RDS and KMS with a clock that the test moves.
struct RDSTestWorld {
    static let account = "111122223333"
    static let other = "444455556666"
    static let start = Instant(iso8601: "2026-11-21T03:10:00Z") ?? Instant(microseconds: 0)

    var rds: RDSModel
    var kms = KMSModel()
    var now = Self.start
    /// Every event so far, oldest first.
    var events: [JSONValue] = []

    init(_ change: (inout RDSSettings) -> Void = { _ in }) {
        var settings = RDSSettings()
        settings.snapshotPace = .init(overhead: .seconds(10), secondsPerGiB: 0)
        settings.localCopyPace = .init(overhead: .seconds(50), secondsPerGiB: 0)
        settings.copyPace = .init(overhead: .seconds(100), secondsPerGiB: 0)
        change(&settings)
        self.rds = RDSModel(settings: settings)
    }

    /// Asks RDS.
    @discardableResult
    mutating func call(
        _ operation: String,
        _ parameters: JSONValue = [:],
        in region: String = "us-east-1",
        as account: String = Self.account
    ) throws(ModelFailure) -> JSONValue {
        defer { self.collect() }
        return try self.rds.handle(
            Self.request(.rds, operation, parameters, region, account),
            keys: self.kms,
            at: self.now
        )
    }

    /// Asks KMS.
    @discardableResult
    mutating func keys(
        _ operation: String,
        _ parameters: JSONValue = [:],
        in region: String = "us-east-1",
        as account: String = Self.account
    ) throws(ModelFailure) -> JSONValue {
        try self.kms.handle(Self.request(.kms, operation, parameters, region, account), at: self.now)
    }

    /// What RDS refuses a request with; `nil` when it doesn't.
    mutating func failure(
        _ operation: String,
        _ parameters: JSONValue = [:],
        in region: String = "us-east-1",
        as account: String = Self.account
    ) -> ModelFailure? {
        do {
            try self.call(operation, parameters, in: region, as: account)
            return nil
        } catch {
            return error
        }
    }

    /// Lets time pass.
    mutating func pass(_ duration: Duration) {
        self.now = self.now + duration
        self.collect()
    }

    private mutating func collect() {
        for effect in self.rds.advance(to: self.now) {
            if case .event(_, _, let envelope) = effect { self.events.append(envelope) }
        }
    }

    private static func request(
        _ service: ServiceName,
        _ operation: String,
        _ parameters: JSONValue,
        _ region: String,
        _ account: String
    ) -> ModelRequest {
        ModelRequest(
            service: service,
            operation: operation,
            parameters: parameters,
            caller: ModelCaller(account: account, arn: "arn:aws:iam::\(account):user/test"),
            region: region
        )
    }

    // MARK: - Steps

    /// Makes a database and a manual snapshot of it that is available.
    mutating func makeSnapshot(
        _ kind: RDSKind,
        _ identifier: String,
        of database: String = "orders",
        _ more: [String: JSONValue] = [:],
        in region: String = "us-east-1"
    ) throws {
        let (databaseID, snapshotID) = Self.parameters(kind)
        let word = "DB" + Self.word(kind, "Instance")
        if self.failure("Describe\(word)s", [databaseID: .string(database)], in: region) != nil {
            var parameters = more
            parameters[databaseID] = .string(database)
            parameters["Engine"] = kind == .instance ? "mysql" : "aurora-mysql"
            try self.call("Create\(word)", .object(parameters), in: region)
        }
        try self.call(
            "Create\(Self.element(kind))",
            [databaseID: .string(database), snapshotID: .string(identifier)],
            in: region
        )
        self.pass(.seconds(10))
    }

    @discardableResult
    mutating func copy(
        _ kind: RDSKind,
        _ source: String,
        to target: String,
        _ more: [String: JSONValue] = [:],
        in region: String = "eu-west-1",
        as account: String = Self.account
    ) throws(ModelFailure) -> JSONValue {
        let snapshotID = Self.parameters(kind).snapshot
        var parameters = more
        parameters["Source" + snapshotID] = .string(source)
        parameters["Target" + snapshotID] = .string(target)
        return try self.call("Copy\(Self.element(kind))", .object(parameters), in: region, as: account)[
            Self.element(kind)
        ] ?? .null
    }

    mutating func refusal(
        _ kind: RDSKind,
        _ source: String,
        to target: String,
        _ more: [String: JSONValue] = [:],
        in region: String = "eu-west-1",
        as account: String = Self.account
    ) -> ModelFailure? {
        do {
            try self.copy(kind, source, to: target, more, in: region, as: account)
            return nil
        } catch {
            return error
        }
    }

    /// One snapshot as it is now.
    mutating func describe(
        _ kind: RDSKind,
        _ identifier: String,
        in region: String = "eu-west-1",
        as account: String = Self.account
    ) throws -> JSONValue {
        let list = try self.list(kind, [Self.parameters(kind).snapshot: .string(identifier)], in: region, as: account)
        return try #require(list.first)
    }

    mutating func list(
        _ kind: RDSKind,
        _ parameters: JSONValue = [:],
        in region: String = "us-east-1",
        as account: String = Self.account
    ) throws(ModelFailure) -> [JSONValue] {
        let result = try self.call("Describe\(Self.element(kind))s", parameters, in: region, as: account)
        return result[Self.element(kind) + "s"]?.array ?? []
    }

    mutating func identifiers(
        _ kind: RDSKind,
        _ parameters: JSONValue = [:],
        in region: String = "us-east-1",
        as account: String = Self.account
    ) throws(ModelFailure) -> [String] {
        try self.list(kind, parameters, in: region, as: account).compactMap {
            $0[Self.parameters(kind).snapshot]?.string
        }
    }

    static func arn(
        _ kind: RDSKind,
        _ identifier: String,
        in region: String = "us-east-1",
        account: String = Self.account
    ) -> String {
        let partition = region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
        let resource = kind == .instance ? "snapshot" : "cluster-snapshot"
        return "arn:\(partition):rds:\(region):\(account):\(resource):\(identifier)"
    }

    static func element(_ kind: RDSKind) -> String { kind == .instance ? "DBSnapshot" : "DBClusterSnapshot" }

    static func word(_ kind: RDSKind, _ word: String) -> String { kind == .instance ? word : "Cluster" }

    static func parameters(_ kind: RDSKind) -> (database: String, snapshot: String) {
        kind == .instance
            ? ("DBInstanceIdentifier", "DBSnapshotIdentifier") : ("DBClusterIdentifier", "DBClusterSnapshotIdentifier")
    }

    /// Makes a customer's key, and lets other accounts use it.
    mutating func makeKey(in region: String = "us-east-1", for accounts: [String] = []) throws -> String {
        let statements: [JSONValue] = ([Self.account] + accounts).map { account in
            [
                "Effect": "Allow", "Principal": ["AWS": .string("arn:aws:iam::\(account):root")], "Action": "kms:*",
                "Resource": "*",
            ]
        }
        let policy: JSONValue = ["Version": "2012-10-17", "Statement": .array(statements)]
        let made = try self.keys("CreateKey", ["Policy": .string(policy.description)], in: region)
        return try #require(made["KeyMetadata"]?["Arn"]?.string)
    }
}
