// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Logging
import Testing

@testable import Monitoring

/// A server on a free port, and the raw sockets of its clients.
@Suite struct MonitorServerTests {
    private static let routes: [String: MonitorRoute] = [
        "/": { MonitorAnswer(contentType: "text/html", body: Array("hello".utf8)) },
        "/long": { MonitorAnswer(contentType: "text/plain", body: Array(repeating: 0x61, count: 4 << 20)) },
    ]

    private static func serve(
        limits: MonitorLimits = MonitorLimits(),
        _ body: @Sendable (ListenAddress) async throws -> Void
    ) async throws {
        let server = MonitorServer(
            setting: .given(ListenAddress(host: "127.0.0.1", port: 0)),
            limits: limits,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            routes: self.routes
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            try await body(try #require(try await server.waitUntilListening()))
            group.cancelAll()
        }
    }

    /// Says something and hears everything that the server answers until it ends the connection.
    private static func talk(_ address: ListenAddress, _ text: String) async throws -> String {
        let line = try RawConnection(port: address.port)
        line.send(text)
        return await line.hearAll()
    }

    private static func request(_ path: String, host: String = "localhost", method: String = "GET") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
    }

    @Test func pathIsAnsweredWithTheRulesForBrowsers() async throws {
        try await Self.serve { address in
            let answer = try await Self.talk(address, Self.request("/?query=1"))
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("\r\n\r\nhello"))
            for header in [
                "Content-Security-Policy: default-src 'none'", "X-Content-Type-Options: nosniff",
                "X-Frame-Options: DENY",
                "Cache-Control: no-store", "Referrer-Policy: no-referrer", "Cross-Origin-Resource-Policy: same-origin",
                "Content-Length: 5",
            ] {
                #expect(answer.contains("\r\n\(header)"), "\(header) is missing")
            }
            #expect(!answer.lowercased().contains("set-cookie"))
            #expect(!answer.lowercased().contains("access-control"))
        }
    }

    @Test func headIsAnsweredWithoutABody() async throws {
        try await Self.serve { address in
            let answer = try await Self.talk(address, Self.request("/", method: "HEAD"))
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("Content-Length: 5\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test(arguments: [
        ("POST", 405), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 405), ("TRACE", 405), ("PROPFIND", 405),
    ])
    func methodsThatChangeSomethingAreRefused(method: String, status: Int) async throws {
        try await Self.serve { address in
            let answer = try await Self.talk(address, Self.request("/", method: method))
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            #expect(answer.contains("Allow: GET, HEAD\r\n"))
        }
    }

    @Test func bodiesAreRefusedUnread() async throws {
        try await Self.serve { address in
            let head = "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
            let first = try await Self.talk(address, head)
            #expect(first.hasPrefix("HTTP/1.1 413 "))
            let chunked = "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
            let second = try await Self.talk(address, chunked)
            #expect(second.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test(arguments: ["evil.example", "evil.example:9400", "", "localhost.evil.example", "169.254.169.254"])
    func otherHostsAreRefused(host: String) async throws {
        try await Self.serve { address in
            let answer = try await Self.talk(address, Self.request("/", host: host))
            #expect(answer.hasPrefix("HTTP/1.1 421 "), "\(answer)")
            #expect(!answer.contains("hello"))
        }
    }

    @Test func requestWithoutAHostIsRefused() async throws {
        try await Self.serve { address in
            let answer = try await Self.talk(address, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 4"))
        }
    }

    @Test(arguments: [
        "/nothing", "//", "/.", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/%00", "/health/live/", "*", "/\u{7f}",
        "/%", "/%zz", "/;", "/<script>", "http://evil.example/", "/" + String(repeating: "a/", count: 2000),
    ])
    func oddPathsFindNothing(path: String) async throws {
        try await Self.serve { address in
            let answer = try await Self.talk(address, Self.request(path))
            #expect(answer.hasPrefix("HTTP/1.1 40") || path == "http://evil.example/", "\(answer.prefix(100))")
            #expect(!answer.contains("<script>"))
        }
    }

    @Test func randomBytesEndTheConnectionAndNothingElse() async throws {
        var limits = MonitorLimits()
        limits.patience = .milliseconds(500)
        try await Self.serve(limits: limits) { address in
            var random = SystemRandomNumberGenerator()
            for _ in 0..<50 {
                let line = try RawConnection(port: address.port)
                line.send((0..<Int.random(in: 1...400)).map { _ in UInt8.random(in: 0...255, using: &random) })
                #expect(!(await line.hearAll()).hasPrefix("HTTP/1.1 200"))
            }
            #expect(try await Self.talk(address, Self.request("/")).hasSuffix("hello"))
        }
    }

    @Test(arguments: ["/" + String(repeating: "a", count: 20_000), "/"])
    func oversizedRequestsAreRefused(path: String) async throws {
        try await Self.serve { address in
            let filler = path == "/" ? "X-Filler: " + String(repeating: "b", count: 20_000) : "X-Filler: b"
            let answer = try await Self.talk(address, "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(filler)\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 400 ") || answer.isEmpty)
            #expect(!answer.contains("hello"))
            #expect(try await Self.talk(address, Self.request("/")).hasSuffix("hello"))
        }
    }

    @Test func manyHeadersAreRefused() async throws {
        try await Self.serve { address in
            let headers = (0..<500).map { "X-\($0): a\r\n" }.joined()
            let answer = try await Self.talk(address, "GET / HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n")
            #expect(!answer.contains("hello"))
        }
    }

    @Test func whoeverNeverFinishesARequestIsCutOff() async throws {
        var limits = MonitorLimits()
        limits.patience = .milliseconds(300)
        try await Self.serve(limits: limits) { address in
            let line = try RawConnection(port: address.port)
            line.send("GET / HTTP/1.1\r\nHost: localhost\r\n")
            // A header every now and then is no progress.
            let dripping = Task {
                while !Task.isCancelled {
                    line.send("X-More: a\r\n")
                    try? await Task.sleep(for: .milliseconds(20))
                }
            }
            _ = await line.hearAll()
            dripping.cancel()
            await dripping.value
            #expect(line.hasEnded)
        }
    }

    @Test func whoeverSaysNothingIsCutOff() async throws {
        var limits = MonitorLimits()
        limits.patience = .milliseconds(200)
        try await Self.serve(limits: limits) { address in
            let line = try RawConnection(port: address.port)
            #expect(await line.hearAll() == "")
            #expect(line.hasEnded)
        }
    }

    @Test func whoeverDoesNotReadItsAnswerIsCutOff() async throws {
        var limits = MonitorLimits()
        limits.patience = .milliseconds(300)
        try await Self.serve(limits: limits) { address in
            let line = try RawConnection(port: address.port)
            line.send(Self.request("/long"))
            try await line.waitUntilReset()
        }
    }

    @Test func newConnectionTakesThePlaceOfTheLongestIdle() async throws {
        var limits = MonitorLimits()
        limits.connections = 8
        limits.patience = .seconds(600)
        try await Self.serve(limits: limits) { address in
            let idle = try (0..<100).map { _ in try RawConnection(port: address.port) }
            for _ in 0..<20 { #expect(try await Self.talk(address, Self.request("/")).hasSuffix("hello")) }
            for line in idle.prefix(80) { #expect(await line.hearAll() == "") }
        }
    }

    @Test func oneConnectionMayAskManyTimes() async throws {
        try await Self.serve { address in
            let line = try RawConnection(port: address.port)
            let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
            line.send(String(repeating: request, count: 50) + Self.request("/"))
            let answers = await line.hearAll()
            #expect(answers.split(separator: "hello", omittingEmptySubsequences: false).count == 52)
        }
    }

    @Test func portThatIsTakenIsAFailureUnlessItIsTheStandardOne() async throws {
        try await Self.serve { address in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let second = MonitorServer(setting: .given(address), logger: logger, routes: [:])
            async let _ = second.run()
            let failure = await #expect(throws: BindFailure.self) { _ = try await second.waitUntilListening() }
            #expect(failure?.isTaken == true)
            #expect(failure?.description == "can't listen on \(address): the port is taken")
        }
    }

    @Test func offListensNowhere() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = MonitorServer(setting: .off, logger: logger, routes: [:])
        try await server.run()
        #expect(try await server.waitUntilListening() == nil)
    }
}
