// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A message attribute: a type, perhaps with a label behind a point, and a value.
struct SQSMessageAttribute: Hashable, Sendable {
    /// The value on the wire.
    enum Value: Hashable, Sendable {
        case text(String)
        case binary([UInt8])

        var bytes: [UInt8] {
            switch self {
            case .text(let text): Array(text.utf8)
            case .binary(let bytes): bytes
            }
        }
    }

    var type: String
    var value: Value

    var json: JSONValue {
        switch self.value {
        case .text(let text): ["DataType": .string(self.type), "StringValue": .string(text)]
        case .binary(let bytes): ["DataType": .string(self.type), "BinaryValue": .string(Base64.encode(bytes))]
        }
    }

    /// What the attribute adds to the size of its message.
    func size(named name: String) -> Int { name.utf8.count + self.type.utf8.count + self.value.bytes.count }

    // MARK: - Reading

    /// Reads the attributes of a message.
    ///
    /// Source: "Amazon SQS message metadata", Amazon Simple Queue Service Developer Guide.
    static func read(_ parameter: JSONValue?) throws(ModelFailure) -> [String: SQSMessageAttribute] {
        let written = SQSModel.map(parameter)
        guard written.count <= 10 else {
            throw .sqsInvalid(
                "Number of message attributes [\(written.count)] exceeds the allowed maximum [10]."
            )
        }
        var attributes: [String: SQSMessageAttribute] = [:]
        for (name, value) in written.sorted(by: { $0.key < $1.key }) {
            try self.checkName(name)
            attributes[name] = try self.read(name, value)
        }
        return attributes
    }

    static func read(_ name: String, _ written: JSONValue) throws(ModelFailure) -> SQSMessageAttribute {
        let type = written["DataType"]?.string ?? ""
        guard !type.isEmpty else {
            throw .sqsInvalid("The message attribute '\(name)' must contain message attribute type.")
        }
        let base = type.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)[0]
        guard ["String", "Number", "Binary"].contains(base), type.utf8.count <= 256 else {
            throw .sqsInvalid(
                "The message attribute '\(name)' has an invalid message attribute type, the set of supported type "
                    + "prefixes is Binary, Number, and String."
            )
        }
        let empty = ModelFailure.sqsInvalid(
            "The message attribute '\(name)' must contain non-empty message attribute value for message attribute "
                + "type '\(type)'."
        )
        guard base != "Binary" else {
            guard let text = written["BinaryValue"]?.string, let bytes = Base64.decode(text), !bytes.isEmpty else {
                throw empty
            }
            return SQSMessageAttribute(type: type, value: .binary(bytes))
        }
        guard let text = written["StringValue"]?.string, !text.isEmpty else { throw empty }
        guard base != "Number" || Double(text)?.isFinite == true else {
            throw .sqsInvalid("Can't cast the value of message attribute '\(name)' to a number.")
        }
        try SQSModel.checkCharacters(text, place: "message attribute '\(name)'")
        return SQSMessageAttribute(type: type, value: .text(text))
    }

    private static func checkName(_ name: String) throws(ModelFailure) {
        let isSpelledWell = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        let lowered = name.lowercased()
        guard isSpelledWell, (1...256).contains(name.utf8.count), !name.hasPrefix("."), !name.hasSuffix("."),
            !name.contains(".."), !lowered.hasPrefix("aws."), !lowered.hasPrefix("amazon.")
        else {
            throw .sqsInvalid(
                "Message (user) attribute name '\(name)' is invalid: it can contain only alphanumeric characters, "
                    + "hyphens, underscores and single periods within, and can't start with AWS. or Amazon."
            )
        }
    }

    // MARK: - Digest

    /// The MD5 of some attributes in hexadecimal; `nil` when there are none.
    ///
    /// Source: "Calculating the MD5 message digest for message attributes", Amazon SQS Developer Guide.
    static func digest(of attributes: [String: SQSMessageAttribute]) -> String? {
        guard !attributes.isEmpty else { return nil }
        var bytes: [UInt8] = []
        func append(_ part: some Collection<UInt8>) {
            let length = UInt32(part.count)
            bytes += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
            bytes += part
        }
        for (name, attribute) in attributes.sorted(by: { $0.key < $1.key }) {
            append(name.utf8)
            append(attribute.type.utf8)
            switch attribute.value {
            case .text(let text):
                bytes.append(1)
                append(text.utf8)
            case .binary(let value):
                bytes.append(2)
                append(value)
            }
        }
        return SQSModel.md5(bytes)
    }

    // MARK: - Choosing

    /// The attributes that a receiver asks for: by name, by `prefix.*`, or all of them.
    static func chosen(
        from attributes: [String: SQSMessageAttribute],
        by names: [String]
    ) -> [String: SQSMessageAttribute] {
        guard !names.isEmpty, !attributes.isEmpty else { return [:] }
        return attributes.filter { name, _ in
            names.contains { wanted in
                wanted == "All" || wanted == name || (wanted.hasSuffix(".*") && name.hasPrefix(wanted.dropLast(2)))
            }
        }
    }
}
