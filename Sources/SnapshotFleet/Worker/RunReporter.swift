// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
package import Logging
import Synchronization

/// What became of jobs, counted; every label is bounded.
package struct RunTally: Hashable, Sendable {
    package private(set) var confirmed = 0
    /// Of the confirmed ones, those that another worker had started.
    package private(set) var adopted = 0
    package private(set) var started = 0
    package private(set) var superseded = 0
    package private(set) var ignored = 0
    package private(set) var copiesFailed = 0
    package private(set) var pruned = 0
    package private(set) var deadLettered: [String: Int] = [:]
    package private(set) var requeued: [String: Int] = [:]

    package init() {}

    /// Takes in what happened.
    package mutating func take(_ event: FleetEvent) {
        switch event {
        case .confirmed(let copy):
            self.confirmed += 1
            if copy.wasAdopted { self.adopted += 1 }
        case .started: self.started += 1
        case .superseded: self.superseded += 1
        case .ignored: self.ignored += 1
        case .copyFailed: self.copiesFailed += 1
        case .pruned: self.pruned += 1
        case .deadLettered(let letter): self.deadLettered[letter.reason.rawValue, default: 0] += 1
        case .requeued(_, let reason, _, _): self.requeued[reason, default: 0] += 1
        default: break
        }
    }

    /// For a log line; what did not happen is left out, but for copies and dead letters.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [
            LogKey.confirmed: "\(self.confirmed)", LogKey.failed: "\(self.deadLettered.values.reduce(0, +))",
        ]
        let counts = [
            (LogKey.adoptedCount, self.adopted), (LogKey.started, self.started), (LogKey.superseded, self.superseded),
            (LogKey.ignored, self.ignored), (LogKey.copiesFailed, self.copiesFailed), (LogKey.pruned, self.pruned),
        ]
        for (key, count) in counts where count > 0 { metadata[key] = "\(count)" }
        let reasons = [(LogKey.failedByReason, self.deadLettered), (LogKey.requeued, self.requeued)]
        for (key, counts) in reasons where !counts.isEmpty {
            metadata[key] = "\(counts.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ", "))"
        }
        return metadata
    }
}

/// Writes a report of the run to the log every so often, and one of the whole run at its end.
package final class RunReporter: Notifier {
    private struct State {
        var sinceLast = RunTally()
        var altogether = RunTally()
        var last: Instant
        let began: Instant
    }

    private let logger: Logger
    private let time: any TimeSource
    private let interval: Duration?
    private let state: Mutex<State>

    /// Makes a reporter.
    ///
    /// - Parameters:
    ///   - logger: Where reports go.
    ///   - time: The clock.
    ///   - interval: From one report to the next; `nil` reports at the end alone.
    package init(logger: Logger, time: any TimeSource, interval: Duration?) {
        self.logger = logger
        self.time = time
        self.interval = interval
        let now = time.now()
        self.state = Mutex(State(last: now, began: now))
    }

    package func notify(_ event: FleetEvent, at now: Instant) {
        self.state.withLock { state in
            state.sinceLast.take(event)
            state.altogether.take(event)
        }
    }

    /// Reports until the task is cancelled.
    ///
    /// - Parameter view: Tells what the worker has in hand.
    package func run(_ view: @Sendable () -> WorkerView) async {
        guard let interval = self.interval else { return }
        while (try? await self.time.sleep(for: interval)) != nil { self.report(view()) }
    }

    /// Reports what happened since the last report.
    func report(_ view: WorkerView) {
        let now = self.time.now()
        let (tally, since) = self.state.withLock { state in
            let report = (state.sinceLast, state.last)
            state.sinceLast = RunTally()
            state.last = now
            return report
        }
        self.write("Run report", tally, over: now - since, view)
    }

    /// Reports the whole run.
    package func finish(_ view: WorkerView) {
        let (tally, began) = self.state.withLock { ($0.altogether, $0.began) }
        self.write("Run report at the end", tally, over: self.time.now() - began, view)
    }

    private func write(_ message: Logger.Message, _ tally: RunTally, over duration: Duration, _ view: WorkerView) {
        var metadata = tally.metadata
        metadata[LogKey.reportSeconds] = "\(Int(duration.inSeconds))"
        metadata[LogKey.waitingCount] = "\(view.waiting)"
        metadata[LogKey.copying] = "\(view.copies.count)"
        self.logger.notice(message, metadata: metadata)
    }
}
