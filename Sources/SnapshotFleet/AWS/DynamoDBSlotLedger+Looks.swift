// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What workers tell each other of a destination: one item beside the slots of a pool, with the latest look.
extension DynamoDBSlotLedger {
    /// The attribute that holds the look.
    static let lookAttribute = "look"
    /// Longer than a look is of use to anybody.
    private static let lookLife: Duration = .seconds(86_400)

    package func hear(_ pool: SlotPool, at now: Instant) async throws -> HeardLook {
        let look = try await self.read(pool, limit: 0, at: now, with: [Self.lookKey(pool)])
            .lazy.compactMap { Self.look(of: $0) }.first
        return self.update(pool) { table in
            table.prepareLook()
            return table.heard(look, at: now)
        }
    }

    package func tell(_ pool: SlotPool, found: [Snapshot], askedAt: Instant) async throws {
        guard let look = self.update(pool, { $0.look(showing: found, askedAt: askedAt) }) else { return }
        // Whoever writes last is right enough: a look that comes late says nothing of slots taken since.
        _ = try await self.dynamoDB.putItem(table: self.table, item: Self.lookItem(look, in: pool))
    }

    /// The item that tells of a look.
    package static func lookItem(_ look: SharedLook, in pool: SlotPool) -> DynamoDBItem {
        let item: DynamoDBItem = [
            Self.lookAttribute: .string(look.json.description),
            Attribute.garbage: .integer((look.askedAt + Self.lookLife).wholeSeconds),
        ]
        return item.merging(Self.lookKey(pool)) { first, _ in first }
    }

    /// The look that an item tells of; `nil` for a slot.
    package static func look(of item: DynamoDBItem) -> SharedLook? {
        guard let text = item[Self.lookAttribute]?.string, let json = try? JSONValue(parsing: text) else { return nil }
        return SharedLook(json: json)
    }

    /// `444455556666/eu-west-1/instance#look`.
    package static func lookKey(_ pool: SlotPool) -> DynamoDBItem {
        [Attribute.key: .string("\(pool)#look")]
    }
}
