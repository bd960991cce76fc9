// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import HTTPTypes
import HummingbirdCore
import LocalAWS
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension LocalAWSServer {
    /// Serves one request of a connection.
    @concurrent
    func respond(
        to request: Request,
        _ writer: consuming ResponseWriter,
        _ channel: any Channel
    ) async throws {
        guard let incoming = try await Self.incoming(request) else {
            let refusal = OutgoingAnswer(status: 413, headers: [("Connection", "close")])
            try await Self.write(refusal, with: writer)
            try? await channel.close()
            return
        }
        if incoming.path.hasPrefix("/_local/") {
            try await Self.write(self.administer(incoming), with: writer)
            return
        }
        let watcher = try await channel.pipeline.handler(type: ConnectionWatcher.self).get()
        switch await self.outcome(of: incoming, isGone: { watcher.isGone }) {
        case .answer(let answer): try await Self.write(answer, with: writer)
        case .truncated(let answer, let bytes):
            var body = try await writer.writeHead(Self.head(of: answer))
            try await body.write(ByteBuffer(bytes: answer.body.prefix(bytes)))
            try? await channel.close()
        case .reset:
            // Without lingering, closing sends a reset instead of an orderly end.
            if let socket = channel as? any SocketOptionProvider {
                try? await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            }
            try? await channel.close()
        }
    }

    /// The whole request; `nil` when its body is too large.
    private static func incoming(_ request: Request) async throws -> IncomingRequest? {
        var body: [UInt8] = []
        for try await part in request.body {
            guard body.count + part.readableBytes <= Self.bodyLimit else { return nil }
            body += part.readableBytesView
        }
        var headers = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
        if let host = request.head.authority { headers.append((name: "host", value: host)) }
        let parts = (request.head.path ?? "/").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return IncomingRequest(
            method: request.method.rawValue,
            path: String(parts[0]),
            query: parts.count > 1 ? String(parts[1]) : "",
            headers: headers,
            body: body
        )
    }

    @concurrent
    private static func write(_ answer: OutgoingAnswer, with writer: consuming ResponseWriter) async throws {
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        try await writer.write(response: self.head(of: answer), body: body)
    }

    private static func head(of answer: OutgoingAnswer) -> HTTPResponse {
        var head = HTTPResponse(status: HTTPResponse.Status(code: answer.status))
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { head.headerFields.append(HTTPField(name: name, value: value)) }
        }
        head.headerFields[.contentLength] = String(answer.body.count)
        return head
    }
}
