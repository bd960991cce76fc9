// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// How many messages a queue holds, as SQS counts them: approximately.
struct QueueDepth: Sendable, Hashable, CustomStringConvertible {
    /// What a queue's attributes are asked for.
    static let attributeNames = [
        "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
    ]

    var visible: Int
    /// Received and not deleted: in somebody's hand, or hidden until it comes again.
    var inFlight: Int
    var delayed: Int
    /// How long the oldest message has been there; `nil` where nobody tells.
    ///
    /// SQS tells CloudWatch alone, a few minutes late and of queues at work; receiving a job to find out would count
    /// against it.
    var oldest: Duration?

    init(visible: Int, inFlight: Int, delayed: Int) {
        self.visible = visible
        self.inFlight = inFlight
        self.delayed = delayed
    }

    /// Reads the answer to GetQueueAttributes; what is missing counts as nothing.
    init(attributes: [String: String]) {
        let numbers = Self.attributeNames.map { attributes[$0].flatMap { Int($0) } ?? 0 }
        self.init(visible: numbers[0], inFlight: numbers[1], delayed: numbers[2])
    }

    var isEmpty: Bool { self.visible + self.inFlight + self.delayed == 0 }

    var description: String { "\(self.visible) visible, \(self.inFlight) in flight, \(self.delayed) delayed" }
}
