// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Synchronization

/// Keeps derived signing keys, which stay the same for a day, a Region and a service.
package final class SigningKeyCache: Sendable {
    package static let shared = SigningKeyCache()

    private struct Slot: Hashable {
        let secret: String
        let scope: SigV4.Scope
    }

    /// More than are ever in use at a time; beyond it the day has changed or credentials have, and all go.
    private static let capacity = 128

    private let keys = Mutex<[Slot: [UInt8]]>([:])

    /// The key for a secret and a scope.
    package func key(secret: String, scope: SigV4.Scope) -> [UInt8] {
        let slot = Slot(secret: secret, scope: scope)
        if let key = self.keys.withLock({ $0[slot] }) { return key }
        let key = SigV4.signingKey(secret: secret, scope: scope)
        self.keys.withLock { keys in
            if keys.count >= Self.capacity { keys.removeAll() }
            keys[slot] = key
        }
        return key
    }
}
