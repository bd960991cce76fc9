// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Circuits and shares of the waiting room")
struct CircuitTests {
    private static let refusal = Trouble(.configuration(.kmsKey), reason: .kmsKey, detail: "key is disabled")

    private static func job(_ number: Int) -> CopyJob {
        CoreHarness.job(CoreHarness.arn("rds:db\(number)-2026-11-21-03-00"))
    }

    /// Delivers a job of an encrypted database of its own and brings it to the slot.
    private static func bring(_ number: Int, encrypted: Bool = true, to harness: inout CoreHarness) -> [CoreAction] {
        let job = Self.job(number)
        harness.deliver(JobMessage.encode(job))
        let source = CoreHarness.source(job.source, database: "db\(number)", encrypted: encrypted)
        return harness.describe(source)
    }

    /// A destination where three jobs in a row were refused for the same reason.
    private static func opened() throws -> CoreHarness {
        var harness = try CoreHarness()
        for number in 1...3 {
            let job = Self.job(number)
            _ = Self.bring(number, to: &harness)
            if number == 1 { harness.happen(.poolSurveyed(job.pool, inProgress: [])) }
            harness.happen(.slotGranted(job.id))
            let actions = harness.happen(.copyRejected(job.id, Self.refusal))
            #expect(actions.letters.count == 1)
            let opening = CoreAction.report(.circuitOpened(job.pool, .kmsKey, detail: Self.refusal.detail))
            #expect(actions.contains(opening) == (number == 3))
        }
        return harness
    }

    @Test("after three refusals in a row, jobs are parked instead of dead-lettered")
    func parks() throws {
        var harness = try Self.opened()
        let actions = Self.bring(4, to: &harness)
        #expect(actions.acquisitions.isEmpty)
        #expect(try #require(actions.requeues.first).after >= .seconds(900))
        #expect(harness.actions.letters.count == 3)
        #expect(harness.actions.deletions.isEmpty)
    }

    @Test("one probe goes an interval; its failure parks it, its success closes the circuit")
    func probes() throws {
        var harness = try Self.opened()
        harness.now = harness.now + .seconds(900)
        #expect(Self.bring(4, to: &harness).acquisitions == [Self.job(4).id])
        #expect(Self.bring(5, to: &harness).acquisitions.isEmpty)
        harness.happen(.slotGranted(Self.job(4).id))
        let refused = harness.happen(.copyRejected(Self.job(4).id, Self.refusal))
        #expect(refused.letters.isEmpty)
        #expect(refused.requeues.count == 1)
        harness.now = harness.now + .seconds(900)
        #expect(Self.bring(6, to: &harness).acquisitions == [Self.job(6).id])
        harness.happen(.slotGranted(Self.job(6).id))
        let started = harness.happen(.copyStarted(Self.job(6).id, CoreHarness.target(of: Self.job(6))))
        #expect(started.contains(.report(.circuitClosed(Self.job(6).pool, .kmsKey))))
        #expect(Self.bring(7, to: &harness).acquisitions == [Self.job(7).id])
    }

    @Test("a bad key holds unencrypted snapshots back as little as another destination")
    func unaffected() throws {
        var harness = try Self.opened()
        #expect(Self.bring(4, encrypted: false, to: &harness).acquisitions == [Self.job(4).id])
    }

    @Test("a copy that RDS accepts in between starts the count anew")
    func inARow() {
        var circuit = CircuitBreaker()
        let now = CoreHarness.start
        for _ in 0..<10 {
            for _ in 0..<2 {
                let effect = circuit.failed(.accessDenied, detail: "", at: now, threshold: 3, interval: .seconds(1))
                #expect(effect == .counted)
            }
            #expect(circuit.succeeded(isEncrypted: false).isEmpty)
        }
    }

    @Test(
        "what is the job's own trouble opens no circuit",
        arguments: [DeadLetterReason.optionGroup, .nameTaken, .copyFailed]
    )
    func ownTrouble(reason: DeadLetterReason) {
        var circuit = CircuitBreaker()
        for _ in 0..<10 {
            let effect = circuit.failed(reason, detail: "", at: CoreHarness.start, threshold: 3, interval: .seconds(1))
            #expect(effect == .counted)
        }
    }

    @Test("a destination whose share of the waiting room is full leaves the rest to others")
    func shares() throws {
        let policy = CoreHarness.policy(
            destinations: #"{"region": "eu-west-1", "slots": {"instance": 1}}, {"region": "us-west-2"}"#
        )
        var harness = try CoreHarness(policy: policy) { $0.waitingRoom = 8 }
        // Two destinations and two kinds: two of eight places each, once three quarters of them are taken.
        for number in 1...6 { _ = Self.bring(number, encrypted: false, to: &harness) }
        #expect(harness.actions.requeues.isEmpty)
        // Its source is not even described.
        harness.deliver(JobMessage.encode(CoreHarness.job(CoreHarness.arn("rds:db7-2026-11-21-03-00"))))
        #expect(harness.actions.requeues.map(\.token) == [.number(7)])
        let west = CoreHarness.job(
            CoreHarness.arn("rds:db9-2026-11-21-03-00"),
            to: Destination(account: CoreHarness.account, region: "us-west-2")
        )
        harness.deliver(JobMessage.encode(west))
        #expect(harness.describe(CoreHarness.source(west.source, database: "db9")).requeues.isEmpty)
    }
}
