// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Loopback
import Synchronization
import Testing

/// What ECS is to a container: hands out credentials of a role, each good for a quarter of an hour of the world's time.
final class FleetCredentials: Sendable {
    /// What the next request is answered; `nil` for an outage.
    private final class Document: Sendable {
        let body = Mutex<[UInt8]?>(nil)
    }

    private let document: Document
    private let server: LoopbackServer

    init() {
        let document = Document()
        self.document = document
        self.server = LoopbackServer { _ in
            document.body.withLock { $0 }.map { .answer(body: $0) } ?? .answer(500)
        }
    }

    /// What makes a worker ask here, in place of its keys.
    var environment: [String: String?] {
        [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.server.url, "AWS_ACCESS_KEY_ID": nil,
            "AWS_SECRET_ACCESS_KEY": nil,
        ]
    }

    /// Has nothing to hand out from now on.
    func fail() { self.document.body.withLock { $0 = nil } }

    /// Hands out new credentials from now on; what it says about their end is wrong, so that they end while in use.
    func rotate(in aws: SimulatedAWS) async throws {
        var form = QueryForm(action: "AssumeRole", version: "2011-06-15")
        form.add("RoleArn", "arn:aws:iam::\(SimulatedAWS.account):role/fleet")
        form.add("RoleSessionName", "worker")
        form.add("DurationSeconds", 900)
        let caller = try aws.session.caller(for: .sts, region: SimulatedAWS.source)
        let answer = try await caller.send(ServiceCall(operation: "AssumeRole", body: .query(form))) {
            $0.response.body
        }
        let result = try XMLNode(parsing: answer)["AssumeRoleResult"]?["Credentials"]
        let credentials = try #require(result)
        let document: JSONValue = [
            "AccessKeyId": .string(try #require(credentials["AccessKeyId"]?.text)),
            "SecretAccessKey": .string(try #require(credentials["SecretAccessKey"]?.text)),
            "Token": .string(try #require(credentials["SessionToken"]?.text)),
            "Expiration": .string((SystemTimeSource.systemNow() + .seconds(6 * 3600)).iso8601),
        ]
        self.document.body.withLock { $0 = document.serialized() }
    }

    func stop() { self.server.stop() }
}
