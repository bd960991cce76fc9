// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Loopback
import Synchronization

/// What the agent of ECS is to a task: keeps whether it is protected from scale-in.
final class TaskAgent: Sendable {
    private final class Memory: Sendable {
        let requests = Mutex<[LoopbackServer.Received]>([])
    }

    private let memory: Memory
    private let server: LoopbackServer

    /// Starts an agent.
    ///
    /// - Parameter status: What it answers with; anything but 200 is a failure.
    init(status: Int = 200) {
        let memory = Memory()
        self.memory = memory
        self.server = LoopbackServer { request in
            memory.requests.withLock { $0.append(request) }
            guard status == 200, let asked = try? JSONValue(parsing: request.body) else {
                let error: JSONValue = ["error": ["Code": "ServerException", "Message": "the agent is out of order"]]
                return .answer(status, body: error.serialized())
            }
            let state: JSONValue = [
                "protection": [
                    "ProtectionEnabled": asked["ProtectionEnabled"] ?? false, "TaskArn": "arn:aws:ecs:task/1",
                ]
            ]
            return .answer(body: state.serialized())
        }
    }

    var environment: [String: String?] { ["ECS_AGENT_URI": "\(self.server.url)api/task-1"] }

    /// What was asked for, in order.
    var asked: [JSONValue] {
        self.memory.requests.withLock { $0 }.compactMap { try? JSONValue(parsing: $0.body) }
    }

    /// The first lines of the requests.
    var lines: [String] {
        self.memory.requests.withLock { $0 }.compactMap { $0.head.split(separator: "\r\n").first.map(String.init) }
    }

    func stop() { self.server.stop() }
}
