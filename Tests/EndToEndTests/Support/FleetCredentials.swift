// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Loopback
import Synchronization
import Testing

/// What ECS and EKS are to a container: hand out credentials of a role, each good for a quarter of an hour of the
/// world's time.
final class FleetCredentials: Sendable {
    private struct Held: Sendable {
        /// What the next request is answered; `nil` for an outage.
        var document: [UInt8]?
        /// What a request has to show; `nil` asks for nothing.
        var token: String?
        /// The tokens that were shown and good, each only once, in order.
        var accepted: [String] = []
    }

    private final class Memory: Sendable {
        let held: Mutex<Held>

        init(token: String?) { self.held = Mutex(Held(token: token)) }

        func reply(to request: LoopbackServer.Received) -> LoopbackServer.Reply {
            self.held.withLock { held in
                let shown = FleetCredentials.token(of: request)
                guard held.token == nil || shown == held.token else { return .answer(401) }
                guard let document = held.document else { return .answer(500) }
                if let shown, held.accepted.last != shown { held.accepted.append(shown) }
                return .answer(body: document)
            }
        }
    }

    private let memory: Memory
    private let server: LoopbackServer

    /// Starts to hand out credentials, of which there are none yet.
    ///
    /// - Parameter token: What a request has to show; `nil` asks for nothing.
    init(token: String? = nil) {
        let memory = Memory(token: token)
        self.memory = memory
        self.server = LoopbackServer { memory.reply(to: $0) }
    }

    /// What makes a worker ask here, in place of its keys.
    var environment: [String: String?] {
        [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.server.url, "AWS_ACCESS_KEY_ID": nil,
            "AWS_SECRET_ACCESS_KEY": nil,
        ]
    }

    /// The tokens that were shown and good, each only once, in order.
    var acceptedTokens: [String] { self.memory.held.withLock { $0.accepted } }

    /// Has nothing to hand out from now on.
    func fail() { self.memory.held.withLock { $0.document = nil } }

    /// Hands out new credentials from now on; what it says about their end is wrong, so that they end while in use.
    ///
    /// - Parameters:
    ///   - aws: Where they are good.
    ///   - token: What a request has to show from now on; `nil` leaves that as it is.
    /// - Throws: What AWS refuses.
    func rotate(in aws: SimulatedAWS, token: String? = nil) async throws {
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
        self.memory.held.withLock {
            $0.document = document.serialized()
            if let token { $0.token = token }
        }
    }

    func stop() { self.server.stop() }

    /// What a request shows.
    private static func token(of request: LoopbackServer.Received) -> String? {
        let line = request.head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("authorization:") }
        return line.map { String($0.dropFirst(14).drop { $0 == " " }) }
    }
}
