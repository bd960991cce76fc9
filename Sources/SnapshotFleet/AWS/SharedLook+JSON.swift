// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// How a look is written down in the table of slots.
///
///     {"asked":1795464628618272,"copies":[{"slot":3,"version":1795462828618272,"status":"copying","percent":42,
///      "arn":"arn:aws:rds:eu-west-1:444455556666:snapshot:orders-us-east-1","database":"orders","tags":{…}}]}
///
/// Times are microseconds since 1970. Of the tags only ours are told.
extension SharedLook {
    /// The look as a document.
    package var json: JSONValue {
        ["asked": .integer(self.askedAt.microseconds), "copies": .array(self.copies.map(\.json))]
    }

    /// Reads a look, and passes over a copy in it that can't be read; `nil` for a document that is none.
    package init?(json: JSONValue) {
        guard let asked = json["asked"]?.int, let copies = json["copies"]?.array else { return nil }
        self.init(askedAt: Instant(microseconds: Int64(asked)), copies: copies.compactMap { Copy(json: $0) })
    }
}

extension SharedLook.Copy {
    fileprivate var json: JSONValue {
        let tags = self.snapshot.tags.filter { $0.key.hasPrefix("snapferry:") }
        return .compact([
            "slot": .integer(Int64(self.number)),
            "version": .integer(self.version),
            "arn": .string(self.snapshot.arn.description),
            "database": .string(self.snapshot.database),
            "status": .string(self.snapshot.status),
            "percent": self.snapshot.percentProgress.map { .integer(Int64($0)) },
            "created": self.snapshot.createdAt.map { .integer($0.microseconds) },
            "taken": self.snapshot.originalCreatedAt.map { .integer($0.microseconds) },
            "source": self.snapshot.sourceARN.map { .string($0) },
            "size": self.snapshot.sizeGiB.map { .integer(Int64($0)) },
            "tags": .object(tags.mapValues { .string($0) }),
        ])
    }

    fileprivate init?(json: JSONValue) {
        guard let number = json["slot"]?.int, let version = json["version"]?.int, let status = json["status"]?.string,
            let arn = json["arn"]?.string.flatMap({ SnapshotARN($0) })
        else { return nil }
        func instant(_ name: String) -> Instant? { json[name]?.int.map { Instant(microseconds: Int64($0)) } }
        let snapshot = Snapshot(
            arn: arn,
            database: json["database"]?.string ?? "",
            status: status,
            percentProgress: json["percent"]?.int,
            tags: (json["tags"]?.object ?? [:]).compactMapValues(\.string),
            createdAt: instant("created"),
            originalCreatedAt: instant("taken"),
            sourceARN: json["source"]?.string,
            sizeGiB: json["size"]?.int
        )
        self.init(number: number, version: Int64(version), snapshot: snapshot)
    }
}
