// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Workers that tell each other of their looks, through the table of slots.
extension Simulation {
    func hearOthers(of pool: SlotPool, for worker: SimulatedWorker) {
        let generation = worker.generation
        let now = self.clock(of: worker)
        self.readSlots(pool, worker) { [unowned self] reading in
            guard let reading else { return self.feed(.heard(pool, nil), to: worker, generation: generation) }
            let look = reading.look
            var heard = worker.update(pool) { table in
                table.prepareLook()
                return table.heard(look, at: now)
            }
            if self.scenario.mutation == .believesOldLooks {
                heard.found = (look?.copies ?? []).map(\.snapshot).filter { $0.phase != .failed }
            }
            self.feed(.heard(pool, heard), to: worker, generation: generation)
        }
    }

    /// Tells of a look; `then` comes whatever becomes of it.
    func tell(
        _ pool: SlotPool,
        _ found: [Snapshot],
        askedAt: Instant,
        for worker: SimulatedWorker,
        then: @escaping Continuation
    ) {
        guard self.scenario.ledger == .table,
            let look = worker.update(pool, { $0.look(showing: found, askedAt: askedAt) })
        else { return then() }
        self.note("table: \(worker.name) tells of \(look.copies.count) copies in \(pool)")
        self.table("PutItem", .null, worker, telling: (pool, look)) { _ in then() }
    }
}
