// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// What workers may do, and what they may say.
extension Invariants {
    /// Checks that what could never succeed ended with its reason.
    func checkHopeless() -> Violation? {
        guard let job = self.jobs.first(where: { $0.isHopeless && !$0.isDeadLettered }) else { return nil }
        return ("what can't succeed says so", "\(job.id) was not dead-lettered")
    }

    /// Checks what a worker calls confirmed: the copy was whole at some moment since the worker got its slot.
    ///
    /// People may have deleted it by the time that the worker hears of it.
    func checkConfirm(_ id: CopyJob.ID, followedSince: Instant) -> Violation? {
        guard let place = self.places[id], !self.jobs[place].isWhole else { return nil }
        if let until = self.jobs[place].wholeUntil, until >= followedSince { return nil }
        return ("confirmed is whole", "\(id) was called confirmed, and there was no whole copy of it")
    }
}
