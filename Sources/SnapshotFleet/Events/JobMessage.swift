// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The message that carries one job from worker to worker, or from an operator to the fleet.
///
///     {"snapferry":"job","version":1,"source":"arn:aws:rds:us-east-1:111122223333:snapshot:orders",
///      "destination":{"account":"444455556666","region":"eu-west-1"},"route":"prod",
///      "firstSeen":"2026-11-21T20:10:28.000000Z","failedCopies":0}
///
/// `source` and `destination.region` are required. Members that are not known are passed over, so that a newer worker
/// may add some within the same version.
package enum JobMessage {
    /// The version this worker writes, and the only one it reads.
    package static let version = 1

    /// Why a message is no job.
    package struct DecodingError: Error, Hashable {
        /// For the operator who finds the message in the dead-letter queue.
        package let reason: String
    }

    /// The message's body.
    package static func encode(_ job: CopyJob) -> String {
        let document: JSONValue = [
            "snapferry": "job",
            "version": .integer(Int64(self.version)),
            "source": .string(job.source.description),
            "destination": ["account": .string(job.destination.account), "region": .string(job.destination.region)],
            "route": .string(job.route),
            "firstSeen": .string(job.firstSeen.iso8601),
            "failedCopies": .integer(Int64(job.failedCopies)),
        ]
        return document.description
    }

    /// Reads a job.
    ///
    /// - Parameters:
    ///   - document: The message's body.
    ///   - account: Where the job goes when it names no account.
    ///   - sentAt: When the fleet first heard of it, where it does not say.
    /// - Returns: The job, or why there is none.
    static func decode(
        _ document: JSONValue,
        account: String,
        sentAt: Instant
    ) -> Result<CopyJob, DecodingError> {
        do {
            return .success(try self.job(document, account: account, sentAt: sentAt))
        } catch {
            return .failure(error)
        }
    }

    private static func job(
        _ document: JSONValue,
        account: String,
        sentAt: Instant
    ) throws(DecodingError) -> CopyJob {
        let version = document["version"] ?? .null
        guard version == .null || version.int == Self.version else {
            throw DecodingError(reason: "a job of version \(version.description.excerpt(20)); this worker reads 1")
        }
        let source = try self.text("source", document) ?? ""
        guard let arn = SnapshotARN(source), RegionName.partition(of: arn.region) != nil,
            arn.identifier.utf8.count <= 300, arn.identifier.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw DecodingError(
                reason: #"a job whose "source" is no ARN of an RDS snapshot or cluster snapshot: \#(source)"#.excerpt()
            )
        }
        let destination = try self.destination(document["destination"] ?? .null, account: account)
        guard destination != Destination(account: arn.account, region: arn.region) else {
            throw DecodingError(reason: "a job whose destination, \(destination), is where the snapshot is already")
        }
        guard RegionName.partition(of: destination.region) == RegionName.partition(of: arn.region) else {
            throw DecodingError(
                reason: "a job from \(arn.region) to \(destination.region), which is in another partition of AWS"
            )
        }
        return CopyJob(
            source: arn,
            destination: destination,
            route: try self.text("route", document)?.excerpt() ?? "",
            firstSeen: try self.firstSeen(document) ?? sentAt,
            failedCopies: try self.failedCopies(document["failedCopies"] ?? .null)
        )
    }

    private static func destination(_ value: JSONValue, account: String) throws(DecodingError) -> Destination {
        guard value.object != nil else {
            throw DecodingError(reason: #"a job whose "destination" is \#(value.kind), not an object"#)
        }
        let region = try self.text("region", value) ?? ""
        guard RegionName.partition(of: region) != nil else {
            throw DecodingError(reason: #"a job whose "destination.region" is no Region: \#(region)"#.excerpt())
        }
        let account = try self.text("account", value) ?? account
        guard account.isAccountID else {
            throw DecodingError(reason: #"a job whose "destination.account" is not 12 digits: \#(account)"#.excerpt())
        }
        return Destination(account: account, region: region)
    }

    private static func firstSeen(_ document: JSONValue) throws(DecodingError) -> Instant? {
        guard let text = try self.text("firstSeen", document) else { return nil }
        guard let instant = Instant(iso8601: text) else {
            throw DecodingError(reason: #"a job whose "firstSeen" is no ISO 8601 time: \#(text)"#.excerpt())
        }
        return instant
    }

    private static func failedCopies(_ value: JSONValue) throws(DecodingError) -> Int {
        if value == .null { return 0 }
        guard let count = value.int, (0...1_000_000).contains(count) else {
            let shown = value.description.excerpt(40)
            throw DecodingError(reason: #"a job whose "failedCopies" is \#(shown), not a count"#)
        }
        return count
    }

    /// The text of a member; `nil` where it is missing or `null`.
    private static func text(_ name: String, _ document: JSONValue) throws(DecodingError) -> String? {
        switch document[name] ?? .null {
        case .null: return nil
        case .string(let text): return text
        case let other: throw DecodingError(reason: #"a job whose "\#(name)" is \#(other.kind), not a string"#)
        }
    }
}
