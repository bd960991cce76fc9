// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Loopback
import Synchronization
import Testing

@Suite("TransferLoop", .timeLimit(.minutes(5)))
struct TransferLoopTests {
    @Test("sends what it is given, and nothing of its own")
    func exchange() async throws {
        let heads = Mutex<[String]>([])
        let server = LoopbackServer { request in
            heads.withLock { $0.append(request.head) }
            return .answer(201, headers: ["X-One: 1", "x-two:  2 "], body: request.body.reversed())
        }
        defer { server.stop() }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let response = try await loop.send(
            HTTPRequest(
                method: "POST",
                url: server.url,
                headers: [("Content-Type", "text/plain"), ("X-Empty", "")],
                body: [0, 1, 2, 255]
            )
        )
        #expect(response.status == 201)
        #expect(response.body == [255, 2, 1, 0])
        #expect(response.header("X-TWO") == "2")
        let head = try #require(heads.withLock { $0.first })
        let names = head.split(separator: "\r\n").dropFirst().map { $0.prefix { $0 != ":" }.lowercased() }.sorted()
        #expect(head.hasPrefix("POST / HTTP/1.1\r\n"))
        #expect(names == ["content-length", "content-type", "host", "x-empty"])
        _ = try await loop.send(HTTPRequest(method: "PUT", url: server.url))
        #expect(heads.withLock { $0.last }?.hasPrefix("PUT / HTTP/1.1\r\n") == true)
        #expect(heads.withLock { $0.last }?.contains("Content-Length: 0") == true)
    }

    @Test("requests that follow one another share a connection")
    func keepsConnections() async throws {
        let server = LoopbackServer { .answer(body: [UInt8($0.connection)]) }
        defer { server.stop() }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        for _ in 0..<5 {
            let response = try await loop.send(HTTPRequest(method: "GET", url: server.url))
            #expect(response.body == [0])
        }
    }

    @Test("nothing of a request is left in those after it, for which curl takes the same handle")
    func cleanHandles() async throws {
        let seen = Mutex<[String]>([])
        let server = LoopbackServer { request in
            seen.withLock { $0.append("\(request.head)\(request.body)") }
            return .answer(204)
        }
        defer { server.stop() }
        let requests = [
            HTTPRequest(method: "POST", url: server.url + "a", headers: [("X-Secret", "1")], body: [1, 2, 3]),
            HTTPRequest(method: "GET", url: server.url, bypassesProxy: true),
            HTTPRequest(method: "HEAD", url: server.url, headers: [("X-Empty", "")]),
            HTTPRequest(method: "PUT", url: server.url), HTTPRequest(method: "DELETE", url: server.url, body: [9]),
        ]
        var wanted: [String] = []
        for request in requests {
            let loop = try TransferLoop()
            defer { loop.shutdown() }
            _ = try await loop.send(request)
            wanted.append(seen.withLock { $0.last } ?? "")
        }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        for first in requests.indices {
            for second in requests.indices {
                _ = try await loop.send(requests[first])
                #expect(try await loop.send(requests[second]).status == 204)
                #expect(seen.withLock { $0.last } == wanted[second], "after \(requests[first].method)")
            }
        }
    }

    @Test("a long poll on the first connection to a host holds nobody up")
    func besideLongPoll() async throws {
        let (arrivals, arrival) = AsyncStream<Void>.makeStream()
        let server = LoopbackServer { request in
            guard request.head.hasPrefix("GET /poll") else { return .answer(204) }
            arrival.finish()
            return .silence
        }
        defer { server.stop() }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let poll = Task { try await loop.send(HTTPRequest(method: "GET", url: server.url + "poll")) }
        for await _ in arrivals {}
        let response = try await loop.send(HTTPRequest(method: "GET", url: server.url, timeout: .seconds(10)))
        #expect(response.status == 204)
        poll.cancel()
        await #expect(throws: AWSError.self) { try await poll.value }
    }

    @Test("the headers of an interim answer are not the answer's")
    func interimAnswer() async throws {
        let server = LoopbackServer { _ in
            .raw("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        defer { server.stop() }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let response = try await loop.send(HTTPRequest(method: "GET", url: server.url))
        #expect(response.status == 200)
        #expect(response.header("x-early") == nil)
        #expect(response.body == Array("ok".utf8))
    }

    @Test("a redirect is handed back, not followed")
    func redirect() async throws {
        let server = LoopbackServer { _ in .answer(302, headers: ["Location: http://127.0.0.1:1/"]) }
        defer { server.stop() }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let response = try await loop.send(HTTPRequest(method: "GET", url: server.url))
        #expect(response.status == 302)
    }

    @Test("a refused connection is retryable, and the error keeps the query to itself")
    func refused() async throws {
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let error = await #expect(throws: AWSError.self) {
            try await loop.send(HTTPRequest(method: "GET", url: "http://127.0.0.1:1/?X-Amz-Signature=secret"))
        }
        #expect(error?.code == .unavailable)
        #expect(error?.isRetryable == true)
        #expect(error?.message.hasPrefix("127.0.0.1:1: ") == true)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("a name that nobody knows is retryable: it may be known again later")
    func unknownName() async throws {
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let error = await #expect(throws: AWSError.self) {
            try await loop.send(HTTPRequest(method: "GET", url: "http://nowhere.invalid/", bypassesProxy: true))
        }
        // The same as a refused connection, so that an outage of DNS is any other outage.
        #expect(error?.code == .unavailable)
        #expect(error?.isRetryable == true)
    }

    @Test("silence ends at the request's timeout")
    func timeout() async throws {
        let server = LoopbackServer { _ in .silence }
        defer { server.stop() }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let error = await #expect(throws: AWSError.self) {
            try await loop.send(HTTPRequest(method: "GET", url: server.url, timeout: .milliseconds(50)))
        }
        #expect(error?.code == .timedOut)
    }

    @Test(
        "an answer that breaks off or is no HTTP is an error",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", AWSError.Code.unavailable),
            ("", .unavailable),
            ("SSH-2.0-OpenSSH_9.2\r\n\r\n", .malformedAnswer),
        ]
    )
    func brokenAnswer(bytes: String, code: AWSError.Code) async throws {
        let server = LoopbackServer { _ in .raw(bytes) }
        defer { server.stop() }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let error = await #expect(throws: AWSError.self) {
            try await loop.send(HTTPRequest(method: "POST", url: server.url, body: [1]))
        }
        #expect(error?.code == code)
    }

    @Test("a large body goes both ways, and one above the limit is refused")
    func largeBody() async throws {
        let server = LoopbackServer { .answer(body: $0.body) }
        defer { server.stop() }
        let loop = try TransferLoop(responseLimit: 3_000_000)
        defer { loop.shutdown() }
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let response = try await loop.send(HTTPRequest(method: "POST", url: server.url, body: body))
        #expect(response.body == body)
        let error = await #expect(throws: AWSError.self) {
            try await loop.send(HTTPRequest(method: "POST", url: server.url, body: body + [0]))
        }
        #expect(error?.code == .malformedAnswer)
    }

    @Test(
        "what can't be sent is a matter of configuration",
        arguments: [
            HTTPRequest(method: "GET", url: "ftp://127.0.0.1/"),
            HTTPRequest(method: "GET", url: "127.0.0.1"),
            HTTPRequest(method: "GET", url: "http://127.0.0.1/ a"),
            HTTPRequest(method: "GET", url: "http://127.0.0.1:1/", headers: [("X", "1\r\nY: 2")]),
            HTTPRequest(method: "GET", url: "http://127.0.0.1:1/", headers: [("X\n", "1")]),
        ]
    )
    func unsendable(_ request: HTTPRequest) async throws {
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let error = await #expect(throws: AWSError.self) { try await loop.send(request) }
        #expect(error?.code == .configuration)
    }

    @Test("a file of certificates that can't be read is a matter of configuration")
    func missingBundle() async throws {
        let server = LoopbackServer { _ in .silence }
        defer { server.stop() }
        let loop = try TransferLoop(caBundle: "/nowhere/ca.pem")
        defer { loop.shutdown() }
        let error = await #expect(throws: AWSError.self) {
            try await loop.send(HTTPRequest(method: "GET", url: "https://127.0.0.1:\(server.port)/"))
        }
        #expect(error?.code == .configuration)
    }

    @Test("cancelling the task ends a transfer in flight at once")
    func cancelled() async throws {
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        let server = LoopbackServer { _ in
            arrival.yield()
            return .silence
        }
        defer { server.stop() }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let url = server.url
        let task = Task { try await loop.send(HTTPRequest(method: "GET", url: url)) }
        for await _ in arrivals { break }
        // The server never answers, so an end of any other kind would be the suite's time limit.
        task.cancel()
        let error = await #expect(throws: AWSError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test("shutting down fails what is in flight and what comes later")
    func shutdown() async throws {
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        let server = LoopbackServer { _ in
            arrival.yield()
            return .silence
        }
        defer { server.stop() }
        let loop = try TransferLoop()
        let url = server.url
        let task = Task { try await loop.send(HTTPRequest(method: "GET", url: url)) }
        for await _ in arrivals { break }
        loop.shutdown()
        let error = await #expect(throws: AWSError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        await #expect(throws: AWSError.self) { try await loop.send(HTTPRequest(method: "GET", url: url)) }
    }

    @Test("every send ends exactly once, cancelled or not")
    func stress() async throws {
        let server = LoopbackServer { .answer(body: $0.body) }
        defer { server.stop() }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let url = server.url
        let outcomes = await withTaskGroup(of: String.self) { group in
            for number in 0..<600 {
                group.addTask {
                    let body = Array(String(number).utf8)
                    let task = Task { try await loop.send(HTTPRequest(method: "POST", url: url, body: body)) }
                    if number % 3 == 0 {
                        for _ in 0..<number % 50 { await Task.yield() }
                        task.cancel()
                    }
                    switch await task.result {
                    case .success(let response): return response.body == body ? "answered" : "mixed up"
                    case .failure(let error): return (error as? AWSError)?.code.description ?? "odd"
                    }
                }
            }
            return await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(outcomes.values.reduce(0, +) == 600)
        #expect(outcomes["answered", default: 0] >= 400)
        #expect(Set(outcomes.keys).isSubset(of: ["answered", "cancelled"]))
    }
}
