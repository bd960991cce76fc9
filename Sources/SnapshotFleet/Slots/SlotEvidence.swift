// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Why a slot may be given up.
package enum SlotEvidence: Hashable, Sendable {
    /// RDS reports the copy as available: whoever holds a slot for it needs it no longer.
    case available
    /// This worker's attempt is over, its copy never started or failed; another worker may have the same copy in hand.
    case attemptOver
}
