// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import LocalAWS
import SnapshotFleet
import Testing

/// Long histories of a fleet's ledgers in which nearly everything goes wrong.
@Suite struct SlotHistoryTests {
    @Test(
        "limits hold and no slot is lost for ever, whatever gets lost on the way",
        arguments: 1...12 as ClosedRange<UInt64>
    )
    func history(seed: UInt64) async throws {
        let fleet = try await Fleet(seed: seed)
        for step in 0..<600 {
            try await fleet.step()
            try #require(fleet.inUse <= Fleet.limit, "step \(step) of seed \(seed): \(fleet.inUse) copies")
        }
        // The history is worth something only if copies ran, workers died and calls failed in it.
        #expect(fleet.started > 10 && fleet.failures > 10 && fleet.deaths > 3)
        #expect(try await fleet.slotsLeftAfterwards() == 0)
    }

    /// A handful of workers reduced to their ledgers, and RDS reduced to the set of copies in progress.
    private final class Fleet {
        static let limit = 3
        private static let pool = SlotPool(
            destination: Destination(account: "444455556666", region: "eu-west-1"),
            kind: .cluster
        )

        private struct Worker {
            var ledger: DynamoDBSlotLedger
            /// How far this machine's clock is off.
            var skew: Duration
            /// Copies with a slot that were not started yet.
            var granted: Set<String> = []
            /// Copies in progress that this worker follows.
            var running: Set<String> = []
        }

        private let transport: ModelTransport
        private var random: SplitMix64
        private var workers: [Worker] = []
        private var inProgress: Set<String> = []
        private var orphans: Set<String> = []
        private var jobs = 0
        private(set) var started = 0
        private(set) var failures = 0
        private(set) var deaths = 0

        init(seed: UInt64) async throws {
            self.transport = try await ModelTransport.withTable()
            self.transport.setLosses(requests: 8, answers: 12, seed: seed)
            self.random = SplitMix64(seed: seed)
            for _ in 0..<3 { self.workers.append(try self.hire()) }
        }

        /// Copies that run or that a worker may start at any moment.
        var inUse: Int { self.workers.reduce(self.inProgress) { $0.union($1.granted) }.count }

        func step() async throws {
            let index = Int.random(in: 0..<self.workers.count, using: &self.random)
            switch Int.random(in: 0..<100, using: &self.random) {
            case 0..<40: await self.ask(index)
            case 40..<55: await self.finish(index)
            case 55..<60: self.endOrphan()
            case 60..<72: await self.look(index)
            case 72..<76: try await self.kill(index)
            case 76..<80: await self.adopt(index)
            case 80..<84: await self.takeOver(index)
            case 84..<87: await self.giveUp(index)
            case 87..<90: await self.audit(index)
            default: await self.letTimePass()
            }
        }

        private func hire() throws -> Worker {
            self.jobs += 1
            let skew = Duration.seconds(Int.random(in: -300...300, using: &self.random))
            return Worker(ledger: try self.transport.ledger("ferry-\(self.jobs)", skew: skew), skew: skew)
        }

        private func now(_ index: Int) -> Instant { self.transport.now + self.workers[index].skew }

        /// A call that may fail, and whose failure has to be harmless.
        private func attempt<Value>(_ body: () async throws -> Value) async -> Value? {
            do {
                return try await body()
            } catch {
                self.failures += 1
                return nil
            }
        }

        private func ask(_ index: Int) async {
            self.jobs += 1
            let (ledger, target, now) = (self.workers[index].ledger, "copy-\(self.jobs)", self.now(index))
            let isGranted = await self.attempt {
                try await ledger.acquire(Self.pool, target: target, limit: Self.limit, at: now)
            }
            guard isGranted == true else { return }
            self.workers[index].granted.insert(target)
            // Some are started at once, some a little later, and some not at all.
            if Bool.random(using: &self.random) { await self.startGranted(index) }
        }

        private func startGranted(_ index: Int) async {
            for target in self.workers[index].granted.sorted() {
                self.workers[index].granted.remove(target)
                let (ledger, now) = (self.workers[index].ledger, self.now(index))
                guard Int.random(in: 0..<10, using: &self.random) > 0 else {
                    _ = await self.attempt {
                        try await ledger.release(Self.pool, target: target, because: .attemptOver)
                    }
                    continue
                }
                self.started += 1
                self.inProgress.insert(target)
                self.workers[index].running.insert(target)
                _ = await self.attempt { try await ledger.occupy(Self.pool, target: target, at: now) }
            }
        }

        private func finish(_ index: Int) async {
            guard let target = self.workers[index].running.sorted().first else { return }
            self.workers[index].running.remove(target)
            self.inProgress.remove(target)
            let ledger = self.workers[index].ledger
            _ = await self.attempt { try await ledger.release(Self.pool, target: target, because: .available) }
        }

        /// A copy whose worker died ends, and nobody is there to say so.
        private func endOrphan() {
            guard let target = self.orphans.sorted().first else { return }
            self.orphans.remove(target)
            self.inProgress.remove(target)
        }

        private func look(_ index: Int) async {
            let (ledger, now) = (self.workers[index].ledger, self.now(index))
            let targets = Array(self.inProgress)
            _ = await self.attempt { try await ledger.observe(Self.pool, inProgress: targets, at: now) }
        }

        private func kill(_ index: Int) async throws {
            self.deaths += 1
            self.orphans.formUnion(self.workers[index].running)
            self.workers[index] = try self.hire()
        }

        private func adopt(_ index: Int) async {
            guard let target = self.orphans.sorted().first else { return }
            self.orphans.remove(target)
            self.workers[index].running.insert(target)
            let (ledger, now) = (self.workers[index].ledger, self.now(index))
            _ = await self.attempt { try await ledger.occupy(Self.pool, target: target, at: now) }
        }

        /// Another worker was given the message: it finds the copy, while the first learns that its lease is lost.
        private func takeOver(_ index: Int) async {
            let former = (index + 1) % self.workers.count
            guard let target = self.workers[former].running.sorted().first else { return }
            let (ledger, now) = (self.workers[index].ledger, self.now(index))
            let isGranted = await self.attempt {
                try await ledger.acquire(Self.pool, target: target, limit: Self.limit, at: now)
            }
            guard isGranted == true else { return }
            switch Int.random(in: 0..<3, using: &self.random) {
            case 0:
                // RDS throttles it, so it learns nothing of the copy, which the first goes on with.
                _ = await self.attempt {
                    try await ledger.release(Self.pool, target: target, because: .attemptOver)
                }
            case 1:
                // It loses the message in turn.
                _ = await self.attempt { try await ledger.disown(Self.pool, target: target) }
            default:
                _ = await self.attempt { try await ledger.occupy(Self.pool, target: target, at: now) }
                self.workers[index].running.insert(target)
                self.workers[former].running.remove(target)
                let formerLedger = self.workers[former].ledger
                _ = await self.attempt { try await formerLedger.disown(Self.pool, target: target) }
            }
        }

        /// A worker loses the message of a copy, and nobody else gets it yet.
        private func giveUp(_ index: Int) async {
            guard let target = self.workers[index].running.sorted().first else { return }
            self.workers[index].running.remove(target)
            self.orphans.insert(target)
            let ledger = self.workers[index].ledger
            _ = await self.attempt { try await ledger.disown(Self.pool, target: target) }
        }

        private func audit(_ index: Int) async {
            let (ledger, now) = (self.workers[index].ledger, self.now(index))
            _ = await self.attempt {
                let overdue = try await ledger.overdue(Self.pool, at: now)
                let running = overdue.filter { self.inProgress.contains($0) }
                try await ledger.settle(Self.pool, overdue, inProgress: running, at: now)
            }
        }

        private func letTimePass() async {
            for index in self.workers.indices { await self.startGranted(index) }
            let seconds = Int.random(in: 1...600, using: &self.random)
            self.transport.now = self.transport.now + .seconds(seconds)
            for index in self.workers.indices { await self.workers[index].ledger.renew(at: self.now(index)) }
        }

        /// Lets every copy end, in a world where nothing goes wrong any more and nobody has a reason to ask RDS.
        func slotsLeftAfterwards() async throws -> Int {
            self.transport.setLosses(requests: 0, answers: 0)
            for index in self.workers.indices {
                await self.startGranted(index)
                while !self.workers[index].running.isEmpty { await self.finish(index) }
            }
            self.inProgress = []
            for _ in 0..<4 {
                self.transport.now = self.transport.now + .seconds(1200)
                for index in self.workers.indices {
                    await self.workers[index].ledger.renew(at: self.now(index))
                    await self.audit(index)
                }
            }
            _ = try await self.workers[0].ledger.overdue(Self.pool, at: self.now(0))
            return self.workers[0].ledger.view(of: Self.pool).items.count
        }
    }
}
