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

/// An element of an XML document: attributes and namespaces are left aside.
package struct XMLNode: Hashable, Sendable {
    /// How deep elements may lie in one another.
    package static let depthLimit = 64

    /// Without its prefix.
    package var name: String
    /// The text directly inside; blanks between child elements do not count.
    package var text: String
    package var children: [XMLNode]

    /// Makes an element.
    package init(name: String, text: String = "", children: [XMLNode] = []) {
        self.name = name
        self.text = text
        self.children = children
    }

    /// Reads a document and gives its outermost element.
    ///
    /// - Throws: ``XMLSyntaxError`` for an empty, truncated or malformed document, an HTML page, one that declares a
    ///   document type (it could define entities that blow up), or one nested deeper than ``depthLimit``.
    package init(parsing bytes: [UInt8]) throws(XMLSyntaxError) {
        let isBlank = bytes.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard !isBlank else { throw XMLSyntaxError(problem: "the document is empty", line: 1) }
        let builder = XMLBuilder()
        var line = 0
        var problem: UnsafePointer<CChar> = XMLBuilder.noProblem
        let outcome = withExtendedLifetime(builder) {
            ctransport_xml_parse(
                bytes,
                bytes.count,
                beginElement,
                endElement,
                takeText,
                Unmanaged.passUnretained(builder).toOpaque(),
                &line,
                &problem
            )
        }
        switch outcome {
        case CTRANSPORT_XML_DONE: break
        case CTRANSPORT_XML_DOCTYPE:
            throw XMLSyntaxError(problem: "a document type is declared, as on an HTML page", line: line)
        case CTRANSPORT_XML_STOPPED:
            throw XMLSyntaxError(problem: "elements lie more than \(Self.depthLimit) deep", line: line)
        default:
            throw XMLSyntaxError(problem: String(cString: problem), line: line)
        }
        guard let root = builder.root else { throw XMLSyntaxError(problem: "there is no element", line: line) }
        guard root.name.lowercased() != "html" else { throw XMLSyntaxError(problem: "an HTML page", line: 1) }
        self = root
    }

    /// The first child of this name; `nil` when there is none.
    package subscript(name: String) -> XMLNode? { self.children.first { $0.name == name } }

    /// The children of this name, in order.
    package func children(named name: String) -> [XMLNode] { self.children.filter { $0.name == name } }

    /// The text of the first child of this name; `nil` when there is none.
    package func string(_ name: String) -> String? { self[name]?.text }

    /// The number in the first child of this name; `nil` when there is none, or it is no number.
    package func int(_ name: String) -> Int? { self.string(name).flatMap { Int($0.trimmingWhitespace()) } }

    /// The truth value in the first child of this name; `nil` when there is none.
    package func bool(_ name: String) -> Bool? {
        switch self.string(name)?.trimmingWhitespace().lowercased() {
        case "true", "1": true
        case "false", "0": false
        default: nil
        }
    }

    /// The moment in the first child of this name; `nil` when there is none, or it is no ISO 8601 time.
    package func instant(_ name: String) -> Instant? {
        self.string(name).flatMap { Instant(iso8601: $0.trimmingWhitespace()) }
    }

    /// The elements of a list, such as `<TagList><Tag>…</Tag></TagList>`; empty when there is no such list.
    package func list(_ name: String, of member: String) -> [XMLNode] { self[name]?.children(named: member) ?? [] }
}

/// Puts the tree together from expat's callbacks.
private final class XMLBuilder {
    nonisolated(unsafe) static let noProblem: UnsafePointer<CChar> = {
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        text.initialize(to: 0)
        return UnsafePointer(text)
    }()

    private struct Open {
        let name: String
        var text: [UInt8] = []
        var children: [XMLNode] = []
    }

    private var stack: [Open] = []
    private(set) var root: XMLNode?

    func begin(_ name: String) -> Bool {
        guard self.stack.count < XMLNode.depthLimit else { return false }
        // Without its namespace's prefix; by bytes, because by characters it took as long as all the rest.
        let prefixEnd = name.utf8.lastIndex(of: UInt8(ascii: ":")).map { name.utf8.index(after: $0) }
        self.stack.append(Open(name: prefixEnd.map { String(name[$0...]) } ?? name))
        return true
    }

    func end() {
        guard let open = self.stack.popLast() else { return }
        let isBlank = open.text.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let text = isBlank && !open.children.isEmpty ? "" : String(decoding: open.text, as: UTF8.self)
        let node = XMLNode(name: open.name, text: text, children: open.children)
        if self.stack.isEmpty {
            self.root = node
        } else {
            self.stack[self.stack.count - 1].children.append(node)
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        guard !self.stack.isEmpty else { return }
        self.stack[self.stack.count - 1].text.append(contentsOf: bytes)
    }
}

private let beginElement: ctransport_xml_element = { name, context in
    guard let context else { return 0 }
    return Unmanaged<XMLBuilder>.fromOpaque(context).takeUnretainedValue().begin(String(cString: name)) ? 1 : 0
}

private let endElement: ctransport_xml_element = { _, context in
    guard let context else { return 0 }
    Unmanaged<XMLBuilder>.fromOpaque(context).takeUnretainedValue().end()
    return 1
}

private let takeText: ctransport_xml_text = { bytes, count, context in
    guard let context else { return }
    Unmanaged<XMLBuilder>.fromOpaque(context).takeUnretainedValue()
        .append(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
}
