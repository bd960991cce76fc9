// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import HTTPTypes
import HummingbirdCore
import NIOCore

extension MonitorServer {
    /// Serves one request of a connection.
    @concurrent
    func respond(
        to request: Request,
        _ writer: consuming ResponseWriter,
        _ channel: any Channel
    ) async throws {
        let localAddress = channel.localAddress?.ipAddress
        let answer: MonitorAnswer
        if !self.hosts.allows(request.head.authority, localAddress: localAddress) {
            answer = .text(
                "This server answers to loopback names and its own address only; let others in by SNAPFERRY_ALLOWED_HOSTS.",
                status: 421
            )
        } else if request.method != .get && request.method != .head {
            answer = .text("This server is for looking: GET and HEAD only.", status: 405)
        } else if Self.hasBody(request) {
            answer = .text("A request to look has no body.", status: 413)
        } else if let route = self.routes[Self.path(of: request)] {
            answer = await route()
        } else {
            answer = .text("There is nothing here.", status: 404)
        }
        let isRefused = [405, 413, 421].contains(answer.status)
        var head = Self.head(of: answer)
        if isRefused { head.headerFields[.connection] = "close" }
        let body = ByteBuffer(bytes: request.method == .head ? [] : answer.body)
        try await writer.write(response: head, body: ResponseBody(byteBuffer: body))
        // The end is said, but not cut short: what the client still sends would otherwise reset its connection.
        if isRefused { try? await channel.close(mode: .output) }
    }

    private static func hasBody(_ request: Request) -> Bool {
        if let length = request.headers[.contentLength], length != "0" { return true }
        return request.headers[.transferEncoding] != nil
    }

    private static func path(of request: Request) -> String {
        String((request.head.path ?? "").prefix { $0 != "?" && $0 != "#" })
    }

    private static func head(of answer: MonitorAnswer) -> HTTPResponse {
        var head = HTTPResponse(status: HTTPResponse.Status(code: answer.status))
        head.headerFields = [
            .contentType: answer.contentType,
            .contentLength: String(answer.body.count),
            .cacheControl: "no-store",
            .contentSecurityPolicy: answer.contentSecurityPolicy,
            .xContentTypeOptions: "nosniff",
        ]
        if answer.status == 405 { head.headerFields[.allow] = "GET, HEAD" }
        for (name, value) in Self.browserRules {
            if let name = HTTPField.Name(name) { head.headerFields[name] = value }
        }
        return head
    }

    private static let browserRules = [
        ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ]
}
