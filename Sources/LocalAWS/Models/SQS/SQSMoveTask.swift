// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A task that moves the messages of a dead-letter queue to where they came from, or elsewhere.
struct SQSMoveTask: Sendable {
    enum Status: String, Sendable {
        case running = "RUNNING"
        case completed = "COMPLETED"
        case cancelling = "CANCELLING"
        case cancelled = "CANCELLED"
        case failed = "FAILED"
    }

    let number: Int
    let source: String
    /// `nil` for the queue that each message was redriven from.
    let destination: String?
    /// What the caller asked for; `nil` leaves the rate to the service.
    let rate: Int?
    let toMove: Int
    let started: Instant
    var status = Status.running
    var moved = 0
    var failureReason: String?
    /// When a cancellation takes effect.
    var cancelledAt: Instant?

    var isActive: Bool { self.status == .running || self.status == .cancelling }

    /// The service's own rate, which is also the fastest one may ask for.
    static let highestRate = 500

    /// When the task does something next; `nil` once it has ended.
    var nextStep: Instant? {
        switch self.status {
        case .running:
            self.started + .microseconds(Int64(self.moved) * 1_000_000 / Int64(self.rate ?? Self.highestRate))
        case .cancelling: self.cancelledAt
        default: nil
        }
    }

    /// `{"taskId": …, "sourceArn": …}` in Base64, as the service makes it.
    var handle: String {
        let document: JSONValue = [
            "taskId": .string(SQSModel.uuid("move task \(self.number)")), "sourceArn": .string(self.source),
        ]
        return Base64.encode(document.serialized())
    }

    var json: JSONValue {
        .compact([
            "TaskHandle": self.status == .running ? .string(self.handle) : nil,
            "Status": .string(self.status.rawValue),
            "SourceArn": .string(self.source),
            "DestinationArn": self.destination.map { .string($0) },
            "MaxNumberOfMessagesPerSecond": self.rate.map { .integer(Int64($0)) },
            "ApproximateNumberOfMessagesMoved": .integer(Int64(self.moved)),
            "ApproximateNumberOfMessagesToMove": .integer(Int64(self.toMove)),
            "FailureReason": self.failureReason.map { .string($0) },
            "StartedTimestamp": .integer(self.started.milliseconds),
        ])
    }
}

extension SQSModel {
    private static var noTask: ModelFailure {
        ModelFailure("ResourceNotFoundException", "Task does not exist.", status: 404)
    }

    private func ownQueue(_ parameter: String, of request: ModelRequest) throws(ModelFailure) -> String? {
        guard let arn = request.parameters[parameter]?.string, !arn.isEmpty else { return nil }
        let isOwn =
            self.queues[arn]?.account == request.caller.account && self.queues[arn]?.region == request.region
        guard isOwn else {
            throw ModelFailure(
                "ResourceNotFoundException",
                "The resource that you specified for the \(parameter) parameter doesn't exist.",
                status: 404
            )
        }
        return arn
    }

    mutating func startMessageMoveTask(
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        guard let source = try self.ownQueue("SourceArn", of: request) else { throw .sqsMissing("SourceArn") }
        let destination = try self.ownQueue("DestinationArn", of: request)
        let rate = try Self.number("MaxNumberOfMessagesPerSecond", in: request.parameters, 1...SQSMoveTask.highestRate)
        guard self.queues.values.contains(where: { $0.settings.redrivePolicy?.target == source }) else {
            throw .sqsInvalid("Source queue must be configured as a Dead Letter Queue.")
        }
        guard destination != source else {
            throw .sqsInvalid("Source queue arn and destination queue arn cannot be the same.")
        }
        guard !self.tasks.contains(where: { $0.source == source && $0.isActive }) else {
            throw .sqsInvalid(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given "
                    + "time."
            )
        }
        self.queues[source]?.settle(at: now)
        let task = SQSMoveTask(
            number: self.tasks.count + 1,
            source: source,
            destination: destination,
            rate: rate,
            toMove: self.queues[source]?.visibleCount ?? 0,
            started: now
        )
        self.tasks.append(task)
        return ["TaskHandle": .string(task.handle)]
    }

    func listMessageMoveTasks(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        guard let source = try self.ownQueue("SourceArn", of: request) else { throw .sqsMissing("SourceArn") }
        let most = try Self.number("MaxResults", in: request.parameters, 1...10) ?? 1
        let newest = self.tasks.reversed().filter { $0.source == source }.prefix(most)
        return ["Results": .array(newest.map(\.json))]
    }

    mutating func cancelMessageMoveTask(
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        guard let handle = request.parameters["TaskHandle"]?.string, !handle.isEmpty else {
            throw .sqsMissing("TaskHandle")
        }
        guard let index = self.tasks.firstIndex(where: { $0.handle == handle }),
            self.queues[self.tasks[index].source]?.account == request.caller.account,
            self.tasks[index].status == .running
        else { throw Self.noTask }
        self.tasks[index].status = .cancelling
        self.tasks[index].cancelledAt = now + .seconds(1)
        return ["ApproximateNumberOfMessagesMoved": .integer(Int64(self.tasks[index].moved))]
    }

    // MARK: - Moving

    /// Carries out what move tasks do up to a moment, the earliest step first.
    mutating func runMoveTasks(to now: Instant) {
        while !self.tasks.isEmpty {
            let due = self.tasks.indices.compactMap { index in
                self.tasks[index].nextStep.map { (at: $0, index: index) }
            }
            guard let next = due.min(by: { $0.at < $1.at }), next.at <= now else { return }
            if self.tasks[next.index].status == .cancelling {
                self.tasks[next.index].status = .cancelled
            } else {
                self.step(next.index, at: next.at)
            }
        }
    }

    /// Moves one message, or ends the task.
    ///
    /// What arrives is a new message: new id, new enqueue time, no receives yet.
    private mutating func step(_ index: Int, at moment: Instant) {
        let task = self.tasks[index]
        self.queues[task.source]?.settle(at: moment)
        guard task.moved < task.toMove, let message = self.queues[task.source]?.takeVisible() else {
            self.tasks[index].status = .completed
            return
        }
        guard let target = task.destination ?? message.deadLetterSource, self.queues[target] != nil else {
            self.queues[task.source]?.add(message, delay: 0, at: moment)
            let isUnknown = task.destination == nil && message.deadLetterSource == nil
            self.tasks[index].status = .failed
            self.tasks[index].failureReason =
                isUnknown ? "CouldNotDetermineMessageSource" : "AWS.SimpleQueueService.NonExistentQueue"
            return
        }
        let moved = SQSMessage(
            number: self.nextMessageNumber(),
            body: message.body,
            attributes: message.attributes,
            traceHeader: message.traceHeader,
            groupID: message.groupID,
            senderID: message.senderID,
            enqueuedAt: moment
        )
        self.queues[target]?.settle(at: moment)
        self.queues[target]?.add(moved, delay: 0, at: moment)
        self.tasks[index].moved += 1
        if self.tasks[index].moved == task.toMove { self.tasks[index].status = .completed }
    }
}
