// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import Synchronization

/// Slots for a fleet: a DynamoDB table with an item for each slot that is taken.
///
/// ``SlotTable`` decides; here its reads and writes are carried out. Every write is conditional on the version that was
/// read, so whatever comes between makes it miss. Nothing is freed because time has passed: see
/// ``SlotTable/observe(_:at:)``.
package final class DynamoDBSlotLedger: SlotLedger {
    let dynamoDB: DynamoDBClient
    let table: String
    private let settings: SlotTable.Settings
    private let time: any TimeSource
    private let notifier: any Notifier
    private let tables = Mutex<[SlotPool: SlotTable]>([:])

    /// Makes a ledger that has read nothing yet.
    ///
    /// - Parameters:
    ///   - dynamoDB: The client of the Region that the table is in.
    ///   - table: The table, with a string partition key `pk` and no sort key.
    ///   - settings: The name of this process and how long its leases last.
    ///   - notifier: Is told of renewals that fail.
    ///   - time: The clock.
    package init(
        dynamoDB: DynamoDBClient,
        table: String,
        settings: SlotTable.Settings,
        notifier: any Notifier,
        time: any TimeSource
    ) {
        self.dynamoDB = dynamoDB
        self.table = table
        self.settings = settings
        self.notifier = notifier
        self.time = time
    }

    /// What is known of a pool.
    package func view(of pool: SlotPool) -> SlotTable { self.update(pool) { $0 } }

    package func acquire(_ pool: SlotPool, target: String, limit: Int, at now: Instant) async throws -> Bool {
        try await self.take(pool, limit: limit, at: now) { table, isFresh in
            table.acquire(target, limit: limit, isFresh: isFresh, at: now)
        }
    }

    package func occupy(_ pool: SlotPool, target: String, at now: Instant) async throws {
        // Held already: the next renewal tells the table, which saves a write.
        guard !self.update(pool, { $0.noteRunning(target, at: now) }) else { return }
        let isTaken = try await self.take(pool, limit: 0, at: now) { table, isFresh in
            table.occupy(target, isFresh: isFresh, at: now)
        }
        if isTaken { _ = self.update(pool) { $0.noteRunning(target, at: now) } }
    }

    package func release(_ pool: SlotPool, target: String, because evidence: SlotEvidence) async throws {
        if let deletion = self.update(pool, { $0.release(target, because: evidence) }) {
            return try await self.free(deletion, because: evidence, in: pool)
        }
        guard evidence == .available else { return }
        // Nothing known here: another process, which may be gone, took the slot, or took it over.
        try await self.read(pool, limit: 0, at: self.time.now())
        guard let deletion = self.update(pool, { $0.release(target, because: evidence) }) else { return }
        try await self.free(deletion, because: evidence, in: pool)
    }

    package func disown(_ pool: SlotPool, target: String) async throws {
        self.update(pool) { $0.disown(target) }
    }

    package func learn(_ pool: SlotPool, limit: Int, at now: Instant) async throws {
        self.update(pool) { $0.learn(limit: limit, at: now) }
    }

    package func observe(_ pool: SlotPool, inProgress targets: [String], at now: Instant) async throws {
        try await self.read(pool, limit: targets.count, at: now)
        try await self.agree(self.update(pool) { $0.observe(Set(targets), at: now) }, in: pool, at: now)
    }

    package func overdue(_ pool: SlotPool, at now: Instant) async throws -> [String] {
        try await self.read(pool, limit: 0, at: now)
        return self.update(pool) { $0.overdue(at: now) }
    }

    package func settle(
        _ pool: SlotPool,
        _ targets: [String],
        inProgress: [String],
        at now: Instant
    ) async throws {
        let writes = self.update(pool) { $0.settle(Set(targets), inProgress: Set(inProgress), at: now) }
        try await self.agree(writes, in: pool, at: now)
    }

    /// Writes what evidence asks for; what somebody else wrote meanwhile stands.
    private func agree(_ writes: [SlotWrite], in pool: SlotPool, at now: Instant) async throws(AWSError) {
        for write in writes {
            switch (try await self.send(write, to: pool), write) {
            case (.done, .replace(let item, _)): self.update(pool) { $0.renewed(item) }
            case (.done, _): self.update(pool) { $0.done(write, at: now) }
            case (.conditionFailed(let item), _):
                let found = item.map { SlotItem($0, number: write.item.number) }
                _ = self.update(pool) { $0.missed(write, found: found, at: now) }
            }
        }
    }

    // MARK: - Taking and freeing

    /// Follows the steps to a slot.
    ///
    /// - Returns: Whether one was taken.
    private func take(
        _ pool: SlotPool,
        limit: Int,
        at now: Instant,
        step: (_ table: inout SlotTable, _ isFresh: Bool) -> SlotTable.Step
    ) async throws(AWSError) -> Bool {
        var isFresh = false
        // A step that misses teaches something, so an end is near; the bound is for the day it is not.
        for _ in 0..<(4 * max(limit, 100)) {
            switch self.update(pool, { step(&$0, isFresh) }) {
            case .refused: return false
            case .read:
                try await self.read(pool, limit: limit, at: now)
                isFresh = true
            case .write(let write):
                if try await self.carryOut(write, in: pool, at: now) { return true }
            }
        }
        throw AWSError(.unavailable, message: "the slots of \(pool) change hands faster than one can be taken")
    }

    private func carryOut(_ write: SlotWrite, in pool: SlotPool, at now: Instant) async throws(AWSError) -> Bool {
        let result: DynamoDBClient.WriteResult
        do {
            result = try await self.send(write, to: pool)
        } catch {
            self.update(pool) { $0.failed(write) }
            throw error
        }
        switch result {
        case .done:
            self.update(pool) { $0.done(write, at: now) }
            return true
        case .conditionFailed(let item):
            let found = item.map { SlotItem($0, number: write.item.number) }
            return self.update(pool) { $0.missed(write, found: found, at: now) }
        }
    }

    /// Deletes an item that may go; where that fails, the next renewal tries again.
    private func free(
        _ deletion: SlotWrite,
        because evidence: SlotEvidence,
        in pool: SlotPool
    ) async throws(AWSError) {
        let target = deletion.item.target
        var next: SlotWrite? = deletion
        while let write = next {
            do {
                switch try await self.send(write, to: pool) {
                case .done:
                    self.update(pool) { $0.done(write, at: self.time.now()) }
                    next = nil
                case .conditionFailed(let item):
                    let found = item.map { SlotItem($0, number: write.item.number) }
                    next = self.update(pool) { table in
                        _ = table.missed(write, found: found, at: self.time.now())
                        return table.releaseAgain(target, because: evidence, found: found)
                    }
                }
            } catch {
                self.update(pool) { $0.notReleased(write.item, because: evidence) }
                throw error
            }
        }
    }

    // MARK: - Renewing

    /// Renews the leases of the copies that run here, until the task is cancelled.
    package func run() async {
        while (try? await self.time.sleep(for: self.settings.lease / 30)) != nil {
            await self.renew(at: self.time.now())
        }
    }

    /// Renews what is due, and frees what could not be freed before.
    package func renew(at now: Instant) async {
        let (unreleased, due) = self.tables.withLock { tables in
            var unreleased: [(pool: SlotPool, item: SlotItem, evidence: SlotEvidence)] = []
            var due: [(pool: SlotPool, write: SlotWrite)] = []
            for pool in tables.keys.sorted() {
                unreleased += (tables[pool]?.takeUnreleased() ?? []).map { (pool, $0.item, $0.evidence) }
                due += (tables[pool]?.renewals(at: now) ?? []).map { (pool, $0) }
            }
            return (unreleased, due)
        }
        for (pool, item, evidence) in unreleased {
            await self.report { () throws(AWSError) in
                try await self.free(.delete(item), because: evidence, in: pool)
            }
        }
        for batch in due.chunked(by: 100) {
            await self.report { () throws(AWSError) in try await self.renew(batch, at: now) }
        }
    }

    private func renew(_ batch: [(pool: SlotPool, write: SlotWrite)], at now: Instant) async throws(AWSError) {
        if batch.count > 1 {
            let items = batch.map { self.transactItem($0.write, in: $0.pool) }
            // Without a token, a repeated call would take its own first success for somebody else's write.
            let token =
                String(UInt64.random(in: .min ... .max), radix: 16) + "-"
                + String(UInt64.random(in: .min ... .max), radix: 16)
            if try await self.dynamoDB.transactWriteItems(items, token: token) == .done {
                for (pool, write) in batch { self.update(pool) { $0.renewed(write.item) } }
                return
            }
        }
        for (pool, write) in batch { try await self.renewSingly(write, in: pool, at: now) }
    }

    private func renewSingly(_ write: SlotWrite, in pool: SlotPool, at now: Instant) async throws(AWSError) {
        var next: SlotWrite? = write
        while let write = next {
            switch try await self.send(write, to: pool) {
            case .done:
                self.update(pool) { $0.renewed(write.item) }
                next = nil
            case .conditionFailed(let item):
                let found = item.map { SlotItem($0, number: write.item.number) }
                next = self.update(pool) { $0.renewalMissed(write, found: found, at: now) }
            }
        }
    }

    /// What fails here is tried again a little later; leases last far longer.
    private func report(_ body: () async throws(AWSError) -> Void) async {
        do {
            try await body()
        } catch {
            guard error.code != .cancelled else { return }
            let event = FleetEvent.trouble(operation: "SlotLedger", Trouble(of: .copy, error))
            self.notifier.notify(event, at: self.time.now())
        }
    }

    // MARK: - State

    @discardableResult
    func update<Result>(_ pool: SlotPool, _ body: (inout SlotTable) -> Result) -> Result {
        self.tables.withLock { tables in
            var table = tables[pool] ?? SlotTable(settings: self.settings)
            defer { tables[pool] = table }
            return body(&table)
        }
    }

    /// Reads the slots, and the items with these keys.
    @discardableResult
    func read(
        _ pool: SlotPool,
        limit: Int,
        at now: Instant,
        with others: [DynamoDBItem] = []
    ) async throws(AWSError) -> [DynamoDBItem] {
        let reach = self.update(pool) { $0.reach(limit: limit) }
        let items = try await self.items(of: pool, reach: reach, with: others)
        let slots = items.compactMap { item in Self.number(of: item).map { SlotItem(item, number: $0) } }
        self.update(pool) { $0.take(slots, reach: reach, at: now) }
        return items
    }
}
