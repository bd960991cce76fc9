// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("JSONValue")
struct JSONValueTests {
    @Test(
        "writes back what it read",
        arguments: [
            #"null"#, #"[]"#, #"{}"#, #"[1,2.5,-3,"x",true,false,null]"#, #"{"a":{"b":[{"c":"d"}]}}"#,
            #"{"text":"tab\tquote\"back\\slash\u0001"}"#, #""日本 \n""#,
        ]
    )
    func roundTrip(text: String) throws {
        #expect(try JSONValue(parsing: text).description == text)
    }

    @Test("reads escapes, pairs of surrogates and numbers")
    func details() throws {
        #expect(try JSONValue(parsing: #""\ud83d\ude00\u00e9\/""#) == "😀é/")
        #expect(try JSONValue(parsing: "9223372036854775807").int == Int.max)
        #expect(try JSONValue(parsing: "9223372036854775808").double == 9.223372036854775808e18)
        #expect(try JSONValue(parsing: "1e3").int == 1000)
        #expect(try JSONValue(parsing: [0xEF, 0xBB, 0xBF] + Array("1".utf8)) == 1)
    }

    @Test(
        "says where a document is wrong",
        arguments: [
            ("", 1, 1), ("{", 1, 2), ("[1,]", 1, 4), ("{\"a\" 1}", 1, 6), ("\n\n  nope", 3, 3), ("[1] 2", 1, 5),
            ("\"\\x\"", 1, 4), ("01", 1, 3), ("\"\\ud800\"", 1, 8), ("// no\n1", 1, 1), ("\"a\nb\"", 1, 3),
        ]
    )
    func errors(text: String, line: Int, column: Int) {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test(
        "texts are what they say, with and without escapes, in ASCII and beyond it",
        arguments: [
            (#""plain""#, "plain"), (#""""#, ""), (#""a\nb""#, "a\nb"), (#""ä""#, "ä"), (#""\u00e4""#, "ä"),
            (#""a\u00e4b\"c""#, "aäb\"c"), (#""ä\tb""#, "ä\tb"), (#""\ud83d\ude00 smiles""#, "😀 smiles"),
            (#""long enough for no small text, with \\ in it""#, "long enough for no small text, with \\ in it"),
        ]
    )
    func texts(document: String, expected: String) throws {
        #expect(try JSONValue(parsing: document) == .string(expected))
    }

    @Test(
        "bytes that are no UTF-8 are no text, wherever they stand",
        arguments: [[0xFF], [0x61, 0xC3], [0x5C, 0x6E, 0xC3], [0xC3, 0x5C, 0x6E], [0xC3, 0xA4, 0x5C, 0x6E, 0x80]]
            as [[UInt8]]
    )
    func broken(text: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22] + text + [0x22]) }
    }

    @Test("survives a mebibyte of nested brackets and invalid UTF-8")
    func hostile() {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [UInt8](repeating: 0x5B, count: 1 << 20)) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xFF, 0xFE, 0x22]) }
    }

    @Test("reads comments and trailing commas where people write")
    func relaxed() throws {
        let text = "{ // a comment\n \"a\": [1, 2,], /* and\n another */ \"b\": {}, }"
        #expect(try JSONValue(parsing: text, dialect: .relaxed) == ["a": [1, 2], "b": [:]])
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "/* never", dialect: .relaxed) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "[,]", dialect: .relaxed) }
    }
}
