// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What a program serves over HTTP for people and for programs that watch it.
struct WorkerPage: Sendable {
    private static let transport = Result { () throws(AWSError) in try TransferLoop() }

    let url: String

    /// Finds out where a worker listens.
    init(of worker: WorkerProcess) async throws {
        self.url = try await eventually("the worker listens") {
            worker.log.first { $0.message == "Listening" }?.document["listen.url"]?.string
        }
    }

    init(url: String) { self.url = url }

    /// What is answered to a request.
    func get(_ path: String, host: String? = nil) async throws -> (status: Int, body: String) {
        var request = HTTPRequest(method: "GET", url: self.url + path, bypassesProxy: true)
        if let host { request.setHeader("Host", host) }
        let answer = try await Self.transport.get().send(request)
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }
}
