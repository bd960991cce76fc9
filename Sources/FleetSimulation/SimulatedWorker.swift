// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// One worker process: a core, and what dies together with it.
final class SimulatedWorker {
    let index: Int
    let name: String
    /// As whom it asks.
    let caller: ModelCaller
    var core: WorkerCore
    var random: SplitMix64
    var retry = RetryPolicy()
    var isUp = false
    /// Counts the lives; answers to an earlier one reach nobody.
    var generation = 0
    /// Until when the process stands still.
    var pausedUntil: Instant?
    var wakeUp = WakeUp()
    var isDraining = false
    /// How far its clock is ahead of the true time.
    var skew: Duration = .zero
    /// What it knows of the table of slots.
    var tables: [SlotPool: SlotTable] = [:]
    /// Whose turn it is to tell the ledger of a slot, and what waits for that.
    var turns = SlotTurns()
    var waitingForTurns: [UInt64: () -> Void] = [:]
    /// When leases were last renewed, and in which minute that comes next; `nil` for not at all, as far as is known.
    var renewal: (last: Instant?, next: Instant?) = (nil, nil)
    /// What was received in this life: the handles of each job's messages, for deliberate bugs.
    var handles: [CopyJob.ID: [String]] = [:]
    /// When this life last asked for a slot for each job that is not confirmed yet.
    var slotAskedAt: [CopyJob.ID: Instant] = [:]

    init(index: Int, core: WorkerCore, random: SplitMix64) {
        self.index = index
        self.name = "worker-\(index)"
        self.caller = Place.caller(self.name)
        self.core = core
        self.random = random
    }

    /// When the core next has to be asked.
    var nextDeadline: Instant? { Self.nextDeadline(of: &self.core) }

    /// Asked in place, since a property of a value that a class holds is asked of a copy of it.
    private static func nextDeadline(of core: inout WorkerCore) -> Instant? { core.nextDeadline }

    /// When the first lease has to be renewed, or a release be tried again, by its clock; `nil` for neither.
    var nextRenewal: Instant? { self.tables.values.compactMap(\.nextRenewal).min() }
}
