// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

extension DynamoDBSlotLedger {
    /// Looks up the slot that a copy holds, and changes nothing.
    ///
    /// - Parameters:
    ///   - target: The identifier of the copy.
    ///   - pool: Where it would hold one.
    ///   - limit: How many slots the policy gives the fleet there.
    /// - Returns: `nil` when it holds none.
    /// - Throws: ``AWSError``.
    package func slot(of target: String, in pool: SlotPool, limit: Int) async throws(AWSError) -> SlotItem? {
        try await self.slots(in: pool, limit: limit).first { $0.target == target }
    }

    /// Lists the slots of a pool that are taken, and changes nothing.
    ///
    /// - Parameters:
    ///   - pool: One of the policy's.
    ///   - limit: How many slots the policy gives the fleet there.
    /// - Returns: In the order of their numbers.
    /// - Throws: ``AWSError``.
    package func slots(in pool: SlotPool, limit: Int) async throws(AWSError) -> [SlotItem] {
        // A limit may have been higher when the slot was taken.
        let items = try await self.items(of: pool, reach: max(limit, pool.kind.defaultSlots), with: [])
        return items.compactMap { item in Self.number(of: item).map { SlotItem(item, number: $0) } }
            .sorted { $0.number < $1.number }
    }
}
