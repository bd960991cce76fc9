// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// One worker process: a core, and what dies together with it.
final class SimulatedWorker {
    let index: Int
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
    /// What was received in this life: the handles of each job's messages, for deliberate bugs.
    var handles: [CopyJob.ID: [String]] = [:]

    init(index: Int, core: WorkerCore, random: SplitMix64) {
        self.index = index
        self.core = core
        self.random = random
    }

    var name: String { "worker-\(self.index)" }
}
