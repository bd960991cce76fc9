// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// An element of an XML document: attributes and namespaces are left aside.
///
/// It is a place in the document, which lives as long as any of its elements is held.
package struct XMLNode: Sendable {
    /// How deep elements may lie in one another.
    package static let depthLimit = 64

    private let document: XMLDocument
    private let place: Int

    private init(_ document: XMLDocument, _ place: Int) {
        self.document = document
        self.place = place
    }

    /// Makes an element with nothing in it.
    init(name: String) { self.init(XMLDocument(name: name), 0) }

    /// Reads a document and gives its outermost element.
    ///
    /// - Parameters:
    ///   - bytes: The document.
    ///   - byExpatAlone: Whether to leave out the quicker reader of plain documents, to compare it with.
    /// - Throws: ``XMLSyntaxError`` for an empty, truncated or malformed document, an HTML page, one that declares a
    ///   document type (it could define entities that blow up), or one nested deeper than ``depthLimit``.
    package init(parsing bytes: [UInt8], byExpatAlone: Bool = false) throws(XMLSyntaxError) {
        self.init(try XMLDocument(parsing: bytes, byExpatAlone: byExpatAlone), 0)
        guard self.name.lowercased() != "html" else { throw XMLSyntaxError(problem: "an HTML page", line: 1) }
    }

    /// Without its prefix.
    package var name: String { self.document.string(self.document.name(of: self.place)) }

    /// The text directly inside; blanks between child elements do not count.
    package var text: String { self.document.string(self.document.text(of: self.place)) }

    package var children: [XMLNode] {
        var children: [XMLNode] = []
        var next = self.document.firstChild(of: self.place)
        while let place = next {
            children.append(XMLNode(self.document, place))
            next = self.document.child(after: place, in: self.place)
        }
        return children
    }

    /// The first child of this name; `nil` when there is none.
    package subscript(name: String) -> XMLNode? { self.find(name).map { XMLNode(self.document, $0) } }

    /// The children of this name, in order.
    package func children(named name: String) -> [XMLNode] {
        var children: [XMLNode] = []
        let name = name.utf8.span
        var start = self.place + 1
        while let place = self.document.child(named: name, of: self.place, from: start) {
            children.append(XMLNode(self.document, place))
            guard let next = self.document.child(after: place, in: self.place) else { break }
            start = next
        }
        return children
    }

    /// The text of the first child of this name; `nil` when there is none.
    package func string(_ name: String) -> String? {
        self.find(name).map { self.document.string(self.document.text(of: $0)) }
    }

    /// The number in the first child of this name; `nil` when there is none, or it is no number.
    package func int(_ name: String) -> Int? {
        self.find(name).flatMap { Int(self.document.string(self.document.text(of: $0, trimmed: true))) }
    }

    /// The truth value in the first child of this name; `nil` when there is none.
    package func bool(_ name: String) -> Bool? {
        guard let place = self.find(name) else { return nil }
        return switch self.document.string(self.document.text(of: place, trimmed: true)).lowercased() {
        case "true", "1": true
        case "false", "0": false
        default: nil
        }
    }

    /// The moment in the first child of this name; `nil` when there is none, or it is no ISO 8601 time.
    package func instant(_ name: String) -> Instant? {
        self.find(name).flatMap { self.document.instant(self.document.text(of: $0, trimmed: true)) }
    }

    /// The elements of a list, such as `<TagList><Tag>…</Tag></TagList>`; empty when there is no such list.
    package func list(_ name: String, of member: String) -> [XMLNode] { self[name]?.children(named: member) ?? [] }

    private func find(_ name: String) -> Int? {
        self.document.child(named: name.utf8.span, of: self.place, from: self.place + 1)
    }
}

extension XMLNode: Equatable {
    /// Whether both have the same name, text and children, in whichever documents.
    package static func == (left: XMLNode, right: XMLNode) -> Bool {
        let (document, other) = (left.document, right.document)
        return document.holdsSame(at: document.name(of: left.place), as: other, at: other.name(of: right.place))
            && document.holdsSame(at: document.text(of: left.place), as: other, at: other.text(of: right.place))
            && left.children == right.children
    }
}
