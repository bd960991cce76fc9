// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Synchronization
import Testing

/// Calls of which an attempt must not go out late, and what a call ends with when an answer was lost on the way.
@Suite("Late attempts", .timeLimit(.minutes(1)))
struct LateAttemptTests {
    private static let copy = RDSClient.CopyRequest(source: "arn:aws:rds:us-east-1:1:snapshot:a", target: "a-us-east-1")
    private static let lost = CannedTransport.Answer.failure(
        AWSError(.unavailable, message: "the connection was reset")
    )

    private static func refusal(_ code: String, status: Int = 400) -> CannedTransport.Answer {
        .body("<ErrorResponse><Error><Code>\(code)</Code><Message>m</Message></Error></ErrorResponse>", status: status)
    }

    /// A clock of a process that is stopped for a while in each of its pauses.
    private final class StoppedTime: TimeSource {
        private let state: Mutex<Instant>
        private let stop: Duration

        init(_ stop: Duration) {
            self.state = Mutex(Instant(seconds: 1_800_000_000))
            self.stop = stop
        }

        func now() -> Instant { self.state.withLock { $0 } }

        func sleep(for duration: Duration) async throws { self.state.withLock { $0 = $0 + duration + self.stop } }
    }

    private static func outcome(
        _ answers: [CannedTransport.Answer],
        stoppedFor stop: Duration = .zero,
        mayTake limit: Duration = .seconds(900)
    ) async throws -> (error: AWSError?, attempts: Int) {
        let transport = CannedTransport(answers)
        let time = StoppedTime(stop)
        let start = time.now()
        let rds = try AWSSession(transport, time: time).rds(region: "eu-west-1")
        let error = await #expect(throws: AWSError.self) {
            _ = try await rds.copyDBSnapshot(Self.copy) { time.now() - start < limit }
        }
        return (error, transport.requests.count)
    }

    @Test("a process that was stopped between two attempts sends no other one")
    func stopped() async throws {
        let late = try await Self.outcome([Self.lost], stoppedFor: .seconds(960))
        #expect(late.attempts == 1)
        #expect(late.error?.code == .timedOut)
        #expect(late.error?.leavesOutcomeOpen == true)
        let inTime = try await Self.outcome([Self.lost], stoppedFor: .seconds(60))
        #expect(inTime.attempts == 3)
        #expect(inTime.error?.code == .unavailable)
    }

    @Test("what is too late from the start is never sent")
    func neverSent() async throws {
        #expect(try await Self.outcome([Self.lost], mayTake: .zero).attempts == 0)
    }

    @Test(
        "an attempt that AWS did not act on says nothing about one whose answer was lost",
        arguments: ["Throttling", "ExpiredToken"]
    )
    func doubt(code: String) async throws {
        let outcome = try await Self.outcome([Self.lost, Self.refusal(code)])
        #expect(outcome.attempts == 3)
        #expect(outcome.error?.code == .unavailable)
    }

    @Test("a refusal is believed, and so is a throttle where no answer was lost")
    func noDoubt() async throws {
        let refused = try await Self.outcome([Self.lost, Self.refusal("DBSnapshotAlreadyExists")])
        #expect(refused.error?.serviceCode == "DBSnapshotAlreadyExists")
        #expect(try await Self.outcome([Self.refusal("Throttling")]).error?.code == .throttled)
    }
}
