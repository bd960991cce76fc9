// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import CTransport

/// Why a text is not an XML document that this client reads.
package struct XMLSyntaxError: Error, Equatable, CustomStringConvertible {
    package let problem: String
    /// Where, counting from 1.
    package let line: Int

    package var description: String { "line \(self.line): \(self.problem)" }
}

/// A document as it was read: all text in one piece, and the elements one after the other.
///
/// An element is its place. Nothing is made into a `String` before somebody asks for it: of what RDS answers, most is
/// never looked at.
final class XMLDocument: Sendable {
    private let text: [UInt8]
    private let elements: [ctransport_xml_element]

    /// Reads a document; see ``XMLNode/init(parsing:byExpatAlone:)``.
    init(parsing bytes: [UInt8], byExpatAlone: Bool) throws(XMLSyntaxError) {
        if !byExpatAlone, let elements = PlainXMLScanner.elements(of: bytes) {
            self.text = bytes
            self.elements = elements
            return
        }
        guard !bytes.allSatisfy(\.isBlankASCII) else { throw XMLSyntaxError(problem: "the document is empty", line: 1) }
        var document = ctransport_xml_document()
        var line = 0
        // Lives forever, as every text that it is set to.
        var problem = ctransport_describe(0)
        let outcome = ctransport_xml_read(bytes, bytes.count, XMLNode.depthLimit, &document, &line, &problem)
        defer { ctransport_xml_free(&document) }
        switch outcome {
        case CTRANSPORT_XML_DONE: break
        case CTRANSPORT_XML_DOCTYPE:
            throw XMLSyntaxError(problem: "a document type is declared, as on an HTML page", line: line)
        case CTRANSPORT_XML_TOO_DEEP:
            throw XMLSyntaxError(problem: "elements lie more than \(XMLNode.depthLimit) deep", line: line)
        case CTRANSPORT_XML_NO_MEMORY: throw XMLSyntaxError(problem: "it takes too much memory", line: line)
        default: throw XMLSyntaxError(problem: String(cString: problem), line: line)
        }
        guard document.element_count > 0 else { throw XMLSyntaxError(problem: "there is no element", line: line) }
        self.text = Array(UnsafeBufferPointer(start: document.text, count: document.text_count))
        self.elements = Array(UnsafeBufferPointer(start: document.elements, count: document.element_count))
    }

    /// Makes a document of one element with nothing in it.
    init(name: String) {
        self.text = Array(name.utf8)
        let count = UInt32(self.text.count)
        self.elements = [ctransport_xml_element(name: 0, name_count: count, text: count, text_count: 0, end: 1)]
    }

    /// Where the name of an element stands.
    func name(of place: Int) -> Range<Int> {
        let element = self.elements[place]
        return Int(element.name)..<Int(element.name) + Int(element.name_count)
    }

    /// Where the text directly inside an element stands, without the blanks at both ends if they are to go.
    func text(of place: Int, trimmed: Bool = false) -> Range<Int> {
        let element = self.elements[place]
        var (start, end) = (Int(element.text), Int(element.text) + Int(element.text_count))
        guard trimmed else { return start..<end }
        while start < end, self.text[start].isBlankASCII { start += 1 }
        while start < end, self.text[end - 1].isBlankASCII { end -= 1 }
        return start..<end
    }

    /// The text that stands somewhere; what is no UTF-8 gets replaced.
    func string(_ range: Range<Int>) -> String { String(decoding: self.text[range], as: UTF8.self) }

    /// The moment that stands somewhere; `nil` when it is no ISO 8601 time.
    func instant(_ range: Range<Int>) -> Instant? {
        let text = self.text
        return Instant(iso8601: text.span.extracting(range))
    }

    /// Whether the same bytes stand somewhere in another document.
    func holdsSame(at range: Range<Int>, as other: XMLDocument, at otherRange: Range<Int>) -> Bool {
        self.text[range] == other.text[otherRange]
    }

    /// The first child; `nil` when there is none.
    func firstChild(of place: Int) -> Int? { place + 1 < self.elements[place].end ? place + 1 : nil }

    /// The child behind another; `nil` when it is the last one.
    func child(after place: Int, in parent: Int) -> Int? {
        let next = self.elements[place].end
        return next < self.elements[parent].end ? Int(next) : nil
    }

    /// The first child of this name, from the child at `start` on; `nil` when there is none.
    func child(named name: Span<UInt8>, of parent: Int, from start: Int) -> Int? {
        let text = self.text
        var place = start
        let end = Int(self.elements[parent].end)
        while place < end {
            let element = self.elements[place]
            if Int(element.name_count) == name.count, name.stands(in: text.span, at: Int(element.name)) { return place }
            place = Int(element.end)
        }
        return nil
    }
}

extension Span<UInt8> {
    /// Whether the same bytes stand in `text` from `start` on.
    fileprivate func stands(in text: Span<UInt8>, at start: Int) -> Bool {
        for index in self.indices where self[index] != text[start + index] { return false }
        return true
    }
}
