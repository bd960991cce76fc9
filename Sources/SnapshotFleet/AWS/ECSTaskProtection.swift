// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
package import Logging
import Synchronization

/// Asks the agent of ECS to spare this task while it starts copies.
///
/// ``ScaleInProtection`` decides; here its calls are made. Whatever the agent does, the worker goes on: trouble is one line
/// in the log, and the calls get rarer.
///
/// Source: Amazon ECS Developer Guide, "Amazon ECS task scale-in protection endpoint".
package final class ECSTaskProtection: StartObserver {
    private let url: String
    private let transport: any HTTPTransport
    private let time: any TimeSource
    private let logger: Logger
    private let state: Mutex<State>
    private let signals: AsyncStream<Void>
    private let feed: AsyncStream<Void>.Continuation

    private struct State {
        var protection: ScaleInProtection
        var wakeUp = WakeUp()
    }

    /// How long the agent has for an answer; it is on the same machine.
    private static let timeout = Duration.seconds(2)

    /// Makes a client of the agent; nothing is asked of it yet.
    ///
    /// - Parameters:
    ///   - agent: `ECS_AGENT_URI` of the environment.
    ///   - transport: What carries the requests.
    ///   - settings: How long things last.
    ///   - time: The worker's clock.
    ///   - logger: Gets a line when the calls begin to fail, and one when they work again.
    package init(
        agent: String,
        transport: any HTTPTransport,
        settings: ScaleInProtection.Settings = ScaleInProtection.Settings(),
        time: any TimeSource,
        logger: Logger
    ) {
        self.url = (agent.hasSuffix("/") ? String(agent.dropLast()) : agent) + "/task-protection/v1/state"
        self.transport = transport
        self.time = time
        self.logger = logger
        self.state = Mutex(State(protection: ScaleInProtection(settings: settings)))
        (self.signals, self.feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func startsCopies(_ isStarting: Bool, at now: Instant) {
        self.state.withLock { $0.protection.startsCopies(isStarting, at: now) }
        self.feed.yield()
    }

    package func drains(at now: Instant) {
        self.state.withLock { $0.protection.end() }
        self.feed.yield()
    }

    /// Makes the calls that are due, until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await _ in self.signals {
                await self.callWhatIsDue()
                let now = self.time.now()
                let timer = self.state.withLock { $0.wakeUp.arm(for: $0.protection.nextDeadline(after: now), at: now) }
                guard let timer else { continue }
                group.addTask {
                    // A cancelled sleep is the end of it; there is nothing left to wake.
                    guard (try? await self.time.sleep(for: timer - now)) != nil else { return }
                    self.feed.yield()
                }
            }
            group.cancelAll()
        }
    }

    /// Takes protection away at the end, where the drain has not done so yet; gives the agent a moment, and no more.
    package func finish() async {
        self.state.withLock { $0.protection.end() }
        await self.callWhatIsDue()
    }

    private func callWhatIsDue() async {
        while let call = self.state.withLock({ $0.protection.next(at: self.time.now()) }) {
            let (outcome, detail) = await self.outcome(of: call)
            let note = self.state.withLock { $0.protection.answered(outcome, at: self.time.now()) }
            self.logger.debug(
                "Asked ECS about scale-in protection",
                metadata: ["protected": "\(call != .unprotect)", "outcome": "\(outcome)", LogKey.detail: "\(detail)"]
            )
            self.tell(note, detail)
        }
    }

    private func tell(_ note: ScaleInProtection.Note?, _ detail: String) {
        switch note {
        case .fails:
            self.logger.warning(
                "Scale-in protection can't be set; ECS may end this task while it starts a copy",
                metadata: [LogKey.detail: "\(detail)"]
            )
        case .givenUp:
            self.logger.warning(
                "Scale-in protection is not for this task; it is not asked for again",
                metadata: [LogKey.detail: "\(detail)"]
            )
        case .worksAgain: self.logger.notice("Scale-in protection works again")
        case nil: break
        }
    }

    private func outcome(of call: ScaleInProtection.Call) async -> (ScaleInProtection.Outcome, detail: String) {
        let document: JSONValue =
            switch call {
            case .protect(let minutes):
                ["ProtectionEnabled": true, "ExpiresInMinutes": .integer(Int64(minutes))]
            case .unprotect: ["ProtectionEnabled": false]
            }
        let request = HTTPRequest(
            method: "PUT",
            url: self.url,
            headers: [("Content-Type", "application/json")],
            body: document.serialized(),
            connectTimeout: Self.timeout,
            timeout: Self.timeout,
            bypassesProxy: true
        )
        do throws(AWSError) {
            return Self.outcome(of: try await self.transport.send(request), to: call)
        } catch {
            return (.failed, error.description)
        }
    }

    private static func outcome(
        of answer: HTTPResponse,
        to call: ScaleInProtection.Call
    ) -> (ScaleInProtection.Outcome, detail: String) {
        let document = try? JSONValue(parsing: answer.body)
        if answer.status == 200, document?["protection"]?["ProtectionEnabled"] == .bool(call != .unprotect) {
            return (.done, "")
        }
        let reason = document?["failure"]?["Reason"]?.string ?? document?["error"]?["Code"]?.string
        let words = document?["failure"]?["Detail"]?.string ?? document?["error"]?["Message"]?.string
        let detail = ["HTTP \(answer.status)", reason, words?.excerpt(300)].compactMap(\.self).joined(separator: " ")
        return (reason == "TASK_NOT_VALID" ? .impossible : .failed, detail)
    }
}
