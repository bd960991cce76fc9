// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What is in a pool's part of the table of slots: the taken ones by number, and the look that workers share.
struct SlotReading {
    var slots: [SlotItem] = []
    var look: SharedLook?
}

/// Which part of the table a request reads.
struct SlotQuery {
    let pool: SlotPool
    /// How many slots, from the first.
    let reach: Int
}

/// The table of slots as it was read last.
///
/// Most reads find what the one before them found. The model is asked only for items that somebody has sent a write to
/// since then, whatever became of it; the others are as they were, since nothing but a write changes an item. The look
/// that workers share is kept here alone: it is put without a condition, so that the latest counts, and its document would
/// only be written to be read again.
struct TableMirror {
    private struct Pool {
        /// The keys of the slots by number.
        var keys: [JSONValue] = []
        var isKnown: [Bool] = []
        var slots: [SlotItem?] = []
        var look: SharedLook?
        /// What was answered last, and for how many slots; `nil` since something changed.
        var latest: (reach: Int, slots: [SlotItem])?
    }

    private var pools: [SlotPool: Pool] = [:]
    /// Where an item is, by the text of its key.
    private var places: [String: (pool: SlotPool, number: Int)] = [:]

    /// The keys to ask the table for before a query can be answered.
    mutating func unknownKeys(_ query: SlotQuery) -> [JSONValue] {
        self.extend(query)
        guard let pool = self.pools[query.pool], pool.latest?.reach != query.reach else { return [] }
        return (0..<query.reach).filter { !pool.isKnown[$0] }.map { pool.keys[$0] }
    }

    /// Takes in what the table answered to such a question; keys that are not in it have no item.
    mutating func take(_ items: [JSONValue], for query: SlotQuery) {
        guard var pool = self.pools[query.pool] else { return }
        for number in 0..<query.reach where !pool.isKnown[number] {
            pool.isKnown[number] = true
            pool.slots[number] = nil
        }
        for item in items.lazy.compactMap({ DynamoDBItem(json: $0) }) {
            guard let number = DynamoDBSlotLedger.number(of: item) else { continue }
            pool.slots[number] = SlotItem(item, number: number)
        }
        self.pools[query.pool] = pool
    }

    /// Takes in a look that a worker tells of.
    mutating func take(_ look: SharedLook, in pool: SlotPool) { self.pools[pool, default: Pool()].look = look }

    /// The answer to a query, all of whose items are known.
    mutating func answer(_ query: SlotQuery) -> SlotReading {
        guard let pool = self.pools[query.pool] else { return SlotReading() }
        if let latest = pool.latest, latest.reach == query.reach {
            return SlotReading(slots: latest.slots, look: pool.look)
        }
        let slots = pool.slots.prefix(query.reach).compactMap(\.self)
        self.pools[query.pool]?.latest = (query.reach, slots)
        return SlotReading(slots: slots, look: pool.look)
    }

    /// Notes that somebody sends a write.
    mutating func forget(_ operation: String, _ request: JSONValue) {
        if operation == "TransactWriteItems" {
            for action in request["TransactItems"]?.array ?? [] {
                for subject in (action.object ?? [:]).values { self.forget(subject) }
            }
        } else {
            self.forget(request)
        }
    }

    private mutating func forget(_ request: JSONValue) {
        guard let key = (request["Key"] ?? request["Item"])?["pk"]?["S"]?.string, let found = self.places[key] else {
            return
        }
        self.pools[found.pool]?.isKnown[found.number] = false
        self.pools[found.pool]?.latest = nil
    }

    private mutating func extend(_ query: SlotQuery) {
        guard (self.pools[query.pool]?.keys.count ?? 0) < query.reach else { return }
        var pool = self.pools[query.pool] ?? Pool()
        for number in pool.keys.count..<query.reach {
            let key = DynamoDBSlotLedger.key(query.pool, number)
            pool.keys.append(key.json)
            pool.isKnown.append(false)
            pool.slots.append(nil)
            if let text = key["pk"]?.string { self.places[text] = (query.pool, number) }
        }
        self.pools[query.pool] = pool
    }
}
