// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Why a slot may be given up.
package enum SlotEvidence: Hashable, Sendable {
    /// RDS reports the copy as available just now: whoever holds a slot for it needs it no longer.
    case available
    /// This worker's attempt is over: its copy never started, failed, or was whole a good while ago. Another worker may
    /// have the same copy in hand.
    case attemptOver
}
