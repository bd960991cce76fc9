// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// One taken slot of a pool, as a shared table holds it; a slot that is free has no item.
package struct SlotItem: Hashable, Sendable {
    /// From 0 up to the pool's limit, exclusive.
    package let number: Int
    /// The identifier of the copy that the slot is for.
    package let target: String
    /// Who wrote the item last on its own behalf.
    package var owner: String
    /// When the lease ends; the slot is not free then, but whoever meets it looks for evidence.
    package var expires: Instant
    /// Raised by every write: the fencing token.
    package var version: Int64
    /// Whether RDS is known to have accepted the copy.
    package var isRunning: Bool

    /// Puts an item together.
    package init(
        number: Int,
        target: String,
        owner: String,
        expires: Instant,
        version: Int64,
        isRunning: Bool = false
    ) {
        self.number = number
        self.target = target
        self.owner = owner
        self.expires = expires
        self.version = version
        self.isRunning = isRunning
    }

    /// The item as it is written next.
    func renewed(by owner: String? = nil, until expires: Instant, isRunning: Bool) -> SlotItem {
        SlotItem(
            number: self.number,
            target: self.target,
            owner: owner ?? self.owner,
            expires: expires,
            version: self.version + 1,
            isRunning: isRunning
        )
    }
}

/// A write to a table of slots, under the condition that nobody came between.
package enum SlotWrite: Hashable, Sendable {
    /// Takes a slot, if it is still free.
    case put(SlotItem)
    /// Writes an item anew, if its version is still `from`.
    case replace(SlotItem, from: Int64)
    /// Frees a slot, if its item still has this target and version.
    case delete(SlotItem)

    /// The item after the write, or the one to delete.
    package var item: SlotItem {
        switch self {
        case .put(let item), .replace(let item, _), .delete(let item): item
        }
    }
}
