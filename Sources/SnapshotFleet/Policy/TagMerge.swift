// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The tags of a copy.
///
/// RDS ignores `CopyTags` as soon as a request carries tags of its own, so that the fleet merges them itself: ours win,
/// then the destination's, then the source's.
package struct TagMerge: Hashable, Sendable {
    /// The ARN of the snapshot this is a copy of; what makes a copy ours.
    package static let sourceKey = "snapferry:source"
    /// When the data was taken, ISO 8601.
    package static let sourceCreatedKey = "snapferry:source-created"
    /// The route that planned the copy.
    package static let routeKey = "snapferry:route"
    /// A short name of the job, the same for each attempt.
    package static let jobKey = "snapferry:job"
    /// How many tags RDS takes on a resource.
    package static let limit = 50

    /// A tag of the source or the destination that the copy does not carry.
    package struct Dropped: Hashable, Sendable {
        package let key: String
        /// For people.
        package let why: String
    }

    /// No more than ``limit``, all of them legal.
    package var tags: [String: String]
    /// What was left out, sorted by key.
    ///
    /// Not listed: reserved tags of the source, and those that were overridden.
    package var dropped: [Dropped]

    /// Merges the tags of a job's copy.
    ///
    /// - Parameters:
    ///   - source: The tags of the source; empty where they are not to be copied.
    ///   - destination: The tags that the policy gives.
    ///   - job: The job, for the tags that are ours.
    ///   - sourceCreated: When the data was taken; `nil` leaves the tag out.
    /// - Returns: What the copy carries, and what of the rest it does not.
    package static func merge(
        source: [String: String],
        destination: [String: String],
        job: CopyJob,
        sourceCreated: Instant?
    ) -> TagMerge {
        var ours: [String: String] = [:]
        ours.reserveCapacity(4 + destination.count + source.count)
        ours[Self.sourceKey] = self.value(for: job.source)
        ours[Self.jobKey] = ShortHash.of(job.id.description.lowercased())
        if !job.route.isEmpty { ours[Self.routeKey] = self.legal(value: job.route) }
        ours[Self.sourceCreatedKey] = sourceCreated?.iso8601
        var result = TagMerge(tags: ours, dropped: [])
        result.add(destination)
        result.add(source)
        result.dropped.sort { $0.key < $1.key }
        return result
    }

    /// Whether tags found on a snapshot say that it is this fleet's copy of `source`.
    package static func marks(_ tags: [String: String], copyOf source: SnapshotARN) -> Bool {
        // Identifiers are case-insensitive in RDS.
        guard let found = tags[Self.sourceKey] else { return false }
        let wanted = self.value(for: source)
        return found == wanted || found.lowercased() == wanted.lowercased()
    }

    /// The value of ``sourceKey``: the ARN, or its beginning and a hash where it is longer than a tag may be.
    static func value(for source: SnapshotARN) -> String {
        let arn = source.description
        let legal = self.legal(value: arn)
        if legal == arn { return arn }
        return legal.prefix(255 - ShortHash.length) + "-" + ShortHash.of(arn.lowercased())
    }

    /// Adds tags that do not override what is there, in the order of their keys, as long as there is room.
    private mutating func add(_ more: [String: String]) {
        for (key, value) in more.sorted(by: { $0.key < $1.key }) {
            if Self.isReserved(key) || self.tags[key] != nil { continue }
            if !Self.isLegal(key: key) {
                self.dropped.append(Dropped(key: key.excerpt(128), why: "RDS does not take this key"))
            } else if self.tags.count >= Self.limit {
                self.dropped.append(Dropped(key: key, why: "a snapshot carries at most \(Self.limit) tags"))
            } else {
                self.tags[key] = Self.legal(value: value)
            }
        }
    }

    /// Whether a key is not for us to set: AWS's own, and the fleet's.
    static func isReserved(_ key: String) -> Bool {
        let lowered = key.lowercased()
        return ["aws:", "rds:", "snapferry:"].contains { lowered.hasPrefix($0) }
    }

    /// Source: RDS User Guide, "Tagging Amazon RDS resources".
    static func isLegal(key: String) -> Bool {
        (1...128).contains(key.unicodeScalars.count) && key.unicodeScalars.allSatisfy { self.isLegal($0) }
    }

    static func isLegal(value: String) -> Bool {
        value.unicodeScalars.count <= 256 && value.unicodeScalars.allSatisfy { self.isLegal($0) }
    }

    /// The value with illegal characters replaced, cut to what RDS takes.
    private static func legal(value: String) -> String {
        if value.utf8.count <= 256, value.utf8.allSatisfy({ self.isLegal($0) }) { return value }
        var result = String.UnicodeScalarView()
        for scalar in value.unicodeScalars.prefix(256) { result.append(self.isLegal(scalar) ? scalar : "_") }
        return String(result)
    }

    /// Whether a byte is a character of ASCII that RDS takes.
    private static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: " "), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "@"):
            true
        default: false
        }
    }

    private static func isLegal(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return self.isLegal(UInt8(ascii: scalar))
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .spaceSeparator:
            return true
        default: return false
        }
    }
}
