// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The part of a list that a request asks for.
///
/// The marker holds the last identifier that was given out, not a position, so that nothing is lost or given twice when
/// the list changes between two pages.
struct RDSPage {
    /// 20 to 100.
    let limit: Int
    /// Only what sorts behind it is asked for; `nil` at the start.
    let last: String?

    init(_ call: RDSCall) throws(ModelFailure) {
        let asked = call.parameters["MaxRecords"] ?? 100
        guard let limit = asked.lenientInt, (20...100).contains(limit) else {
            throw .invalidValue(
                "Invalid value \(asked.string ?? asked.description) for MaxRecords. Must be between 20 and 100"
            )
        }
        self.limit = limit
        guard let marker = call.text("Marker") else {
            self.last = nil
            return
        }
        guard let last = Self.decode(marker) else { throw .invalidValue("Invalid marker \(marker)") }
        self.last = last
    }

    /// What a caller hands in to get what sorts behind an identifier.
    static func marker(after identifier: String) -> String { Digest.hex(Array("m1 \(identifier)".utf8)) }

    private static func decode(_ marker: String) -> String? {
        let digits = Array(marker.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        guard let text = String(validating: bytes, as: UTF8.self), text.hasPrefix("m1 ") else { return nil }
        return String(text.dropFirst(3))
    }

    /// Cuts this page out of elements that are sorted by their identifiers.
    func cut<Element>(
        _ elements: [Element],
        identifier: (Element) -> String
    ) -> (elements: [Element], marker: String?) {
        var rest = elements[...]
        if let last = self.last { rest = rest.drop { identifier($0) <= last } }
        let page = Array(rest.prefix(self.limit))
        guard rest.count > page.count, let end = page.last else { return (page, nil) }
        return (page, Self.marker(after: identifier(end)))
    }
}
