// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Synchronization
import Testing

/// What a worker deletes when it prunes, and what it tells of it.
@Suite struct PruneRunTests {
    private static let now = CoreHarness.start
    private static let pool = SlotPool(destination: RetentionWorld.destination, kind: .instance)

    /// Copies that can be listed and deleted.
    private final class Shelf: CopyShelf, Notifier {
        struct State {
            var copies: [Snapshot] = []
            var deleted: [String] = []
            var events: [FleetEvent] = []
            var refused: Set<String> = []
            /// Happens between the plan and the second look.
            var meanwhile: [Snapshot]?
            var isDown = false
        }

        let state = Mutex(State())

        init(_ copies: [Snapshot]) { self.state.withLock { $0.copies = copies } }

        func manualSnapshots(in pool: SlotPool) async throws -> [Snapshot] {
            try self.state.withLock { state in
                if state.isDown { throw AWSError(.unavailable, message: "no answer") }
                defer { if let meanwhile = state.meanwhile { state.copies = meanwhile } }
                return state.copies.filter { $0.arn.kind == pool.kind }
            }
        }

        func describeTargets(_ identifiers: [String], in pool: SlotPool) async throws -> [Snapshot] {
            self.state.withLock { $0.copies.filter { identifiers.contains($0.arn.identifier) } }
        }

        func deleteTarget(
            _ identifier: String,
            in pool: SlotPool,
            whileAllowed isAllowed: @escaping @Sendable () -> Bool
        ) async throws {
            try self.state.withLock { state in
                if state.refused.contains(identifier) {
                    throw AWSError(.rejected, serviceCode: "InvalidDBSnapshotState", message: "in use")
                }
                state.copies.removeAll { $0.arn.identifier == identifier }
                state.deleted.append(identifier)
            }
        }

        func notify(_ event: FleetEvent, at now: Instant) { self.state.withLock { $0.events.append(event) } }
    }

    private struct Clock: TimeSource {
        func now() -> Instant { PruneRunTests.now }
        func sleep(for duration: Duration) async throws { throw CancellationError() }
    }

    private static func policy(_ rules: [String: RetentionRule]) -> Policy {
        Policy(
            routes: rules.sorted { $0.key < $1.key }.map { name, rule in
                Route(
                    name: name,
                    source: SourceSelection(regions: ["us-east-1"]),
                    destinations: [DestinationRule(region: "eu-west-1", account: "444455556666")],
                    retention: rule
                )
            }
        )
    }

    /// Copies of one database, the oldest last; data of each is a day older.
    private static func copies(_ count: Int, of database: String = "orders", route: String = "prod") -> [Snapshot] {
        (1...count).map {
            RetentionWorld.copy(of: database, taken: Self.now - RetentionWorld.day * Double($0), route: route)
        }
    }

    private static func run(_ shelf: Shelf, _ rules: [String: RetentionRule], _ cause: PruneCause) async -> Int {
        await PruneRun(shelf: shelf, policy: self.policy(rules), notifier: shelf, time: Clock())
            .carryOut(PruneRequest(pool: Self.pool, cause: cause))
    }

    @Test func deletesOldestFirstUpToTheCapAndTellsOfEach() async {
        let copies = Self.copies(6)
        let shelf = Shelf(copies)
        let rule = RetentionRule(keepNewest: 2, minimum: 2, maxDeletesPerRun: 3, afterConfirm: true)
        #expect(await Self.run(shelf, ["prod": rule], .afterConfirm) == 3)
        let names = copies.map(\.arn.identifier)
        shelf.state.withLock { state in
            #expect(state.deleted == [names[5], names[4], names[3]])
            let told = state.events.compactMap { event -> PrunedCopy? in
                if case .pruned(let pruned) = event { pruned } else { nil }
            }
            #expect(told.map(\.copy.snapshot.arn.identifier) == state.deleted)
            #expect(told.allSatisfy { $0.cause == .afterConfirm && $0.rule == "keepNewest 2, minimum 2" })
        }
    }

    @Test(arguments: PruneCause.allCases)
    func rulesThatDoNotAllowTheCauseKeepEverything(cause: PruneCause) async {
        let shelf = Shelf(Self.copies(4) + Self.copies(4, of: "crm", route: "test"))
        let rules = [
            "prod": RetentionRule(keepNewest: 1, afterConfirm: true),
            "test": RetentionRule(keepNewest: 1, whenQuotaIsFull: true),
        ]
        #expect(await Self.run(shelf, rules, cause) == 3)
        shelf.state.withLock { state in
            let prefix = cause == .afterConfirm ? "orders-" : "crm-"
            #expect(state.deleted.count == 3 && state.deleted.allSatisfy { $0.hasPrefix(prefix) })
        }
    }

    @Test func whatIsHeldMeanwhileStays() async {
        var copies = Self.copies(3)
        let shelf = Shelf(copies)
        copies[2].tags[CopyRecord.holdKey] = ""
        shelf.state.withLock { $0.meanwhile = copies }
        #expect(await Self.run(shelf, ["prod": RetentionRule(keepNewest: 1, afterConfirm: true)], .afterConfirm) == 1)
        shelf.state.withLock { #expect($0.deleted == [copies[1].arn.identifier]) }
    }

    @Test func refusedDeletionIsToldAndTheOthersGoOn() async {
        let copies = Self.copies(3)
        let shelf = Shelf(copies)
        shelf.state.withLock { $0.refused = [copies[2].arn.identifier] }
        #expect(await Self.run(shelf, ["prod": RetentionRule(keepNewest: 1, afterConfirm: true)], .afterConfirm) == 1)
        shelf.state.withLock { state in
            guard case .trouble("DeleteSnapshot", _) = state.events.first else {
                Issue.record("\(state.events)")
                return
            }
            #expect(state.events.count == 2)
        }
    }

    @Test func destinationThatCanNotBeAskedIsTrouble() async {
        let shelf = Shelf(Self.copies(3))
        shelf.state.withLock { $0.isDown = true }
        #expect(await Self.run(shelf, ["prod": RetentionRule(keepNewest: 1, afterConfirm: true)], .afterConfirm) == 0)
        shelf.state.withLock { state in
            guard case .trouble("prune", let trouble) = state.events.first else {
                Issue.record("\(state.events)")
                return
            }
            #expect(trouble.failureClass == .unavailable && state.deleted.isEmpty)
        }
    }
}
