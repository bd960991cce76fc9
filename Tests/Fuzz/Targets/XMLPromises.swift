// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// XML: what was read is what expat reads; written by the book, reads as the same; no element lies too deep.
enum XMLPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let node: XMLNode
        do throws(XMLSyntaxError) {
            node = try XMLNode(parsing: bytes)
        } catch {
            let lines = bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
            try require((1...lines).contains(error.line), "\(error): there are at most \(lines) lines")
            return try require(!error.problem.isEmpty, "an error says what is wrong")
        }
        let byExpat: XMLNode
        do throws(XMLSyntaxError) {
            byExpat = try XMLNode(parsing: bytes, byExpatAlone: true)
        } catch {
            throw BrokenPromise("expat would not have read it: \(error)")
        }
        try require(byExpat == node, "expat reads it otherwise")
        try require(self.depth(of: node) <= XMLNode.depthLimit, "deeper than \(XMLNode.depthLimit)")
        for child in node.children {
            _ = (node.int(child.name), node.bool(child.name), node.instant(child.name))
        }
        // Only expat tells which names are names; what it took once, it has to take again.
        let written = self.written(node)
        let again: XMLNode
        do throws(XMLSyntaxError) {
            again = try XMLNode(parsing: Array(written.utf8))
        } catch {
            throw BrokenPromise("\(error): \(written)")
        }
        try require(again == node, "written and read again: \(written)")
    }

    private static func depth(of node: XMLNode) -> Int { 1 + (node.children.map { self.depth(of: $0) }.max() ?? 0) }

    private static func written(_ node: XMLNode) -> String {
        var text = ""
        for scalar in node.text.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\r": text += "&#13;"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return "<\(node.name)>\(text)\(node.children.map { self.written($0) }.joined())</\(node.name)>"
    }
}
