// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import CTransport

/// Reads the XML that AWS nearly always answers, and gives up on anything else.
///
/// Expat takes 50 instructions a byte, most of them for what no answer has. This takes elements of ASCII text without
/// references, prefixes, comments and sections, and copies nothing: names and texts stay where they are. It says "I don't
/// know" at the first byte that is anything else, and then expat reads the document, or says what is wrong with it. So it
/// may be as narrow as it likes, but what it takes, expat has to take as the same; the fuzzer sees to that.
struct PlainXMLScanner {
    private var position = 0
    private var elements: [ctransport_xml_element] = []
    /// The open elements, by their places.
    private var open: [Int] = []

    /// The elements of a document, with places that count its own bytes; `nil` when expat has to read it.
    static func elements(of bytes: [UInt8]) -> [ctransport_xml_element]? {
        guard bytes.count <= Int(Int32.max) else { return nil }
        var scanner = Self()
        // An element of RDS takes some 50 bytes.
        scanner.elements.reserveCapacity(min(bytes.count / 40 + 8, 8192))
        scanner.open.reserveCapacity(XMLNode.depthLimit)
        return scanner.scan(bytes.span) ? scanner.elements : nil
    }

    private mutating func scan(_ bytes: Span<UInt8>) -> Bool {
        _ =
            self.skip(text: #"<?xml version="1.0"?>"#, in: bytes)
            || self.skip(text: #"<?xml version="1.0" encoding="UTF-8"?>"#, in: bytes)
        repeat {
            // What stands before this tag: the text of the open element, or blanks between elements.
            let start = self.position
            self.skipBlanks(in: bytes)
            let isBlank = self.position < bytes.count && bytes[self.position] == UInt8(ascii: "<")
            guard isBlank || !self.open.isEmpty && self.skipText(in: bytes) else { return false }
            let end = self.position
            self.position += 1
            guard self.position < bytes.count else { return false }
            if bytes[self.position] == UInt8(ascii: "/") {
                guard self.end(text: start..<end, isBlank: isBlank, in: bytes) else { return false }
            } else {
                guard isBlank, self.begin(in: bytes) else { return false }
            }
        } while !self.open.isEmpty
        self.skipBlanks(in: bytes)
        return self.position == bytes.count
    }

    /// Reads a tag from behind its `<`: `name>`, `name/>`, or with one attribute.
    private mutating func begin(in bytes: Span<UInt8>) -> Bool {
        let name = self.name(in: bytes)
        guard !name.isEmpty, self.open.count < XMLNode.depthLimit else { return false }
        if self.skip(" ", in: bytes), !self.skipAttribute(in: bytes) { return false }
        let isEmpty = self.skip("/", in: bytes)
        guard self.skip(">", in: bytes) else { return false }
        let place = self.elements.count
        self.elements.append(
            ctransport_xml_element(
                name: UInt32(name.lowerBound),
                name_count: UInt32(name.count),
                text: UInt32(self.position),
                text_count: 0,
                end: UInt32(place + 1)
            )
        )
        if !isEmpty { self.open.append(place) }
        // A document of one empty element is rare enough for expat.
        return !self.open.isEmpty
    }

    /// Reads the end of the innermost open element from its `/`.
    private mutating func end(text: Range<Int>, isBlank: Bool, in bytes: Span<UInt8>) -> Bool {
        guard let place = self.open.popLast() else { return false }
        let (name, count) = (Int(self.elements[place].name), Int(self.elements[place].name_count))
        let start = self.position + 1
        guard start + count < bytes.count else { return false }
        for offset in 0..<count where bytes[start + offset] != bytes[name + offset] { return false }
        self.position = start + count
        guard self.skip(">", in: bytes) else { return false }
        if self.elements.count == place + 1 {
            self.elements[place].text = UInt32(text.lowerBound)
            self.elements[place].text_count = UInt32(text.count)
        } else if !isBlank {
            // Text and elements side by side.
            return false
        }
        self.elements[place].end = UInt32(self.elements.count)
        return true
    }

    private mutating func skip(_ character: Unicode.Scalar, in bytes: Span<UInt8>) -> Bool {
        guard self.position < bytes.count, bytes[self.position] == UInt8(ascii: character) else { return false }
        self.position += 1
        return true
    }

    private mutating func skip(text: StaticString, in bytes: Span<UInt8>) -> Bool {
        guard bytes.count - self.position >= text.utf8CodeUnitCount else { return false }
        let isThere = text.withUTF8Buffer { wanted in
            wanted.indices.allSatisfy { bytes[self.position + $0] == wanted[$0] }
        }
        if isThere { self.position += text.utf8CodeUnitCount }
        return isThere
    }

    private mutating func skipBlanks(in bytes: Span<UInt8>) {
        while self.position < bytes.count,
            bytes[self.position] == 0x20 || bytes[self.position] == 0x0A || bytes[self.position] == 0x09
        {
            self.position += 1
        }
    }

    /// Reads text up to the next tag; fails at what is more than text, or may be.
    private mutating func skipText(in bytes: Span<UInt8>) -> Bool {
        while self.position < bytes.count {
            switch bytes[self.position] {
            case UInt8(ascii: "<"): return true
            // A reference, and what may be the end of a section, which can't stand in a text.
            case UInt8(ascii: "&"), UInt8(ascii: "]"): return false
            case 0x20...0x7E, 0x0A, 0x09: self.position += 1
            default: return false
            }
        }
        return false
    }

    /// Reads a name without a prefix; empty when there is none.
    private mutating func name(in bytes: Span<UInt8>) -> Range<Int> {
        let start = self.position
        while self.position < bytes.count {
            switch bytes[self.position] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): break
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                guard self.position > start else { return start..<start }
            default: return start..<self.position
            }
            self.position += 1
        }
        return start..<self.position
    }

    /// Reads `name="value"`.
    private mutating func skipAttribute(in bytes: Span<UInt8>) -> Bool {
        guard !self.name(in: bytes).isEmpty, self.skip("=", in: bytes), self.skip("\"", in: bytes) else { return false }
        while self.position < bytes.count {
            switch bytes[self.position] {
            case UInt8(ascii: "\""):
                self.position += 1
                return true
            case UInt8(ascii: "&"), UInt8(ascii: "<"): return false
            case 0x20...0x7E: self.position += 1
            default: return false
            }
        }
        return false
    }
}
