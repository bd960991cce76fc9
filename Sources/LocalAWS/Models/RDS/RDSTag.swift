// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A key and its value on a database or a snapshot.
struct RDSTag: Hashable, Sendable {
    var key: String
    var value: String

    var json: JSONValue { ["Key": .string(self.key), "Value": .string(self.value)] }

    /// Whether AWS keeps keys like this one to itself.
    var isReserved: Bool { Self.reservedPrefix(of: self.key) != nil }

    static let limit = 50

    /// Reads `[{"Key": …, "Value": …}]` and checks it as RDS does.
    ///
    /// - Throws: `InvalidParameterValue` for a key that is reserved, empty or too long, and for too many tags.
    static func checked(_ value: JSONValue?) throws(ModelFailure) -> [RDSTag] {
        let tags = self.unchecked(value)
        for tag in tags {
            if let prefix = self.reservedPrefix(of: tag.key) {
                throw .invalidValue("Tag keys cannot start with the reserved prefix \"\(prefix)\".")
            }
            guard (1...128).contains(tag.key.count), tag.value.count <= 256 else {
                throw .invalidValue("Tag keys must have 1 to 128 characters, and tag values at most 256.")
            }
            guard self.isAllowed(tag.key), self.isAllowed(tag.value) else {
                throw .invalidValue("Tag keys and values may hold letters, digits, spaces and _.:/=+-@ only.")
            }
        }
        try self.checkCount(tags)
        return tags
    }

    /// Reads `[{"Key": …, "Value": …}]`; where a key stands twice the last one counts.
    static func unchecked(_ value: JSONValue?) -> [RDSTag] {
        var tags: [RDSTag] = []
        for element in value?.lenientArray ?? [] {
            let tag = RDSTag(key: element["Key"]?.string ?? "", value: element["Value"]?.string ?? "")
            tags.removeAll { $0.key == tag.key }
            tags.append(tag)
        }
        return tags
    }

    static func checkCount(_ tags: [RDSTag]) throws(ModelFailure) {
        guard tags.count <= self.limit else {
            throw .invalidValue("A resource can't have more than \(self.limit) tags.")
        }
    }

    private static func reservedPrefix(of key: String) -> String? {
        guard let first = key.utf8.first, "aArR".utf8.contains(first) else { return nil }
        let key = key.lowercased()
        return ["aws:", "rds:"].first { key.hasPrefix($0) }
    }

    private static func isAllowed(_ text: String) -> Bool {
        // The tables of Unicode are asked only where there is more than ASCII.
        if text.utf8.allSatisfy({ $0 < 0x80 && self.isAllowedASCII($0) }) { return true }
        return text.unicodeScalars.allSatisfy { self.isAllowed($0) }
    }

    private static func isAllowedASCII(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "@")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"),
            UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: " "):
            true
        default: false
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || "_.:/=+-@ ".unicodeScalars.contains(scalar)
    }
}
