// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// What takes a message's place, and queues that do not take it.
@Suite("Sending what takes a message's place")
struct OutboxTests {
    private let job = CoreHarness.job()
    private static let outage = Trouble(.unavailable, detail: "no route")

    /// A job that is to come again after a throttle, received so often that its message is replaced; three is the limit.
    private func replacing(receiveCount: Int = 2) throws -> CoreHarness {
        var harness = try CoreHarness { $0.maxReceiveCount = 3 }
        harness.startCopying(self.job, receiveCount: receiveCount)
        // A copy that fails and is gone is tried anew by a fresh message, however few its receives are.
        harness.pass(.seconds(120))
        harness.happen(
            .targetsDescribed(
                self.job.pool,
                asked: [TargetIdentifier.make(for: self.job.source, destination: self.job.destination)],
                found: []
            )
        )
        #expect(harness.actions.replacements.count == 1)
        harness.actions = []
        return harness
    }

    @Test("a message that can't afford another receive is held and sent again until the queue takes it")
    func holds() throws {
        var harness = try self.replacing()
        for _ in 1...5 {
            #expect(harness.happen(.notReplaced([.number(1)], Self.outage)).requeues.isEmpty)
            #expect(harness.pass(.milliseconds(500)).replacements.isEmpty)
            #expect(harness.pass(.seconds(60)).replacements.map(\.tokens) == [[.number(1)]])
            harness.happen(.leasesExtended([.number(1): .kept]))
        }
        #expect(harness.actions.extensions.count >= 4)
        #expect(harness.happen(.replaced([.number(1)])).deletions == [.number(1)])
        harness.happen(.deleted(.number(1)))
        #expect(harness.core.view.held == 0)
        #expect(harness.actions.requeues.isEmpty)
    }

    @Test("a message with receives left comes back as it was")
    func returns() throws {
        var harness = try self.replacing(receiveCount: 1)
        #expect(harness.happen(.notReplaced([.number(1)], Self.outage)).requeues.map(\.token) == [.number(1)])
        #expect(harness.pass(.seconds(120)).replacements.isEmpty)
    }

    @Test("a dead letter that the queue does not take is sent again with its reason")
    func deadLetter() throws {
        var harness = try CoreHarness { $0.maxReceiveCount = 3 }
        #expect(harness.deliver("not json", receiveCount: 2).letters.count == 1)
        #expect(harness.happen(.notDeadLettered(.number(1), Self.outage)).requeues.isEmpty)
        let letter = try #require(harness.pass(.seconds(60)).letters.first)
        #expect(letter.reason == .malformed)
        #expect(harness.happen(.deadLettered(.number(1))).deletions == [.number(1)])
    }

    @Test("once the lease is lost it is the next worker's to send")
    func lostLease() throws {
        var harness = try self.replacing()
        harness.happen(.notReplaced([.number(1)], Self.outage))
        harness.happen(.leasesExtended([.number(1): .lost]))
        #expect(harness.core.view.held == 0)
        #expect(harness.pass(.seconds(120)).replacements.isEmpty)
        #expect(harness.actions.deletions.isEmpty)
    }

    @Test("a drain tries once more, and then gives the message back at once")
    func drain() throws {
        var harness = try self.replacing()
        harness.happen(.notReplaced([.number(1)], Self.outage))
        #expect(harness.happen(.drain).replacements.map(\.tokens) == [[.number(1)]])
        let last = try #require(harness.happen(.notReplaced([.number(1)], Self.outage)).requeues.first)
        #expect(last.token == .number(1))
        #expect(last.after == .zero)
    }

    @Test("a drain does not send a second time what is under way")
    func drainWhileSending() throws {
        var harness = try self.replacing()
        #expect(harness.happen(.drain).replacements.isEmpty)
        #expect(harness.happen(.replaced([.number(1)])).deletions == [.number(1)])
    }
}
