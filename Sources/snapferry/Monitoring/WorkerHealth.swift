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
        case working(Crew)
    }

    /// What can be told of a worker that works.
    struct Crew: Sendable {
        let worker: Worker
        let depths: QueueDepthWatch
        let board: FleetBoard
    }

    private let name: String
    private let state = Mutex(State.starting(nil))

    /// Makes one of a worker that starts.
    init(of name: String) { self.name = name }

    /// Notes what keeps the worker from starting.
    func waits(because reason: String) { self.state.withLock { $0 = .starting(reason) } }

    /// Notes that the worker has begun.
    func works(_ crew: Crew) { self.state.withLock { $0 = .working(crew) } }

    /// Writes what is so right now into the metrics.
    func record(at now: Instant) {
        guard case .working(let crew) = self.state.withLock({ $0 }) else { return GaugeRecorder.recordStart() }
        let (jobs, deadLetters) = crew.depths.current
        GaugeRecorder.record(
            crew.worker.gauges(at: now),
            isReady: crew.worker.view.isReady,
            jobs: jobs,
            deadLetters: deadLetters,
            at: now
        )
    }

    /// Why the worker can't take jobs, one line each; none when it can.
    var troubles: [String] {
        switch self.state.withLock({ $0 }) {
        case .starting(let reason): [reason.map { "starting: \($0)" } ?? "starting"]
        case .working(let crew): Self.troubles(crew.worker.view)
        }
    }

    private static func troubles(_ view: WorkerView) -> [String] {
        guard !view.isReady else { return [] }
        let lost = view.readiness.lost.filter(\.dependency.isVital)
            .map { "\($0.dependency) lost since \($0.outage.since.iso8601): \($0.outage.detail)" }
        return (view.isDraining ? ["draining"] : []) + lost
    }

    /// `/api/fleet.json`: how the fleet stands, and this worker in it.
    var fleet: MonitorRoute {
        {
            guard case .working(let crew) = self.state.withLock({ $0 }) else {
                let reason = self.troubles.first ?? "starting"
                return .json(["error": .string("the worker is \(reason)")], status: 503)
            }
            return await crew.board.route { self.document(crew.worker.view) }()
        }
    }

    private func document(_ view: WorkerView) -> JSONValue {
        [
            "name": .string(self.name), "ready": .bool(view.isReady),
            "reasons": .array(Self.troubles(view).map { .string($0) }), "held": .integer(Int64(view.held)),
            "waiting": .integer(Int64(view.waiting)), "copying": .integer(Int64(view.copies.count)),
        ]
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
