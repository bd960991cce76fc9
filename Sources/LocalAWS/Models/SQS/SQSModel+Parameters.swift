// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension SQSModel {
    /// An object, also where a protocol wrote it as a list of names and values.
    static func map(_ value: JSONValue?) -> [String: JSONValue] {
        if let members = value?.object { return members }
        let entries = (value?.lenientArray ?? []).compactMap { entry -> (String, JSONValue)? in
            guard let name = (entry["Name"] ?? entry["Key"] ?? entry["name"] ?? entry["key"])?.string,
                let value = entry["Value"] ?? entry["value"]
            else { return nil }
            return (name, value)
        }
        return Dictionary(entries) { _, last in last }
    }

    /// An object whose values are text; numbers and booleans are taken as they are written.
    static func texts(_ value: JSONValue?) -> [String: String] {
        self.map(value).mapValues { $0.string ?? $0.description }
    }

    /// A list of texts.
    static func names(_ value: JSONValue?) -> [String] { (value?.lenientArray ?? []).compactMap(\.string) }

    /// A whole number within a range; `nil` when it isn't given.
    static func number(
        _ name: String,
        in parameters: JSONValue,
        _ range: ClosedRange<Int>,
        reason: String? = nil
    ) throws(ModelFailure) -> Int? {
        guard let value = parameters[name], value != .null else { return nil }
        guard let number = value.lenientInt, range.contains(number) else {
            throw .sqsParameter(
                name,
                value.string ?? value.description,
                reason ?? "Must be between \(range.lowerBound) and \(range.upperBound), if provided."
            )
        }
        return number
    }

    /// Refuses what XML 1.0 has no room for.
    static func checkCharacters(_ text: String, place: String) throws(ModelFailure) {
        // UTF-8 of U+FFFE and U+FFFF is EF BF BE and EF BF BF; everything else that is forbidden is below U+0020.
        let bytes = text.utf8.span
        for index in bytes.indices {
            let byte = bytes[index]
            if byte >= 0x20, byte < 0xBE { continue }
            var found: String?
            if byte < 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D {
                found = String(byte, radix: 16)
            } else if byte == 0xBE || byte == 0xBF, index >= 2, bytes[index - 2] == 0xEF, bytes[index - 1] == 0xBF {
                found = byte == 0xBE ? "fffe" : "ffff"
            }
            if let found {
                throw ModelFailure(
                    "InvalidMessageContents",
                    "Invalid binary character '#x\(found)' was found in the \(place), the set of allowed characters is "
                        + "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
                )
            }
        }
    }

    // MARK: - Opaque names

    /// The MD5 in hexadecimal; empty where OpenSSL forbids MD5.
    static func md5(_ bytes: [UInt8]) -> String { Digest.md5(bytes).map { Digest.hex($0) } ?? "" }

    /// The id of a message, by its number.
    static func messageID(_ number: UInt64) -> String { self.uuid("message \(number)") }

    /// A UUID that only depends on a text.
    static func uuid(_ seed: String) -> String {
        let digest = Digest.sha256(Array(seed.utf8))
        return RandomUUID.text(high: self.number(digest[..<8]), low: self.number(digest[8..<16]))
    }

    /// A receipt handle: the message and the receive, masked by a digest that also proves the handle genuine.
    static func handle(queue: String, number: UInt64, receipt: UInt64) -> String {
        let digest = self.proof(queue, number, receipt)
        let numbers = self.bytes(number) + self.bytes(receipt)
        return Base64.encode(digest + zip(numbers, digest).map { $0 ^ $1 })
    }

    /// What a receipt handle names.
    ///
    /// - Throws: ``ModelFailure`` when no receive of this queue gave it out.
    static func read(handle: String, queue: String) throws(ModelFailure) -> (number: UInt64, receipt: UInt64) {
        if let bytes = Base64.decode(handle), bytes.count == 48 {
            let digest = Array(bytes[..<32])
            let numbers = zip(bytes[32...], digest).map { $0 ^ $1 }
            let (number, receipt) = (self.number(numbers[..<8]), self.number(numbers[8...]))
            if self.proof(queue, number, receipt) == digest { return (number, receipt) }
        }
        throw ModelFailure(
            "ReceiptHandleIsInvalid",
            "The input receipt handle \"\(handle)\" is not a valid receipt handle."
        )
    }

    private static func proof(_ queue: String, _ number: UInt64, _ receipt: UInt64) -> [UInt8] {
        Digest.sha256(Array("receipt \(queue)".utf8) + self.bytes(number) + self.bytes(receipt))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
    }
}
