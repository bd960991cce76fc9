// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import Synchronization

/// Slots for the workers of one process, rebuilt from Describe at start.
package final class InMemorySlotLedger: SlotLedger {
    private let book: Mutex<SlotBook>

    /// Makes a ledger that knows of no copies yet.
    package init(book: SlotBook = SlotBook()) {
        self.book = Mutex(book)
    }

    package func acquire(_ pool: SlotPool, target: String, limit: Int, at now: Instant) async throws -> Bool {
        self.book.withLock { $0.acquire(pool, target: target, limit: limit, at: now) }
    }

    package func occupy(_ pool: SlotPool, target: String, at now: Instant) async throws {
        self.book.withLock { $0.occupy(pool, target: target, at: now) }
    }

    package func release(_ pool: SlotPool, target: String, because evidence: SlotEvidence) async throws {
        self.book.withLock { $0.release(pool, target: target) }
    }

    package func disown(_ pool: SlotPool, target: String) async throws {
        self.book.withLock { $0.disown(pool, target: target) }
    }

    package func learn(_ pool: SlotPool, limit: Int, at now: Instant) async throws {
        self.book.withLock { $0.learn(pool, limit: limit, at: now) }
    }

    package func observe(_ pool: SlotPool, inProgress targets: [String], at now: Instant) async throws {
        self.book.withLock { $0.observe(pool, inProgress: targets, at: now) }
    }

    package func overdue(_ pool: SlotPool, at now: Instant) async throws -> [String] {
        self.book.withLock { $0.overdue(pool, at: now) }
    }

    package func settle(
        _ pool: SlotPool,
        _ targets: [String],
        inProgress: [String],
        at now: Instant
    ) async throws {
        self.book.withLock { $0.settle(pool, targets, inProgress: inProgress, at: now) }
    }

    /// There is nobody else.
    package func hear(_ pool: SlotPool, at now: Instant) async throws -> HeardLook { HeardLook(askedAt: now) }

    package func tell(_ pool: SlotPool, found: [Snapshot], askedAt: Instant) async throws {}

    /// How many slots of a pool are taken.
    package func taken(_ pool: SlotPool) -> Int {
        self.book.withLock { $0.entries(of: pool).count }
    }
}
