// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import LocalAWSServer
import Logging
import ServiceLifecycle

/// Calls a server as an AWS client would, and shows the answers as they came.
struct LocalClient: Sendable {
    let url: String
    let transport: TransferLoop
    var account = "111122223333"
    var region = "us-east-1"

    /// Calls an operation of a JSON service.
    func json(_ target: String, _ parameters: JSONValue, service: String = "sqs") async throws -> Answer {
        try await self.send(
            headers: [
                ("X-Amz-Target", target), ("Content-Type", "application/x-amz-json-1.0"), ("X-Amzn-Query-Mode", "true"),
            ],
            body: parameters.serialized(),
            service: service
        )
    }

    /// Calls an operation of a service that takes forms.
    func form(_ body: String, service: String, path: String = "/") async throws -> Answer {
        let type = "application/x-www-form-urlencoded; charset=utf-8"
        return try await self.send(
            path: path,
            headers: [("Content-Type", type)],
            body: Array(body.utf8),
            service: service
        )
    }

    func send(
        path: String = "/",
        headers: [(name: String, value: String)],
        body: [UInt8],
        service: String
    ) async throws -> Answer {
        var request = HTTPRequest(method: "POST", url: self.url + path, headers: headers, body: body)
        let credentials = Credentials(accessKeyID: "AKIALOCAL\(self.account)", secretAccessKey: "test")
        let signer = RequestSigner(credentials: credentials, region: self.region, service: service)
        signer.sign(&request, at: SystemTimeSource.systemNow())
        return Answer(try await self.transport.send(request))
    }

    /// Sends a request without a signature.
    func plain(_ method: String, _ path: String, _ body: String = "", host: String? = nil) async throws -> Answer {
        let headers = host.map { [(name: "Host", value: $0)] } ?? []
        let request = HTTPRequest(method: method, url: self.url + path, headers: headers, body: Array(body.utf8))
        return Answer(try await self.transport.send(request))
    }

    /// An answer, and its body read as whatever a test wants.
    struct Answer: Sendable {
        let response: HTTPResponse

        init(_ response: HTTPResponse) { self.response = response }

        var status: Int { self.response.status }
        var text: String { String(decoding: self.response.body, as: UTF8.self) }
        var document: JSONValue? { try? JSONValue(parsing: self.response.body) }
    }
}

/// Runs a server for the time of `body` and shuts it down gracefully.
func withLocalAWS(
    _ configuration: LocalAWSConfiguration = LocalAWSConfiguration(),
    _ body: @Sendable (LocalAWSServer, LocalClient) async throws -> Void
) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let server = try LocalAWSServer(configuration: configuration, logger: logger)
    let group = ServiceGroup(services: [server], logger: logger)
    let transport = try TransferLoop()
    try await withThrowingTaskGroup { tasks in
        tasks.addTask { try await group.run() }
        do {
            let port = try await server.waitUntilListening()
            try await body(server, LocalClient(url: "http://127.0.0.1:\(port)", transport: transport))
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
    transport.shutdown()
}
