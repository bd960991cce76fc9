// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Readiness")
struct ReadinessTests {
    private let start = Instant(seconds: 1_800_000_000)
    private let ireland = Readiness.Dependency.destination(CoreHarness.ireland)

    @Test("one failure changes nothing; failures that go on are told once, and so is their end")
    func outage() {
        var readiness = Readiness()
        let first = readiness.failed(.queue, detail: "reset", at: self.start)
        #expect(first == nil)
        #expect(readiness.isReady)
        let second = readiness.failed(.queue, detail: "refused", at: self.start + .seconds(9))
        #expect(second == nil)
        let third = readiness.failed(.queue, detail: "refused", at: self.start + .seconds(10))
        guard case .lost(.queue, let outage) = third else {
            Issue.record("the loss is not told: \(String(describing: third))")
            return
        }
        #expect(outage.since == self.start)
        #expect(outage.detail == "refused")
        #expect(!readiness.isReady)
        let fourth = readiness.failed(.queue, detail: "no such host", at: self.start + .seconds(20))
        #expect(fourth == nil)
        #expect(readiness.lost.map(\.outage.detail) == ["no such host"])
        let back = readiness.worked(.queue, at: self.start + .seconds(300))
        #expect(back == .back(.queue, after: .seconds(300)))
        #expect(readiness.isReady)
        let again = readiness.worked(.queue, at: self.start + .seconds(301))
        #expect(again == nil)
    }

    @Test("a success in between starts the count anew")
    func flicker() {
        var readiness = Readiness()
        for second in stride(from: 0, to: 100, by: 8) {
            let now = self.start + .seconds(second)
            let change = readiness.failed(.ledger, detail: "reset", at: now)
            #expect(change == nil)
            let quiet = readiness.worked(.ledger, at: now + .seconds(1))
            #expect(quiet == nil)
        }
    }

    @Test("a lost destination is told, and the worker stays ready")
    func destination() {
        var readiness = Readiness(grace: .zero)
        let change = readiness.failed(self.ireland, detail: "no route", at: self.start)
        #expect(change != nil)
        #expect(readiness.isReady)
        let queue = readiness.failed(.queue, detail: "no route", at: self.start + .seconds(1))
        #expect(queue != nil)
        #expect(!readiness.isReady)
        #expect(readiness.lost.map(\.dependency) == [self.ireland, .queue])
    }

    @Test(
        "what a failure says about what the call depends on",
        arguments: [
            (AWSError(.unavailable, message: "no route"), "fails"), (AWSError(.timedOut, message: "slow"), "fails"),
            (AWSError(.malformedAnswer, message: "HTML"), "fails"),
            (AWSError(.rejected, serviceCode: "QueueDoesNotExist", message: "gone"), "fails"),
            (AWSError(.rejected, serviceCode: "AccessDenied", message: "no"), "fails"),
            (AWSError(.noCredentials, message: "none"), "credentials"),
            (AWSError(.expiredCredentials, serviceCode: "ExpiredToken", message: "old"), "credentials"),
            (AWSError(.rejected, serviceCode: "InvalidClientTokenId", message: "who"), "credentials"),
            (AWSError(.throttled, message: "slower"), "works"),
            (AWSError(.rejected, serviceCode: "ReceiptHandleIsInvalid", message: "lost"), "works"),
            (AWSError(.cancelled, message: "drain"), "nothing"),
        ] as [(AWSError, String)]
    )
    func findings(error: AWSError, meaning: String) {
        let finding = DependencyFinding(error, of: .receive)
        switch meaning {
        case "fails": #expect(finding == .fails(error.description))
        case "credentials": #expect(finding == .credentialsFail(error.description))
        case "works": #expect(finding == .works)
        default: #expect(finding == nil)
        }
        #expect(DependencyFinding(CancellationError(), of: .receive) == nil)
    }
}
