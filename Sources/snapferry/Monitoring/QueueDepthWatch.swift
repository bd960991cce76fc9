// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Synchronization

/// Asks SQS every so often how many messages there are.
///
/// What SQS could not be asked is unknown from then on, rather than as it was: a number that stands still looks well.
final class QueueDepthWatch: Sendable {
    private struct State {
        var jobs: GaugeRecorder.Depth?
        var deadLetters: GaugeRecorder.Depth?
    }

    private static let interval = Duration.seconds(30)

    private let sqs: SQSClient
    private let jobs: String
    private let deadLetters: String
    private let state = Mutex(State())

    /// Makes a watch that asks nothing until ``run()``.
    init(sqs: SQSClient, jobs: String, deadLetters: String) {
        self.sqs = sqs
        self.jobs = jobs
        self.deadLetters = deadLetters
    }

    /// The answers of the last time; `nil` where there was none.
    var current: (jobs: GaugeRecorder.Depth?, deadLetters: GaugeRecorder.Depth?) {
        self.state.withLock { ($0.jobs, $0.deadLetters) }
    }

    /// Asks until cancellation.
    func run() async {
        repeat {
            async let jobs = self.depth(of: self.jobs)
            async let deadLetters = self.depth(of: self.deadLetters)
            let found = State(jobs: await jobs, deadLetters: await deadLetters)
            self.state.withLock { $0 = found }
        } while (try? await SystemTimeSource().sleep(for: Self.interval)) != nil
    }

    private func depth(of queueURL: String) async -> GaugeRecorder.Depth? {
        // The worker's own calls tell whether the queue can be reached.
        let attributes = try? await self.sqs.getQueueAttributes(queueURL: queueURL, names: QueueDepth.attributeNames)
        return attributes.map { attributes in
            let depth = QueueDepth(attributes: attributes)
            return GaugeRecorder.Depth(visible: depth.visible, inFlight: depth.inFlight, delayed: depth.delayed)
        }
    }
}
