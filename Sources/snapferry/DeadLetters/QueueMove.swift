// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Lets SQS move a dead-letter queue's messages to the job queue by itself, and tells how far it is.
struct QueueMove: Sendable {
    private let desk: DeadLetterDesk
    private let rate: Int
    private let isJSON: Bool
    private let handle: Handle

    /// The task that is followed, for those who may want to cancel it.
    private final class Handle: Sendable {
        let value = Mutex<(sqs: SQSClient, handle: String)?>(nil)
    }

    /// Follows the move that is under way, or starts one.
    ///
    /// - Throws: `ExitCode`, when the status is not 0.
    static func run(
        _ options: OperatorOptions,
        _ clock: ClockOption?,
        rate: Int,
        isAgreed: Bool,
        isJSON: Bool
    ) async throws {
        let handle = Handle()
        try await DeadLetterDuty.run(options, clock, onSignal: { await Self.stops(handle) }) { desk in
            let move = QueueMove(desk: desk, rate: rate, isJSON: isJSON, handle: handle)
            return try await move.run(isAgreed: isAgreed)
        }
    }

    /// - Returns: The exit status.
    private func run(isAgreed: Bool) async throws -> Int32 {
        let sqs = self.desk.bridge.sqs
        let source = try await Self.arn(of: self.desk.deadLetterURL, sqs)
        let destination = try await Self.arn(of: self.desk.bridge.queueURL, sqs)
        if let running = try await self.tasks(source).first(where: { $0.status == "RUNNING" }) {
            if !self.isJSON { LineOutput.standardOutput.write("A move is under way already:") }
            self.handle.value.withLock { $0 = running.taskHandle.map { (sqs, $0) } }
        } else {
            let count = try await self.desk.queue.standing().visible
            if !self.isJSON {
                LineOutput.standardOutput.write(
                    "Move about \(count) letters to \(self.desk.bridge.queueURL), \(self.rate) a second, as they are"
                )
            }
            guard isAgreed, count > 0 else {
                if !self.isJSON, count > 0 {
                    LineOutput.standardOutput.write("Nothing is moved yet; --yes moves.")
                }
                if self.isJSON { self.show(["status": "NOT_STARTED", "toMove": .integer(Int64(count))]) }
                return 0
            }
            let task = try await sqs.startMessageMoveTask(
                sourceARN: source,
                // What workers sent there came from no queue, so that SQS would not know where to move it.
                destinationARN: destination,
                maximumPerSecond: self.rate
            )
            self.handle.value.withLock { $0 = (sqs, task) }
        }
        return try await self.follow(source)
    }

    private static func arn(of url: String, _ sqs: SQSClient) async throws -> String {
        guard let arn = try await sqs.getQueueAttributes(queueURL: url, names: ["QueueArn"])["QueueArn"] else {
            throw LookFailure("SQS does not tell the ARN of \(url)")
        }
        return arn
    }

    private func tasks(_ source: String) async throws -> [SQSClient.MoveTask] {
        do throws(AWSError) {
            return try await self.desk.bridge.sqs.listMessageMoveTasks(sourceARN: source)
        } catch {
            throw LookFailure("SQS can't tell of moves here; replay without --move works everywhere: \(error)")
        }
    }

    /// Tells how far the newest task is until it has ended.
    private func follow(_ source: String) async throws -> Int32 {
        var told = ""
        while true {
            guard let task = try await self.tasks(source).first else { throw LookFailure("SQS has forgotten the move") }
            let moved = task.approximateNumberOfMessagesMoved ?? 0
            let all = task.approximateNumberOfMessagesToMove
            let line = "\(task.status) \(moved)" + (all.map { " of \($0)" } ?? "")
            if line != told {
                told = line
                if self.isJSON {
                    self.show([
                        "status": .string(task.status), "moved": .integer(Int64(moved)),
                        "toMove": all.map { .integer(Int64($0)) } ?? .null,
                        "detail": task.failureReason.map { .string($0) } ?? .null,
                    ])
                } else {
                    LineOutput.standardOutput.write(
                        "\(Self.word(task.status)) \(moved)\(all.map { " of \($0)" } ?? "") moved"
                            + (task.failureReason.map { ": \($0)" } ?? "")
                    )
                }
            }
            switch task.status {
            case "RUNNING", "CANCELLING": try await self.desk.time.sleep(for: .seconds(2))
            case "COMPLETED": return 0
            default: return 1
            }
        }
    }

    private static func word(_ status: String) -> String {
        switch status {
        case "RUNNING": "Under way:"
        case "COMPLETED": "Done:"
        case "CANCELLING": "Being cancelled:"
        case "CANCELLED": "Cancelled:"
        default: "Failed:"
        }
    }

    private func show(_ members: [String: JSONValue]) {
        LineOutput.standardOutput.write(
            JSONValue.object(members.merging(["time": .string(self.desk.time.now().iso8601)]) { $1 }).description
        )
    }

    // MARK: - Ctrl-C

    /// Asks whoever pressed Ctrl-C whether to cancel the move as well.
    ///
    /// - Returns: Whether to follow it no longer.
    private static func stops(_ handle: Handle) async -> Bool {
        guard let (sqs, task) = handle.value.withLock({ $0 }) else { return true }
        guard isatty(STDIN_FILENO) == 1 else {
            LineOutput.standardError.write("snapferry: the move goes on in SQS; the same command follows it again")
            return true
        }
        LineOutput.standardError.write(raw: "\nCancel the move? What has moved stays moved. [y/N] ")
        let answer = await Task.detached { readLine() ?? "" }.value
        guard answer.lowercased().hasPrefix("y") else {
            LineOutput.standardError.write("snapferry: the move goes on in SQS; the same command follows it again")
            return true
        }
        do throws(AWSError) {
            _ = try await sqs.cancelMessageMoveTask(taskHandle: task)
            return false
        } catch {
            LineOutput.standardError.write("snapferry: the move could not be cancelled: \(error)")
            return true
        }
    }
}
