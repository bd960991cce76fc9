// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The parts of a name, kept once however many hold the name, and hashed once.
///
/// Snapshots and destinations are part of nearly every key, job, action and answer; by value each of them is several
/// strings to count and to hash wherever it goes.
struct SharedName<Parts: Hashable & Sendable>: Hashable, Sendable {
    private final class Storage: Sendable {
        let parts: Parts
        let hash: Int

        init(_ parts: Parts) {
            self.parts = parts
            self.hash = parts.hashValue
        }
    }

    private let storage: Storage

    init(_ parts: Parts) { self.storage = Storage(parts) }

    var parts: Parts { self.storage.parts }

    func hash(into hasher: inout Hasher) { hasher.combine(self.storage.hash) }

    static func == (left: SharedName, right: SharedName) -> Bool {
        left.storage === right.storage
            || left.storage.hash == right.storage.hash && left.storage.parts == right.storage.parts
    }
}
