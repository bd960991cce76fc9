// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Monitoring
import SnapshotFleet
import Synchronization

/// How a worker is, from before it has begun to work until its end.
final class WorkerHealth: Sendable {
    private enum State {
        /// Not yet at work; why not, where something keeps it from that.
        case starting(String?)
        case working(Worker)
    }

    private let state = Mutex(State.starting(nil))

    /// Notes what keeps the worker from starting.
    func waits(because reason: String) { self.state.withLock { $0 = .starting(reason) } }

    /// Notes that the worker has begun.
    func works(_ worker: Worker) { self.state.withLock { $0 = .working(worker) } }

    /// The worker, once there is one.
    var worker: Worker? {
        self.state.withLock { state in
            if case .working(let worker) = state { worker } else { nil }
        }
    }

    /// Why the worker can't take jobs, one line each; none when it can.
    var troubles: [String] {
        switch self.state.withLock({ $0 }) {
        case .starting(let reason): [reason.map { "starting: \($0)" } ?? "starting"]
        case .working(let worker): Self.troubles(worker.view)
        }
    }

    private static func troubles(_ view: WorkerView) -> [String] {
        guard !view.isReady else { return [] }
        let lost = view.readiness.lost.filter(\.dependency.isVital)
            .map { "\($0.dependency) lost since \($0.outage.since.iso8601): \($0.outage.detail)" }
        return (view.isDraining ? ["draining"] : []) + lost
    }

    /// `/health/live`: that somebody answers is the answer.
    static let live: MonitorRoute = { .json(["live": true]) }

    /// `/health/ready`: 200, or 503 and why.
    var ready: MonitorRoute {
        {
            let troubles = self.troubles
            guard troubles.isEmpty else {
                let reasons = troubles.map { JSONValue.string($0) }
                return .json(["ready": false, "reasons": .array(reasons)], status: 503)
            }
            return .json(["ready": true])
        }
    }
}

extension MonitorAnswer {
    /// A document.
    static func json(_ document: JSONValue, status: Int = 200) -> MonitorAnswer {
        MonitorAnswer(status: status, contentType: "application/json", body: document.serialized() + [0x0A])
    }
}
