// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Synchronization
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Whenever a replay or a drop is killed, no job is lost.
@Suite struct ReplayInterruptedTests {
    private static let jobs = (1...12).map { "orders-\($0)" }

    /// The jobs that any of the two queues holds, each as often as it does.
    private static func jobs(on stage: Stage) async throws -> [String] {
        let sqs = try stage.aws.session.sqs(region: SimulatedAWS.source)
        var seen: [String: String] = [:]
        try await eventually("every message that was in hand is visible again") {
            for url in [stage.queueURL, stage.deadLetterURL] {
                let messages = try await sqs.receiveMessage(
                    queueURL: url,
                    wait: .zero,
                    visibilityTimeout: .seconds(43_000)
                )
                for message in messages {
                    let source = try JSONValue(parsing: message.body)["source"]?.string ?? ""
                    seen[message.messageID] = source.split(separator: ":").last.map { String($0) }
                }
            }
            let state = try await stage.aws.state()
            let left = ["jobs", "jobs-dead"].reduce(0) { sum, name in
                let queue = state.queues[name]
                return sum + (queue?.visible ?? 0) + (queue?.inFlight ?? 0)
            }
            return left == seen.count
        }
        return seen.values.sorted()
    }

    /// Kills a command at its n-th request of SQS, for every n until it comes to its end.
    ///
    /// - Parameters:
    ///   - arguments: Behind `dlq`; is told n.
    ///   - check: Is told what the queues hold afterwards, and n.
    /// - Returns: How many kills that took.
    /// - Throws: What AWS refuses, or `check` throws.
    private static func killAtEachStep(
        _ arguments: @Sendable (Int) -> [String],
        _ check: @Sendable (_ held: [String], _ step: Int) throws -> Void
    ) async throws -> Int {
        var step = 0
        while true {
            let number = step
            let isOver = Mutex(false)
            // Three minutes of its time, which a killed command keeps letters for, pass in a second.
            try await SimulatedAWS.run(speed: 200) { aws in
                let stage = try await Stage(on: aws, hearsEvents: false)
                for job in Self.jobs { try await DeadLetterTests.bury(job, on: stage) }
                try await aws.setFaults([
                    [
                        "service": "sqs", "after": .integer(Int64(number)), "count": 1,
                        "fault": ["type": "latency", "seconds": 3600],
                    ]
                ])
                let ended = try await DeadLetterTests.dlq(arguments(number), on: stage) { child in
                    try await eventually("the request hangs, or the command is through") {
                        let hasStruck = try await aws.faultsStruck().first == 1
                        if hasStruck { try child.kill() }
                        return child.hasEnded || hasStruck
                    }
                }
                try await aws.setFaults([])
                if ended.status != .signaled(9) {
                    #expect(ended.status == .exited(0), "\(ended.words.errors)")
                    isOver.withLock { $0 = true }
                }
                try check(try await Self.jobs(on: stage), number)
            }
            if isOver.withLock({ $0 }) { return step }
            step += 1
            try #require(step < 60)
        }
    }

    @Test func aReplayThatIsKilledAtAnyStepLosesNothing() async throws {
        let replay = ["replay", "--force", "--rate", "500", "--yes"]
        let kills = try await Self.killAtEachStep({ _ in replay }) { held, step in
            #expect(Set(held) == Set(Self.jobs), "killed at request \(step)")
        }
        // The redrive policy, the queue's name, its depth, three receives, twice sent and deleted.
        #expect(kills >= 10)
    }

    @Test func aDropThatIsKilledAtAnyStepHasSavedWhatIsGone() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "snapferry-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = { @Sendable (step: Int) in folder.appending(path: "\(step).jsonl").path(percentEncoded: false) }
        let drop = { @Sendable (step: Int) in ["drop", "--all", "--save", file(step), "--yes"] }
        let kills = try await Self.killAtEachStep(drop) { held, step in
            let lines = FileManager.default.contents(atPath: file(step)).map { Array($0).split(separator: 0x0A) } ?? []
            let saved = try lines.map { try JSONValue(parsing: Array($0))["source"]?.string ?? "" }
                .compactMap { $0.split(separator: ":").last.map(String.init) }
            #expect(Set(held).union(saved) == Set(Self.jobs), "killed at request \(step)")
            #expect(Set(saved).count == saved.count)
        }
        #expect(kills >= 8)
    }
}
