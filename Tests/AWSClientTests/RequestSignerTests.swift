// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Testing

@testable import AWSClient

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite("Signature Version 4")
struct RequestSignerTests {
    static let credentials = Credentials(
        accessKeyID: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    )

    /// One signature made by botocore, out of `Tests/Conformance`.
    struct Vector: Sendable, CustomTestStringConvertible {
        let json: JSONValue
        var testDescription: String { "\(self.text("mode")) \(self.text("name"))" }

        func text(_ member: String) -> String { self.json[member]?.string ?? "" }
        func expected(_ member: String) -> String { self.json["expected"]?[member]?.string ?? "" }
        var headers: [(name: String, value: String)] {
            (self.json["headers"]?.array ?? []).map { ($0.array?[0].string ?? "", $0.array?[1].string ?? "") }
        }
        var signer: RequestSigner {
            RequestSigner(
                credentials: Credentials(
                    accessKeyID: self.text("accessKeyID"),
                    secretAccessKey: self.text("secretAccessKey"),
                    sessionToken: self.json["sessionToken"]?.string
                ),
                region: self.text("region"),
                service: self.text("service")
            )
        }
        var instant: Instant { Instant(iso8601: self.text("timestamp")) ?? Instant(seconds: 0) }
    }

    static let vectors: [Vector] = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(path: "Conformance/vectors/sigv4.json")
        guard let data = try? Data(contentsOf: file), let json = try? JSONValue(parsing: data) else { return [] }
        return (json.array ?? []).map { Vector(json: $0) }
    }()

    @Test("botocore's vectors are there")
    func vectorsAreThere() {
        #expect(Self.vectors.count { $0.text("mode") == "header" } >= 30)
        #expect(Self.vectors.count { $0.text("mode") == "query" } >= 5)
    }

    @Test("signs headers as botocore does", arguments: vectors.filter { $0.text("mode") == "header" })
    func header(_ vector: Vector) throws {
        var request = HTTPRequest(
            method: vector.text("method"),
            url: vector.text("url"),
            headers: vector.headers,
            body: Array(vector.text("body").utf8)
        )
        vector.signer.sign(&request, at: vector.instant)
        #expect(request.header("authorization") == vector.expected("authorization"))
        let again = request
        vector.signer.sign(&request, at: vector.instant)
        #expect(request.header("authorization") == again.header("authorization"))
        #expect(request.headers.count == again.headers.count)
    }

    @Test("presigns as botocore does", arguments: vectors.filter { $0.text("mode") == "query" })
    func query(_ vector: Vector) throws {
        let expires = try #require(vector.json["expires"]?.int)
        let url = vector.signer.presign(
            method: vector.text("method"),
            url: vector.text("url"),
            headers: vector.headers,
            expires: .seconds(expires),
            at: vector.instant
        )
        #expect(url.split(separator: "?", maxSplits: 1).last.map { String($0) } == vector.expected("query"))
        #expect(url.hasPrefix(vector.text("url").prefix { $0 != "?" }))
    }

    @Test(
        "matches the published signatures",
        arguments: [
            ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ]
    )
    func published(method: String, signature: String) throws {
        var request = HTTPRequest(method: method, url: "https://example.amazonaws.com/")
        let signer = RequestSigner(credentials: Self.credentials, region: "us-east-1", service: "service")
        signer.sign(&request, at: try #require(Instant(iso8601: "20150830T123600Z")))
        #expect(request.header("authorization")?.hasSuffix("Signature=\(signature)") == true)
    }

    @Test("a signature is good for its scope alone")
    func scope() throws {
        let scope = try #require(SigV4.Scope("20261121/eu-west-1/rds/aws4_request"))
        #expect(scope == SigV4.Scope(date: "20261121", region: "eu-west-1", service: "rds"))
        #expect(SigV4.Scope("20261121/eu-west-1/rds") == nil)
        #expect(SigV4.Scope("20261121/eu-west-1/rds/aws4_request/x") == nil)
        let cache = SigningKeyCache()
        #expect(cache.key(secret: "a", scope: scope) == cache.key(secret: "a", scope: scope))
        #expect(cache.key(secret: "a", scope: scope) != cache.key(secret: "b", scope: scope))
        #expect(cache.key(secret: "a", scope: scope) == SigV4.signingKey(secret: "a", scope: scope))
    }

    @Test(
        "canonical queries",
        arguments: [
            ("", ""), ("a", "a="), ("b=2&a=1", "a=1&b=2"), ("a=2&a=10&a=1", "a=1&a=10&a=2"),
            ("a=b=c", "a=b%3Dc"), ("a=%7e%2f", "a=~%2F"), ("a=+", "a=%2B"), ("a=%zz", "a=%25zz"),
            ("a%20b=%C3%BC", "a%20b=%C3%BC"),
        ]
    )
    func canonicalQuery(query: String, canonical: String) {
        #expect(SigV4.canonicalQuery(query) == canonical)
    }

    @Test(
        "canonical paths",
        arguments: [
            ("", "/"), ("/", "/"), ("//", "/"), ("/a//b/", "/a/b/"), ("/a/./b/../c", "/a/c"), ("/../..", "/"),
            ("/a%20b", "/a%2520b"), ("/a/..", "/"),
        ]
    )
    func canonicalPath(path: String, canonical: String) {
        #expect(SigV4.canonicalPath(path) == canonical)
    }

    @Test("percent-encoding keeps only the unreserved characters", arguments: ["a b+c/é~-_.", "100%", "日本", ""])
    func percentEncoding(text: String) {
        let encoded = PercentEncoding.encode(text)
        #expect(PercentEncoding.decode(encoded) == text)
        #expect(!encoded.contains { "+ /".contains($0) })
    }

    @Test("the text of a form keeps its order and uses %20")
    func form() {
        var form = QueryForm(action: "AddTagsToResource", version: "2014-10-31")
        form.add("ResourceName", "arn:a b")
        form.add("Missing", nil as String?)
        form.add("Max", 20)
        form.add("Copy", true)
        form.addList("ValuesToAdd", member: "AttributeValue", ["1", "2"])
        form.addList("None", member: "X", [])
        form.addList("Tags", member: "Tag", [("k", "v+")]) { form, tag, prefix in
            form.add("\(prefix)Key", tag.0)
            form.add("\(prefix)Value", tag.1)
        }
        #expect(
            form.encoded == "Action=AddTagsToResource&Version=2014-10-31&ResourceName=arn%3Aa%20b&Max=20&Copy=true"
                + "&ValuesToAdd.AttributeValue.1=1&ValuesToAdd.AttributeValue.2=2&Tags.Tag.1.Key=k&Tags.Tag.1.Value=v%2B"
        )
    }

    @Test(
        "URLs are taken apart",
        arguments: [
            ("https://rds.eu-west-1.amazonaws.com", "rds.eu-west-1.amazonaws.com", "/", ""),
            ("HTTP://LocalHost:4566/a?b=c?d#e", "localhost:4566", "/a", "b=c?d"),
            ("http://h:80?x", "h", "/", "x"),
            ("https://h:80/", "h:80", "/", ""),
            ("http://[fd00:ec2::23]:8080/v1", "[fd00:ec2::23]:8080", "/v1", ""),
        ]
    )
    func urls(url: String, host: String, path: String, query: String) throws {
        let parts = try #require(URLParts(url))
        #expect(parts.hostHeader == host)
        #expect(parts.path == path)
        #expect(parts.query == query)
    }

    @Test(
        "what is no URL to call is refused",
        arguments: ["", "http://", "ftp://a/", "http://a b/", "http://u@h/", "http://h:99999/", "http://[::1/", "//h/"]
    )
    func badURLs(url: String) {
        #expect(URLParts(url) == nil)
    }
}
