// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Testing

@testable import AWSClient

@Suite("XML")
struct XMLNodeTests {
    static func parse(_ text: String) throws(XMLSyntaxError) -> XMLNode { try XMLNode(parsing: Array(text.utf8)) }

    @Test("reads what RDS answers")
    func reads() throws {
        let root = try Self.parse(
            """
            <?xml version="1.0"?>
            <DescribeDBSnapshotsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
              <DescribeDBSnapshotsResult>
                <Marker>a&amp;b</Marker>
                <DBSnapshots>
                  <DBSnapshot><Status>available</Status><Encrypted>true</Encrypted><Port> 5432 </Port>
                    <SnapshotCreateTime>2026-11-21T20:10:28.618272Z</SnapshotCreateTime></DBSnapshot>
                  <DBSnapshot><Status><![CDATA[a<b]]></Status><Empty/></DBSnapshot>
                </DBSnapshots>
              </DescribeDBSnapshotsResult>
            </DescribeDBSnapshotsResponse>
            """
        )
        let result = try #require(root["DescribeDBSnapshotsResult"])
        #expect(result.string("Marker") == "a&b")
        let snapshots = result.list("DBSnapshots", of: "DBSnapshot")
        #expect(snapshots.map { $0.string("Status") } == ["available", "a<b"])
        #expect(snapshots[0].bool("Encrypted") == true)
        #expect(snapshots[0].int("Port") == 5432)
        #expect(snapshots[0].instant("SnapshotCreateTime")?.iso8601 == "2026-11-21T20:10:28.618Z")
        #expect(snapshots[1].string("Empty") == "")
        #expect(snapshots[1].string("Missing") == nil)
        #expect(result.list("Missing", of: "X").isEmpty)
        #expect(root.text == "")
    }

    @Test("prefixes are left aside")
    func namespaces() throws {
        let root = try Self.parse("<a:Root xmlns:a='urn:x'><a:Child>1</a:Child></a:Root>")
        #expect(root.name == "Root")
        #expect(root.int("Child") == 1)
    }

    @Test("a prefix stays where no name would be left without it", arguments: ["a:", "a:1", "a:-b", "a:b:2"])
    func prefixAlone(name: String) throws {
        #expect(try Self.parse("<\(name)>1</\(name)>").name == name)
    }

    @Test("text between child elements is one text, and blanks there are none")
    func mixed() throws {
        let root = try Self.parse("<r> a<b> <c/>\n<d>x<e/>y</d></b>&amp;<b/>z </r>")
        #expect(root.text == " a&z ")
        #expect(root.children.map(\.name) == ["b", "b"])
        #expect(root["b"]?.text == "")
        #expect(root["b"]?.children.map(\.name) == ["c", "d"])
        #expect(root["b"]?.string("d") == "xy")
        #expect(root.children(named: "b").last?.children.isEmpty == true)
        #expect(try Self.parse("<r> \n</r>").text == " \n")
    }

    @Test("elements are equal when all that is in them is")
    func equality() throws {
        let root = try Self.parse("<r><a><b>1</b></a><x>2</x><a><b>1</b></a><a><b>2</b></a><a><b>1</b><b>1</b></a></r>")
        let found = root.children(named: "a")
        #expect(found[0] == found[1])
        #expect(found[0] != found[2])
        #expect(found[0] != found[3])
        #expect(try Self.parse("<y:a ns='1'><b>1</b></y:a>") == found[0])
        #expect(try Self.parse("<c><b>1</b></c>") != found[0])
    }

    @Test(
        "whatever stands around what is plain, expat reads the same",
        arguments: [
            "<r>@</r>", " \n\t<r>@</r>\n ", "<?xml version=\"1.0\"?>\n<r>@</r>", " <?xml version=\"1.0\"?><r>@</r>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><r xmlns=\"http://x/\">@</r>", "<r>@</r><r/>", "<r>@</r>x",
            "<r><a>@</a><b/></r>", "<r a='1'>@</r>", "<r a=\"1\" a=\"2\">@</r>", "<r a=\"<\">@</r>", "@<r/>",
        ],
        [
            "", " ", "x", " x ", "<a>1</a>", "<a>1</a>\n <a/>", "x<a/>", "<a/>x", "<a></a>", "<a />", "<a >1</a >",
            "<1/>",
            "<-a/>", "<a.b-c_1>1</a.b-c_1>", "<a>1</b>", "<a>1</aa>", "<a>", "</a>", "&amp;", "&#65;", "a]]>b", "a]b",
            "é",
            "\u{7F}", "\r\n", "\0", "<!-- c -->", "<![CDATA[<]]>", "<?p?>", "<b:a>1</b:a>", "<", ">", "\"'", "\u{B}",
        ]
    )
    func plain(around: String, inside: String) throws {
        let text = Array(around.replacing("@", with: inside).utf8)
        let byExpat = Result { try XMLNode(parsing: text, byExpatAlone: true) }
        switch (Result { try XMLNode(parsing: text) }, byExpat) {
        case (.success(let node), .success(let same)): #expect(node == same)
        case (.failure, .failure): break
        default: Issue.record("expat: \(byExpat)")
        }
    }

    @Test("the answers that this client lives on need no expat")
    func needsNoExpat() {
        let page = "<a x=\"y\"><b>\n  <c>1</c><d/>\n<e>arn:aws:rds:eu-west-1:1:snapshot:rds:x</e></b></a>\n"
        #expect(PlainXMLScanner.elements(of: Array(page.utf8))?.count == 5)
    }

    @Test("an element outlives the document's other elements")
    func lifetime() throws {
        let last = try Self.parse("<r><a>1</a><a>\(String(repeating: "é", count: 1000))</a></r>").children.last
        #expect(last?.text.count == 1000)
    }

    @Test(
        "refuses what is no document of AWS's, and says why",
        arguments: [
            ("", "empty"), (" \n\t", "empty"), ("{}", "not well-formed"),
            ("<a><b></a>", "mismatched tag"), ("<a><b>", "no element found"), ("<a>&nope;</a>", "undefined entity"),
            ("<!DOCTYPE html><html></html>", "HTML"), ("<html><body/></html>", "HTML"),
            ("<!DOCTYPE a [<!ENTITY x 'xxxxxxxx'>]><a>&x;</a>", "document type"), ("<a/><b/>", "junk"),
        ]
    )
    func refuses(text: String, reason: String) {
        let error = #expect(throws: XMLSyntaxError.self) { try Self.parse(text) }
        #expect(error?.problem.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("nesting is limited")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(throws: Never.self) { try Self.parse(nested(XMLNode.depthLimit)) }
        #expect(throws: XMLSyntaxError.self) { try Self.parse(nested(XMLNode.depthLimit + 1)) }
    }

    @Test("no truncation of an answer is taken for a whole one")
    func truncations() throws {
        let text = Array("<r><s>available</s><t a='1'>2</t></r>".utf8)
        for length in 0..<text.count {
            #expect(throws: XMLSyntaxError.self) { try XMLNode(parsing: Array(text[..<length])) }
        }
        #expect(throws: Never.self) { try XMLNode(parsing: text) }
    }
}
